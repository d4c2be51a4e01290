#include "bench/cost.h"

#include "chem/magpie.h"
#include "nn/net.h"
#include "train/timing.h"

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

enum { TRIES = 6 }; /* of a measurement */

/* A core of usual speed; what a file of weights takes to be written or read and checked; what every training does
   besides. */
#define FLOPS       3e10
#define BYTES       8e9
#define FILE_BYTES  3e8
#define ANY_SECONDS 0.02

/* Trees of a random forest sort little and read much: seconds for a sample, feature and level. */
static double forest_seconds(const ecd_settings_t *s, size_t samples, size_t features) {
  const double n = (double)samples;
  return 2e-9 * (double)s->model.rf.trees * n * (double)features * log2(n + 2);
}

static ecd_code_t estimate_rate(const ecd_settings_t *s, int64_t grid, ecd_rate_t *rate,
                                ecd_error_t *err) {
  const ecd_backend_t *backend;
  ecd_net_t *net;
  ECD_TRY(ecd_backend_get(s->backend, &backend, err));
  const size_t atoms = (size_t)s->time.atoms;
  ECD_TRY(ecd_net_create(&s->model, grid, 1, backend, &net, err));
  ECD_TRY(ecd_net_reserve(net, atoms, atoms, err));
  const ecd_net_flops_t flops = ecd_net_flops(net);
  const double trained = (double)(ecd_net_parameter_count(net) - ecd_net_frozen(net));
  /* The optimiser reads weight, gradient and two moments, and writes three of them. */
  rate->step = flops.train_executed * (double)s->train.batch / FLOPS + 28 * trained / BYTES;
  rate->infer = flops.infer_executed / FLOPS;
  rate->steps = true;
  rate->file = 4 * (double)ecd_net_parameter_count(net) / FILE_BYTES;
  ecd_net_destroy(&net);
  return ECD_OK;
}

static double piece_seconds(const ecd_bench_t *b, size_t i, const ecd_rate_t *rate) {
  const ecd_piece_t *p = &b->piece[i];
  const ecd_bench_model_t *m = &b->models.model[p->model];
  const ecd_settings_t *s = m->settings;
  if (m->trained != NULL)
    return ANY_SECONDS +
           (rate->steps ? (double)m->trained->members * ((double)p->test * rate->infer + rate->file)
                        : forest_seconds(s, p->test, 1));
  if (!rate->steps) return ANY_SECONDS + forest_seconds(s, p->train, ECD_MAGPIE_STATISTICS);
  const double steps = ceil((double)p->train / (double)s->train.batch);
  const double held_out = b->protocol.kind == ECD_PROTOCOL_EXTERNAL ? 0 : (double)p->test;
  const double members = (double)s->train.ensemble;
  return ANY_SECONDS +
         members * (double)s->train.epochs * (steps * rate->step + held_out * rate->infer) *
             (1 + s->train.checkpoint_share) +
         members * rate->file + (double)(p->train + p->test) * rate->infer;
}

/* A fusion reads its parents, runs them once over all samples (a trained one over those it predicts), writes them
   into its own file, and trains those that the benchmark does not. */
static double parents_seconds(const ecd_bench_t *b, size_t i, const ecd_rate_t rate[]) {
  const ecd_piece_t *p = &b->piece[i];
  const ecd_bench_model_t *m = &b->models.model[p->model];
  const ecd_settings_t *s = m->settings;
  double seconds = 0;
  if (s->model.kind != ECD_MODEL_FUSION) return 0;
  if (m->trained != NULL)
    return (double)(m->trained->members * p->test) * (rate[0].infer + rate[1].infer) +
           rate[0].file + rate[1].file;
  const char *given[ECD_PARENTS] = {s->parents.magpie, s->parents.volume};
  const int64_t epochs[ECD_PARENTS] = {s->parents.magpie_epochs, s->parents.volume_epochs};
  for (int k = 0; k < ECD_PARENTS; ++k)
    seconds += (double)(p->train + p->test) * rate[k].infer + 2 * rate[k].file;
  for (int k = 0; k < ECD_PARENTS; ++k)
    if (p->parent[k] == ECD_NO_PIECE && given[k][0] == '\0')
      seconds += (double)epochs[k] * ceil((double)p->train / (double)s->train.batch) * rate[k].step;
  return seconds;
}

typedef ecd_code_t rate_fn(const ecd_settings_t *s, int64_t grid, ecd_rate_t *rate, void *arg,
                           ecd_error_t *err);

/* Sites of a crystal, mean over the dataset that the model takes most of its samples from. */
static int64_t usual_sites(const ecd_bench_t *b, const ecd_bench_model_t *model) {
  const ecd_dataset_t *dataset =
      model->trained != NULL ? b->protocol.external.dataset : b->protocol.dataset;
  const size_t count = ecd_dataset_size(dataset);
  double sites = 0;
  for (size_t i = 0; i < count; ++i) sites += (double)ecd_dataset_sample(dataset, i)->crystal.sites;
  return (int64_t)fmax(1, round(sites / fmax(1, (double)count)));
}

