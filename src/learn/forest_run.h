/* A random forest through the deck: trained on the features of a dataset, saved, applied. */
#ifndef ECD_LEARN_FOREST_RUN_H
#define ECD_LEARN_FOREST_RUN_H

#include "base/context.h"
#include "deck/settings.h"
#include "train/predict.h"

/* Trains as the deck says (model.rf, data) and leaves model.h5, predictions.csv (with the deviation
   over the trees as uncertainty), metrics.json, importances.csv and deck.yaml in settings->output;
   the same on any number of ranks and threads. Volumes are not read. A sample that trains or is
   held out and lacks a feature: ECD_DATA with element and property. Collective. */
ecd_code_t ecd_forest_run(ecd_context_t *ctx, const ecd_settings_t *settings, ecd_error_t *err);

/* What ecd_predict_run needs to apply one. */
extern const ecd_tabular_t ecd_forest_tabular;

#endif
