#include "bench/pieces.h"

#include "bench/cost.h"
#include "deck/deck.h"
#include "deck/keys.h"
#include "train/split.h"

#include <stdlib.h>
#include <string.h>

/* The kinds that a fusion stands on, in the order of parent[]. */
static const ecd_model_kind_t parent_kinds[ECD_PARENTS] = {ECD_MODEL_MAGPIE_CNN, ECD_MODEL_CNN2D};

static bool is_overridden(const ecd_layers_t *layers, const char *key) {
  const size_t length = strlen(key);
  for (int i = 0; i < layers->overrides; ++i)
    if (strncmp(layers->override[i], key, length) == 0 && layers->override[i][length] == '=')
      return true;
  return false;
}

void ecd_bench_scale(const ecd_layers_t *layers, ecd_bench_settings_t *bench) {
  if (bench->scale != ECD_SCALE_QUICK) return;
  if (!is_overridden(layers, "bench.repeats")) bench->repeats = bench->quick.repeats;
  if (!is_overridden(layers, "bench.epochs_scale")) bench->epochs_scale = bench->quick.epochs_scale;
  if (bench->quick.elements.count > 0 && !is_overridden(layers, "bench.elements") &&
      !is_overridden(layers, "bench.min_materials")) {
    const ecd_text_list_t full = bench->elements;
    bench->elements = bench->quick.elements;
    bench->quick.elements = full;
  }
  bench->scale = ECD_SCALE_FULL; /* what the values now say */
}

bool ecd_piece_is_child(const ecd_piece_t *piece, size_t parent) {
  for (int p = 0; p < ECD_PARENTS; ++p)
    if (piece->parent[p] == parent) return true;
  return false;
}

/* The first model of the kind that the benchmark trains, or ECD_NO_PIECE. */
static size_t model_of(const ecd_bench_models_t *models, ecd_model_kind_t kind) {
  for (size_t m = 0; m < models->count; ++m)
    if (models->model[m].settings->model.kind == kind && models->model[m].trained == NULL) return m;
  return ECD_NO_PIECE;
}

/* A fusion's own widths are those of the parents that the benchmark trains for it. */
static void inherit(ecd_bench_models_t *models) {
  const size_t magpie = model_of(models, ECD_MODEL_MAGPIE_CNN),
               volume = model_of(models, ECD_MODEL_CNN2D);
  for (size_t m = 0; m < models->count; ++m) {
    ecd_model_settings_t *s = &models->model[m].settings->model;
    if (s->kind != ECD_MODEL_FUSION || models->model[m].trained != NULL) continue;
    if (magpie != ECD_NO_PIECE) s->magpie_cnn = models->model[magpie].settings->model.magpie_cnn;
    if (volume != ECD_NO_PIECE) s->cnn2d = models->model[volume].settings->model.cnn2d;
  }
}

ecd_target_t ecd_bench_target(const ecd_bench_settings_t *s, size_t number) {
  return strcmp(s->targets.item[number], ecd_target_names[ECD_TARGET_SHEAR]) == 0 ? ECD_TARGET_SHEAR
                                                                                  : ECD_TARGET_BULK;
}

/* Pieces in the order model, target, holdout, repeat. */
static size_t number_of(const ecd_bench_t *b, size_t model, size_t target, size_t holdout,
                        size_t repeat) {
  const size_t targets = (size_t)b->settings->bench.targets.count,
               repeats = (size_t)b->settings->bench.repeats;
  return ((model * targets + target) * b->protocol.holdouts + holdout) * repeats + repeat;
}

static void describe(ecd_bench_t *b, size_t model, size_t target, size_t holdout, size_t repeat) {
  ecd_piece_t *p = &b->piece[number_of(b, model, target, holdout, repeat)];
  const ecd_bench_model_t *m = &b->models.model[model];
  *p = (ecd_piece_t){.model = model,
                     .holdout = holdout,
                     .repeat = repeat,
                     .target = ecd_bench_target(&b->settings->bench, target)};
  snprintf(p->name, sizeof p->name, "%.200s-%s-%s-r%zu", m->name, ecd_target_names[p->target],
           b->protocol.holdout[holdout].name, repeat);
  const bool fusion = m->settings->model.kind == ECD_MODEL_FUSION && m->trained == NULL;
  for (int k = 0; k < ECD_PARENTS; ++k) {
    const size_t parent = fusion ? model_of(&b->models, parent_kinds[k]) : ECD_NO_PIECE;
    p->parent[k] =
        parent != ECD_NO_PIECE ? number_of(b, parent, target, holdout, repeat) : ECD_NO_PIECE;
  }
}

