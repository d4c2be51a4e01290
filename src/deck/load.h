/* Decks from files, the same on all ranks. */
#ifndef ECD_DECK_LOAD_H
#define ECD_DECK_LOAD_H

#include "base/context.h"
#include "deck/settings.h"

/* Applies the deck in a file over *settings: rank 0 reads it, all ranks get its text. ECD_USAGE for a
   file that cannot be read, and as ecd_deck_parse. Collective. */
ecd_code_t ecd_deck_load(const ecd_context_t *ctx, const char *path, ecd_settings_t *settings,
                         ecd_error_t *err);

#endif
