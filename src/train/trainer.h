/* Synchronous data-parallel training of one network on one dataset. */
#ifndef ECD_TRAIN_TRAINER_H
#define ECD_TRAIN_TRAINER_H

#include "base/context.h"
#include "train/input.h"

/* Trains as the deck says and leaves model.h5, predictions.csv, metrics.json, train.jsonl,
   deck.yaml and the checkpoints in settings->output. shared: volumes of the dataset that are in
   memory, or NULL. ECD_STOPPED after a signal and a checkpoint;
   ECD_FAILED, with step and sample ids, when loss or gradients are not finite. Collective. */
ecd_code_t ecd_train_run(ecd_context_t *ctx, const ecd_settings_t *settings,
                         const ecd_shared_volumes_t *shared, ecd_error_t *err);

#endif
