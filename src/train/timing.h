/* How long steps of training and inference take, on random inputs. */
#ifndef ECD_TRAIN_TIMING_H
#define ECD_TRAIN_TIMING_H

#include "base/context.h"
#include "nn/net.h"

/* Medians over settings->time.steps, seconds; of each the slowest rank's. */
typedef struct {
  const char *backend;
  size_t parameters; /* that train */
  ecd_net_flops_t flops;
  double forward, backward, reduce, update;
  double step;  /* of the four together */
  double infer; /* of train.batch samples */
} ecd_timing_t;

/* A network of settings->model for volumes of grid^3 points. A fusion network's frozen parents do
   nothing in a step. ECD_USAGE: it does not fit the grid. Collective. */
ecd_code_t ecd_timing_measure(const ecd_context_t *ctx, const ecd_settings_t *settings,
                              int64_t grid, ecd_timing_t *timing, ecd_error_t *err);

#endif
