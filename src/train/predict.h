/* Applies a trained model to a dataset or to raw charge files. */
#ifndef ECD_TRAIN_PREDICT_H
#define ECD_TRAIN_PREDICT_H

#include "base/context.h"
#include "store/model_file.h"

/* What predicts in the place of a network: a model of the features of the composition. */
typedef struct {
  ecd_model_kind_t kind;
  /* *state from a model file of this kind, owned by the caller. Local. */
  ecd_code_t (*open)(const ecd_model_file_t *model, void **state, ecd_error_t *err);
  /* feature (count, model->features) -> predicted[count], uncertainty[count], GPa. Local. */
  ecd_code_t (*predict)(const void *state, int threads, size_t count, const double *feature,
                        double *predicted, double *uncertainty, ecd_error_t *err);
  void (*close)(void *state);
} ecd_tabular_t;

typedef enum {
  ECD_PREDICT_MODULUS,
  ECD_PREDICT_MAPS /* not the modulus, but train/maps.h, in OUTPUT/maps */
} ecd_predict_what_t;

/* word[words]: one dataset, or charge files (each a file, a folder, or a path with {id}), or, for a
   network that takes no volume, formulas; none: predict.files, else data.file. Leaves predictions.csv, metrics.json and deck.yaml in
   OUTPUT/predict, and for charge files and formulas a table on standard output; the same on any number of ranks.
   Volumes prepared otherwise than the model's training set: ECD_DATA with the first difference.
   PETSc must be started. Collective. */
ecd_code_t ecd_predict_run(ecd_context_t *ctx, const ecd_settings_t *settings,
                           const ecd_tabular_t *tabular, ecd_predict_what_t what, int words,
                           char *const *word, ecd_error_t *err);

#endif
