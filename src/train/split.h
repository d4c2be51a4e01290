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
   random order; fold: part `fold` of `folds` of that order, or what folds_file, CSV id,fold, says;
   file: CSV id,split; element: the samples whose formula holds it. The random order is of the
   sorted ids, so that the order in the dataset does not matter. Samples that a file does not name
   are unused. Of what is left to train, round(validation_fraction * those) are for
   validation, by another random order. formula[count] is looked at for element alone, and may else be NULL. An empty training
   set, more folds than known samples, unknown ids in a file, ids given twice, a formula that cannot
   be read: ECD_DATA; an unknown element: ECD_USAGE. */
ecd_code_t ecd_split_make(const ecd_data_settings_t *settings, int64_t seed, size_t count,
                          const char *const *id, const char *const *formula, const double *target,
                          int8_t *split, ecd_error_t *err);

/* fold[count] of every sample, from 0: those that ecd_split_make holds out with split: fold where
   all targets are known. ECD_DATA: more folds than samples. */
ecd_code_t ecd_folds_make(int64_t seed, int64_t folds, size_t count, const char *const *id,
                          int64_t *fold, ecd_error_t *err);

/* fold[count] from CSV id,fold, -1 for samples that it does not name; *folds: one more than the
   largest. ECD_DATA, with the lines: unknown ids, ids given twice, a fold that is no number from 0,
   a fold without samples, fewer than 2 folds. */
ecd_code_t ecd_folds_read(const char *path, size_t count, const char *const *id, int64_t *fold,
                          int64_t *folds, ecd_error_t *err);

#endif
