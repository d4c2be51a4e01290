#include "train/timing.h"

#include "base/log.h"
#include "base/random.h"
#include "chem/atoms.h"
#include "nn/optimizer.h"

#include <stdlib.h>
#include <string.h>

enum { FORWARD, BACKWARD, REDUCE, UPDATE, INFER, PHASES };

typedef struct {
  ecd_net_t *net;
  const ecd_backend_t *backend;
  size_t local;           /* samples of this rank */
  size_t frozen, trained; /* parameters, as in the slab */
  float *data, *prediction, *target, *gradient, *moment1, *moment2;
  const float **input;
  double *seconds[PHASES], *total, *scratch; /* [steps] each */
} timing_t;

static int by_value(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double median(const double *value, int64_t count, double *scratch) {
  memcpy(scratch, value, (size_t)count * sizeof *value);
  qsort(scratch, (size_t)count, sizeof *scratch, by_value);
  return count % 2 ? scratch[count / 2] : 0.5 * (scratch[count / 2 - 1] + scratch[count / 2]);
}

static double uniform(const ecd_context_t *ctx, const ecd_settings_t *s, size_t i) {
  return ecd_random_uniform((uint64_t)s->seed, ECD_RANDOM_TEST, (uint32_t)ctx->rank, i);
}

/* Elements of any kind, neighbours anywhere, distances up to the radius. */
static ecd_code_t fill_graph(const ecd_context_t *ctx, const ecd_settings_t *s, size_t at,
                             const ecd_net_needs_t *needs, size_t atoms, float *atom,
                             int32_t *neighbor, double *distance, ecd_error_t *err) {
  const size_t edges = atoms * needs->neighbors;
  for (size_t i = 0; i < atoms; ++i)
    ECD_TRY(ecd_cgcnn_atom_vector(1 + (int)(90 * uniform(ctx, s, at + i)),
                                  atom + i * ECD_ATOM_VECTOR, err));
  for (size_t e = 0; e < edges; ++e) {
    neighbor[e] = (int32_t)(uniform(ctx, s, at + atoms + e) * (double)atoms);
    distance[e] = needs->radius * uniform(ctx, s, at + atoms + edges + e);
  }
  return ECD_OK;
}

static ecd_code_t random_graphs(const ecd_context_t *ctx, const ecd_settings_t *s, timing_t *t,
                                ecd_error_t *err) {
  const ecd_net_needs_t needs = ecd_net_needs(t->net);
  const size_t atoms = (size_t)s->time.atoms, edges = atoms * needs.neighbors;
  float *atom;
  int32_t *neighbor = NULL;
  double *distance = NULL;
  ecd_code_t code =
      ecd_alloc((void **)&atom, atoms * ECD_ATOM_VECTOR, sizeof *atom, "random graph", err);
  if (code == ECD_OK)
    code = ecd_alloc((void **)&neighbor, edges, sizeof *neighbor, "random graph", err);
  if (code == ECD_OK)
    code = ecd_alloc((void **)&distance, edges, sizeof *distance, "random graph", err);
  for (size_t b = 0; code == ECD_OK && b < t->local; ++b) {
    code =
        fill_graph(ctx, s, b * (atoms + 2 * edges), &needs, atoms, atom, neighbor, distance, err);
    const ecd_graph_t graph = {atoms, atom, neighbor, distance};
    const ecd_net_sample_t sample = {.graph = &graph};
    if (code == ECD_OK) ecd_net_prepare(t->net, &sample, t->data + b * ecd_net_input_size(t->net));
  }
  free(atom);
  free(neighbor);
  free(distance);
  return code;
}

static ecd_code_t prepare(const ecd_context_t *ctx, const ecd_settings_t *s, int64_t grid,
                          timing_t *t, ecd_error_t *err) {
  ECD_TRY(ecd_backend_get(s->backend, &t->backend, err));
  const size_t batch = (size_t)s->train.batch, ranks = (size_t)ctx->size, rank = (size_t)ctx->rank;
  t->local = batch / ranks + (rank < batch % ranks);
  const size_t atoms = (size_t)s->time.atoms;
  ECD_TRY(ecd_net_create(&s->model, grid, t->local, t->backend, &t->net, err));
  ECD_TRY(ecd_net_reserve(t->net, atoms, atoms * (t->local + 1), err));
  ecd_net_initialize(t->net, (uint64_t)s->seed);
  t->frozen = ecd_net_frozen(t->net);
  t->trained = ecd_net_parameter_count(t->net) - t->frozen;
  const size_t size = ecd_net_input_size(t->net), count = t->trained;
  ECD_TRY(ecd_alloc((void **)&t->data, t->local * size, sizeof *t->data, "random inputs", err));
  ECD_TRY(ecd_alloc((void **)&t->input, t->local + 1, sizeof *t->input, "inputs", err));
  ECD_TRY(
      ecd_alloc((void **)&t->prediction, t->local + 1, sizeof *t->prediction, "predictions", err));
  ECD_TRY(ecd_alloc((void **)&t->target, t->local + 1, sizeof *t->target, "targets", err));
  ECD_TRY(ecd_alloc((void **)&t->gradient, t->local + 1, sizeof *t->gradient, "gradients", err));
  ECD_TRY(ecd_alloc((void **)&t->moment1, count, sizeof *t->moment1, "moments", err));
  ECD_TRY(ecd_alloc((void **)&t->moment2, count, sizeof *t->moment2, "moments", err));
  for (int p = 0; p < PHASES; ++p)
    ECD_TRY(ecd_alloc((void **)&t->seconds[p], (size_t)s->time.steps + 1, sizeof(double), "timings",
                      err));
  ECD_TRY(ecd_alloc((void **)&t->total, (size_t)s->time.steps, sizeof(double), "timings", err));
  ECD_TRY(ecd_alloc((void **)&t->scratch, (size_t)s->time.steps, sizeof(double), "timings", err));
  if (ecd_net_needs(t->net).neighbors > 0)
    ECD_TRY(random_graphs(ctx, s, t, err));
  else
    for (size_t i = 0; i < t->local * size; ++i) t->data[i] = (float)(2 * uniform(ctx, s, i) - 1);
  for (size_t b = 0; b < t->local; ++b) {
    t->input[b] = t->data + b * size;
    t->target[b] = (float)ecd_random_uniform((uint64_t)s->seed, ECD_RANDOM_TEST, 1u << 20, b);
  }
  return ECD_OK;
}

static ecd_code_t one_step(const ecd_context_t *ctx, const ecd_settings_t *s, timing_t *t,
                           int64_t step, double seconds[PHASES], ecd_error_t *err) {
  float *gradients = ecd_net_gradients(t->net) + t->frozen;
  double mark[PHASES + 1];
  ECD_MPI(MPI_Barrier(ctx->world));
  mark[0] = ecd_now();
  ecd_net_set_mode(t->net, &(ecd_net_mode_t){.training = true});
  ecd_net_forward(t->net, t->local, t->input, t->prediction);
  ecd_loss_mae(t->local, (size_t)s->train.batch, t->prediction, t->target, t->gradient);
  mark[1] = ecd_now();
  ecd_net_backward(t->net, t->local, t->input, t->gradient, NULL, NULL);
  mark[2] = ecd_now();
  if (ctx->size > 1)
    ECD_MPI(
        MPI_Allreduce(MPI_IN_PLACE, gradients, (int)t->trained, MPI_FLOAT, MPI_SUM, ctx->world));
  mark[3] = ecd_now();
  ecd_optimizer_update(t->backend, &s->train, s->train.lr, step + 1, t->trained,
                       ecd_net_parameters(t->net) + t->frozen, gradients, t->moment1, t->moment2);
  mark[4] = ecd_now();
  ecd_net_set_mode(t->net, &(ecd_net_mode_t){.training = false});
  ecd_net_forward(t->net, t->local, t->input, t->prediction);
  mark[5] = ecd_now();
  for (int p = 0; p < PHASES; ++p) seconds[p] = mark[p + 1] - mark[p];
  ECD_MPI(MPI_Allreduce(MPI_IN_PLACE, seconds, PHASES, MPI_DOUBLE, MPI_MAX, ctx->world));
  return ECD_OK;
}

static void summarize(const timing_t *t, int64_t steps, ecd_timing_t *timing) {
  double median_of[PHASES];
  for (int64_t i = 0; i < steps; ++i)
    t->total[i] = t->seconds[FORWARD][i] + t->seconds[BACKWARD][i] + t->seconds[REDUCE][i] +
                  t->seconds[UPDATE][i];
  for (int p = 0; p < PHASES; ++p) median_of[p] = median(t->seconds[p], steps, t->scratch);
  *timing = (ecd_timing_t){.backend = ecd_backend_name(t->backend),
                           .parameters = t->trained,
                           .flops = ecd_net_flops(t->net),
                           .forward = median_of[FORWARD],
                           .backward = median_of[BACKWARD],
                           .reduce = median_of[REDUCE],
                           .update = median_of[UPDATE],
                           .step = median(t->total, steps, t->scratch),
                           .infer = median_of[INFER]};
}

ecd_code_t ecd_timing_measure(const ecd_context_t *ctx, const ecd_settings_t *s, int64_t grid,
                              ecd_timing_t *timing, ecd_error_t *err) {
  timing_t t = {0};
  ecd_code_t code = ecd_agree(ctx->world, prepare(ctx, s, grid, &t, err), err);
  for (int64_t i = -s->time.warmup; code == ECD_OK && i < s->time.steps; ++i) {
    double seconds[PHASES];
    code = one_step(ctx, s, &t, i + s->time.warmup, seconds, err);
    for (int p = 0; i >= 0 && p < PHASES; ++p) t.seconds[p][i] = seconds[p];
  }
  if (code == ECD_OK) summarize(&t, s->time.steps, timing);
  ecd_net_destroy(&t.net);
  void *owned[] = {t.data,    t.input,   t.prediction, t.target, t.gradient,
                   t.moment1, t.moment2, t.total,      t.scratch};
  for (size_t i = 0; i < sizeof owned / sizeof *owned; ++i) free(owned[i]);
  for (int p = 0; p < PHASES; ++p) free(t.seconds[p]);
  return code;
}
