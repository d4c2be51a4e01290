/* Magpie features in a dataset: a row a sample, computed from its formula, and the columns' names. */
#include "store/dataset_private.h"

#include "base/log.h"

#include <stdlib.h>
#include <string.h>

static bool is_complete(const double *row) {
  for (size_t c = 0; c < ECD_MAGPIE_ALL; ++c)
    if (isnan(row[c])) return false;
  return true;
}

/* Why a sample's features are not complete: the formula, or what the table of elements lacks. */
static void explain(const ecd_sample_t *sample, char *text, size_t size) {
  ecd_error_t err = {.text = ""};
  ecd_magpie_complete(sample->formula != NULL ? sample->formula : "", &err);
  snprintf(text, size, "%.80s: %.300s", sample->id, err.text);
}

void ecd_features_compute(const ecd_sample_t *samples, size_t count, double *features) {
  for (size_t i = 0; i < count; ++i)
    ecd_magpie_formula(samples[i].formula != NULL ? samples[i].formula : "",
                       features + i * ECD_MAGPIE_ALL, NULL);
}

void ecd_features_warn(const ecd_context_t *ctx, const ecd_sample_t *samples, size_t count,
                       const double *features) {
  char text[2000] = "", why[400];
  size_t incomplete = 0;
  for (size_t i = 0; i < count; ++i) {
    if (is_complete(features + i * ECD_MAGPIE_ALL)) continue;
    const size_t have = strlen(text);
    ++incomplete;
    if (sizeof text - have < sizeof why + 4) continue; /* counted, not shown */
    explain(&samples[i], why, sizeof why);
    snprintf(text + have, sizeof text - have, "\n  %s", why);
  }
  if (incomplete > 0)
    ecd_warn(ctx, "%zu of %zu materials have Magpie features without a value:%s", incomplete, count,
             text);
}

static const char **column_names(char (*name)[ECD_MAGPIE_NAME]) {
  const char **names = malloc(ECD_MAGPIE_ALL * sizeof *names);
  for (size_t c = 0; names != NULL && c < ECD_MAGPIE_ALL; ++c) {
    ecd_magpie_name(c, name[c]);
    names[c] = name[c];
  }
  return names;
}

void ecd_features_write(ecd_h5_t *h5, size_t count, const double *features) {
  char name[ECD_MAGPIE_ALL][ECD_MAGPIE_NAME];
  const char **names = column_names(name);
  if (names == NULL) ecd_h5_fail(h5, "out of memory");
  if (!h5->failed) ecd_h5_write_strings(h5, "/feature/magpie_names", ECD_MAGPIE_ALL, names);
  free(names);
  ecd_h5_write(h5, "/feature/magpie", H5T_NATIVE_DOUBLE, 2,
               (const hsize_t[]){count, ECD_MAGPIE_ALL}, features);
}

/* The columns must be ours. */
static void check_names(ecd_h5_t *h5) {
  char *found[ECD_MAGPIE_ALL] = {NULL}, name[ECD_MAGPIE_NAME];
  ecd_h5_read_strings(h5, "/feature/magpie_names", ECD_MAGPIE_ALL, found);
  for (size_t c = 0; c < ECD_MAGPIE_ALL; ++c) {
    ecd_magpie_name(c, name);
    if (!h5->failed && strcmp(found[c], name) != 0)
      ecd_h5_fail(h5, "/feature/magpie_names: not the columns that this ecdnet knows");
    free(found[c]);
  }
}

void ecd_features_read(ecd_h5_t *h5, const ecd_sample_t *samples, size_t count, double *features) {
  if (h5->failed) return;
  if (H5Lexists(h5->file, "/feature", H5P_DEFAULT) <= 0) {
    ecd_features_compute(samples, count, features); /* a file from before they were stored */
    return;
  }
  check_names(h5);
  ecd_h5_read(h5, "/feature/magpie", H5T_NATIVE_DOUBLE, count * ECD_MAGPIE_ALL, features);
}
