#include "learn/model_run.h"

#include "learn/forest_run.h"
#include "train/trainer.h"

ecd_code_t ecd_model_run(ecd_context_t *ctx, const ecd_settings_t *settings, ecd_error_t *err) {
  return settings->model.kind == ECD_MODEL_RF ? ecd_forest_run(ctx, settings, err)
                                              : ecd_train_run(ctx, settings, err);
}
