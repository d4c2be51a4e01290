#include "train/split.h"

#include "base/random.h"
#include "base/table.h"
#include "chem/composition.h"

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

/* A file that says something of samples by id: CSV id,COLUMN. */
typedef struct {
  const char *path, *column, *key; /* key: of the deck */
  const named_t *all;              /* [count], by id */
  size_t count;
  /* What is wrong with the value of a sample (index in the dataset), or NULL. */
  const char *(*take)(size_t sample, const char *text, void *arg);
  void *arg;
} listing_t;

static ecd_code_t read_rows(const listing_t *l, const ecd_table_t *table, bool *seen,
                            ecd_error_t *err) {
  const int id = ecd_table_column(table, "id"), value = ecd_table_column(table, l->column);
  char problems[2048] = "";
  if (id < 0 || value < 0)
    return ecd_fail(err, ECD_DATA, "%s:1: expected columns id,%s", l->path, l->column);
  for (size_t row = 0; row < ecd_table_rows(table); ++row) {
    const named_t key = {.id = ecd_table_text(table, row, id)};
    const named_t *found = bsearch(&key, l->all, l->count, sizeof *l->all, by_id);
    const char *what = "not in the dataset";
    if (found != NULL) {
      bool *const before = &seen[found - l->all];
      what = l->take(found->index, ecd_table_text(table, row, value), l->arg);
      if (*before) what = "given twice";
      *before = true;
    }
    const size_t have = strlen(problems);
    if (what != NULL && have < sizeof problems - 200)
      snprintf(problems + have, sizeof problems - have, "\n%s:%zu: %.80s: %s", l->path,
               ecd_table_line(table, row), key.id, what);
  }
  return problems[0] == '\0' ? ECD_OK : ecd_fail(err, ECD_DATA, "%s:%s", l->key, problems);
}

static ecd_code_t read_listing(const listing_t *l, ecd_error_t *err) {
  ecd_table_t *table;
  bool *seen;
  ECD_TRY(ecd_alloc((void **)&seen, l->count, sizeof *seen, "split", err));
  ecd_code_t code = ecd_table_read(l->path, &table, err);
  if (code == ECD_OK) {
    code = read_rows(l, table, seen, err);
    ecd_table_destroy(&table);
  }
  free(seen);
  return code;
}

static const char *take_part(size_t sample, const char *text, void *arg) {
  int8_t *split = arg;
  split[sample] = part_named(text);
  if (split[sample] != ECD_UNUSED || strcmp(text, "none") == 0) return NULL;
  return "split must be train, validation, test or none";
}

static const char *take_fold(size_t sample, const char *text, void *arg) {
  int64_t *fold = arg;
  char *end;
  const long long value = strtoll(text, &end, 10);
  if (end == text || *end != '\0' || value < 0 || value >= 1000000)
    return "fold must be a number from 0";
  fold[sample] = value;
  return NULL;
}

/* Every fold below the largest has samples. */
static ecd_code_t count_folds(const char *path, size_t count, const int64_t *fold, int64_t *folds,
                              ecd_error_t *err) {
  bool *used;
  *folds = 0;
  for (size_t i = 0; i < count; ++i)
    if (fold[i] >= *folds) *folds = fold[i] + 1;
  if (*folds < 2)
    return ecd_fail(err, ECD_DATA, "%s: expected 2 folds or more, found %lld", path,
                    (long long)*folds);
  ECD_TRY(ecd_alloc((void **)&used, (size_t)*folds, sizeof *used, "folds", err));
  for (size_t i = 0; i < count; ++i)
    if (fold[i] >= 0) used[fold[i]] = true;
  ecd_code_t code = ECD_OK;
  for (int64_t f = 0; code == ECD_OK && f < *folds; ++f)
    if (!used[f])
      code = ecd_fail(err, ECD_DATA, "%s: fold %lld of %lld has no sample", path, (long long)f,
                      (long long)*folds);
  free(used);
  return code;
}

static ecd_code_t by_name(size_t count, const char *const *id, named_t **all, ecd_error_t *err) {
  ECD_TRY(ecd_alloc((void **)all, count, sizeof **all, "split", err));
  for (size_t i = 0; i < count; ++i) (*all)[i] = (named_t){id[i], i};
  qsort(*all, count, sizeof **all, by_id);
  return ECD_OK;
}

static ecd_code_t folds_from(const char *path, const char *key, const named_t *all, size_t count,
                             int64_t *fold, int64_t *folds, ecd_error_t *err) {
  const listing_t listing = {path, "fold", key, all, count, take_fold, fold};
  for (size_t i = 0; i < count; ++i) fold[i] = -1;
  ECD_TRY(read_listing(&listing, err));
  return count_folds(path, count, fold, folds, err);
}

