/* Text <-> one setting. */
#ifndef ECD_DECK_VALUES_H
#define ECD_DECK_VALUES_H

#include "base/error.h"
#include "deck/keys.h"

#include <stdio.h>

/* Sets the scalar key from text. ECD_USAGE with "key: expected ..., found '...'". */
ecd_code_t ecd_key_set(const ecd_key_t *key, const char *text, ecd_settings_t *settings,
                       ecd_error_t *err);
void ecd_text_list_clear(ecd_text_list_t *list);

/* Sets a list key from count texts. */
ecd_code_t ecd_key_set_list(const ecd_key_t *key, const char *const *text, size_t count,
                            ecd_settings_t *settings, ecd_error_t *err);
/* Writes the key's value as YAML that reads back the same. */
void ecd_key_write(const ecd_key_t *key, const ecd_settings_t *settings, FILE *file);
/* What a value must look like, e.g. "an integer from 4 to 1024". */
void ecd_key_describe(const ecd_key_t *key, char *text, size_t size);

#endif
