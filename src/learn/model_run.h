/* Training of any model. */
#ifndef ECD_LEARN_MODEL_RUN_H
#define ECD_LEARN_MODEL_RUN_H

#include "train/input.h"

/* Trains what model.kind says: ecd_ensemble_run (shared: as there) or ecd_forest_run. Collective. */
ecd_code_t ecd_model_run(ecd_context_t *ctx, const ecd_settings_t *settings,
                         const ecd_shared_volumes_t *shared, ecd_error_t *err);

#endif
