/* How good predictions are, and the files that say so. */
#ifndef ECD_TRAIN_METRICS_H
#define ECD_TRAIN_METRICS_H

#include "base/context.h"
#include "store/dataset.h"

typedef struct {
  size_t n;
  double r2, rmse, mae; /* NaN where undefined: n = 0; r2 also where the targets do not vary */
} ecd_metrics_t;

/* Over the samples whose split is part (any, if part < -1) and whose target is known; of those that
   were not used, the ones with a prediction. Local. */
ecd_metrics_t ecd_metrics_compute(size_t count, const double *target, const double *predicted,
                                  const int8_t *split, int part);

/* predictions.csv (id,formula,split,target,predicted, and uncertainty, GPa, unless that is NULL)
   and metrics.json ({"train": ..., "validation": ..., "test": ..., "none": ..., "all": ...}) in
   folder. Rank 0 writes, all agree. Collective. */
ecd_code_t ecd_results_write(const ecd_context_t *ctx, const char *folder, const char *target_name,
                             const ecd_sample_t *const *samples, size_t count, const double *target,
                             const double *predicted, const double *uncertainty,
                             const int8_t *split, ecd_error_t *err);

/* What a training ends with: the files in its output folder, and a line about the held-out samples.
   Collective. */
ecd_code_t ecd_results_finish(const ecd_context_t *ctx, const ecd_settings_t *settings,
                              const ecd_sample_t *const *samples, size_t count,
                              const double *target, const double *predicted,
                              const double *uncertainty, const int8_t *split, ecd_error_t *err);

#endif
