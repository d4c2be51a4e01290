/* Optimiser updates on a range of the slabs, and the loss. Local. */
#ifndef ECD_NN_OPTIMIZER_H
#define ECD_NN_OPTIMIZER_H

#include "nn/backend.h"

#include <stddef.h>
#include <stdint.h>

/* One update of count parameters; step counts from 1; lr of this step. moment1, moment2: Adam's moments, or
   momentum's velocity in moment1 (NULL where not used). epsilon is added to the root of the bias-corrected second moment.
   Weight decay: Adam's as PyTorch's AdamW, SGD's as PyTorch's SGD, on all of the parameters. */
void ecd_optimizer_update(const ecd_backend_t *backend, const ecd_train_settings_t *settings,
                          double lr, int64_t step, size_t count, float *parameter,
                          const float *gradient, float *moment1, float *moment2);

/* Mean absolute error over global_count samples: returns the sum of |p - t| / global_count over these count samples (in double)
   and its gradient in dprediction. */
double ecd_loss_mae(size_t count, size_t global_count, const float *prediction, const float *target,
                    float *dprediction);

/* The same of the mean squared error. */
double ecd_loss_mse(size_t count, size_t global_count, const float *prediction, const float *target,
                    float *dprediction);

#endif
