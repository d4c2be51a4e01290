#include "train/scaling.h"

#include "train/signals.h"

#include <math.h>
#include <stdlib.h>

static float transformed(ecd_transform_t transform, float value) {
  if (transform == ECD_TRANSFORM_NONE) return value;
  /* NaN passes through, so that training can name the sample. */
  const float positive = value < 0.0f ? 0.0f : value;
  return transform == ECD_TRANSFORM_LOG1P ? log1pf(positive) : sqrtf(positive);
}

ecd_scaling_t ecd_scaling_none(ecd_transform_t transform, size_t features) {
  ecd_scaling_t s = {.transform = transform, .deviation = 1, .features = features};
  for (size_t c = 0; c < ECD_MAGPIE_ALL; ++c) s.feature_deviation[c] = 1;
  return s;
}

void ecd_scaling_transform(ecd_transform_t transform, size_t n, float *value) {
  for (size_t i = 0; i < n; ++i) value[i] = transformed(transform, value[i]);
}

void ecd_scaling_standardize(const ecd_scaling_t *scaling, size_t n, float *value) {
  const float mean = (float)scaling->mean, factor = (float)(1 / scaling->deviation);
  for (size_t i = 0; i < n; ++i) value[i] = (value[i] - mean) * factor;
}

bool ecd_volume_finite(size_t n, const float *value) {
  float sum = 0.0f;
#pragma omp simd reduction(+ : sum)
  for (size_t i = 0; i < n; ++i) sum += value[i] * 0.0f; /* NaN if any is not finite */
  return sum == 0.0f;
}

typedef struct {
  double sum, squares;
  double negative;
} moments_t;

static ecd_code_t measure_share(const ecd_context_t *ctx, ecd_dataset_t *dataset,
                                const int8_t *split, ecd_transform_t transform, moments_t *moments,
                                ecd_error_t *err) {
  const size_t n = (size_t)ecd_dataset_preparation(dataset)->grid, points = n * n * n;
  float *raw;
  ECD_TRY(ecd_alloc((void **)&raw, points, sizeof *raw, "volume", err));
  ecd_code_t code = ECD_OK;
  for (size_t i = (size_t)ctx->rank; code == ECD_OK && i < ecd_dataset_size(dataset);
       i += (size_t)ctx->size) {
    if (split[i] != 0) continue;
    if (ecd_signals_seen()) {
      code = ecd_fail(err, ECD_STOPPED, "stopped by a signal while loading");
      break;
    }
    code = ecd_dataset_read_volume(dataset, i, raw, err);
    for (size_t k = 0; code == ECD_OK && k < points; ++k) {
      const double v = (double)transformed(transform, raw[k]);
      moments[i].sum += v;
      moments[i].squares += v * v;
      moments[i].negative += raw[k] < 0.0f;
    }
  }
  free(raw);
  return code;
}

ecd_code_t ecd_scaling_measure(const ecd_context_t *ctx, ecd_dataset_t *dataset,
                               const int8_t *split, ecd_scaling_t *scaling, int64_t *negative,
                               ecd_error_t *err) {
  const size_t count = ecd_dataset_size(dataset),
               n = (size_t)ecd_dataset_preparation(dataset)->grid;
  moments_t *moments, total = {0, 0, 0};
  double samples = 0;
  ecd_code_t code = ecd_alloc((void **)&moments, count, sizeof *moments, "moments", err);
  if (code == ECD_OK) code = measure_share(ctx, dataset, split, scaling->transform, moments, err);
  code = ecd_agree(ctx->world, code, err);
  /* One rank has each sample, the others add zeros: exact. */
  if (code == ECD_OK)
    code = ecd_mpi_code(
        MPI_Allreduce(MPI_IN_PLACE, moments, (int)(3 * count), MPI_DOUBLE, MPI_SUM, ctx->world),
        "summing moments", err);
  for (size_t i = 0; code == ECD_OK && i < count; ++i) {
    total.sum += moments[i].sum;
    total.squares += moments[i].squares;
    total.negative += moments[i].negative;
    samples += split[i] == 0;
  }
  free(moments);
  const double points = samples * (double)n * (double)n * (double)n;
  scaling->mean = total.sum / points;
  scaling->deviation = sqrt(fmax(total.squares / points - scaling->mean * scaling->mean, 0));
  *negative = (int64_t)total.negative;
  if (!isfinite(scaling->mean)) { /* leave the scale alone: training will name the sample */
    scaling->mean = 0;
    scaling->deviation = 1;
  }
  if (!(scaling->deviation > 0)) scaling->deviation = 1;
  return code;
}

void ecd_scaling_measure_features(const ecd_dataset_t *dataset, const int8_t *split,
                                  ecd_scaling_t *scaling) {
  const size_t count = ecd_dataset_size(dataset);
  for (size_t c = 0; c < scaling->features; ++c) {
    double n = 0, mean = 0, squares = 0;
    for (size_t i = 0; i < count; ++i)
      if (split[i] == 0) ++n, mean += ecd_dataset_features(dataset, i)[c];
    mean /= n;
    for (size_t i = 0; i < count; ++i) {
      const double d = ecd_dataset_features(dataset, i)[c] - mean;
      if (split[i] == 0) squares += d * d;
    }
    /* What rounding leaves of a constant column is no deviation. */
    const double deviation = sqrt(squares / n);
    scaling->feature_mean[c] = mean;
    scaling->feature_deviation[c] = deviation > 1e-12 * fabs(mean) ? deviation : 1;
  }
}
