#include "cmd/cmd.h"
#include "deck/deck.h"

#include <stdio.h>

/* The program has parsed the deck already: a bad one never gets here. */
ecd_code_t ecd_cmd_deck(ecd_context_t *ctx, ecd_settings_t *settings, const ecd_words_t *words,
                        ecd_error_t *err) {
  const bool given = words->deck[0] != '\0';
  if (words->count > 0)
    return ecd_fail(err, ECD_USAGE, "deck: expected nothing, or a deck (.yaml), found '%s'",
                    words->word[0]);
  if (words->check && !given)
    return ecd_fail(err, ECD_USAGE, "deck --check: expected a deck (.yaml)");
  ecd_code_t code = ECD_OK;
  if (ctx->rank == 0 && words->check)
    printf("%s: fine\n", words->deck);
  else if (ctx->rank == 0 && given)
    code = ecd_deck_write(settings, stdout, err);
  else if (ctx->rank == 0)
    ecd_deck_document(stdout);
  return ecd_agree(ctx->world, code, err);
}
