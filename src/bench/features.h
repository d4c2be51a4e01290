/* From samples of a dataset to points. */
#ifndef ECD_BENCH_FEATURES_H
#define ECD_BENCH_FEATURES_H

#include "base/context.h"
#include "bench/points.h"
#include "deck/settings.h"
#include "store/dataset.h"

/* row[count]: the samples, by their number in the dataset. The first columns of their Magpie
   features; standardised: of mean 0 and deviation 1 over these samples (constant ones are only
   centred). All must be known (ecd_features_check). Local; the points are owned by the caller. */
ecd_code_t ecd_features_magpie(const ecd_dataset_t *dataset, const size_t *row, size_t count,
                               size_t columns, bool standardised, ecd_points_t *points,
                               ecd_error_t *err);

/* Largest value in each cube of pool^3 voxels (smaller ones at the far border where pool does not
   divide the grid), then the transform; in the order of the volume. pool larger than the grid:
   ECD_USAGE; a value that is not finite: ECD_DATA naming the sample. Each rank reads its share.
   Collective; the points, the same on all ranks, are owned by the caller. */
ecd_code_t ecd_features_pooled(const ecd_context_t *ctx, ecd_dataset_t *dataset, const size_t *row,
                               size_t count, size_t pool, ecd_transform_t transform,
                               ecd_points_t *points, ecd_error_t *err);

#endif
