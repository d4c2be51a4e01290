#include "bench/tsne.h"

#include "base/log.h"
#include "base/random.h"
#include "bench/lanes.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* scikit-learn's constants of the descent. */
enum { EXPLORATION = 250, CHECK_EVERY = 50, PATIENCE = 300 };
static const double MOMENTUM_EARLY = 0.5, MOMENTUM_LATE = 0.8, GRADIENT_LEAST = 1e-7,
                    GAIN_LEAST = 0.01;
const double ecd_tsne_start_deviation = 1e-4;

/* What a row adds: forces along x and y by affinities and by repulsion, and its share of the
   normalisation of the map's affinities. */
typedef struct {
  double attraction[2], repulsion[2], weight;
} force_t;

enum { FORCE = sizeof(force_t) / sizeof(double) };

typedef struct {
  const ecd_context_t *ctx;
  const ecd_affinity_t *affinity;
  size_t count;
  double *x, *y;          /* [count] */
  double *update, *gain;  /* (count, 2) */
  force_t *force;         /* [count] */
  double *divergence;     /* [count] */
  double total;           /* of the map's weights */
  double gradient_length; /* with gains */
} descent_t;

void ecd_tsne_start_from(const ecd_points_t *scores, double *map) {
  const size_t n = scores->count, width = scores->width;
  double mean = 0, squares = 0;
  for (size_t i = 0; i < n; ++i) mean += scores->value[i * width] / (double)n;
  for (size_t i = 0; i < n; ++i) {
    const double d = scores->value[i * width] - mean;
    squares += d * d / (double)n;
  }
  const double deviation = squares > 0 ? sqrt(squares) : 1;
  for (size_t i = 0; i < n; ++i)
    for (size_t k = 0; k < 2; ++k)
      map[2 * i + k] = ecd_tsne_start_deviation * scores->value[i * width + k] / deviation;
}

/* Box and Muller. */
void ecd_tsne_add_random(size_t count, uint64_t seed, uint32_t number, double deviation,
                         double *map) {
  const double tau = 2 * acos(-1.0);
  for (size_t i = 0; i < count; ++i) {
    const double u = ecd_random_uniform(seed, ECD_RANDOM_MAP, number, 2 * i),
                 radius = deviation * sqrt(-2 * log(1 - u)),
                 angle = tau * ecd_random_uniform(seed, ECD_RANDOM_MAP, number, 2 * i + 1);
    map[2 * i] += radius * cos(angle);
    map[2 * i + 1] += radius * sin(angle);
  }
}

typedef struct {
  ecd_sums_t attraction[2], repulsion[2], weight;
} sums_t;

static inline void add_force(sums_t *s, ecd_sums_t p, ecd_sums_t dx, ecd_sums_t dy) {
  const ecd_sums_t w = 1 / (1 + dx * dx + dy * dy), pull = p * w, push = w * w;
  s->attraction[0] += pull * dx;
  s->attraction[1] += pull * dy;
  s->repulsion[0] += push * dx;
  s->repulsion[1] += push * dy;
  s->weight += w;
}

static force_t force_on(const descent_t *d, size_t i, const double *p) {
  sums_t s = {0};
  const double x = d->x[i], y = d->y[i];
  size_t j = 0;
  for (; j + ECD_SUMS <= d->count; j += ECD_SUMS)
    add_force(&s, ecd_sums_load(p + j), x - ecd_sums_load(d->x + j), y - ecd_sums_load(d->y + j));
  force_t f = {{ecd_sums_total(s.attraction[0]), ecd_sums_total(s.attraction[1])},
               {ecd_sums_total(s.repulsion[0]), ecd_sums_total(s.repulsion[1])},
               ecd_sums_total(s.weight) - 1}; /* 1: its own weight */
  for (; j < d->count; ++j) {
    const double dx = x - d->x[j], dy = y - d->y[j], w = 1 / (1 + dx * dx + dy * dy);
    f.attraction[0] += p[j] * w * dx;
    f.attraction[1] += p[j] * w * dy;
    f.repulsion[0] += w * w * dx;
    f.repulsion[1] += w * w * dy;
    f.weight += w;
  }
  return f;
}

/* Collective: the forces on all points, and the total of the weights. */
static ecd_code_t find_forces(descent_t *d, ecd_error_t *err) {
  const ecd_rows_t rows = d->affinity->rows;
#pragma omp parallel for num_threads(d->ctx->threads) schedule(static)
  for (size_t r = 0; r < rows.count; ++r)
    d->force[rows.first + r] = force_on(d, rows.first + r, d->affinity->p + r * d->count);
  ECD_TRY(ecd_rows_gather(d->ctx->world, d->count, FORCE, (double *)d->force, err));
  d->total = 0;
  for (size_t i = 0; i < d->count; ++i) d->total += d->force[i].weight;
  return ECD_OK;
}

/* Collective: the divergence of the map, whose total is known. */
static ecd_code_t find_divergence(descent_t *d, double *kl, ecd_error_t *err) {
  const ecd_rows_t rows = d->affinity->rows;
#pragma omp parallel for num_threads(d->ctx->threads) schedule(static)
  for (size_t r = 0; r < rows.count; ++r) {
    const size_t i = rows.first + r;
    const double *p = d->affinity->p + r * d->count;
    double sum = 0;
    for (size_t j = 0; j < d->count; ++j) {
      if (j == i) continue;
      const double dx = d->x[i] - d->x[j], dy = d->y[i] - d->y[j],
                   q = 1 / (1 + dx * dx + dy * dy) / d->total;
      sum += p[j] * log(p[j] / (q < DBL_EPSILON ? DBL_EPSILON : q));
    }
    d->divergence[i] = sum;
  }
  ECD_TRY(ecd_rows_gather(d->ctx->world, d->count, 1, d->divergence, err));
  *kl = 0;
  for (size_t i = 0; i < d->count; ++i) *kl += d->divergence[i];
  return ECD_OK;
}

