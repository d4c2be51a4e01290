#include "cmd/cmd.h"
#include "train/predict.h"

ecd_code_t ecd_cmd_predict(ecd_context_t *ctx, ecd_settings_t *settings, const ecd_words_t *words,
                           ecd_error_t *err) {
  return ecd_predict_run(ctx, settings, words->count, words->word, err);
}
