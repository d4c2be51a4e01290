#include "bench/embed.h"
#include "cmd/cmd.h"

ecd_code_t ecd_cmd_embed(ecd_context_t *ctx, ecd_settings_t *settings, const ecd_words_t *words,
                         ecd_error_t *err) {
  if (words->count > 0)
    return ecd_fail(err, ECD_USAGE, "embed: expected a deck (.yaml) and -o options, found '%s'",
                    words->word[0]);
  return ecd_embed_run(ctx, settings, err);
}
