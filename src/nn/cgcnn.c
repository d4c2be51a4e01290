/* An edge's input to a convolution is (own atom, neighbour, Gaussians of the distance). Its product
   with fc_full.weight is computed by parts: those of the two atoms once an atom, not once an edge,
   and then added along the edges. */
#include "nn/cgcnn.h"

#include "base/random.h"
#include "nn/exponential.h"
#include "nn/net_private.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONVOLUTIONS_MAX = 12, WIDTH_MAX = 4096 };
enum { FULL_W, FULL_B, BN1_W, BN1_B, BN2_W, BN2_B, CONV_TENSORS };
enum { MEAN1, VARIANCE1, MEAN2, VARIANCE2, CONV_BUFFERS };

static const double momentum = 0.1, epsilon = 1e-5; /* of the batch norms */

const ecd_cgcnn_settings_t ecd_cgcnn_defaults = {.atom_features = 92,
                                                 .neighbors = 12,
                                                 .embedding = 64,
                                                 .convolutions = 3,
                                                 .hidden = 128,
                                                 .radius = 8.0,
                                                 .step = 0.2};

/* What a forward or backward was called with. */
typedef struct {
  bool training;
  ecd_reduce_fn *reduce;
  void *arg;
} pass_t;

/* One batch norm; norm.scale = weight / deviation. */
typedef struct {
  int64_t width;
  ecd_norm_t norm;
  float *mean, *scale; /* (width) */
  float *running_mean, *running_variance;
  size_t weight, bias; /* in the slab */
  double *deviation;   /* (width), of the batch, with epsilon */
  double rows;         /* of the batch, over all ranks */
} batch_norm_t;

typedef struct {
  size_t offset[CONV_TENSORS + 1]; /* in the slab; the last is the end of the convolution */
  batch_norm_t bn1, bn2;
  float *edge; /* (atoms, neighbors, 2 embedding): before bn1 */
  float *sum;  /* (atoms, embedding): before bn2 */
} convolution_t;

struct ecd_cgcnn {
  ecd_cgcnn_settings_t s;
  ecd_net_t *net;
  int64_t gaussians;
  size_t embedding, hidden, output; /* tensor numbers of the weights; the bias follows */
  convolution_t conv[CONVOLUTIONS_MAX];
  float *statistics;    /* means and scales of all batch norms */
  double *deviations;   /* of all batch norms */
  double *sums;         /* (4 embedding + 1) */
  float *coefficient;   /* (3, 2 embedding) */
  float *zero;          /* (embedding) */
  size_t graphs, atoms; /* of the last batch */
  size_t max_graphs, max_atoms;
  int64_t *first;                 /* (graphs + 1) */
  int32_t *neighbor;              /* (atoms, neighbors), through the batch */
  float *x;                       /* (atoms, atom_features) */
  float *gaussian;                /* (atoms, neighbors, gaussians) */
  float *a[CONVOLUTIONS_MAX + 1]; /* (atoms, embedding): between the convolutions */
  float *own, *other;             /* (atoms, 2 embedding) */
  float *dedge;                   /* (atoms, neighbors, 2 embedding) */
  float *da, *dsum;               /* (atoms, embedding) */
  float *pooled, *dpooled;        /* (graphs, embedding) */
  float *dense, *ddense;          /* (graphs, hidden) */
  float *dropped;                 /* (graphs, hidden): dense after dropout */
};

/* ---- Layout ---- */

static ecd_code_t check(const ecd_cgcnn_settings_t *s, ecd_error_t *err) {
  const struct {
    const char *name;
    int64_t value, most;
  } widths[] = {{"atom_features", s->atom_features, WIDTH_MAX},
                {"neighbors", s->neighbors, WIDTH_MAX},
                {"embedding", s->embedding, WIDTH_MAX},
                {"convolutions", s->convolutions, CONVOLUTIONS_MAX},
                {"hidden", s->hidden, WIDTH_MAX}};
  for (size_t i = 0; i < sizeof widths / sizeof *widths; ++i)
    if (widths[i].value < 1 || widths[i].value > widths[i].most)
      return ecd_fail(err, ECD_USAGE, "cgcnn: %s: expected 1 to %lld, found %lld", widths[i].name,
                      (long long)widths[i].most, (long long)widths[i].value);
  if (!(s->step > 0 && s->radius > 0 && s->radius / s->step < WIDTH_MAX))
    return ecd_fail(err, ECD_USAGE,
                    "cgcnn: expected a radius above 0 A and a step above radius / %d, found radius "
                    "%g A, step %g A",
                    WIDTH_MAX, s->radius, s->step);
  return ECD_OK;
}

