#include "bench/affinity.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

static const double TOLERANCE = 1e-5;
enum { STEPS = 100 };

/* p(j|i) = exp(-beta (distance(i, j) - nearest)) / sum. */
typedef struct {
  double beta, nearest, sum, uneven;
} gaussian_t;

enum { GAUSSIAN = sizeof(gaussian_t) / sizeof(double) };

/* Entropy, and the sum of the weights, at a width. */
static double entropy(const double *distance, size_t count, size_t self, gaussian_t *g) {
  double sum = 0, mean = 0;
  for (size_t j = 0; j < count; ++j) {
    if (j == self) continue;
    const double d = distance[j] - g->nearest, weight = exp(-g->beta * d);
    sum += weight;
    mean += weight * d;
  }
  g->sum = sum;
  return log(sum) + g->beta * mean / sum;
}

static gaussian_t find_width(const double *distance, size_t count, size_t self, double perplexity) {
  gaussian_t g = {.nearest = INFINITY, .uneven = 1};
  double low = 0, high = INFINITY, mean = 0, alike = 0;
  for (size_t j = 0; j < count; ++j) {
    if (j == self) continue;
    if (distance[j] < g.nearest) g.nearest = distance[j];
    mean += distance[j] / (double)(count - 1);
  }
  for (size_t j = 0; j < count; ++j) alike += j != self && distance[j] == g.nearest;
  /* So many equally near ones have this entropy at least: they share all. */
  const bool possible = log(alike) < log(perplexity) + TOLERANCE;
  g.beta = possible ? 1 / (mean - g.nearest) : DBL_MAX;
  for (int step = 0; possible && step < STEPS && g.uneven != 0; ++step) {
    const double difference = entropy(distance, count, self, &g) - log(perplexity);
    if (fabs(difference) <= TOLERANCE) {
      g.uneven = 0;
    } else if (difference > 0) {
      low = g.beta;
      g.beta = isinf(high) ? 2 * g.beta : (low + high) / 2;
    } else {
      high = g.beta;
      g.beta = (low + high) / 2;
    }
  }
  if (g.uneven != 0) entropy(distance, count, self, &g);
  return g;
}

/* Distances become affinities, in place. */
static void to_affinities(ecd_affinity_t *a, const gaussian_t *g, int threads) {
  const size_t n = a->count;
#pragma omp parallel for num_threads(threads) schedule(static)
  for (size_t r = 0; r < a->rows.count; ++r) {
    const size_t i = a->rows.first + r;
    double *row = a->p + r * n;
    for (size_t j = 0; j < n; ++j) {
      const double of_i = exp(-g[i].beta * (row[j] - g[i].nearest)) / g[i].sum,
                   of_j = exp(-g[j].beta * (row[j] - g[j].nearest)) / g[j].sum,
                   p = (of_i + of_j) / (2 * (double)n);
      row[j] = j == i ? 0 : p > DBL_EPSILON ? p : DBL_EPSILON;
    }
  }
}

static ecd_code_t allocate(const ecd_context_t *ctx, size_t count, ecd_affinity_t **affinity,
                           gaussian_t **gaussian, ecd_error_t *err) {
  ECD_TRY(ecd_alloc((void **)affinity, 1, sizeof **affinity, "affinities", err));
  ecd_affinity_t *a = *affinity;
  a->count = count;
  a->rows = ecd_rows_of(count, ctx->rank, ctx->size);
  ECD_TRY(ecd_alloc((void **)&a->p, a->rows.count * count, sizeof *a->p, "affinities", err));
  return ecd_alloc((void **)gaussian, count, sizeof **gaussian, "widths", err);
}

ecd_code_t ecd_affinity_create(const ecd_context_t *ctx, const ecd_points_t *points,
                               double perplexity, ecd_affinity_t **affinity, ecd_error_t *err) {
  const size_t n = points->count;
  gaussian_t *gaussian = NULL;
  *affinity = NULL;
  if (!(perplexity > 1 && perplexity < (double)n - 1))
    return ecd_fail(err, ECD_USAGE,
                    "perplexity: expected more than 1 and less than the %zu samples less 1; a "
                    "third of them at most is usual; found %g",
                    n, perplexity);
  ecd_code_t code = allocate(ctx, n, affinity, &gaussian, err);
  code = ecd_agree(ctx->world, code, err);
  if (code == ECD_OK) {
    const ecd_rows_t rows = (*affinity)->rows;
    ecd_points_distances(points, rows, ctx->threads, (*affinity)->p);
#pragma omp parallel for num_threads(ctx->threads) schedule(static)
    for (size_t r = 0; r < rows.count; ++r)
      gaussian[rows.first + r] = find_width((*affinity)->p + r * n, n, rows.first + r, perplexity);
    code = ecd_rows_gather(ctx->world, n, GAUSSIAN, (double *)gaussian, err);
  }
  if (code == ECD_OK) {
    for (size_t i = 0; i < n; ++i) (*affinity)->uneven += gaussian[i].uneven != 0;
    to_affinities(*affinity, gaussian, ctx->threads);
  }
  free(gaussian);
  if (code != ECD_OK) ecd_affinity_destroy(affinity);
  return code;
}

void ecd_affinity_destroy(ecd_affinity_t **affinity) {
  if (*affinity == NULL) return;
  free((*affinity)->p);
  free(*affinity);
  *affinity = NULL;
}
