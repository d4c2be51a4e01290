/* From a dataset to what a network eats: transform, scaling, gather; prepared inputs in memory. */
#ifndef ECD_TRAIN_INPUT_H
#define ECD_TRAIN_INPUT_H

#include "base/context.h"
#include "chem/magpie.h"
#include "nn/net.h"
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

/* Transform and scaling in place, n values of a volume. Local. */
void ecd_scaling_apply(const ecd_scaling_t *scaling, size_t n, float *value);

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

/* Whether the first columns of a row are all numbers. Local. */
bool ecd_features_known(const double *feature, size_t columns);

/* ECD_DATA if samples that train or are held out lack features: id, formula, element and property of
   each. Local. */
ecd_code_t ecd_features_check(const ecd_dataset_t *dataset, const int8_t *split, size_t columns,
                              ecd_error_t *err);

/* One sample, of which net's needs are given: volume (points values, overwritten by scaled ones) and
   feature, unscaled. Local. */
void ecd_input_prepare(const ecd_net_t *net, const ecd_scaling_t *scaling, size_t points,
                       float *volume, const double *feature, float *prepared);

/* All samples of the dataset, scaled, prepared for net; volumes are read only where it needs them.
   ECD_STOPPED after a signal. Collective. */
ecd_code_t ecd_input_load(const ecd_context_t *ctx, ecd_dataset_t *dataset,
                          const ecd_scaling_t *scaling, const ecd_net_t *net, ecd_memory_t memory,
                          ecd_volumes_t **inputs, ecd_error_t *err);

#endif