static size_t add_pair(ecd_net_t *net, const char *name, int64_t out, int64_t in) {
  char full[48];
  snprintf(full, sizeof full, "%s.weight", name);
  const int64_t shape[] = {out, in};
  const size_t number = ecd_net_add_tensor(net, full, in > 0 ? 2 : 1, shape, false);
  snprintf(full, sizeof full, "%s.bias", name);
  ecd_net_add_tensor(net, full, 1, shape, false);
  return number;
}

static void add_convolution(ecd_cgcnn_t *c, int number) {
  convolution_t *conv = &c->conv[number];
  const int64_t width = c->s.embedding;
  char name[32];
  snprintf(name, sizeof name, "convs.%d.fc_full", number);
  const size_t first = add_pair(c->net, name, 2 * width, 2 * width + c->gaussians);
  snprintf(name, sizeof name, "convs.%d.bn1", number);
  add_pair(c->net, name, 2 * width, 0);
  snprintf(name, sizeof name, "convs.%d.bn2", number);
  add_pair(c->net, name, width, 0);
  for (size_t i = 0; i < CONV_TENSORS; ++i)
    conv->offset[i] = ecd_net_tensor(c->net, first + i)->offset;
  conv->offset[CONV_TENSORS] = ecd_net_parameter_count(c->net);
}

/* Behind the parameters. */
static void add_statistics(ecd_cgcnn_t *c, int number) {
  static const char *const names[CONV_BUFFERS] = {"bn1.running_mean", "bn1.running_var",
                                                  "bn2.running_mean", "bn2.running_var"};
  char name[48];
  for (int i = 0; i < CONV_BUFFERS; ++i) {
    snprintf(name, sizeof name, "convs.%d.%s", number, names[i]);
    ecd_net_add_state(c->net, name, (i < MEAN2 ? 2 : 1) * c->s.embedding);
  }
}

static void lay_out(ecd_cgcnn_t *c) {
  const ecd_cgcnn_settings_t *s = &c->s;
  c->embedding = add_pair(c->net, "embedding", s->embedding, s->atom_features);
  for (int i = 0; i < s->convolutions; ++i) add_convolution(c, i);
  c->hidden = add_pair(c->net, "conv_to_fc", s->hidden, s->embedding);
  c->output = add_pair(c->net, "fc_out", 1, s->hidden);
  for (int i = 0; i < s->convolutions; ++i) add_statistics(c, i);
}

static float *tensor(const ecd_cgcnn_t *c, float *slab, size_t number) {
  return slab + ecd_net_tensor(c->net, number)->offset;
}

static size_t set_norm(ecd_cgcnn_t *c, batch_norm_t *bn, const size_t *offset, size_t buffer,
                       int64_t width, size_t at) {
  *bn = (batch_norm_t){.width = width,
                       .mean = c->statistics + 2 * at,
                       .scale = c->statistics + 2 * at + width,
                       .running_mean = tensor(c, c->net->parameters, buffer),
                       .running_variance = tensor(c, c->net->parameters, buffer + 1),
                       .weight = offset[0],
                       .bias = offset[1],
                       .deviation = c->deviations + at};
  bn->norm = (ecd_norm_t){
      .mean = bn->mean, .scale = bn->scale, .bias = ecd_net_parameters(c->net) + bn->bias};
  return at + (size_t)width;
}

