/* The output folder of a training. */
#ifndef ECD_TRAIN_FOLDER_H
#define ECD_TRAIN_FOLDER_H

#include "base/context.h"
#include "deck/settings.h"

#define ECD_CHECKPOINT_LAST "checkpoint-last.h5"
#define ECD_CHECKPOINT_BEST "checkpoint-best.h5"

/* Makes the folder where it is missing, and keeps other runs out of it until it is left or this
   process ends: *lock is rank 0's, else -1. One that cannot be written into, or in which another
   run works: ECD_FAILED. Before the data are read, so that a wrong output is found at once.
   Collective. */
ecd_code_t ecd_folder_take(const ecd_context_t *ctx, const char *folder, int *lock,
                           ecd_error_t *err);
void ecd_folder_leave(const char *folder, int *lock); /* local */

/* A new run over an old one's files: model, checkpoints and importances are kept as NAME.old.
   Rank 0. */
void ecd_folder_set_aside(const ecd_context_t *ctx, const char *folder);

/* deck.yaml in folder. Rank 0. */
ecd_code_t ecd_folder_write_deck(const char *folder, const ecd_settings_t *settings,
                                 ecd_error_t *err);

#endif