/* One step with forces that are known. */
static void step(descent_t *d, double exaggeration, double momentum, double rate) {
  double squares = 0;
  for (size_t i = 0; i < d->count; ++i)
    for (size_t k = 0; k < 2; ++k) {
      double *update = &d->update[2 * i + k], *gain = &d->gain[2 * i + k];
      const force_t *f = &d->force[i];
      const double slope = 4 * (exaggeration * f->attraction[k] - f->repulsion[k] / d->total);
      *gain = fmax(*update * slope < 0 ? *gain + 0.2 : *gain * 0.8, GAIN_LEAST);
      squares += *gain * slope * (*gain * slope);
      *update = momentum * *update - rate * *gain * slope;
      *(k == 0 ? &d->x[i] : &d->y[i]) += *update;
    }
  d->gradient_length = sqrt(squares);
}

static ecd_code_t descend(descent_t *d, const ecd_tsne_options_t *o, ecd_tsne_result_t *result,
                          ecd_progress_t *progress, ecd_error_t *err) {
  double best = INFINITY;
  int64_t best_at = 0, done = 0;
  bool quiet = false; /* does not get on */
  while (done < o->iterations && !quiet) {
    const bool early = done < EXPLORATION;
    if (done == EXPLORATION) {
      memset(d->update, 0, 2 * d->count * sizeof *d->update);
      for (size_t i = 0; i < 2 * d->count; ++i) d->gain[i] = 1;
      best_at = done;
    }
    ECD_TRY(find_forces(d, err));
    const bool check = (done + 1) % CHECK_EVERY == 0 && !early;
    double kl = INFINITY;
    if (check) ECD_TRY(find_divergence(d, &kl, err));
    step(d, early ? o->exaggeration : 1, early ? MOMENTUM_EARLY : MOMENTUM_LATE,
         result->learning_rate);
    if (check && kl < best) best = kl, best_at = done;
    quiet = check && (done - best_at > PATIENCE || d->gradient_length <= GRADIENT_LEAST);
    ++done;
    ecd_progress_update(progress, (size_t)done);
  }
  result->iterations = done;
  ECD_TRY(find_forces(d, err)); /* for the total */
  ECD_TRY(find_divergence(d, &result->kl, err));
  if (isfinite(result->kl)) return ECD_OK;
  return ecd_fail(err, ECD_FAILED,
                  "t-SNE: the map is not finite after %lld iterations at learning rate %g",
                  (long long)done, result->learning_rate);
}

static ecd_code_t allocate(descent_t *d, ecd_error_t *err) {
  const size_t n = d->count;
  ECD_TRY(ecd_alloc((void **)&d->x, n, sizeof *d->x, "map", err));
  ECD_TRY(ecd_alloc((void **)&d->y, n, sizeof *d->y, "map", err));
  ECD_TRY(ecd_alloc((void **)&d->update, 2 * n, sizeof *d->update, "map", err));
  ECD_TRY(ecd_alloc((void **)&d->gain, 2 * n, sizeof *d->gain, "map", err));
  ECD_TRY(ecd_alloc((void **)&d->force, n, sizeof *d->force, "forces", err));
  return ecd_alloc((void **)&d->divergence, n, sizeof *d->divergence, "divergences", err);
}

static void give_map(const descent_t *d, double *map) {
  double x = 0, y = 0;
  for (size_t i = 0; i < d->count; ++i) x += d->x[i], y += d->y[i];
  for (size_t i = 0; i < d->count; ++i) {
    map[2 * i] = d->x[i] - x / (double)d->count;
    map[2 * i + 1] = d->y[i] - y / (double)d->count;
  }
}

ecd_code_t ecd_tsne_run(const ecd_context_t *ctx, const ecd_tsne_options_t *o,
                        const ecd_affinity_t *affinity, double *map, ecd_tsne_result_t *result,
                        ecd_error_t *err) {
  descent_t d = {.ctx = ctx, .affinity = affinity, .count = affinity->count};
  *result = (ecd_tsne_result_t){.learning_rate = o->learning_rate};
  if (o->learning_rate == 0)
    result->learning_rate = fmax((double)d.count / o->exaggeration / 4, 50);
  ecd_code_t code = ecd_agree(ctx->world, allocate(&d, err), err);
  if (code == ECD_OK) {
    for (size_t i = 0; i < d.count; ++i) {
      d.x[i] = map[2 * i];
      d.y[i] = map[2 * i + 1];
      d.gain[2 * i] = d.gain[2 * i + 1] = 1;
    }
    ecd_progress_t *progress =
        ecd_progress_create(ctx, "t-SNE", "iterations", (size_t)o->iterations);
    code = descend(&d, o, result, progress, err);
    ecd_progress_destroy(&progress);
    if (code == ECD_OK) give_map(&d, map);
  }
  void *owned[] = {d.x, d.y, d.update, d.gain, d.force, d.divergence};
  for (size_t i = 0; i < sizeof owned / sizeof *owned; ++i) free(owned[i]);
  return code;
}
