/* From a dataset to what a network eats: transform, scaling, gather; volumes in memory. */
#ifndef ECD_TRAIN_INPUT_H
#define ECD_TRAIN_INPUT_H

#include "base/context.h"
#include "nn/net.h"
#include "store/dataset.h"

/* How raw values become inputs. */
typedef struct {
  ecd_transform_t transform;
  double mean, deviation; /* after the transform */
} ecd_scaling_t;

/* Transform and scaling in place, n values. Local. */
void ecd_scaling_apply(const ecd_scaling_t *scaling, size_t n, float *value);

/* Mean and deviation of the transformed volumes with split = 0, the same on any number of ranks to
   the last bit (sums of samples, added in sample order). *negative: values below 0 that the
   transform set to 0. ECD_STOPPED after a signal. Collective. */
ecd_code_t ecd_scaling_measure(const ecd_context_t *ctx, ecd_dataset_t *dataset,
                               const int8_t *split, ecd_scaling_t *scaling, int64_t *negative,
                               ecd_error_t *err);

/* All samples of the dataset, scaled, prepared for net. ECD_STOPPED after a signal. Collective. */
ecd_code_t ecd_input_load(const ecd_context_t *ctx, ecd_dataset_t *dataset,
                          const ecd_scaling_t *scaling, const ecd_net_t *net, ecd_memory_t memory,
                          ecd_volumes_t **volumes, ecd_error_t *err);

#endif
