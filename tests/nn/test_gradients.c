/* Every gradient against central differences, in double: this program compiles src/nn with tests/nn/double.h. Runs on
   the naive loops and on the kernels that the blas and dnnl backends share. */
#include "differences.h"
#include "nn/kernels.h"
#include "nn/net.h"
#include "nn/optimizer.h"

static void kernel_gemm(bool ta, bool tb, int64_t m, int64_t n, int64_t k, const double *a,
                        int64_t lda, const double *b, int64_t ldb, double beta, double *c,
                        int64_t ldc) {
  if (!ta && tb && beta == 0.0)
    ecd_k_gemm_thin(m, n, k, a, lda, b, ldb, c, ldc);
  else
    ecd_backend_ref.gemm(ta, tb, m, n, k, a, lda, b, ldb, beta, c, ldc);
}

static const ecd_backend_t kernels = {.name = "kernels", .gemm = kernel_gemm, ECD_KERNELS};

/* ---- Dense layer ---- */
typedef struct {
  const ecd_backend_t *be;
  ecd_activation_t act;
  int64_t rows, in, out;
  double *x, *w, *b, *y, *r; /* r: weights of the outputs in the scalar */
} dense_t;

static double dense_value(void *arg) {
  dense_t *d = arg;
  d->be->gemm(false, true, d->rows, d->out, d->in, d->x, d->in, d->w, d->in, 0, d->y, d->out);
  d->be->bias_act(d->rows, d->out, d->b, d->act, d->y);
  return dot((size_t)(d->rows * d->out), d->r, d->y);
}

static void check_dense(const ecd_backend_t *be, ecd_activation_t act) {
  dense_t d = {.be = be, .act = act, .rows = 5, .in = 7, .out = 11};
  const size_t inputs = 35, weights = 77, outputs = 55;
  d.x = numbers(inputs, 0);
  d.w = numbers(weights, 1);
  d.b = numbers(11, 2);
  d.r = numbers(outputs, 3);
  d.y = numbers(outputs, 4);
  dense_value(&d);
  double *dy = numbers(outputs, 3), *dx = numbers(inputs, 4), *dw = numbers(weights, 4), db[11];
  be->act_backward((int64_t)outputs, act, d.y, dy);
  be->gemm(true, false, d.out, d.in, d.rows, dy, d.out, d.x, d.in, 0, dw, d.in);
  be->gemm(false, false, d.rows, d.in, d.out, dy, d.out, d.w, d.in, 0, dx, d.in);
  be->column_sum(d.rows, d.out, dy, false, db);
  check_gradient("dense input", dense_value, &d, inputs, d.x, dx);
  check_gradient("dense weight", dense_value, &d, weights, d.w, dw);
  check_gradient("dense bias", dense_value, &d, 11, d.b, db);
  double *owned[] = {d.x, d.w, d.b, d.r, d.y, dy, dx, dw};
  for (size_t i = 0; i < sizeof owned / sizeof *owned; ++i) free(owned[i]);
}

/* ---- Convolution with any stride, as patches times weights ---- */
typedef struct {
  const ecd_backend_t *be;
  ecd_window_t window;
  int64_t filters;
  double *x, *w, *column, *y, *r;
} convolution_t;

static double convolution_value(void *arg) {
  convolution_t *c = arg;
  const int64_t rows = ecd_window_out(&c->window);
  const int64_t k = ecd_window_kernel(&c->window) * c->window.channels;
  c->be->im2col(&c->window, c->x, c->column);
  c->be->gemm(false, true, rows, c->filters, k, c->column, k, c->w, k, 0, c->y, c->filters);
  return dot((size_t)(rows * c->filters), c->r, c->y);
}

