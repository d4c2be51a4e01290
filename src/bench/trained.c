#include "bench/trained.h"

#include "base/file.h"
#include "deck/deck.h"
#include "store/model_file.h"
#include "train/split.h"

#include <stdlib.h>
#include <string.h>

static int by_text(const void *a, const void *b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The place of an id in id[], or seen. */
static size_t find(const ecd_trained_t *t, const char *id) {
  if (t->seen == 0) return 0;
  char **found = bsearch(&id, t->id, t->seen, sizeof *t->id, by_text);
  return found != NULL ? (size_t)(found - t->id) : t->seen;
}

/* Takes the ids that it keeps from the file's. */
static ecd_code_t keep(ecd_trained_t *t, ecd_model_file_t *file, ecd_settings_t *settings,
                       ecd_error_t *err) {
  if (file->has_state)
    return ecd_fail(err, ECD_DATA, "%s: expected a trained model, found a checkpoint", t->path);
  t->target = file->target;
  t->preparation = file->preparation;
  t->members = file->members > 0 ? file->members : 1;
  ECD_TRY(ecd_alloc((void **)&t->id, file->samples, sizeof *t->id, "ids", err));
  for (size_t i = 0; i < file->samples; ++i) {
    t->trained += file->split[i] == ECD_TRAIN;
    if (file->split[i] != ECD_TRAIN && file->split[i] != ECD_VALIDATION) continue;
    t->id[t->seen++] = file->id[i];
    file->id[i] = NULL;
  }
  qsort(t->id, t->seen, sizeof *t->id, by_text);
  return ecd_deck_parse(file->deck, strlen(file->deck), t->path, settings, err);
}

ecd_code_t ecd_trained_read(const ecd_context_t *ctx, const char *path, ecd_trained_t **trained,
                            ecd_settings_t *settings, ecd_error_t *err) {
  ecd_model_file_t file;
  ecd_code_t code = ecd_alloc((void **)trained, 1, sizeof **trained, "trained model", err);
  ECD_TRY(ecd_agree(ctx->world, code, err));
  ecd_trained_t *t = *trained;
  snprintf(t->path, sizeof t->path, "%s", path);
  ECD_TRY(ecd_model_file_read(ctx, path, &file, err));
  code = ctx->rank == 0 ? ecd_file_sha256(path, t->sha256, err) : ECD_OK;
  if (code == ECD_OK) code = keep(t, &file, settings, err);
  ecd_model_file_clear(&file);
  ECD_TRY(ecd_agree(ctx->world, code, err));
  ECD_MPI(MPI_Bcast(t->sha256, sizeof t->sha256, MPI_CHAR, 0, ctx->world));
  return ECD_OK;
}

void ecd_trained_destroy(ecd_trained_t **trained) {
  if (*trained == NULL) return;
  for (size_t i = 0; i < (*trained)->seen; ++i) free((*trained)->id[i]);
  free((*trained)->id);
  free(*trained);
  *trained = NULL;
}

/* Known external materials are dropped by the dataset: it must hold all that the model knows. */
static ecd_code_t check_dataset(const ecd_trained_t *t, const ecd_protocol_t *p, ecd_error_t *err) {
  bool *there;
  size_t missing = 0, first = 0;
  ECD_TRY(ecd_alloc((void **)&there, t->seen + 1, sizeof *there, "ids", err));
  for (size_t i = 0; i < p->samples; ++i) there[find(t, p->id[i])] = true;
  for (size_t i = t->seen; i-- > 0;)
    if (!there[i]) ++missing, first = i;
  free(there);
  if (missing == 0) return ECD_OK;
  return ecd_fail(err, ECD_DATA,
                  "%s: %zu of the %zu materials that it was trained on, first '%s', are not in "
                  "data.file, %s; expected the dataset that it was trained on: what is in both is "
                  "left out of %s",
                  t->path, missing, t->seen, t->id[first], ecd_dataset_path(p->dataset),
                  ecd_dataset_path(p->external.dataset));
}

static ecd_code_t check_external(const ecd_trained_t *t, const ecd_external_t *e,
                                 ecd_error_t *err) {
  const char *first = NULL;
  size_t known = 0;
  for (size_t i = 0; i < e->samples; ++i) {
    const char *id = ecd_dataset_sample(e->dataset, i)->id;
    if (e->use[i] != ECD_EXTERNAL_KEPT || find(t, id) == t->seen) continue;
    if (known++ == 0) first = id;
  }
  if (known == 0) return ECD_OK;
  return ecd_fail(err, ECD_DATA,
                  "%s: was trained on %zu of the %zu materials of %s that it would predict, first "
                  "'%s'; expected none of those ids",
                  t->path, known, e->kept, ecd_dataset_path(e->dataset), first);
}

ecd_code_t ecd_trained_check(const ecd_trained_t *t, bool volumes, const ecd_protocol_t *p,
                             ecd_error_t *err) {
  ecd_dataset_t *external = p->external.dataset;
  ECD_TRY(check_dataset(t, p, err));
  ECD_TRY(check_external(t, &p->external, err));
  if (!volumes) return ECD_OK;
  return ecd_preparation_match(ecd_dataset_preparation(external), ecd_dataset_path(external),
                               &t->preparation, t->path, err);
}

ecd_code_t ecd_trained_unchanged(const ecd_trained_t *t, ecd_error_t *err) {
  char hex[65];
  ECD_TRY(ecd_file_sha256(t->path, hex, err));
  if (strcmp(hex, t->sha256) == 0) return ECD_OK;
  return ecd_fail(err, ECD_FAILED,
                  "%s: was replaced while the benchmark ran; expected sha256 %s, found %s", t->path,
                  t->sha256, hex);
}