/* Samples that train and are held out, the same for all models and repeats. */
static ecd_code_t count_samples(ecd_bench_t *b, ecd_error_t *err) {
  int8_t *split;
  ECD_TRY(ecd_alloc((void **)&split, b->protocol.samples, sizeof *split, "split", err));
  ecd_code_t code = ECD_OK;
  for (size_t i = 0; code == ECD_OK && i < b->count; ++i) {
    ecd_piece_t *p = &b->piece[i];
    if (p->model > 0 || p->repeat > 0) {
      const size_t first = i % (b->count / b->models.count) - p->repeat;
      p->train = b->piece[first].train;
      p->test = b->piece[first].test;
      continue;
    }
    code = ecd_protocol_split(&b->protocol, p->holdout, p->target, split, err);
    for (size_t k = 0; code == ECD_OK && k < b->protocol.samples; ++k) {
      p->train += split[k] == ECD_TRAIN;
      p->test += split[k] == ECD_TEST;
    }
    if (b->protocol.kind == ECD_PROTOCOL_EXTERNAL) p->test = b->protocol.external.kept;
    if (code != ECD_OK) ecd_fail_in(err, "%s", p->name);
  }
  free(split);
  for (size_t i = 0; i < b->count; ++i) {
    const ecd_trained_t *trained = b->models.model[b->piece[i].model].trained;
    if (trained != NULL) b->piece[i].train = trained->trained;
  }
  return code;
}

static ecd_code_t list_pieces(ecd_bench_t *b, ecd_error_t *err) {
  const ecd_bench_settings_t *s = &b->settings->bench;
  if (s->targets.count == 0)
    return ecd_fail(err, ECD_USAGE, "bench.targets: expected bulk, shear or both, found nothing");
  const size_t targets = (size_t)s->targets.count, repeats = (size_t)s->repeats;
  b->count = b->models.count * targets * b->protocol.holdouts * repeats;
  ECD_TRY(ecd_alloc((void **)&b->piece, b->count, sizeof *b->piece, "pieces", err));
  ECD_TRY(ecd_alloc((void **)&b->order, b->count, sizeof *b->order, "pieces", err));
  for (size_t m = 0; m < b->models.count; ++m)
    for (size_t t = 0; t < targets; ++t)
      for (size_t h = 0; h < b->protocol.holdouts; ++h)
        for (size_t r = 0; r < repeats; ++r) describe(b, m, t, h, r);
  return count_samples(b, err);
}

/* ---- Order ---- */

typedef struct {
  size_t piece, after; /* after: place of the later parent, 0: it has none */
  double cost;
} place_t;

static int by_order(const void *a, const void *b) {
  const place_t *x = a, *y = b;
  if (x->after != y->after) return x->after < y->after ? -1 : 1;
  if (x->cost != y->cost) return x->cost > y->cost ? -1 : 1;
  return x->piece < y->piece ? -1 : 1;
}

static ecd_code_t make_order(ecd_bench_t *b, ecd_error_t *err) {
  place_t *place;
  size_t *position = NULL;
  ECD_TRY(ecd_alloc((void **)&place, b->count, sizeof *place, "pieces", err));
  const ecd_code_t code = ecd_alloc((void **)&position, b->count, sizeof *position, "pieces", err);
  /* Parents have none themselves: the second round knows their places. */
  for (int round = 0; code == ECD_OK && round < 2; ++round) {
    for (size_t i = 0; i < b->count; ++i) {
      place[i] = (place_t){.piece = i, .cost = b->piece[i].cost};
      for (int k = 0; k < ECD_PARENTS; ++k) {
        const size_t parent = b->piece[i].parent[k];
        if (parent == ECD_NO_PIECE) continue;
        if (position[parent] + 1 > place[i].after) place[i].after = position[parent] + 1;
      }
    }
    qsort(place, b->count, sizeof *place, by_order);
    for (size_t k = 0; k < b->count; ++k) {
      b->order[k] = place[k].piece;
      position[place[k].piece] = k;
    }
  }
  free(place);
  free(position);
  return code;
}

