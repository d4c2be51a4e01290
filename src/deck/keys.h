/* The table of deck keys. */
#ifndef ECD_DECK_KEYS_H
#define ECD_DECK_KEYS_H

#include "deck/settings.h"

#include <stddef.h>

typedef enum {
  ECD_KEY_STRING,
  ECD_KEY_INTEGER,
  ECD_KEY_NUMBER,
  ECD_KEY_FLAG,
  ECD_KEY_CHOICE,
  ECD_KEY_INTEGERS,
  ECD_KEY_TEXTS
} ecd_key_type_t;

typedef struct {
  const char *name; /* prep.grid */
  ecd_key_type_t type;
  size_t offset;              /* in ecd_settings_t */
  const char *value;          /* default, as written in a deck */
  double minimum, maximum;    /* numbers, integers, items of lists */
  const char *const *choices; /* NULL-terminated, in the order of the enum; of a list: its texts */
  const char *unit, *meaning;
} ecd_key_t;

/* Names of ecd_model_kind_t and ecd_target_t, each NULL-terminated. */
extern const char *const ecd_model_names[];
extern const char *const ecd_target_names[];

extern const ecd_key_t ecd_keys[];
extern const size_t ecd_key_count;

#endif
