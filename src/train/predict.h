/* Applies a trained model to a dataset or to raw charge files. */
#ifndef ECD_TRAIN_PREDICT_H
#define ECD_TRAIN_PREDICT_H

#include "base/context.h"
#include "deck/settings.h"

/* word[words]: one dataset, or charge files (each a file, a folder, or a path with {id}), or, for a
   network that takes no volume, formulas; none: predict.files, else data.file. Leaves predictions.csv, metrics.json and deck.yaml in
   OUTPUT/predict, and for charge files and formulas a table on standard output; the same on any number of ranks.
   Volumes prepared otherwise than the model's training set: ECD_DATA with the first difference.
   PETSc must be started. Collective. */
ecd_code_t ecd_predict_run(ecd_context_t *ctx, const ecd_settings_t *settings, int words,
                           char *const *word, ecd_error_t *err);

#endif
