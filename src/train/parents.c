#include "train/parents.h"

#include "base/file.h"
#include "base/log.h"
#include "deck/keys.h"
#include "train/split.h"
#include "train/trainer.h"

#include <stdlib.h>
#include <string.h>

static int by_text(const void *a, const void *b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* What tells samples apart: ids, and checksums of charge files. */
typedef struct {
  const char **word; /* sorted */
  size_t count;
} words_t;

/* Of the model's samples those that train, and where asked for those that validate. */
static ecd_code_t list_seen(const ecd_model_file_t *m, bool validation, words_t *words,
                            ecd_error_t *err) {
  words->count = 0;
  ECD_TRY(ecd_alloc((void **)&words->word, 2 * m->samples + 1, sizeof *words->word, "ids", err));
  for (size_t i = 0; i < m->samples; ++i) {
    if (m->split[i] != ECD_TRAIN && !(validation && m->split[i] == ECD_VALIDATION)) continue;
    words->word[words->count++] = m->id[i];
    if (m->sha256 != NULL && m->sha256[i][0] != '\0') words->word[words->count++] = m->sha256[i];
  }
  qsort(words->word, words->count, sizeof *words->word, by_text);
  return ECD_OK;
}

static bool is_in(const words_t *words, const char *word) {
  return word != NULL && word[0] != '\0' &&
         bsearch(&word, words->word, words->count, sizeof *words->word, by_text) != NULL;
}

/* Charge files of the offspring's own training samples: a dataset that has one twice is its user's affair. */
static ecd_code_t list_own(const ecd_offspring_t *o, words_t *words, ecd_error_t *err) {
  const size_t samples = ecd_dataset_size(o->dataset);
  *words = (words_t){NULL, 0};
  ECD_TRY(ecd_alloc((void **)&words->word, samples + 1, sizeof *words->word, "ids", err));
  for (size_t i = 0; i < samples; ++i) {
    const char *file = ecd_dataset_sample(o->dataset, i)->sha256;
    if (o->split[i] == ECD_TRAIN && file != NULL) words->word[words->count++] = file;
  }
  qsort(words->word, words->count, sizeof *words->word, by_text);
  return ECD_OK;
}

/* Samples of the offspring's part that the parent has seen. */
static ecd_code_t check_part(const ecd_offspring_t *o, const char *path, const ecd_model_file_t *m,
                             int8_t part, ecd_error_t *err) {
  const char *first = NULL;
  size_t seen = 0, all = 0;
  words_t words, own;
  ECD_TRY(list_seen(m, part == ECD_TEST, &words, err));
  ecd_code_t code = list_own(o, &own, err);
  for (size_t i = 0; code == ECD_OK && i < ecd_dataset_size(o->dataset); ++i) {
    const char *file = ecd_dataset_sample(o->dataset, i)->sha256;
    if (o->split[i] != part) continue;
    ++all;
    if (!is_in(&words, o->id[i]) && (!is_in(&words, file) || is_in(&own, file))) continue;
    if (seen++ == 0) first = o->id[i];
  }
  free(words.word);
  free(own.word);
  ECD_TRY(code);
  if (seen == 0) return ECD_OK;
  return ecd_fail(err, ECD_DATA,
                  "%s: was trained on %zu of the %zu samples that %s here, first '%s'; expected a "
                  "parent trained with the same split (data.split, data.fold, seed)",
                  path, seen, all, part == ECD_TEST ? "are held out" : "validate", first);
}

static ecd_code_t check_seen(const ecd_offspring_t *o, const char *path, const ecd_model_file_t *m,
                             ecd_error_t *err) {
  ECD_TRY(check_part(o, path, m, ECD_TEST, err));
  return check_part(o, path, m, ECD_VALIDATION, err);
}

static ecd_code_t check(const ecd_offspring_t *o, const char *path, ecd_model_kind_t kind,
                        const ecd_model_file_t *m, ecd_error_t *err) {
  if (m->model.kind != kind)
    return ecd_fail(err, ECD_DATA, "%s: expected a %s, found a %s", path, ecd_model_names[kind],
                    ecd_model_names[m->model.kind]);
  if (m->has_state)
    return ecd_fail(err, ECD_DATA, "%s: expected a trained model, found a checkpoint", path);
  if (m->members > 1)
    return ecd_fail(err, ECD_DATA,
                    "%s: expected one network, found an ensemble of %zu; its members are in "
                    "members/ of its folder",
                    path, m->members);
  if (m->target != o->settings->data.target)
    return ecd_fail(err, ECD_DATA, "%s: expected data.target: %s, found %s", path,
                    ecd_target_names[o->settings->data.target], ecd_target_names[m->target]);
  if (kind == ECD_MODEL_CNN2D)
    ECD_TRY(ecd_preparation_match(ecd_dataset_preparation(o->dataset), ecd_dataset_path(o->dataset),
                                  &m->preparation, path, err));
  return check_seen(o, path, m, err);
}

/* Epochs of a schedule for `from` epochs, for a run of `to`. */
static int64_t stretched(int64_t epochs, int64_t to, int64_t from) {
  return (epochs * to + from - 1) / from;
}

/* The deck of a parent: this one's, with its own epochs and learning rate. The steps of the rate
   are stretched with the epochs. */
static ecd_settings_t parent_settings(const ecd_offspring_t *o, ecd_model_kind_t kind,
                                      char *output) {
  ecd_settings_t s = *o->settings;
  const bool magpie = kind == ECD_MODEL_MAGPIE_CNN;
  const int64_t epochs = magpie ? s.parents.magpie_epochs : s.parents.volume_epochs;
  s.model.kind = kind;
  s.output = output;
  s.data.file = (char *)ecd_dataset_path(o->dataset);
  s.train.lr_every = stretched(s.train.lr_every, epochs, s.train.epochs);
  s.train.lr_warmup = stretched(s.train.lr_warmup, epochs, s.train.epochs);
  if (magpie) s.train.augment = ECD_AUGMENT_NONE;
  s.train.epochs = epochs;
  s.train.lr = magpie ? s.parents.magpie_lr : s.parents.volume_lr;
  return s;
}

static ecd_code_t train(ecd_context_t *ctx, const ecd_offspring_t *o, ecd_model_kind_t kind,
                        char *output, ecd_error_t *err) {
  const ecd_settings_t s = parent_settings(o, kind, output);
  ecd_log(ctx, "training the parent %s in %s", ecd_model_names[kind], output);
  return ecd_train_run(ctx, &s, o->shared, err);
}

static ecd_code_t get(ecd_context_t *ctx, const ecd_offspring_t *o, ecd_model_kind_t kind,
                      const char *given, ecd_model_file_t *m, ecd_error_t *err) {
  char path[ECD_PATH_MAX], folder[ECD_PATH_MAX], relative[64];
  snprintf(relative, sizeof relative, "parents/%s", ecd_model_names[kind]);
  ECD_TRY(ecd_path_join(folder, o->settings->output, relative, err));
  ECD_TRY(ecd_path_join(path, given[0] != '\0' ? "" : folder, given[0] != '\0' ? given : "model.h5",
                        err));
  if (given[0] == '\0') ECD_TRY(train(ctx, o, kind, folder, err));
  ecd_code_t code = ecd_model_file_read(ctx, path, m, err);
  if (code == ECD_OK) code = ecd_agree(ctx->world, check(o, path, kind, m, err), err);
  if (code == ECD_OK) return ECD_OK;
  ecd_fail_in(err, "model.fusion.%s", kind == ECD_MODEL_CNN2D ? "volume" : "magpie");
  return code;
}

/* A parent whose network cannot be made for the dataset's volumes, as it would fail in its own
   training. One rank looks: its memory is enough. */
static ecd_code_t check_fits(const ecd_offspring_t *o, ecd_model_kind_t kind, ecd_error_t *err) {
  const ecd_backend_t *backend;
  ecd_net_t *net;
  ecd_model_settings_t model = o->settings->model;
  model.kind = kind;
  ECD_TRY(ecd_backend_get(o->settings->backend, &backend, err));
  ECD_TRY(ecd_net_create(&model, ecd_dataset_preparation(o->dataset)->grid, 1, backend, &net, err));
  ecd_net_destroy(&net);
  return ECD_OK;
}

ecd_code_t ecd_parents_get(ecd_context_t *ctx, const ecd_offspring_t *o, ecd_parents_t *parents,
                           ecd_error_t *err) {
  const ecd_parents_settings_t *s = &o->settings->parents;
  const struct {
    ecd_model_kind_t kind;
    const char *given;
    ecd_model_file_t *file;
  } both[] = {{ECD_MODEL_MAGPIE_CNN, s->magpie, &parents->magpie},
              {ECD_MODEL_CNN2D, s->volume, &parents->volume}};
  *parents = (ecd_parents_t){0};
  /* What is wrong with those that the deck names, or with the networks of the others, is found
     before any work. */
  for (int p = 0; p < 2; ++p)
    if (both[p].given[0] != '\0')
      ECD_TRY(get(ctx, o, both[p].kind, both[p].given, both[p].file, err));
  ecd_code_t code = ECD_OK;
  for (int p = 0; p < 2 && ctx->rank == 0 && code == ECD_OK; ++p)
    if (both[p].given[0] == '\0') code = check_fits(o, both[p].kind, err);
  ECD_TRY(ecd_agree(ctx->world, code, err));
  for (int p = 0; p < 2; ++p)
    if (both[p].given[0] == '\0')
      ECD_TRY(get(ctx, o, both[p].kind, both[p].given, both[p].file, err));
  return ECD_OK;
}

void ecd_parents_clear(ecd_parents_t *parents) {
  ecd_model_file_clear(&parents->magpie);
  ecd_model_file_clear(&parents->volume);
}

ecd_code_t ecd_parents_inherit(const ecd_parents_t *parents, ecd_net_t *net, ecd_error_t *err) {
  const ecd_model_file_t *magpie = &parents->magpie, *volume = &parents->volume;
  if (magpie->parameters + volume->parameters != ecd_net_inherited(net))
    return ecd_fail(
        err, ECD_DATA,
        "the parents of the fusion network have %zu and %zu parameters; expected %zu in all, "
        "by their decks",
        magpie->parameters, volume->parameters, ecd_net_inherited(net));
  float *slab = ecd_net_parameters(net);
  memcpy(slab, magpie->parameter, magpie->parameters * sizeof *slab);
  memcpy(slab + magpie->parameters, volume->parameter, volume->parameters * sizeof *slab);
  return ECD_OK;
}

static ecd_code_t add(ecd_seen_t *r, const char *id, const char *sha256, int8_t split,
                      ecd_error_t *err) {
  r->id[r->count] = strdup(id);
  r->sha256[r->count] = strdup(sha256 != NULL ? sha256 : "");
  r->split[r->count] = split;
  const bool good = r->id[r->count] != NULL && r->sha256[r->count] != NULL;
  ++r->count;
  return good ? ECD_OK : ecd_fail(err, ECD_FAILED, "out of memory: ids");
}

/* What a parent has seen, of samples that the offspring does not use or does not have. */
static ecd_code_t add_seen(const ecd_offspring_t *o, const ecd_model_file_t *m, ecd_seen_t *r,
                           ecd_error_t *err) {
  const size_t own = ecd_dataset_size(o->dataset), before = r->count;
  words_t here = {NULL, 0}, seen;
  ECD_TRY(list_seen(m, true, &seen, err));
  ecd_code_t code = ecd_alloc((void **)&here.word, before + 1, sizeof *here.word, "ids", err);
  for (size_t i = 0; code == ECD_OK && i < before; ++i) {
    here.word[here.count++] = r->id[i];
    if (i < own && r->split[i] == ECD_UNUSED &&
        (is_in(&seen, r->id[i]) || is_in(&seen, r->sha256[i])))
      r->split[i] = ECD_TRAIN;
  }
  if (code == ECD_OK) qsort(here.word, here.count, sizeof *here.word, by_text);
  for (size_t i = 0; code == ECD_OK && i < m->samples; ++i)
    if ((m->split[i] == ECD_TRAIN || m->split[i] == ECD_VALIDATION) && !is_in(&here, m->id[i]))
      code = add(r, m->id[i], m->sha256 != NULL ? m->sha256[i] : "", m->split[i], err);
  free(here.word);
  free(seen.word);
  return code;
}

ecd_code_t ecd_parents_seen(const ecd_parents_t *parents, const ecd_offspring_t *o, ecd_seen_t *r,
                            ecd_error_t *err) {
  const size_t own = ecd_dataset_size(o->dataset),
               most = own + parents->magpie.samples + parents->volume.samples;
  *r = (ecd_seen_t){0};
  ECD_TRY(ecd_alloc((void **)&r->id, most, sizeof *r->id, "ids", err));
  ECD_TRY(ecd_alloc((void **)&r->sha256, most, sizeof *r->sha256, "ids", err));
  ECD_TRY(ecd_alloc((void **)&r->split, most, sizeof *r->split, "ids", err));
  for (size_t i = 0; i < own; ++i)
    ECD_TRY(add(r, o->id[i], ecd_dataset_sample(o->dataset, i)->sha256, o->split[i], err));
  ECD_TRY(add_seen(o, &parents->magpie, r, err));
  return add_seen(o, &parents->volume, r, err);
}

void ecd_seen_clear(ecd_seen_t *r) {
  for (size_t i = 0; i < r->count; ++i) {
    free(r->id[i]);
    free(r->sha256[i]);
  }
  free(r->id);
  free(r->sha256);
  free(r->split);
  *r = (ecd_seen_t){0};
}
