/* Transform and standardisation of volumes and features by statistics of the training samples. */
#ifndef ECD_TRAIN_SCALING_H
#define ECD_TRAIN_SCALING_H

#include "base/context.h"
#include "chem/magpie.h"
#include "store/dataset.h"

/* How raw values become inputs. */
typedef struct {
  ecd_transform_t transform;
  double mean, deviation; /* of the volumes, after the transform */
  size_t features;        /* columns; their means and deviations: */
  double feature_mean[ECD_MAGPIE_ALL], feature_deviation[ECD_MAGPIE_ALL];
} ecd_scaling_t;

/* Nothing but the transform: means 0, deviations 1. Local. */
ecd_scaling_t ecd_scaling_none(ecd_transform_t transform, size_t features);

/* In place, n values of a volume: the transform, and what follows it. Local. */
void ecd_scaling_transform(ecd_transform_t transform, size_t n, float *value);
void ecd_scaling_standardize(const ecd_scaling_t *scaling, size_t n, float *value);

/* Whether all n values are numbers. Local. */
bool ecd_volume_finite(size_t n, const float *value);

/* Mean and deviation of the transformed volumes with split = 0, the same on any number of ranks to
   the last bit (sums of samples, added in sample order). *negative: values below 0 that the
   transform set to 0. ECD_STOPPED after a signal. Collective. */
ecd_code_t ecd_scaling_measure(const ecd_context_t *ctx, ecd_dataset_t *dataset,
                               const int8_t *split, ecd_scaling_t *scaling, int64_t *negative,
                               ecd_error_t *err);

/* Mean and deviation of each feature over the samples with split = 0; a constant one: deviation 1.
   Local. */
void ecd_scaling_measure_features(const ecd_dataset_t *dataset, const int8_t *split,
                                  ecd_scaling_t *scaling);

#endif
