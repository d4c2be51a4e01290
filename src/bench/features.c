#include "bench/features.h"

#include "chem/magpie.h"

#include <math.h>
#include <stdlib.h>

static void standardise(ecd_points_t *points, size_t c) {
  const size_t width = points->width;
  const double n = (double)points->count;
  double mean = 0, squares = 0, *value = points->value + c;
  for (size_t i = 0; i < points->count; ++i) mean += value[i * width];
  mean /= n;
  for (size_t i = 0; i < points->count; ++i)
    squares += (value[i * width] - mean) * (value[i * width] - mean);
  /* What rounding leaves of a constant column is no deviation. */
  const double deviation = sqrt(squares / n),
               scale = deviation > 1e-12 * fabs(mean) ? deviation : INFINITY;
  for (size_t i = 0; i < points->count; ++i) value[i * width] = (value[i * width] - mean) / scale;
}

ecd_code_t ecd_features_magpie(const ecd_dataset_t *dataset, const size_t *row, size_t count,
                               size_t columns, bool standardised, ecd_points_t *points,
                               ecd_error_t *err) {
  ECD_TRY(ecd_points_allocate(count, columns, points, err));
  for (size_t i = 0; i < count; ++i)
    for (size_t c = 0; c < columns; ++c)
      points->value[i * columns + c] = ecd_dataset_features(dataset, row[i])[c];
  for (size_t c = 0; standardised && c < columns; ++c) standardise(points, c);
  return ECD_OK;
}

static double transformed(ecd_transform_t transform, double value) {
  if (transform == ECD_TRANSFORM_NONE) return value;
  const double positive = value < 0 ? 0 : value;
  return transform == ECD_TRANSFORM_LOG1P ? log1p(positive) : sqrt(positive);
}

/* volume (n, n, n) -> out (m, m, m), m = ceil(n / pool); false if a value is not finite. */
static bool pool_volume(const float *volume, size_t n, size_t pool, double *out) {
  const size_t m = (n + pool - 1) / pool;
  bool finite = true;
  for (size_t k = 0; k < m * m * m; ++k) out[k] = -INFINITY;
  for (size_t x = 0; x < n; ++x)
    for (size_t y = 0; y < n; ++y)
      for (size_t z = 0; z < n; ++z) {
        const double value = (double)volume[(x * n + y) * n + z];
        double *best = &out[(x / pool * m + y / pool) * m + z / pool];
        finite = finite && isfinite(value);
        if (value > *best) *best = value;
      }
  return finite;
}

static ecd_code_t read_share(ecd_dataset_t *dataset, const size_t *row, ecd_rows_t share,
                             size_t pool, ecd_transform_t transform, ecd_points_t *points,
                             ecd_error_t *err) {
  const size_t n = (size_t)ecd_dataset_preparation(dataset)->grid;
  float *volume;
  ECD_TRY(ecd_alloc((void **)&volume, n * n * n, sizeof *volume, "volume", err));
  ecd_code_t code = ECD_OK;
  for (size_t i = share.first; code == ECD_OK && i < share.first + share.count; ++i) {
    double *out = points->value + i * points->width;
    code = ecd_dataset_read_volume(dataset, row[i], volume, err);
    if (code == ECD_OK && !pool_volume(volume, n, pool, out))
      code =
          ecd_fail(err, ECD_DATA, "%s: the volume of sample '%s' holds a value that is not finite",
                   ecd_dataset_path(dataset), ecd_dataset_sample(dataset, row[i])->id);
    for (size_t c = 0; code == ECD_OK && c < points->width; ++c)
      out[c] = transformed(transform, out[c]);
  }
  free(volume);
  return code;
}

ecd_code_t ecd_features_pooled(const ecd_context_t *ctx, ecd_dataset_t *dataset, const size_t *row,
                               size_t count, size_t pool, ecd_transform_t transform,
                               ecd_points_t *points, ecd_error_t *err) {
  const size_t n = (size_t)ecd_dataset_preparation(dataset)->grid;
  if (pool < 1 || pool > n)
    return ecd_fail(err, ECD_USAGE,
                    "embed.pool: expected 1 to %zu, the edge of the volumes, found %zu", n, pool);
  const size_t edge = (n + pool - 1) / pool;
  ecd_code_t code = ecd_points_allocate(count, edge * edge * edge, points, err);
  code = ecd_agree(ctx->world, code, err);
  if (code == ECD_OK)
    code = read_share(dataset, row, ecd_rows_of(count, ctx->rank, ctx->size), pool, transform,
                      points, err);
  code = ecd_agree(ctx->world, code, err);
  if (code == ECD_OK) code = ecd_rows_gather(ctx->world, count, points->width, points->value, err);
  return code;
}
