#include "prep/existing.h"

#include "deck/deck.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define WAYS_OUT                                                                                   \
  "it is not overwritten: choose another output (or data.file), or remove it to make it anew"

/* Settings of the reader that the preparation does not name, from the dataset's own deck. */
static ecd_code_t check_deck(const ecd_dataset_t *dataset, const ecd_prep_settings_t *want,
                             ecd_error_t *err) {
  const char *deck = ecd_dataset_deck(dataset), *path = ecd_dataset_path(dataset);
  ecd_settings_t *made;
  ECD_TRY(ecd_settings_create(&made, err));
  ecd_code_t code = ECD_OK;
  /* A merged dataset's deck, or an older one's, says nothing of its files. */
  if (ecd_deck_parse(deck, strlen(deck), path, made, NULL) == ECD_OK &&
      made->prep.files[0] != '\0') {
    const ecd_prep_settings_t *had = &made->prep;
    if (had->block != want->block)
      code = ecd_fail(err, ECD_DATA,
                      "%s was made otherwise: prep.block: %lld in it, %lld in this call; " WAYS_OUT,
                      path, (long long)had->block, (long long)want->block);
    else if (had->symprec != want->symprec)
      code = ecd_fail(err, ECD_DATA,
                      "%s was made otherwise: prep.symprec: %g in it, %g in this call; " WAYS_OUT,
                      path, had->symprec, want->symprec);
  }
  ecd_settings_destroy(&made);
  return code;
}

ecd_code_t ecd_existing_settings(const ecd_dataset_t *dataset, const ecd_prep_settings_t *settings,
                                 const ecd_preparation_t *preparation, ecd_error_t *err) {
  ecd_error_t why;
  const char *path = ecd_dataset_path(dataset);
  if (ecd_preparation_match(ecd_dataset_preparation(dataset), "it", preparation, "this call",
                            &why) != ECD_OK)
    return ecd_fail(err, ECD_DATA, "%s was made otherwise: %s; " WAYS_OUT, path, why.text);
  return check_deck(dataset, settings, err);
}

static int by_text(const void *a, const void *b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

ecd_code_t ecd_existing_ids(const ecd_dataset_t *dataset, const char ***ids, ecd_error_t *err) {
  const size_t count = ecd_dataset_size(dataset);
  ECD_TRY(ecd_alloc((void **)ids, count, sizeof **ids, "ids", err));
  for (size_t i = 0; i < count; ++i) (*ids)[i] = ecd_dataset_sample(dataset, i)->id;
  qsort(*ids, count, sizeof **ids, by_text);
  return ECD_OK;
}

/* What is wrong with a file, as bits. */
enum { CHANGED = 1, RELABELLED = 2, UNREADABLE = 4 };

static int by_id(const void *a, const void *b) {
  return strcmp(((const ecd_source_file_t *)a)->id, ((const ecd_source_file_t *)b)->id);
}

static bool same_number(double a, double b) { return a == b || (isnan(a) && isnan(b)); }

static unsigned char compare_one(const ecd_source_file_t *file, const ecd_sample_t *sample) {
  char sha256[65];
  if (ecd_source_sha256(file, sha256, NULL) != ECD_OK) return UNREADABLE;
  const bool formula = file->formula == NULL || strcmp(file->formula, sample->formula) == 0;
  const bool labels =
      formula && same_number(file->bulk, sample->bulk) && same_number(file->shear, sample->shear);
  return (unsigned char)((strcmp(sha256, sample->sha256) != 0 ? CHANGED : 0) |
                         (labels ? 0 : RELABELLED));
}

typedef struct {
  size_t count;
  char text[4000];
} list_t;

static void __attribute__((format(printf, 2, 3))) note(list_t *list, const char *format, ...) {
  const size_t have = strlen(list->text);
  ++list->count;
  if (sizeof list->text - have < 300) return; /* counted, not shown */
  memcpy(list->text + have, "\n  ", 4);
  va_list args;
  va_start(args, format);
  vsnprintf(list->text + have + 3, 290, format, args);
  va_end(args);
}

static ecd_code_t report(const ecd_dataset_t *dataset, const ecd_sources_t *sources,
                         const unsigned char *flags, const bool *gone, ecd_error_t *err) {
  list_t list = {0, ""};
  for (size_t i = 0; i < sources->count; ++i) {
    const ecd_source_file_t *file = &sources->file[i];
    if (flags[i] & UNREADABLE) note(&list, "%s: cannot read %s", file->id, file->path);
    if (flags[i] & CHANGED) note(&list, "%s: %s has changed", file->id, file->path);
    if (flags[i] & RELABELLED) note(&list, "%s: its label has changed", file->id);
  }
  for (size_t k = 0; k < ecd_dataset_size(dataset); ++k)
    if (gone[k]) note(&list, "%s: no file of it now", ecd_dataset_sample(dataset, k)->id);
  if (list.count == 0) return ECD_OK;
  return ecd_fail(err, ECD_DATA, "%s was made from other input (%zu difference%s); " WAYS_OUT ":%s",
                  ecd_dataset_path(dataset), list.count, list.count == 1 ? "" : "s", list.text);
}

ecd_code_t ecd_existing_compare(const ecd_context_t *ctx, const ecd_dataset_t *dataset,
                                const ecd_sources_t *sources, bool append, bool *fresh,
                                ecd_error_t *err) {
  const size_t have = ecd_dataset_size(dataset);
  unsigned char *flags = NULL;
  bool *gone = NULL;
  ecd_code_t code = ecd_alloc((void **)&flags, sources->count, sizeof *flags, "comparison", err);
  if (code == ECD_OK) code = ecd_alloc((void **)&gone, have, sizeof *gone, "comparison", err);
  code = ecd_agree(ctx->world, code, err);
  for (size_t i = 0; i < sources->count; ++i) fresh[i] = true;
  for (size_t k = 0; code == ECD_OK && k < have; ++k) {
    const ecd_sample_t *sample = ecd_dataset_sample(dataset, k);
    const ecd_source_file_t key = {.id = sample->id},
                            *file = bsearch(&key, sources->file, sources->count, sizeof key, by_id);
    gone[k] = file == NULL && !append;
    if (file == NULL) continue;
    const size_t i = (size_t)(file - sources->file);
    fresh[i] = false;
    if (k % (size_t)ctx->size == (size_t)ctx->rank) flags[i] = compare_one(file, sample);
  }
  if (code == ECD_OK)
    code = ecd_mpi_code(MPI_Allreduce(MPI_IN_PLACE, flags, (int)sources->count, MPI_UNSIGNED_CHAR,
                                      MPI_MAX, ctx->world),
                        "comparing with the dataset", err);
  if (code == ECD_OK) code = report(dataset, sources, flags, gone, err);
  free(flags);
  free(gone);
  return code;
}
