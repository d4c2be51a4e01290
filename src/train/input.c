#include "train/input.h"

#include "train/signals.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static float transformed(ecd_transform_t transform, float value) {
  if (transform == ECD_TRANSFORM_NONE) return value;
  /* NaN passes through, so that training can name the sample. */
  const float positive = value < 0.0f ? 0.0f : value;
  return transform == ECD_TRANSFORM_LOG1P ? log1pf(positive) : sqrtf(positive);
}

void ecd_scaling_apply(const ecd_scaling_t *scaling, size_t n, float *value) {
  const float mean = (float)scaling->mean, factor = (float)(1 / scaling->deviation);
  for (size_t i = 0; i < n; ++i)
    value[i] = (transformed(scaling->transform, value[i]) - mean) * factor;
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

typedef struct {
  const ecd_scaling_t *scaling;
  const ecd_net_t *net;
  size_t points;
  float *scratch;
} loading_t;

static void prepare(size_t i, const float *raw, float *out, void *arg) {
  (void)i;
  const loading_t *l = arg;
  if (ecd_signals_seen()) return; /* the load ends sooner, and is then thrown away */
  memcpy(l->scratch, raw, l->points * sizeof *raw);
  ecd_scaling_apply(l->scaling, l->points, l->scratch);
  ecd_net_prepare(l->net, l->scratch, out);
}

ecd_code_t ecd_input_load(const ecd_context_t *ctx, ecd_dataset_t *dataset,
                          const ecd_scaling_t *scaling, const ecd_net_t *net, ecd_memory_t memory,
                          ecd_volumes_t **volumes, ecd_error_t *err) {
  const size_t n = (size_t)ecd_dataset_preparation(dataset)->grid;
  loading_t loading = {scaling, net, n * n * n, NULL};
  ecd_code_t code =
      ecd_alloc((void **)&loading.scratch, loading.points, sizeof *loading.scratch, "volume", err);
  code = ecd_agree(ctx->world, code, err);
  if (code == ECD_OK)
    code = ecd_volumes_load(ctx, dataset, memory, ecd_net_input_size(net), prepare, &loading,
                            volumes, err);
  free(loading.scratch);
  if (code == ECD_OK && ecd_signals_seen())
    code = ecd_fail(err, ECD_STOPPED, "stopped by a signal while loading");
  return ecd_agree(ctx->world, code, err);
}