static ecd_code_t make(ecd_cgcnn_t *c, const ecd_backend_t *backend, ecd_error_t *err) {
  const size_t width = (size_t)c->s.embedding, channels = 3 * width * (size_t)c->s.convolutions;
  ECD_TRY(ecd_alloc((void **)&c->net, 1, sizeof *c->net, "network", err));
  c->net->backend = backend;
  c->gaussians = llround(floor(c->s.radius / c->s.step + 1e-6)) + 1;
  lay_out(c);
  ECD_TRY(ecd_net_buffer(&c->net->parameters, c->net->state, "parameters", err));
  ECD_TRY(ecd_net_buffer(&c->net->gradients, c->net->count, "gradients", err));
  ECD_TRY(ecd_net_buffer(&c->statistics, 2 * channels, "batch statistics", err));
  ECD_TRY(ecd_net_buffer(&c->coefficient, 6 * width, "batch statistics", err));
  ECD_TRY(ecd_net_buffer(&c->zero, width, "batch statistics", err));
  ECD_TRY(ecd_alloc((void **)&c->deviations, channels, sizeof(double), "batch statistics", err));
  ECD_TRY(ecd_alloc((void **)&c->sums, 4 * width + 1, sizeof(double), "batch statistics", err));
  for (size_t i = 0, at = 0; i < (size_t)c->s.convolutions; ++i) {
    convolution_t *v = &c->conv[i];
    const size_t buffer = ecd_net_tensor_count(c->net) + CONV_BUFFERS * i;
    at = set_norm(c, &v->bn1, v->offset + BN1_W, buffer + MEAN1, 2 * c->s.embedding, at);
    at = set_norm(c, &v->bn2, v->offset + BN2_W, buffer + MEAN2, c->s.embedding, at);
  }
  return ECD_OK;
}

static ecd_code_t again(float **buffer, size_t rows, int64_t columns, ecd_error_t *err) {
  free(*buffer);
  *buffer = NULL;
  return ecd_net_buffer(buffer, rows * (size_t)columns, "activations of a batch", err);
}

static ecd_code_t reserve_graphs(ecd_cgcnn_t *c, size_t graphs, ecd_error_t *err) {
  free(c->first);
  ECD_TRY(ecd_alloc((void **)&c->first, graphs + 1, sizeof *c->first, "batch", err));
  ECD_TRY(again(&c->pooled, graphs, c->s.embedding, err));
  ECD_TRY(again(&c->dpooled, graphs, c->s.embedding, err));
  ECD_TRY(again(&c->dense, graphs, c->s.hidden, err));
  ECD_TRY(again(&c->ddense, graphs, c->s.hidden, err));
  ECD_TRY(again(&c->dropped, graphs, c->s.hidden, err));
  c->max_graphs = graphs;
  return ECD_OK;
}

static ecd_code_t reserve_atoms(ecd_cgcnn_t *c, size_t atoms, ecd_error_t *err) {
  const int64_t width = c->s.embedding, degree = c->s.neighbors;
  if (atoms > (size_t)INT32_MAX / (size_t)degree)
    return ecd_fail(err, ECD_FAILED, "cgcnn: a batch of %zu atoms; expected at most %lld", atoms,
                    (long long)(INT32_MAX / degree));
  const size_t edges = atoms * (size_t)degree;
  free(c->neighbor);
  ECD_TRY(ecd_alloc((void **)&c->neighbor, edges, sizeof *c->neighbor, "batch", err));
  ECD_TRY(again(&c->x, atoms, c->s.atom_features, err));
  ECD_TRY(again(&c->gaussian, edges, c->gaussians, err));
  ECD_TRY(again(&c->own, atoms, 2 * width, err));
  ECD_TRY(again(&c->other, atoms, 2 * width, err));
  ECD_TRY(again(&c->dedge, edges, 2 * width, err));
  ECD_TRY(again(&c->da, atoms, width, err));
  ECD_TRY(again(&c->dsum, atoms, width, err));
  for (int64_t i = 0; i <= c->s.convolutions; ++i) ECD_TRY(again(&c->a[i], atoms, width, err));
  for (int64_t i = 0; i < c->s.convolutions; ++i) {
    ECD_TRY(again(&c->conv[i].edge, edges, 2 * width, err));
    ECD_TRY(again(&c->conv[i].sum, atoms, width, err));
  }
  c->max_atoms = atoms;
  return ECD_OK;
}

ecd_code_t ecd_cgcnn_reserve(ecd_cgcnn_t *cgcnn, size_t graphs, size_t atoms, ecd_error_t *err) {
  if (graphs > cgcnn->max_graphs) ECD_TRY(reserve_graphs(cgcnn, graphs, err));
  if (atoms > cgcnn->max_atoms) ECD_TRY(reserve_atoms(cgcnn, atoms, err));
  return ECD_OK;
}

