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

static bool is_trained(const char *word) {
  const char *dot = strrchr(file_name(word), '.');
  return dot != NULL && strcmp(dot, ".h5") == 0;
}

/* Of dir/NAME.h5, or of dir/NAME/model.h5. */
static void name_trained(const char *path, char *name, size_t size) {
  const char *file = file_name(path), *begin = file, *end = strrchr(file, '.');
  if (strcmp(file, "model.h5") == 0) {
    const char *to = file;
    while (to > path && to[-1] == '/') --to;
    for (begin = to; begin > path && begin[-1] != '/';) --begin;
    end = to;
  }
  snprintf(name, size, "%.*s", (int)(end - begin), begin);
  if (strspn(name, ".") == strlen(name)) snprintf(name, size, "model"); /* "", "." or ".." */
}

/* The working folder's file, or the one beside the benchmark's deck. Rank 0's look decides. */
static ecd_code_t find_file(const ecd_context_t *ctx, const char *word, const char *beside,
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
                  "bench.models: expected a deck (.yaml), a trained model (.h5) or a value of "
                  "model.kind, found '%s'%s%s%s",
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

static ecd_code_t set_name(ecd_bench_model_t *model, const char *name, ecd_error_t *err) {
  model->name = strdup(name);
  return model->name != NULL ? ECD_OK : ecd_fail(err, ECD_FAILED, "out of memory: models");
}

static ecd_code_t check_targets(const ecd_bench_settings_t *bench, const ecd_trained_t *trained,
                                ecd_error_t *err) {
  const char *target = ecd_target_names[trained->target];
  for (int i = 0; i < bench->targets.count; ++i)
    if (strcmp(bench->targets.item[i], target) != 0)
      return ecd_fail(err, ECD_USAGE,
                      "bench.models: %s predicts the %s modulus; expected bench.targets: [%s], "
                      "found %s among them",
                      trained->path, target, target, bench->targets.item[i]);
  return ECD_OK;
}

/* Settings as it was trained with, over them the layers, but for what they can no longer change. */
static ecd_code_t load_trained(const ecd_context_t *ctx, const char *word,
                               const ecd_bench_settings_t *bench, const ecd_layers_t *layers,
                               ecd_bench_model_t *model, ecd_error_t *err) {
  char path[ECD_PATH_MAX], name[256];
  ecd_settings_t *s = model->settings;
  if (bench->protocol != ECD_PROTOCOL_EXTERNAL)
    return ecd_fail(err, ECD_USAGE,
                    "bench.models: %s: a trained model can take part only with bench.protocol: "
                    "external; other protocols train",
                    word);
  ECD_TRY(find_file(ctx, word, layers->deck, path, err));
  if (ecd_trained_read(ctx, path, &model->trained, s, err) != ECD_OK)
    return ecd_fail_in(err, "bench.models");
  ECD_TRY(check_targets(bench, model->trained, err));
  const ecd_settings_t own = *s;
  ECD_TRY(apply_layers(ctx, layers, s, err));
  s->model = own.model;
  s->train = own.train;
  s->data.transform = own.data.transform;
  s->data.features = own.data.features;
  name_trained(word, name, sizeof name);
  return set_name(model, name, err);
}

/* Checksums of the models that a fusion's deck gives it. */
static ecd_code_t sign_parents(const ecd_context_t *ctx, ecd_bench_model_t *model,
                               ecd_error_t *err) {
  const ecd_settings_t *s = model->settings;
  const char *given[ECD_PARENTS] = {s->parents.magpie, s->parents.volume};
  if (s->model.kind != ECD_MODEL_FUSION) return ECD_OK;
  for (int k = 0; k < ECD_PARENTS; ++k) {
    if (given[k][0] == '\0') continue;
    const ecd_code_t code =
        ctx->rank == 0 ? ecd_file_sha256(given[k], model->parent_sha256[k], err) : ECD_OK;
    if (ecd_agree(ctx->world, code, err) != ECD_OK)
      return ecd_fail_in(err, "%s: model.fusion.%s", model->name, k == 0 ? "magpie" : "volume");
    ECD_MPI(MPI_Bcast(model->parent_sha256[k], sizeof model->parent_sha256[k], MPI_CHAR, 0,
                      ctx->world));
  }
  return ECD_OK;
}

/* word NULL: the benchmark's deck is the model's. */
static ecd_code_t load(const ecd_context_t *ctx, const char *word,
                       const ecd_bench_settings_t *bench, const ecd_layers_t *layers,
                       ecd_bench_model_t *model, ecd_error_t *err) {
  char path[ECD_PATH_MAX], name[256] = "model";
  ECD_TRY(ecd_agree(ctx->world, ecd_settings_create(&model->settings, err), err));
  if (word != NULL && is_trained(word)) return load_trained(ctx, word, bench, layers, model, err);
  ecd_settings_t *s = model->settings;
  ecd_model_kind_t kind = s->model.kind;
  if (word != NULL && is_deck(word)) {
    ECD_TRY(find_file(ctx, word, layers->deck, path, err));
    if (ecd_deck_load(ctx, path, s, err) != ECD_OK) return ecd_fail_in(err, "bench.models");
    kind = s->model.kind;
  } else if (word != NULL) {
    ECD_TRY(parse_kind(word, &kind, err));
  }
  ECD_TRY(apply_layers(ctx, layers, s, err));
  if (word != NULL) s->model.kind = kind;
  if (word != NULL || layers->deck[0] != '\0')
    ecd_deck_stem(word != NULL ? word : layers->deck, name, sizeof name);
  ECD_TRY(set_name(model, name, err));
  scale_epochs(s, bench->epochs_scale);
  if (ecd_settings_check(s, err) != ECD_OK) return ecd_fail_in(err, "%s", name);
  return sign_parents(ctx, model, err);
}

static ecd_code_t check_names(const ecd_bench_models_t *m, ecd_error_t *err) {
  for (size_t i = 0; i < m->count; ++i)
    for (size_t j = 0; j < i; ++j)
      if (strcmp(m->model[i].name, m->model[j].name) == 0)
        return ecd_fail(err, ECD_USAGE,
                        "bench.models: two models have the name '%s': that of the file, of "
                        "model.h5 that of its folder",
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
    ECD_TRY(
        load(ctx, list->count > 0 ? list->item[i] : NULL, bench, layers, &models->model[i], err));
  return check_names(models, err);
}

void ecd_bench_models_clear(ecd_bench_models_t *models) {
  for (size_t i = 0; i < models->count; ++i) {
    free(models->model[i].name);
    ecd_settings_destroy(&models->model[i].settings);
    ecd_trained_destroy(&models->model[i].trained);
  }
  free(models->model);
  *models = (ecd_bench_models_t){0};
}
