/* Several repeats of one training: their mean predicts, their spread says how sure it is. */
#ifndef ECD_TRAIN_ENSEMBLE_H
#define ECD_TRAIN_ENSEMBLE_H

#include "train/trainer.h"

/* Trains train.ensemble repeats, each in OUTPUT/members/NUMBER (those that are complete are kept with
   train.resume), then leaves model.h5 with all of them, predictions.csv with mean and uncertainty,
   metrics.json and deck.yaml in settings->output. One repeat: ecd_train_run. Collective. */
ecd_code_t ecd_ensemble_run(ecd_context_t *ctx, const ecd_settings_t *settings,
                            const ecd_shared_volumes_t *shared, ecd_error_t *err);

/* value (members, count) -> mean[count] and deviation[count] of one member (n - 1). Local. */
void ecd_ensemble_average(size_t members, size_t count, const double *value, double *mean,
                          double *deviation);

#endif