ecd_code_t ecd_cgcnn_create(const ecd_cgcnn_settings_t *settings, size_t graphs, size_t atoms,
                            const ecd_backend_t *backend, ecd_cgcnn_t **cgcnn, ecd_error_t *err) {
  *cgcnn = NULL;
  ECD_TRY(check(settings, err));
  ECD_TRY(ecd_alloc((void **)cgcnn, 1, sizeof **cgcnn, "network", err));
  (*cgcnn)->s = *settings;
  ecd_code_t code = make(*cgcnn, backend, err);
  if (code == ECD_OK)
    code = ecd_cgcnn_reserve(*cgcnn, graphs > 0 ? graphs : 1, atoms > 0 ? atoms : 1, err);
  if (code != ECD_OK) ecd_cgcnn_destroy(cgcnn);
  return code;
}

void ecd_cgcnn_destroy(ecd_cgcnn_t **cgcnn) {
  ecd_cgcnn_t *c = *cgcnn;
  if (c == NULL) return;
  if (c->net != NULL) c->net->whole = NULL, c->net->self = NULL; /* it does not own this */
  ecd_net_destroy(&c->net);
  void *const owned[] = {c->dropped, c->statistics,  c->deviations, c->sums,
                         c->zero,    c->coefficient, c->first,      c->neighbor,
                         c->x,       c->gaussian,    c->own,        c->other,
                         c->dedge,   c->da,          c->dsum,       c->pooled,
                         c->dpooled, c->dense,       c->ddense,     c->a[c->s.convolutions]};
  for (size_t i = 0; i < sizeof owned / sizeof *owned; ++i) free(owned[i]);
  for (int64_t i = 0; i < c->s.convolutions; ++i) {
    free(c->a[i]);
    free(c->conv[i].edge);
    free(c->conv[i].sum);
  }
  free(c);
  *cgcnn = NULL;
}

ecd_net_t *ecd_cgcnn_net(ecd_cgcnn_t *cgcnn) { return cgcnn->net; }

static void reset_norm(ecd_cgcnn_t *c, const batch_norm_t *bn) {
  for (int64_t j = 0; j < bn->width; ++j) {
    ecd_net_parameters(c->net)[bn->weight + (size_t)j] = 1.0f;
    bn->running_mean[j] = 0.0f;
    bn->running_variance[j] = 1.0f;
  }
}

/* A weight and the bias behind it. */
static void initialize_linear(ecd_cgcnn_t *c, size_t number, uint64_t seed) {
  const double limit = 1 / sqrt((double)ecd_net_tensor(c->net, number)->shape[1]);
  for (size_t i = number; i < number + 2; ++i) {
    float *p = tensor(c, c->net->parameters, i);
    for (size_t k = 0; k < ecd_net_tensor(c->net, i)->count; ++k)
      p[k] = (float)(limit * (2 * ecd_random_uniform(seed, ECD_RANDOM_INIT, (uint32_t)i, k) - 1));
  }
}

void ecd_cgcnn_initialize(ecd_cgcnn_t *cgcnn, uint64_t seed) {
  for (size_t i = 0; i < ecd_net_tensor_count(cgcnn->net); ++i) {
    const ecd_tensor_t *t = ecd_net_tensor(cgcnn->net, i);
    if (t->rank == 2)
      initialize_linear(cgcnn, i, seed);
    else if (strstr(t->name, ".bn") != NULL)
      memset(tensor(cgcnn, cgcnn->net->parameters, i), 0, t->count * sizeof(float));
  }
  for (int64_t i = 0; i < cgcnn->s.convolutions; ++i) {
    reset_norm(cgcnn, &cgcnn->conv[i].bn1);
    reset_norm(cgcnn, &cgcnn->conv[i].bn2);
  }
}

/* ---- Batch norm ---- */

static void add_over_ranks(double *sums, int64_t count, const pass_t *pass) {
  if (pass->reduce != NULL) pass->reduce(sums, (size_t)count, pass->arg);
}

static void running_statistics(batch_norm_t *bn) {
  memcpy(bn->mean, bn->running_mean, (size_t)bn->width * sizeof *bn->mean);
  for (int64_t j = 0; j < bn->width; ++j)
    bn->deviation[j] = sqrt((double)bn->running_variance[j] + epsilon);
}

