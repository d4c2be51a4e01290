#include "cmd/cmd.h"
#include "learn/forest_run.h"

ecd_code_t ecd_cmd_maps(ecd_context_t *ctx, ecd_settings_t *settings, const ecd_words_t *words,
                        ecd_error_t *err) {
  return ecd_predict_run(ctx, settings, &ecd_forest_tabular, ECD_PREDICT_MAPS, words->count,
                         words->word, err);
}