ecd_code_t ecd_folds_read(const char *path, size_t count, const char *const *id, int64_t *fold,
                          int64_t *folds, ecd_error_t *err) {
  named_t *all;
  ECD_TRY(by_name(count, id, &all, err));
  const ecd_code_t code = folds_from(path, "bench.folds_file", all, count, fold, folds, err);
  free(all);
  return code;
}

static ecd_code_t from_folds(const ecd_data_settings_t *s, const named_t *all, size_t count,
                             int8_t *split, ecd_error_t *err) {
  int64_t *fold, folds = 0;
  ECD_TRY(ecd_alloc((void **)&fold, count, sizeof *fold, "folds", err));
  ecd_code_t code = folds_from(s->folds_file, "data.folds_file", all, count, fold, &folds, err);
  if (code == ECD_OK && s->fold >= folds)
    code = ecd_fail(err, ECD_USAGE, "data.fold: expected 0 to %lld, the last of %s, found %lld",
                    (long long)folds - 1, s->folds_file, (long long)s->fold);
  for (size_t i = 0; code == ECD_OK && i < count; ++i)
    split[i] = fold[i] < 0 ? ECD_UNUSED : fold[i] == s->fold ? ECD_TEST : ECD_TRAIN;
  free(fold);
  return code;
}

static ecd_code_t from_element(const char *element, size_t count, const char *const *id,
                               const char *const *formula, int8_t *split, ecd_error_t *err) {
  const int Z = ecd_element_number(element);
  if (Z == 0)
    return ecd_fail(err, ECD_USAGE, "data.element: expected the symbol of an element, found '%s'",
                    element);
  for (size_t i = 0; i < count; ++i) {
    double atoms[ECD_ELEMENT_COUNT];
    if (ecd_formula_parse(formula[i] != NULL ? formula[i] : "", atoms, err) != ECD_OK)
      return ecd_fail_in(err, "data.split: element: sample '%s'", id[i]);
    split[i] = atoms[Z] > 0 ? ECD_TEST : ECD_TRAIN;
  }
  return ECD_OK;
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

ecd_code_t ecd_folds_make(int64_t seed, int64_t folds, size_t count, const char *const *id,
                          int64_t *fold, ecd_error_t *err) {
  named_t *all;
  size_t *order = NULL;
  if ((size_t)folds > count)
    return ecd_fail(err, ECD_DATA, "bench.folds: expected at most %zu, the samples; found %lld",
                    count, (long long)folds);
  ECD_TRY(by_name(count, id, &all, err));
  const ecd_code_t code = ecd_alloc((void **)&order, count, sizeof *order, "folds", err);
  if (code == ECD_OK) {
    ecd_random_permutation(count, (uint64_t)seed, ECD_RANDOM_SPLIT, 0, order);
    for (int64_t f = 0; f < folds; ++f)
      for (size_t k = count * (size_t)f / (size_t)folds;
           k < count * ((size_t)f + 1) / (size_t)folds; ++k)
        fold[all[order[k]].index] = f;
  }
  free(order);
  free(all);
  return code;
}

static ecd_code_t choose(const ecd_data_settings_t *s, int64_t seed, size_t count,
                         const char *const *id, const char *const *formula, const double *target,
                         const named_t *all, int8_t *split, ecd_error_t *err) {
  const listing_t listing = {s->split_file, "split", "data.split_file", all, count,
                             take_part,     split};
  if (s->split == ECD_SPLIT_FILE) return read_listing(&listing, err);
  if (s->split == ECD_SPLIT_ELEMENT)
    return from_element(s->element, count, id, formula, split, err);
  if (s->split == ECD_SPLIT_FOLD && s->folds_file != NULL && s->folds_file[0] != '\0')
    return from_folds(s, all, count, split, err);
  return at_random(s, seed, all, count, target, split, err);
}

ecd_code_t ecd_split_make(const ecd_data_settings_t *settings, int64_t seed, size_t count,
                          const char *const *id, const char *const *formula, const double *target,
                          int8_t *split, ecd_error_t *err) {
  named_t *all;
  memset(split, ECD_UNUSED, count);
  ECD_TRY(by_name(count, id, &all, err));
  ecd_code_t code = choose(settings, seed, count, id, formula, target, all, split, err);
  if (code == ECD_OK && settings->validation_fraction > 0)
    code = hold_back(settings->validation_fraction, seed, all, count, split, err);
  free(all);
  if (code != ECD_OK) return code;
  size_t train = 0;
  for (size_t i = 0; i < count; ++i) {
    if (isnan(target[i])) split[i] = ECD_UNUSED;
    train += split[i] == ECD_TRAIN;
  }
  if (train > 0) return ECD_OK;
  return ecd_fail(
      err, ECD_DATA,
      "no sample is left to train on: of %zu, none has a known target and is not held out", count);
}