static ecd_code_t check_trained(const ecd_bench_t *b, ecd_error_t *err) {
  for (size_t m = 0; m < b->models.count; ++m) {
    const ecd_bench_model_t *model = &b->models.model[m];
    if (model->trained == NULL) continue;
    if (ecd_trained_check(model->trained, ecd_model_needs(&model->settings->model).volume,
                          &b->protocol, err) != ECD_OK)
      return ecd_fail_in(err, "bench.models");
  }
  return ECD_OK;
}

ecd_code_t ecd_bench_create(const ecd_context_t *ctx, const ecd_settings_t *settings,
                            const ecd_layers_t *layers, ecd_bench_t *b, ecd_error_t *err) {
  *b = (ecd_bench_t){.settings = settings};
  ECD_TRY(ecd_bench_models_load(ctx, &settings->bench, layers, &b->models, err));
  inherit(&b->models);
  ECD_TRY(ecd_protocol_create(ctx, settings, &b->protocol, err));
  ECD_TRY(ecd_agree(ctx->world, check_trained(b, err), err));
  ECD_TRY(ecd_agree(ctx->world, list_pieces(b, err), err));
  ECD_TRY(ecd_cost_estimate(ctx, b, err));
  return ecd_agree(ctx->world, make_order(b, err), err);
}

void ecd_bench_clear(ecd_bench_t *b) {
  ecd_protocol_clear(&b->protocol);
  ecd_bench_models_clear(&b->models);
  free(b->piece);
  free(b->order);
  *b = (ecd_bench_t){0};
}

/* ---- Files ---- */

const char *ecd_piece_predictions(const ecd_bench_t *b) {
  return b->protocol.kind == ECD_PROTOCOL_EXTERNAL ? "predict/predictions.csv" : "predictions.csv";
}

ecd_code_t ecd_piece_path(const ecd_bench_t *b, size_t piece, const char *file, char *path,
                          ecd_error_t *err) {
  char relative[ECD_PIECE_NAME + 80];
  snprintf(relative, sizeof relative, "pieces/%s%s%s", b->piece[piece].name,
           file[0] != '\0' ? "/" : "", file);
  return ecd_path_join(path, b->settings->output, relative, err);
}

ecd_code_t ecd_piece_settings(const ecd_bench_t *b, size_t piece, ecd_piece_deck_t *deck,
                              ecd_error_t *err) {
  const ecd_piece_t *p = &b->piece[piece];
  const ecd_bench_model_t *m = &b->models.model[p->model];
  ecd_settings_t *s = &deck->settings;
  *s = *m->settings;
  ECD_TRY(ecd_piece_path(b, piece, "", deck->output, err));
  ECD_TRY(ecd_dataset_locate(b->settings, deck->dataset, err));
  s->output = deck->output;
  s->seed = b->settings->seed;
  s->train.repeat = (int64_t)p->repeat;
  s->data.file = deck->dataset;
  s->data.target = p->target;
  ecd_protocol_apply(&b->protocol, p->holdout, &s->data);
  s->train.resume = true;
  s->predict.model = (char *)(m->trained != NULL ? m->trained->path : "");
  s->predict.files = (char *)"";
  s->predict.ids = (char *)b->protocol.external.ids_path;
  s->predict.part = ECD_PART_ALL;
  char **const parent[ECD_PARENTS] = {&s->parents.magpie, &s->parents.volume};
  for (int k = 0; k < ECD_PARENTS; ++k) {
    if (p->parent[k] == ECD_NO_PIECE) continue;
    ECD_TRY(ecd_piece_path(b, p->parent[k], "model.h5", deck->parent[k], err));
    *parent[k] = deck->parent[k];
  }
  return ECD_OK;
}
