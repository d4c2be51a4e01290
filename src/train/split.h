/* Which samples train, which are held out: a function of seed and ids alone. All local. */
#ifndef ECD_TRAIN_SPLIT_H
#define ECD_TRAIN_SPLIT_H

#include "base/error.h"
#include "deck/settings.h"

#include <stddef.h>
#include <stdint.h>

enum { ECD_UNUSED = -1, ECD_TRAIN = 0, ECD_TEST = 1, ECD_VALIDATION = 2 };

/* "train", "test", "validation", "none". */
const char *ecd_split_name(int8_t split);

/* split[count]: samples whose target is NaN are unused. fraction: round(test_fraction * known) of a
   random order; fold: part `fold` of `folds` of that order; file: CSV id,split. The random order is
   of the sorted ids, so that the order in the dataset does not matter. Samples that the file does
   not name are unused. Of what is left to train, round(validation_fraction * those) are for validation,
   by another random order. An empty training set, more folds than known samples, unknown ids in the
   file or ids given twice: ECD_DATA. */
ecd_code_t ecd_split_make(const ecd_data_settings_t *settings, int64_t seed, size_t count,
                          const char *const *id, const double *target, int8_t *split,
                          ecd_error_t *err);

#endif