static void check_convolution(const ecd_backend_t *be, const ecd_window_t *window) {
  convolution_t c = {.be = be, .window = *window, .filters = 5};
  const int64_t rows = ecd_window_out(window), k = ecd_window_kernel(window) * window->channels;
  const size_t inputs = (size_t)(ecd_window_in(window) * window->channels);
  c.x = numbers(inputs, 0);
  c.w = numbers((size_t)(5 * k), 1);
  c.r = numbers((size_t)(rows * 5), 2);
  c.y = numbers((size_t)(rows * 5), 3);
  c.column = numbers((size_t)(rows * k), 4);
  convolution_value(&c);
  double *dw = numbers((size_t)(5 * k), 4), *dcolumn = numbers((size_t)(rows * k), 4);
  double *dx = numbers(inputs, 4);
  be->gemm(true, false, 5, k, rows, c.r, 5, c.column, k, 0, dw, k);
  be->gemm(false, false, rows, k, 5, c.r, 5, c.w, k, 0, dcolumn, k);
  be->col2im(window, dcolumn, dx);
  check_gradient("convolution input", convolution_value, &c, inputs, c.x, dx);
  check_gradient("convolution weight", convolution_value, &c, (size_t)(5 * k), c.w, dw);
  double *owned[] = {c.x, c.w, c.r, c.y, c.column, dw, dcolumn, dx};
  for (size_t i = 0; i < sizeof owned / sizeof *owned; ++i) free(owned[i]);
}

/* ---- Pools ---- */
typedef struct {
  const ecd_backend_t *be;
  ecd_window_t window;
  ecd_pool_mode_t mode;
  double *x, *y, *r;
  int32_t *from;
} pool_t;

static double pool_value(void *arg) {
  pool_t *p = arg;
  p->be->pool(&p->window, p->mode, p->x, p->y, p->from);
  return dot((size_t)(ecd_window_out(&p->window) * p->window.channels), p->r, p->y);
}

static void check_pool(const ecd_backend_t *be, const ecd_window_t *window, ecd_pool_mode_t mode) {
  const size_t inputs = (size_t)(ecd_window_in(window) * window->channels);
  const size_t outputs = (size_t)(ecd_window_out(window) * window->channels);
  pool_t p = {.be = be, .window = *window, .mode = mode};
  p.x = numbers(inputs, 0);
  p.y = numbers(outputs, 1);
  p.r = numbers(outputs, 2);
  p.from = malloc(outputs * sizeof *p.from);
  double *dx = numbers(inputs, 4);
  pool_value(&p);
  be->pool_backward(window, mode, p.r, p.from, dx);
  check_gradient(mode == ECD_POOL_MAX ? "max pool" : "average pool", pool_value, &p, inputs, p.x,
                 dx);
  free(p.x);
  free(p.y);
  free(p.r);
  free(p.from);
  free(dx);
}

/* ---- Axis projection: its planes and their means ---- */
typedef struct {
  const ecd_backend_t *be;
  ecd_projection_t projection;
  double *x, *w, *b, *u, *mean, *r, *q;
} project_t;

static double project_value(void *arg) {
  project_t *p = arg;
  p->be->project(&p->projection, p->x, p->w, p->b, p->u, p->mean);
  const size_t channels = (size_t)p->projection.channels;
  return dot((size_t)p->projection.pixels * channels, p->r, p->u) + dot(channels, p->q, p->mean);
}

static void check_projection(const ecd_backend_t *be, int axis, int64_t channels) {
  enum { N = 9, PIXELS = N * N };
  static const int64_t stride[] = {N * N, N, 1};
  int32_t offset[PIXELS];
  for (int32_t i = 0; i < PIXELS; ++i)
    offset[i] = axis == 0 ? i : axis == 1 ? i / N * N * N + i % N : i * N;
  project_t p = {.be = be,
                 .projection = {.pixels = PIXELS,
                                .depth = N,
                                .channels = channels,
                                .stride = stride[axis],
                                .offset = offset}};
  const size_t count = (size_t)channels, planes = PIXELS * count, weights = N * count;
  p.x = numbers(N * PIXELS, 0);
  p.w = numbers(weights, 1);
  p.b = numbers(count, 2);
  p.u = numbers(planes, 3);
  p.mean = numbers(count, 4);
  p.r = numbers(planes, 5);
  p.q = numbers(count, 6);
  double *du = numbers(planes, 5), *dmean = numbers(count, 6);
  double *dw = calloc(weights, sizeof *dw), *db = calloc(count, sizeof *db);
  for (size_t c = 0; c < count; ++c) dmean[c] /= PIXELS;
  project_value(&p);
  be->relu_mean_backward(PIXELS, channels, p.u, dmean, du, db);
  be->project_backward(&p.projection, p.x, du, dw);
  check_gradient("projection weight", project_value, &p, weights, p.w, dw);
  check_gradient("projection bias", project_value, &p, count, p.b, db);
  double *owned[] = {p.x, p.w, p.b, p.u, p.mean, p.r, p.q, du, dmean, dw, db};
  for (size_t i = 0; i < sizeof owned / sizeof *owned; ++i) free(owned[i]);
}

