#include "learn/model_run.h"

#include "learn/forest_run.h"
#include "train/ensemble.h"

ecd_code_t ecd_model_run(ecd_context_t *ctx, const ecd_settings_t *settings,
                         const ecd_shared_volumes_t *shared, ecd_error_t *err) {
  return settings->model.kind == ECD_MODEL_RF ? ecd_forest_run(ctx, settings, err)
                                              : ecd_ensemble_run(ctx, settings, shared, err);
}