/* Rates of a model and, for a fusion, of its two parents by themselves. */
static ecd_code_t rates_of(const ecd_bench_t *b, size_t model, rate_fn *find, void *arg,
                           ecd_rate_t rate[1 + ECD_PARENTS], ecd_error_t *err) {
  static const ecd_model_kind_t kinds[ECD_PARENTS] = {ECD_MODEL_MAGPIE_CNN, ECD_MODEL_CNN2D};
  const ecd_bench_model_t *m = &b->models.model[model];
  const int64_t grid = m->trained != NULL ? m->trained->preparation.grid
                                          : ecd_dataset_preparation(b->protocol.dataset)->grid;
  ecd_settings_t s = *m->settings;
  s.time.atoms = usual_sites(b, m);
  const bool fusion = s.model.kind == ECD_MODEL_FUSION;
  for (int k = 0; k <= (fusion ? ECD_PARENTS : 0); ++k) {
    rate[k] = (ecd_rate_t){0};
    if (k > 0) s.model.kind = kinds[k - 1];
    if (s.model.kind == ECD_MODEL_RF) continue;
    if (find(&s, grid, &rate[k], arg, err) != ECD_OK) return ecd_fail_in(err, "%s", m->name);
  }
  return ECD_OK;
}

static ecd_code_t fill(ecd_bench_t *b, rate_fn *find, void *arg, ecd_error_t *err) {
  for (size_t m = 0; m < b->models.count; ++m) {
    ecd_rate_t rate[1 + ECD_PARENTS];
    ECD_TRY(rates_of(b, m, find, arg, rate, err));
    for (size_t i = 0; i < b->count; ++i)
      if (b->piece[i].model == m)
        b->piece[i].cost = piece_seconds(b, i, rate) + parents_seconds(b, i, rate + 1);
  }
  return ECD_OK;
}

static ecd_code_t by_operations(const ecd_settings_t *s, int64_t grid, ecd_rate_t *rate, void *arg,
                                ecd_error_t *err) {
  (void)arg;
  return estimate_rate(s, grid, rate, err);
}

ecd_code_t ecd_cost_estimate(const ecd_context_t *ctx, ecd_bench_t *b, ecd_error_t *err) {
  /* One rank makes the networks: their memory is not needed on all. */
  ecd_code_t code = ctx->rank == 0 ? fill(b, by_operations, NULL, err) : ECD_OK;
  ECD_TRY(ecd_agree(ctx->world, code, err));
  for (size_t i = 0; i < b->count; ++i)
    ECD_MPI(MPI_Bcast(&b->piece[i].cost, 1, MPI_DOUBLE, 0, ctx->world));
  return ECD_OK;
}

typedef struct {
  const ecd_context_t *whole, *group;
} measuring_t;

/* Where another program holds a core, threads that wait for one another may for seconds take turns
   on the core that is left. A step that should be a matter of microseconds then takes a hundred
   milliseconds: such a measurement says nothing about the training. */
static bool held_up(double step, const ecd_timing_t *timing, int64_t batch) {
  const double expected = timing->flops.train_executed * (double)batch / FLOPS;
  return expected < 1e-3 && step > 10e-3;
}

static ecd_code_t by_clock(const ecd_settings_t *s, int64_t grid, ecd_rate_t *rate, void *arg,
                           ecd_error_t *err) {
  const measuring_t *m = arg;
  *rate = (ecd_rate_t){.step = INFINITY, .infer = INFINITY, .steps = true};
  for (int tries = 0; tries < TRIES; ++tries) {
    ecd_timing_t timing;
    if (tries > 0) usleep(500000);
    ECD_TRY(ecd_agree(m->whole->world, ecd_timing_measure(m->group, s, grid, &timing, err), err));
    double slowest[2] = {timing.step, timing.infer / (double)s->train.batch};
    ECD_MPI(MPI_Allreduce(MPI_IN_PLACE, slowest, 2, MPI_DOUBLE, MPI_MAX, m->whole->world));
    rate->step = fmin(rate->step, slowest[0]);
    rate->infer = fmin(rate->infer, slowest[1]);
    rate->file = 4 * (double)timing.parameters / FILE_BYTES;
    if (!held_up(rate->step, &timing, s->train.batch)) break;
  }
  return ECD_OK;
}

ecd_code_t ecd_cost_measure(const ecd_context_t *whole, const ecd_context_t *group, ecd_bench_t *b,
                            ecd_error_t *err) {
  measuring_t measuring = {whole, group};
  return fill(b, by_clock, &measuring, err);
}

/* As the farm works: in order, each piece goes to the group that is free first, and begins when its
   parents are done. */
double ecd_cost_span(const ecd_bench_t *b, size_t groups, double factor) {
  double *free_at = calloc(groups, sizeof *free_at), *end = calloc(b->count, sizeof *end), last = 0;
  for (size_t k = 0; free_at != NULL && end != NULL && k < b->count; ++k) {
    const size_t i = b->order[k];
    size_t first = 0;
    if (b->piece[i].state != ECD_PIECE_OPEN) continue;
    for (size_t g = 1; g < groups; ++g)
      if (free_at[g] < free_at[first]) first = g;
    double begin = free_at[first];
    for (int p = 0; p < ECD_PARENTS; ++p)
      if (b->piece[i].parent[p] != ECD_NO_PIECE) begin = fmax(begin, end[b->piece[i].parent[p]]);
    end[i] = free_at[first] = begin + factor * b->piece[i].cost;
    last = fmax(last, end[i]);
  }
  free(free_at);
  free(end);
  return last;
}

int ecd_cost_ranks(const ecd_bench_t *b, int ranks) {
  const int64_t wanted = b->settings->bench.ranks_per_run;
  if (wanted > 0) return wanted < ranks ? (int)wanted : ranks;
  int best = 1;
  double least = INFINITY;
  for (int size = 1; size <= ranks; size *= 2) {
    const double span =
        ecd_cost_span(b, (size_t)(ranks / size), pow((double)ranks / (ranks / size), -0.8));
    if (span < 0.99 * least) {
      best = size;
      least = span;
    }
  }
  return best;
}