/* Statistics of x (rows, width) over all ranks. */
static void batch_statistics(ecd_cgcnn_t *c, batch_norm_t *bn, int64_t rows, const float *x,
                             const pass_t *pass) {
  const int64_t width = bn->width;
  double *sums = c->sums;
  c->net->backend->graph->moments(rows, width, x, sums);
  sums[2 * width] = (double)rows;
  add_over_ranks(sums, 2 * width + 1, pass);
  const double n = bn->rows = sums[2 * width];
  if (n == 0) {
    running_statistics(bn);
    return;
  }
  for (int64_t j = 0; j < width; ++j) {
    const double mean = sums[j] / n, square = sums[width + j] / n;
    const double variance = isnan(square) ? square : fmax(square - mean * mean, 0.0);
    const double unbiased = n > 1 ? variance * n / (n - 1) : variance;
    bn->mean[j] = (float)mean;
    bn->deviation[j] = sqrt(variance + epsilon);
    bn->running_mean[j] = (float)((1 - momentum) * (double)bn->running_mean[j] + momentum * mean);
    bn->running_variance[j] =
        (float)((1 - momentum) * (double)bn->running_variance[j] + momentum * unbiased);
  }
}

static void norm_forward(ecd_cgcnn_t *c, batch_norm_t *bn, int64_t rows, const float *x,
                         const pass_t *pass) {
  if (pass->training)
    batch_statistics(c, bn, rows, x, pass);
  else
    running_statistics(bn);
  const float *weight = ecd_net_parameters(c->net) + bn->weight;
  for (int64_t j = 0; j < bn->width; ++j)
    bn->scale[j] = (float)((double)weight[j] / bn->deviation[j]);
}

/* This rank's gradients of the weight and the bias, and dx (rows, width), which may be dz. With y =
   (x - mean) / deviation: dx = weight / deviation * (dz - mean of dz - y * mean of dz * y), means
   over all ranks. */
static void norm_backward(ecd_cgcnn_t *c, const batch_norm_t *bn, int64_t rows, const float *x,
                          const float *dz, float *dx, const pass_t *pass) {
  const int64_t width = bn->width;
  const ecd_graph_primitives_t *graph = c->net->backend->graph;
  double *sums = c->sums;
  float *dweight = ecd_net_gradients(c->net) + bn->weight, *k = c->coefficient;
  float *dbias = ecd_net_gradients(c->net) + bn->bias;
  graph->moments_backward(rows, width, bn->mean, x, dz, sums);
  for (int64_t j = 0; j < width; ++j) {
    dbias[j] = (float)sums[j];
    dweight[j] = (float)(sums[width + j] / bn->deviation[j]);
  }
  add_over_ranks(sums, 2 * width, pass);
  const float *weight = ecd_net_parameters(c->net) + bn->weight;
  for (int64_t j = 0; rows > 0 && j < width; ++j) {
    const double scale = (double)weight[j] / bn->deviation[j];
    k[j] = (float)scale;
    k[width + j] =
        (float)(-scale * sums[width + j] / bn->rows / (bn->deviation[j] * bn->deviation[j]));
    k[2 * width + j] = (float)(-scale * sums[j] / bn->rows);
  }
  graph->norm_backward(rows, width, k, bn->mean, x, dz, dx);
}

/* ---- Forward ---- */

static void load_edges(const ecd_cgcnn_t *c, const ecd_graph_t *graph, int64_t first) {
  const int64_t degree = c->s.neighbors, width = c->gaussians;
  for (int64_t e = 0; e < (int64_t)graph->atoms * degree; ++e) {
    float *to = c->gaussian + (first * degree + e) * width;
    const double at = graph->distance[e] / c->s.step;
    c->neighbor[first * degree + e] = graph->neighbor[e] + (int32_t)first;
#pragma omp simd
    for (int32_t k = 0; k < (int32_t)width; ++k) {
      const float from = (float)(at - (double)k);
      to[k] = ecd_exp(-from * from);
    }
  }
}

static void load(ecd_cgcnn_t *c, size_t graphs, const ecd_graph_t *const *graph) {
  ECD_CHECK(graphs <= c->max_graphs);
  c->first[0] = 0;
  for (size_t i = 0; i < graphs; ++i) c->first[i + 1] = c->first[i] + (int64_t)graph[i]->atoms;
  c->graphs = graphs;
  c->atoms = (size_t)c->first[graphs];
  ECD_CHECK(c->atoms <= c->max_atoms);
#pragma omp parallel for schedule(static)
  for (size_t i = 0; i < graphs; ++i) {
    const size_t width = (size_t)c->s.atom_features;
    memcpy(c->x + (size_t)c->first[i] * width, graph[i]->atom,
           graph[i]->atoms * width * sizeof *c->x);
    load_edges(c, graph[i], c->first[i]);
  }
}

