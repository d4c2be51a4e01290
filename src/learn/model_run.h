/* Training of any model. */
#ifndef ECD_LEARN_MODEL_RUN_H
#define ECD_LEARN_MODEL_RUN_H

#include "base/context.h"
#include "deck/settings.h"

/* Trains what model.kind says: ecd_train_run or ecd_forest_run. Collective. */
ecd_code_t ecd_model_run(ecd_context_t *ctx, const ecd_settings_t *settings, ecd_error_t *err);

#endif