/* ---- Channel scales of the squeeze-and-excitation ---- */
typedef struct {
  const ecd_backend_t *be;
  double scale[7], x[91], y[91], r[91];
} scale_t;

static double scale_value(void *arg) {
  scale_t *s = arg;
  s->be->scale_columns(13, 7, s->scale, s->x, s->y);
  return dot(91, s->r, s->y);
}

static void check_scale(const ecd_backend_t *be) {
  scale_t s = {.be = be};
  double *v = numbers(300, 0), dx[91] = {0}, dscale[7];
  memcpy(s.scale, v, sizeof s.scale);
  memcpy(s.x, v + 7, sizeof s.x);
  memcpy(s.r, v + 98, sizeof s.r);
  be->scale_columns_backward(13, 7, s.scale, s.x, s.r, dx, dscale);
  check_gradient("scale", scale_value, &s, 7, s.scale, dscale);
  check_gradient("scaled values", scale_value, &s, 91, s.x, dx);
  free(v);
}

/* ---- Loss ---- */
typedef struct {
  double prediction[6], target[6], gradient[6];
} loss_t;

static double loss_value(void *arg) {
  loss_t *l = arg;
  double ignored[6];
  return ecd_loss_mae(6, 9, l->prediction, l->target, ignored);
}

static void check_loss(void) {
  loss_t l;
  double *v = numbers(12, 0);
  memcpy(l.prediction, v, sizeof l.prediction);
  memcpy(l.target, v + 6, sizeof l.target);
  ecd_loss_mae(6, 9, l.prediction, l.target, l.gradient);
  check_gradient("loss", loss_value, &l, 6, l.prediction, l.gradient);
  free(v);
}

/* ---- Whole networks: every tensor ---- */
enum { BATCH = 3, EDGE = 13, FEATURES = 132 };

typedef struct {
  ecd_net_t *net;
  const double *input[BATCH];
  double weight[BATCH], prediction[BATCH];
} network_t;

static double network_value(void *arg) {
  network_t *n = arg;
  ecd_net_forward(n->net, BATCH, n->input, n->prediction);
  return dot(BATCH, n->weight, n->prediction);
}

typedef struct {
  int *seen;
  size_t calls, last;
} parts_t;

static void note_part(size_t offset, size_t count, void *arg) {
  parts_t *parts = arg;
  for (size_t i = offset; i < offset + count; ++i) ++parts->seen[i];
  CHECK(parts->calls == 0 || offset < parts->last);
  parts->last = offset;
  ++parts->calls;
}

/* The parts reported as final cover the slab once, last layer first. */
static void check_parts(network_t *n) {
  const size_t frozen = ecd_net_frozen(n->net), count = ecd_net_parameter_count(n->net);
  parts_t parts = {.seen = calloc(count, sizeof *parts.seen)};
  ecd_net_backward(n->net, BATCH, n->input, n->weight, note_part, &parts);
  size_t once = 0;
  for (size_t i = 0; i < count; ++i) once += parts.seen[i] == (i >= frozen);
  CHECK(once == count && parts.calls > 1);
  free(parts.seen);
}

/* The output layers of a fusion network's parents: only their latents are used. */
static bool is_unused(const char *name) {
  static const char *const names[] = {"magpie.fc.4.weight", "magpie.fc.4.bias",
                                      "volume.fc.4.weight", "volume.fc.4.bias"};
  for (size_t i = 0; i < sizeof names / sizeof *names; ++i)
    if (strcmp(name, names[i]) == 0) return true;
  return false;
}