static void dense_forward(ecd_cgcnn_t *c, size_t number, int64_t rows, int64_t out, int64_t in,
                          const float *x, ecd_activation_t act, float *y) {
  const ecd_backend_t *be = c->net->backend;
  be->gemm(false, true, rows, out, in, x, in, tensor(c, c->net->parameters, number), in, 0.0f, y,
           out);
  be->bias_act(rows, out, tensor(c, c->net->parameters, number + 1), act, y);
}

static void convolution_forward(ecd_cgcnn_t *c, convolution_t *conv, const float *a, float *out,
                                const pass_t *pass) {
  const ecd_backend_t *be = c->net->backend;
  const int64_t f = c->s.embedding, degree = c->s.neighbors, n = (int64_t)c->atoms;
  const int64_t in = 2 * f + c->gaussians;
  const float *p = ecd_net_parameters(c->net), *w = p + conv->offset[FULL_W];
  be->gemm(false, true, n, 2 * f, f, a, f, w, in, 0.0f, c->own, 2 * f);
  be->bias_act(n, 2 * f, p + conv->offset[FULL_B], ECD_ACT_NONE, c->own);
  be->gemm(false, true, n, 2 * f, f, a, f, w + f, in, 0.0f, c->other, 2 * f);
  be->gemm(false, true, n * degree, 2 * f, c->gaussians, c->gaussian, c->gaussians, w + 2 * f, in,
           0.0f, conv->edge, 2 * f);
  be->graph->edge_add(n, degree, 2 * f, c->neighbor, c->own, c->other, conv->edge);
  norm_forward(c, &conv->bn1, n * degree, conv->edge, pass);
  be->graph->gate(n, degree, f, &conv->bn1.norm, conv->edge, conv->sum);
  norm_forward(c, &conv->bn2, n, conv->sum, pass);
  be->graph->norm_softplus(n, f, &conv->bn2.norm, conv->sum, a, out);
}

void ecd_cgcnn_forward(ecd_cgcnn_t *cgcnn, size_t graphs, const ecd_graph_t *const *graph,
                       bool training, ecd_reduce_fn *reduce, void *reduce_arg, float *prediction) {
  ecd_cgcnn_t *c = cgcnn;
  const ecd_cgcnn_settings_t *s = &c->s;
  const ecd_backend_t *be = c->net->backend;
  const pass_t pass = {.training = training, .reduce = reduce, .arg = reduce_arg};
  load(c, graphs, graph);
  const int64_t rows = (int64_t)graphs;
  dense_forward(c, c->embedding, (int64_t)c->atoms, s->embedding, s->atom_features, c->x,
                ECD_ACT_NONE, c->a[0]);
  for (int64_t i = 0; i < s->convolutions; ++i)
    convolution_forward(c, &c->conv[i], c->a[i], c->a[i + 1], &pass);
  be->graph->graph_mean(rows, c->first, s->embedding, c->a[s->convolutions], c->pooled);
  be->bias_act(rows, s->embedding, c->zero, ECD_ACT_SOFTPLUS, c->pooled);
  dense_forward(c, c->hidden, rows, s->hidden, s->embedding, c->pooled, ECD_ACT_SOFTPLUS, c->dense);
  memcpy(c->dropped, c->dense, graphs * (size_t)s->hidden * sizeof *c->dense);
  ecd_net_drop(&c->net->mode, 1, rows, s->hidden, c->dropped);
  dense_forward(c, c->output, rows, 1, s->hidden, c->dropped, ECD_ACT_NONE, prediction);
}

const float *ecd_cgcnn_latent(const ecd_cgcnn_t *cgcnn) { return cgcnn->dense; }

/* ---- Backward ---- */

/* dw (out, in), with rows ld apart = dy (rows, out) transposed * x (rows, in). */
static void weight_backward(const ecd_cgcnn_t *c, int64_t rows, int64_t out, int64_t in,
                            const float *dy, const float *x, float *dw, int64_t ld) {
  if (rows > 0) c->net->backend->gemm(true, false, out, in, rows, dy, out, x, in, 0.0f, dw, ld);
  for (int64_t i = 0; rows == 0 && i < out; ++i) memset(dw + i * ld, 0, (size_t)in * sizeof *dw);
}

