#include "bench/quality.h"

#include "train/split.h"

#include <math.h>
#include <omp.h>
#include <stdlib.h>

enum { TILE = 8 }; /* rows whose distances are held at a time, by a thread */

/* One thread's memory for the distances of a tile of rows. */
static ecd_code_t allocate_tiles(const ecd_context_t *ctx, size_t count, double **tiles,
                                 ecd_error_t *err) {
  return ecd_alloc((void **)tiles, (size_t)ctx->threads * TILE * count, sizeof **tiles, "distances",
                   err);
}

/* The tile of a share that begins at row r of it. */
static ecd_rows_t tile_at(ecd_rows_t share, size_t r) {
  return (ecd_rows_t){share.first + r, share.count - r < TILE ? share.count - r : TILE};
}

/* Insertion: most points are farther than the k that were found. */
static void nearest_of(const double *distance, size_t count, size_t self, const bool *candidate,
                       size_t k, int32_t *neighbor) {
  size_t have = 0;
  for (size_t j = 0; j < count; ++j) {
    if (j == self || (candidate != NULL && !candidate[j])) continue;
    if (have == k && distance[j] >= distance[neighbor[k - 1]]) continue;
    size_t at = have < k ? have++ : k - 1;
    for (; at > 0 && distance[neighbor[at - 1]] > distance[j]; --at)
      neighbor[at] = neighbor[at - 1];
    neighbor[at] = (int32_t)j;
  }
}

static ecd_code_t gather(const ecd_context_t *ctx, size_t count, size_t k, int32_t *neighbor,
                         ecd_error_t *err) {
  for (int r = 0; r < ctx->size; ++r) {
    const ecd_rows_t rows = ecd_rows_of(count, r, ctx->size);
    ECD_MPI(
        MPI_Bcast(neighbor + rows.first * k, (int)(rows.count * k), MPI_INT32_T, r, ctx->world));
  }
  return ECD_OK;
}

ecd_code_t ecd_neighbors_nearest(const ecd_context_t *ctx, const ecd_points_t *points,
                                 const bool *candidate, size_t k, int32_t *neighbor,
                                 ecd_error_t *err) {
  const size_t n = points->count;
  size_t candidates = candidate == NULL ? n : 0;
  for (size_t i = 0; candidate != NULL && i < n; ++i) candidates += candidate[i];
  if (k < 1 || k + 1 > candidates)
    return ecd_fail(err, ECD_USAGE,
                    "neighbors: expected 1 to %zu, one less than the samples; found %zu",
                    candidates - (candidates > 0), k);
  const ecd_rows_t share = ecd_rows_of(n, ctx->rank, ctx->size);
  double *tiles;
  ECD_TRY(ecd_agree(ctx->world, allocate_tiles(ctx, n, &tiles, err), err));
#pragma omp parallel for num_threads(ctx->threads) schedule(static)
  for (size_t r = 0; r < share.count; r += TILE) {
    const ecd_rows_t rows = tile_at(share, r);
    double *distance = tiles + (size_t)omp_get_thread_num() * TILE * n;
    ecd_points_distances(points, rows, 1, distance);
    for (size_t i = 0; i < rows.count; ++i)
      nearest_of(distance + i * n, n, rows.first + i, candidate, k,
                 neighbor + (rows.first + i) * k);
  }
  free(tiles);
  return gather(ctx, n, k, neighbor, err);
}

/* How far the neighbours in the map are beyond the k nearest in the input. */
static int64_t excess_of(const double *distance, size_t count, size_t self, const int32_t *neighbor,
                         size_t k) {
  int64_t excess = 0;
  for (size_t m = 0; m < k; ++m) {
    const size_t j = (size_t)neighbor[m];
    int64_t rank = 1;
    for (size_t i = 0; i < count; ++i)
      rank += i != self && (distance[i] < distance[j] || (distance[i] == distance[j] && i < j));
    if (rank > (int64_t)k) excess += rank - (int64_t)k;
  }
  return excess;
}

ecd_code_t ecd_trustworthiness(const ecd_context_t *ctx, const ecd_points_t *input,
                               const int32_t *neighbor, size_t k, double *value, ecd_error_t *err) {
  const size_t n = input->count;
  if (k < 1 || 2 * k >= n)
    return ecd_fail(err, ECD_USAGE,
                    "neighbors: expected less than half of the %zu samples; found %zu", n, k);
  const ecd_rows_t share = ecd_rows_of(n, ctx->rank, ctx->size);
  double *tiles;
  int64_t excess = 0;
  ECD_TRY(ecd_agree(ctx->world, allocate_tiles(ctx, n, &tiles, err), err));
#pragma omp parallel for num_threads(ctx->threads) schedule(static) reduction(+ : excess)
  for (size_t r = 0; r < share.count; r += TILE) {
    const ecd_rows_t rows = tile_at(share, r);
    double *distance = tiles + (size_t)omp_get_thread_num() * TILE * n;
    ecd_points_distances(input, rows, 1, distance);
    for (size_t i = 0; i < rows.count; ++i)
      excess += excess_of(distance + i * n, n, rows.first + i, neighbor + (rows.first + i) * k, k);
  }
  free(tiles);
  ECD_MPI(MPI_Allreduce(MPI_IN_PLACE, &excess, 1, MPI_INT64_T, MPI_SUM, ctx->world));
  const double N = (double)n, K = (double)k;
  *value = 1 - 2 / (N * K * (2 * N - 3 * K - 1)) * (double)excess;
  return ECD_OK;
}

double ecd_mixing(size_t count, const int32_t *neighbor, size_t k, const int8_t *split) {
  size_t tests = 0, training = 0;
  for (size_t i = 0; i < count; ++i) {
    if (split[i] != ECD_TEST) continue;
    ++tests;
    for (size_t m = 0; m < k; ++m) training += split[neighbor[i * k + m]] == ECD_TRAIN;
  }
  return tests > 0 ? (double)training / (double)(tests * k) : NAN;
}

double ecd_mixing_random(size_t count, const int8_t *split) {
  size_t tests = 0, training = 0;
  for (size_t i = 0; i < count; ++i) {
    tests += split[i] == ECD_TEST;
    training += split[i] == ECD_TRAIN;
  }
  return tests > 0 ? (double)training / (double)(tests + training - 1) : NAN;
}
