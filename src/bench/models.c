#include "bench/models.h"

#include "base/file.h"
#include "deck/deck.h"
#include "deck/keys.h"
#include "deck/load.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *file_name(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash != NULL ? slash + 1 : path;
}

static bool is_deck(const char *word) {
  const char *dot = strrchr(file_name(word), '.');
  return dot != NULL && (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0);
}

void ecd_deck_stem(const char *path, char *name, size_t size) {
  const char *file = file_name(path), *dot = is_deck(path) ? strrchr(file, '.') : NULL;
  snprintf(name, size, "%.*s", (int)(dot != NULL ? dot - file : (long)strlen(file)), file);
}

/* The working folder's deck, or the one beside the benchmark's. Rank 0's look decides. */
static ecd_code_t find_deck(const ecd_context_t *ctx, const char *word, const char *beside,
                            char *path, ecd_error_t *err) {
  const char *file = file_name(beside);
  char folder[ECD_PATH_MAX];
  int here = ctx->rank == 0 && ecd_file_exists(word);
  ECD_MPI(MPI_Bcast(&here, 1, MPI_INT, 0, ctx->world));
  snprintf(folder, sizeof folder, "%.*s", (int)(file > beside ? file - beside - 1 : 0), beside);
  return ecd_path_join(path, here ? "" : folder, word, err);
}

static int64_t scaled(int64_t epochs, double scale) {
  const double value = floor((double)epochs * scale + 0.5);
  return value < 1 ? 1 : value > 1e9 ? 1000000000 : (int64_t)value;
}

static void scale_epochs(ecd_settings_t *s, double scale) {
  s->train.epochs = scaled(s->train.epochs, scale);
  if (s->train.lr_every > 0) s->train.lr_every = scaled(s->train.lr_every, scale);
  s->parents.magpie_epochs = scaled(s->parents.magpie_epochs, scale);
  s->parents.volume_epochs = scaled(s->parents.volume_epochs, scale);
}

static ecd_code_t parse_kind(const char *word, ecd_model_kind_t *kind, ecd_error_t *err) {
  size_t count = 0;
  for (; ecd_model_names[count] != NULL; ++count)
    if (strcmp(word, ecd_model_names[count]) == 0) {
      *kind = (ecd_model_kind_t)count;
      return ECD_OK;
    }
  const char *near = ecd_nearest(word, ecd_model_names, count);
  return ecd_fail(err, ECD_USAGE,
                  "bench.models: expected a deck (.yaml) or a value of model.kind, found "
                  "'%s'%s%s%s",
                  word, near != NULL ? "; did you mean '" : "", near != NULL ? near : "",
                  near != NULL ? "'?" : "");
}

static ecd_code_t apply_layers(const ecd_context_t *ctx, const ecd_layers_t *layers,
                               ecd_settings_t *s, ecd_error_t *err) {
  if (layers->deck[0] != '\0') ECD_TRY(ecd_deck_load(ctx, layers->deck, s, err));
  for (int i = 0; i < layers->overrides; ++i)
    ECD_TRY(ecd_deck_override(layers->override[i], s, err));
  return ECD_OK;
}

/* word NULL: the benchmark's deck is the model's. */
static ecd_code_t load(const ecd_context_t *ctx, const char *word, double scale,
                       const ecd_layers_t *layers, ecd_bench_model_t *model, ecd_error_t *err) {
  char path[ECD_PATH_MAX], name[256] = "model";
  ECD_TRY(ecd_agree(ctx->world, ecd_settings_create(&model->settings, err), err));
  ecd_settings_t *s = model->settings;
  ecd_model_kind_t kind = s->model.kind;
  if (word != NULL && is_deck(word)) {
    ECD_TRY(find_deck(ctx, word, layers->deck, path, err));
    if (ecd_deck_load(ctx, path, s, err) != ECD_OK) return ecd_fail_in(err, "bench.models");
    kind = s->model.kind;
  } else if (word != NULL) {
    ECD_TRY(parse_kind(word, &kind, err));
  }
  ECD_TRY(apply_layers(ctx, layers, s, err));
  if (word != NULL) s->model.kind = kind;
  if (word != NULL || layers->deck[0] != '\0')
    ecd_deck_stem(word != NULL ? word : layers->deck, name, sizeof name);
  model->name = strdup(name);
  if (model->name == NULL) return ecd_fail(err, ECD_FAILED, "out of memory: models");
  scale_epochs(s, scale);
  return ecd_settings_check(s, err) == ECD_OK ? ECD_OK : ecd_fail_in(err, "%s", name);
}

static ecd_code_t check_names(const ecd_bench_models_t *m, ecd_error_t *err) {
  for (size_t i = 0; i < m->count; ++i)
    for (size_t j = 0; j < i; ++j)
      if (strcmp(m->model[i].name, m->model[j].name) == 0)
        return ecd_fail(err, ECD_USAGE, "bench.models: two models have the name '%s'",
                        m->model[i].name);
  return ECD_OK;
}

ecd_code_t ecd_bench_models_load(const ecd_context_t *ctx, const ecd_bench_settings_t *bench,
                                 const ecd_layers_t *layers, ecd_bench_models_t *models,
                                 ecd_error_t *err) {
  const ecd_text_list_t *list = &bench->models;
  *models = (ecd_bench_models_t){0};
  const size_t count = list->count > 0 ? (size_t)list->count : 1;
  ECD_TRY(ecd_agree(ctx->world,
                    ecd_alloc((void **)&models->model, count, sizeof *models->model, "models", err),
                    err));
  models->count = count;
  for (size_t i = 0; i < count; ++i)
    ECD_TRY(load(ctx, list->count > 0 ? list->item[i] : NULL, bench->epochs_scale, layers,
                 &models->model[i], err));
  return check_names(models, err);
}

void ecd_bench_models_clear(ecd_bench_models_t *models) {
  for (size_t i = 0; i < models->count; ++i) {
    free(models->model[i].name);
    ecd_settings_destroy(&models->model[i].settings);
  }
  free(models->model);
  *models = (ecd_bench_models_t){0};
}
