/* YAML deck -> settings. All local (every rank parses the same text; rank 0's copy is broadcast by
   main). */
#ifndef ECD_DECK_DECK_H
#define ECD_DECK_DECK_H

#include "base/error.h"
#include "deck/settings.h"

#include <stddef.h>
#include <stdio.h>

/* Defaults of every key. Owned by the caller. */
ecd_code_t ecd_settings_create(ecd_settings_t **settings, ecd_error_t *err);
void ecd_settings_destroy(ecd_settings_t **settings);

/* Applies the deck's text over *settings; name is for messages. An unknown key or bad value:
   ECD_USAGE with "name:line:column: ...", what was expected and the nearest valid name. Reports the
   first problem of each kind of place: all problems of the deck, one a line. */
ecd_code_t ecd_deck_parse(const char *text, size_t length, const char *name,
                          ecd_settings_t *settings, ecd_error_t *err);

/* Applies "key.sub=value" from the command line. */
ecd_code_t ecd_deck_override(const char *assignment, ecd_settings_t *settings, ecd_error_t *err);

/* Checks that hold between keys, after deck and overrides: ECD_USAGE naming the key. */
ecd_code_t ecd_settings_check(const ecd_settings_t *settings, ecd_error_t *err);

/* Seed of initial weights, shuffles, trees and what else a repeat (train.repeat) does otherwise; that of
   repeat 0 is the deck's. */
uint64_t ecd_settings_seed(const ecd_settings_t *settings);

/* Writes every key with its effective value as a YAML deck that ecd_deck_parse takes back, bit for
   bit. */
ecd_code_t ecd_deck_write(const ecd_settings_t *settings, FILE *file, ecd_error_t *err);
/* The same as a string owned by the caller. */
ecd_code_t ecd_deck_text(const ecd_settings_t *settings, char **text, ecd_error_t *err);

/* Prints every key: name, type (with choices), default, unit, meaning. */
void ecd_deck_document(FILE *file);

/* Nearest of names[count] to word by edit distance, or NULL if nothing is near. Borrowed. */
const char *ecd_nearest(const char *word, const char *const *names, size_t count);

#endif