/* dx (rows, in) is overwritten, unless NULL. */
static void dense_backward(ecd_cgcnn_t *c, size_t number, int64_t rows, int64_t out, int64_t in,
                           const float *x, const float *dy, float *dx) {
  const ecd_backend_t *be = c->net->backend;
  weight_backward(c, rows, out, in, dy, x, tensor(c, c->net->gradients, number), in);
  be->column_sum(rows, out, dy, false, tensor(c, c->net->gradients, number + 1));
  if (dx != NULL)
    be->gemm(false, false, rows, in, out, dy, out, tensor(c, c->net->parameters, number), in, 0.0f,
             dx, in);
}

/* c->da: gradient of the output, out, becomes that of the input, a (atoms, embedding). */
static void convolution_backward(ecd_cgcnn_t *c, const convolution_t *conv, const float *a,
                                 const float *out, const pass_t *pass) {
  const ecd_backend_t *be = c->net->backend;
  const int64_t f = c->s.embedding, degree = c->s.neighbors, n = (int64_t)c->atoms;
  const int64_t in = 2 * f + c->gaussians;
  const float *w = ecd_net_parameters(c->net) + conv->offset[FULL_W];
  float *g = ecd_net_gradients(c->net), *dw = g + conv->offset[FULL_W];
  be->act_backward(n * f, ECD_ACT_SOFTPLUS, out, c->da);
  norm_backward(c, &conv->bn2, n, conv->sum, c->da, c->dsum, pass);
  be->graph->gate_backward(n, degree, f, &conv->bn1.norm, conv->edge, c->dsum, c->dedge);
  norm_backward(c, &conv->bn1, n * degree, conv->edge, c->dedge, c->dedge, pass);
  be->graph->edge_sum((int64_t)c->graphs, c->first, degree, 2 * f, c->neighbor, c->dedge, c->own,
                      c->other);
  weight_backward(c, n, 2 * f, f, c->own, a, dw, in);
  weight_backward(c, n, 2 * f, f, c->other, a, dw + f, in);
  weight_backward(c, n * degree, 2 * f, c->gaussians, c->dedge, c->gaussian, dw + 2 * f, in);
  memset(g + conv->offset[FULL_B], 0, (size_t)(2 * f) * sizeof *g);
  be->gemm(false, false, n, f, 2 * f, c->own, 2 * f, w, in, 1.0f, c->da, f);
  be->gemm(false, false, n, f, 2 * f, c->other, 2 * f, w + f, in, 1.0f, c->da, f);
}

void ecd_cgcnn_backward(ecd_cgcnn_t *cgcnn, const float *dprediction, ecd_reduce_fn *reduce,
                        void *reduce_arg, ecd_ready_fn *ready, void *ready_arg) {
  ecd_cgcnn_t *c = cgcnn;
  const ecd_cgcnn_settings_t *s = &c->s;
  const ecd_backend_t *be = c->net->backend;
  const pass_t pass = {.training = true, .reduce = reduce, .arg = reduce_arg};
  const int64_t rows = (int64_t)c->graphs, f = s->embedding;
  size_t end = ecd_net_parameter_count(c->net), begin = ecd_net_tensor(c->net, c->hidden)->offset;
  dense_backward(c, c->output, rows, 1, s->hidden, c->dropped, dprediction, c->ddense);
  ecd_net_drop(&c->net->mode, 1, rows, s->hidden, c->ddense);
  be->act_backward(rows * s->hidden, ECD_ACT_SOFTPLUS, c->dense, c->ddense);
  dense_backward(c, c->hidden, rows, s->hidden, f, c->pooled, c->ddense, c->dpooled);
  if (ready != NULL) ready(begin, end - begin, ready_arg);
  be->act_backward(rows * f, ECD_ACT_SOFTPLUS, c->pooled, c->dpooled);
  be->graph->graph_mean_backward(rows, c->first, f, c->dpooled, c->da);
  for (int64_t i = s->convolutions - 1; i >= 0; --i) {
    const convolution_t *conv = &c->conv[i];
    convolution_backward(c, conv, c->a[i], c->a[i + 1], &pass);
    end = begin;
    begin = conv->offset[0];
    if (ready != NULL) ready(begin, end - begin, ready_arg);
  }
  dense_backward(c, c->embedding, (int64_t)c->atoms, f, s->atom_features, c->x, c->da, NULL);
  if (ready != NULL) ready(0, begin, ready_arg);
}
