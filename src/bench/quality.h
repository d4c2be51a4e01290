/* How good a map is, and how mixed its samples are. */
#ifndef ECD_BENCH_QUALITY_H
#define ECD_BENCH_QUALITY_H

#include "base/context.h"
#include "bench/points.h"

#include <stdint.h>

/* neighbor (count, k) on every rank: for each point the k nearest others that are candidates, the
   nearest first, of equally near ones the first. candidate[count]; NULL: all. Fewer than k + 1
   candidates: ECD_USAGE. Collective. */
ecd_code_t ecd_neighbors_nearest(const ecd_context_t *ctx, const ecd_points_t *points,
                                 const bool *candidate, size_t k, int32_t *neighbor,
                                 ecd_error_t *err);

/* Trustworthiness of Venna & Kaski (ICANN 2001, 485): 1 unless points are among the k nearest of
   another in the map, but not in the input, by how far they are from it there. neighbor (count, k):
   those of the map, all points being candidates. 2 k < count, else ECD_USAGE. Collective. */
ecd_code_t ecd_trustworthiness(const ecd_context_t *ctx, const ecd_points_t *input,
                               const int32_t *neighbor, size_t k, double *value, ecd_error_t *err);

/* Share of training points among the k nearest of a test point, mean over the test points: from 0
   (test points lie apart) to about its random value, the share of training points among all others.
   split[count]: ECD_TRAIN, ECD_TEST (train/split.h) or other. NaN without test points. Local. */
double ecd_mixing(size_t count, const int32_t *neighbor, size_t k, const int8_t *split);
double ecd_mixing_random(size_t count, const int8_t *split);

#endif
