#include "train/split.h"

#include "base/random.h"
#include "base/table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  const char *id;
  size_t index;
} named_t;

static int by_id(const void *a, const void *b) {
  return strcmp(((const named_t *)a)->id, ((const named_t *)b)->id);
}

const char *ecd_split_name(int8_t split) {
  return split == ECD_TRAIN        ? "train"
         : split == ECD_TEST       ? "test"
         : split == ECD_VALIDATION ? "validation"
                                   : "none";
}

/* ECD_UNUSED where it is none of the others. */
static int8_t part_named(const char *text) {
  static const int8_t parts[] = {ECD_TRAIN, ECD_TEST, ECD_VALIDATION};
  for (size_t p = 0; p < sizeof parts; ++p)
    if (strcmp(text, ecd_split_name(parts[p])) == 0) return parts[p];
  return ECD_UNUSED;
}

/* The known samples (sorted by id) in random order: those at positions [from, to) are held out. */
static void hold_out(const named_t *known, size_t count, const size_t *order, size_t from,
                     size_t to, int8_t *split) {
  for (size_t k = 0; k < count; ++k)
    split[known[order[k]].index] = k >= from && k < to ? ECD_TEST : ECD_TRAIN;
}

static ecd_code_t from_file(const char *path, const named_t *all, size_t count,
                            const double *target, int8_t *split, ecd_error_t *err) {
  ecd_table_t *table;
  ECD_TRY(ecd_table_read(path, &table, err));
  const int id = ecd_table_column(table, "id"), part = ecd_table_column(table, "split");
  char problems[2048] = "";
  ecd_code_t code = id >= 0 && part >= 0
                        ? ECD_OK
                        : ecd_fail(err, ECD_DATA, "%s:1: expected columns id,split", path);
  bool *seen = calloc(count + 1, sizeof *seen);
  for (size_t row = 0; code == ECD_OK && seen != NULL && row < ecd_table_rows(table); ++row) {
    const named_t key = {.id = ecd_table_text(table, row, id)};
    const named_t *found = bsearch(&key, all, count, sizeof *all, by_id);
    const char *text = ecd_table_text(table, row, part), *what = NULL;
    const int8_t value = part_named(text);
    if (value == ECD_UNUSED && strcmp(text, "none") != 0)
      what = "split must be train, validation, test or none";
    if (found == NULL) what = "not in the dataset";
    if (found != NULL && seen[found - all]) what = "given twice";
    const size_t have = strlen(problems);
    if (what != NULL && have < sizeof problems - 200)
      snprintf(problems + have, sizeof problems - have, "\n%s:%zu: %s: %s", path,
               ecd_table_line(table, row), key.id, what);
    if (found != NULL) {
      seen[found - all] = true;
      split[found->index] = isnan(target[found->index]) ? ECD_UNUSED : value;
    }
  }
  free(seen);
  ecd_table_destroy(&table);
  if (code == ECD_OK && problems[0] != '\0')
    code = ecd_fail(err, ECD_DATA, "data.split_file:%s", problems);
  return code;
}

static ecd_code_t at_random(const ecd_data_settings_t *s, int64_t seed, const named_t *all,
                            size_t count, const double *target, int8_t *split, ecd_error_t *err) {
  named_t *known;
  size_t *order = NULL, n = 0;
  ECD_TRY(ecd_alloc((void **)&known, count, sizeof *known, "split", err));
  for (size_t k = 0; k < count; ++k)
    if (!isnan(target[all[k].index])) known[n++] = all[k];
  ecd_code_t code = ecd_alloc((void **)&order, n, sizeof *order, "split", err);
  if (code == ECD_OK && s->split == ECD_SPLIT_FOLD && n > 0 && (size_t)s->folds > n)
    code = ecd_fail(err, ECD_DATA,
                    "data.folds: expected at most %zu, the samples with a known target, found %lld",
                    n, (long long)s->folds);
  if (code == ECD_OK) {
    ecd_random_permutation(n, (uint64_t)seed, ECD_RANDOM_SPLIT, 0, order);
    if (s->split == ECD_SPLIT_FOLD) {
      const size_t folds = (size_t)s->folds, fold = (size_t)s->fold;
      hold_out(known, n, order, n * fold / folds, n * (fold + 1) / folds, split);
    } else {
      hold_out(known, n, order, 0, (size_t)floor(s->test_fraction * (double)n + 0.5), split);
    }
  }
  free(order);
  free(known);
  return code;
}

/* A share of the training samples, in a random order of their sorted ids. */
static ecd_code_t hold_back(double fraction, int64_t seed, const named_t *all, size_t count,
                            int8_t *split, ecd_error_t *err) {
  size_t *train, *order = NULL, n = 0;
  ECD_TRY(ecd_alloc((void **)&train, count, sizeof *train, "split", err));
  for (size_t k = 0; k < count; ++k)
    if (split[all[k].index] == ECD_TRAIN) train[n++] = all[k].index;
  const ecd_code_t code = ecd_alloc((void **)&order, n, sizeof *order, "split", err);
  if (code == ECD_OK) {
    const size_t back = (size_t)floor(fraction * (double)n + 0.5);
    ecd_random_permutation(n, (uint64_t)seed, ECD_RANDOM_SPLIT, 1, order);
    for (size_t k = 0; k < back; ++k) split[train[order[k]]] = ECD_VALIDATION;
  }
  free(order);
  free(train);
  return code;
}

ecd_code_t ecd_split_make(const ecd_data_settings_t *settings, int64_t seed, size_t count,
                          const char *const *id, const double *target, int8_t *split,
                          ecd_error_t *err) {
  named_t *all;
  memset(split, ECD_UNUSED, count);
  ECD_TRY(ecd_alloc((void **)&all, count, sizeof *all, "split", err));
  for (size_t i = 0; i < count; ++i) all[i] = (named_t){id[i], i};
  qsort(all, count, sizeof *all, by_id);
  ecd_code_t code = settings->split == ECD_SPLIT_FILE
                        ? from_file(settings->split_file, all, count, target, split, err)
                        : at_random(settings, seed, all, count, target, split, err);
  if (code == ECD_OK && settings->validation_fraction > 0)
    code = hold_back(settings->validation_fraction, seed, all, count, split, err);
  free(all);
  if (code != ECD_OK) return code;
  size_t train = 0;
  for (size_t i = 0; i < count; ++i) train += split[i] == ECD_TRAIN;
  if (train > 0) return ECD_OK;
  return ecd_fail(
      err, ECD_DATA,
      "no sample is left to train on: of %zu, none has a known target and is not held out", count);
}