static void check_network(const ecd_backend_t *be, const ecd_model_settings_t *model) {
  ecd_error_t err;
  network_t n = {.weight = {0.7, -1.1, 0.6}};
  CHECK(ecd_net_create(model, EDGE, BATCH, be, &n.net, &err) == ECD_OK);
  if (n.net == NULL) return;
  const size_t count = ecd_net_parameter_count(n.net), size = ecd_net_input_size(n.net);
  double *volumes = numbers(BATCH * EDGE * EDGE * EDGE, 1), *prepared = numbers(BATCH * size, 2);
  double *bias = numbers(count, 3), *features = numbers(BATCH * FEATURES, 4);
  ecd_net_initialize(n.net, 5);
  double *parameters = ecd_net_parameters(n.net);
  for (size_t i = 0; i < ecd_net_tensor_count(n.net); ++i) {
    const ecd_tensor_t *t = ecd_net_tensor(n.net, i);
    for (size_t k = 0; t->rank == 1 && k < t->count; ++k)
      parameters[t->offset + k] = 0.3 * bias[t->offset + k];
  }
  for (size_t b = 0; b < BATCH; ++b) {
    const ecd_net_sample_t sample = {.volume = volumes + b * EDGE * EDGE * EDGE,
                                     .features = features + b * FEATURES};
    ecd_net_prepare(n.net, &sample, prepared + b * size);
    n.input[b] = prepared + b * size;
  }
  network_value(&n);
  check_parts(&n);
  for (size_t i = 0; i < ecd_net_tensor_count(n.net); ++i) {
    const ecd_tensor_t *t = ecd_net_tensor(n.net, i);
    if (t->offset < ecd_net_frozen(n.net)) continue;
    if (is_unused(t->name)) {
      const double *g = ecd_net_gradients(n.net) + t->offset;
      CHECK(dot(t->count, g, g) == 0);
      continue;
    }
    check_gradient(t->name, network_value, &n, t->count, parameters + t->offset,
                   ecd_net_gradients(n.net) + t->offset);
  }
  free(volumes);
  free(prepared);
  free(bias);
  free(features);
  ecd_net_destroy(&n.net);
}

static void check_backend(const ecd_backend_t *be) {
  const ecd_window_t overlapping = {
      .in = {3, 7, 6}, .kernel = {2, 3, 3}, .stride = {1, 2, 1}, .out = {2, 3, 4}, .channels = 3};
  const ecd_window_t cut_off = {
      .in = {3, 5, 7}, .kernel = {2, 2, 2}, .stride = {2, 2, 2}, .out = {2, 3, 4}, .channels = 5};
  const ecd_model_settings_t volume = {.kind = ECD_MODEL_CNN3D,
                                       .cnn3d = {.conv1_filters = 5,
                                                 .conv1_kernel = 2,
                                                 .conv2_filters = 7,
                                                 .conv2_kernel = 2,
                                                 .pool_kernel = 2,
                                                 .dense = {2, {9, 6}}}};
  const ecd_model_settings_t planes = {.kind = ECD_MODEL_CNN2D,
                                       .magpie_cnn = {.conv1_filters = 5,
                                                      .conv2_filters = 7,
                                                      .conv3_filters = 6,
                                                      .dense = {2, {11, 5}}},
                                       .fusion = {.dense = {2, {10, 7}}},
                                       .cnn2d = {.squeeze = 11,
                                                 .excite = 3,
                                                 .conv1_filters = 6,
                                                 .conv1_kernel = 2,
                                                 .pool_kernel = 2,
                                                 .conv2_filters = 5,
                                                 .conv2_kernel = 2,
                                                 .conv2_stride = 1,
                                                 .dense = {2, {9, 6}}}};
  for (int act = ECD_ACT_NONE; act <= ECD_ACT_SOFTPLUS; ++act)
    check_dense(be, (ecd_activation_t)act);
  check_convolution(be, &overlapping);
  check_pool(be, &overlapping, ECD_POOL_MAX);
  check_pool(be, &overlapping, ECD_POOL_AVERAGE);
  check_pool(be, &cut_off, ECD_POOL_MAX);
  check_pool(be, &cut_off, ECD_POOL_AVERAGE);
  for (int axis = 0; axis < 3; ++axis)
    for (int64_t channels = 5; channels <= 29; channels += 8) check_projection(be, axis, channels);
  check_scale(be);
  check_network(be, &planes);
  ecd_model_settings_t other = planes;
  other.kind = ECD_MODEL_MAGPIE_CNN;
  check_network(be, &other);
  other.kind = ECD_MODEL_FUSION;
  for (int finetune = 0; finetune < 2; ++finetune) {
    other.fusion.finetune = finetune != 0;
    check_network(be, &other);
  }
  for (int pool = ECD_POOL_SAME; pool <= ECD_POOL_VALID; ++pool) {
    ecd_model_settings_t model = volume;
    model.cnn3d.pool = (ecd_pool_t)pool;
    check_network(be, &model);
  }
}

int main(void) {
  check_backend(&ecd_backend_ref);
  check_backend(&kernels);
  check_loss();
  return check_done();
}
