#include "cmd/cmd.h"
#include "learn/forest_run.h"
#include "train/ensemble.h"

ecd_code_t ecd_cmd_train(ecd_context_t *ctx, ecd_settings_t *settings, const ecd_words_t *words,
                         ecd_error_t *err) {
  if (words->count > 0)
    return ecd_fail(err, ECD_USAGE, "train: expected a deck (.yaml) and -o options, found '%s'",
                    words->word[0]);
  return settings->model.kind == ECD_MODEL_RF ? ecd_forest_run(ctx, settings, err)
                                              : ecd_ensemble_run(ctx, settings, NULL, err);
}
