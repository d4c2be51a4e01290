#include "cmd/cmd.h"
#include "deck/deck.h"

/* The program has parsed the deck already: a bad one never gets here. */
ecd_code_t ecd_cmd_deck(ecd_context_t *ctx, ecd_settings_t *settings, const ecd_words_t *words,
                        ecd_error_t *err) {
  (void)settings;
  if (words->count > 0)
    return ecd_fail(err, ECD_USAGE, "deck: expected nothing or --check DECK.yaml, found '%s'",
                    words->word[0]);
  if (ctx->rank == 0) ecd_deck_document(stdout);
  return ECD_OK;
}
