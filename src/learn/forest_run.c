#include "learn/forest_run.h"

#include "base/file.h"
#include "base/log.h"
#include "base/table.h"
#include "deck/deck.h"
#include "learn/forest.h"
#include "train/folder.h"
#include "train/input.h"
#include "train/metrics.h"
#include "train/split.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct {
  ecd_context_t *ctx;
  const ecd_settings_t *settings;
  ecd_dataset_t *dataset;
  size_t samples, width; /* width: features */
  /* All samples of the dataset, [samples]: */
  const ecd_sample_t **sample;
  const char **id, **formula;
  int8_t *split;
  double *target, *predicted, *uncertainty; /* GPa; NaN = unknown */
  /* Those that are asked for, in a table: */
  size_t rows;
  size_t *row_of;          /* [rows], their samples */
  double *feature, *value; /* (rows, width), [rows] */
  double *spread;          /* [rows] */
  ecd_forest_t *forest;
  bool resumed; /* the folder holds this forest */
} run_t;

static ecd_code_t allocate(run_t *r, ecd_error_t *err) {
  const struct {
    void **ptr;
    size_t count, size;
  } array[] = {{(void **)&r->sample, r->samples, sizeof *r->sample},
               {(void **)&r->id, r->samples, sizeof *r->id},
               {(void **)&r->formula, r->samples, sizeof *r->formula},
               {(void **)&r->split, r->samples, sizeof *r->split},
               {(void **)&r->target, r->samples, sizeof *r->target},
               {(void **)&r->predicted, r->samples, sizeof *r->predicted},
               {(void **)&r->uncertainty, r->samples, sizeof *r->uncertainty},
               {(void **)&r->row_of, r->samples, sizeof *r->row_of},
               {(void **)&r->feature, r->samples * r->width, sizeof *r->feature},
               {(void **)&r->value, r->samples, sizeof *r->value},
               {(void **)&r->spread, r->samples, sizeof *r->spread}};
  for (size_t a = 0; a < sizeof array / sizeof *array; ++a)
    ECD_TRY(ecd_alloc(array[a].ptr, array[a].count, array[a].size, "samples", err));
  return ECD_OK;
}

static ecd_code_t choose_samples(run_t *r, ecd_error_t *err) {
  const ecd_data_settings_t *s = &r->settings->data;
  r->samples = ecd_dataset_size(r->dataset);
  r->width = s->features == ECD_FEATURES_MAGPIE145 ? ECD_MAGPIE_ALL : ECD_MAGPIE_STATISTICS;
  ECD_TRY(allocate(r, err));
  for (size_t i = 0; i < r->samples; ++i) {
    r->sample[i] = ecd_dataset_sample(r->dataset, i);
    r->id[i] = r->sample[i]->id;
    r->formula[i] = r->sample[i]->formula;
    r->target[i] = ecd_sample_target(r->sample[i], s->target);
    r->predicted[i] = r->uncertainty[i] = NAN;
  }
  ECD_TRY(ecd_split_make(s, r->settings->seed, r->samples, r->id, r->formula, r->target, r->split,
                         err));
  const ecd_net_needs_t needs = {.features = r->width};
  return ecd_input_check(r->dataset, r->split, &needs, err);
}

static ecd_code_t load(run_t *r, ecd_error_t *err) {
  char path[ECD_PATH_MAX];
  ECD_TRY(ecd_dataset_locate(r->settings, path, err));
  if (ecd_dataset_open(r->ctx, path, &r->dataset, err) != ECD_OK)
    return ecd_fail_in(err, "data.file");
  return ecd_agree(r->ctx->world, choose_samples(r, err), err);
}

/* The table of the samples that train, or of all whose features are known. */
static ecd_samples_t tabulate(run_t *r, bool train) {
  r->rows = 0;
  for (size_t i = 0; i < r->samples; ++i) {
    const double *feature = ecd_dataset_features(r->dataset, i);
    if (train ? r->split[i] != ECD_TRAIN : !ecd_features_known(feature, r->width)) continue;
    memcpy(r->feature + r->rows * r->width, feature, r->width * sizeof *feature);
    r->value[r->rows] = r->target[i];
    r->row_of[r->rows++] = i;
  }
  return (ecd_samples_t){.count = r->rows,
                         .width = r->width,
                         .feature = r->feature,
                         .target = train ? r->value : NULL};
}

/* ---- Resuming: the same forest once more, over its own files ---- */

/* What decides the forest and differs between the model and this run; NULL: nothing. */
static const char *difference(const run_t *r, const ecd_model_file_t *m,
                              const ecd_settings_t *old) {
  const ecd_settings_t *s = r->settings;
  if (m->model.kind != ECD_MODEL_RF) return "model.kind";
  if (memcmp(&old->model.rf, &s->model.rf, sizeof s->model.rf) != 0)
    return "the forest (model.rf.*)";
  if (m->target != s->data.target) return "data.target";
  if (m->features != r->width) return "data.features";
  if (!ecd_model_file_has_samples(m, r->samples, r->id)) return "the samples of the dataset";
  if (memcmp(m->split, r->split, m->samples * sizeof *m->split) != 0)
    return "the split into training and held-out samples";
  if (ecd_settings_seed(old) != ecd_settings_seed(s)) return "seed or train.repeat";
  return NULL;
}

static ecd_code_t check_same_run(const run_t *r, const char *path, const ecd_model_file_t *m,
                                 ecd_error_t *err) {
  ecd_settings_t *old;
  ECD_TRY(ecd_settings_create(&old, err));
  ecd_code_t code = ecd_deck_parse(m->deck, strlen(m->deck), path, old, err);
  const char *what = code == ECD_OK ? difference(r, m, old) : NULL;
  ecd_settings_destroy(&old);
  if (what != NULL)
    code = ecd_fail(err, ECD_USAGE,
                    "%s: the model of another run: %s differs; expected the deck that the run "
                    "began with, another output folder, or no --resume",
                    path, what);
  return code;
}

/* With --resume the folder may hold this run's model, not another's. */
static ecd_code_t resume(run_t *r, ecd_error_t *err) {
  char path[ECD_PATH_MAX];
  ecd_model_file_t m;
  if (!r->settings->train.resume) return ECD_OK;
  ECD_TRY(ecd_path_join(path, r->settings->output, "model.h5", err));
  int there = r->ctx->rank == 0 && ecd_file_exists(path);
  ECD_MPI(MPI_Bcast(&there, 1, MPI_INT, 0, r->ctx->world));
  if (!there) return ECD_OK;
  ECD_TRY(ecd_model_file_read(r->ctx, path, &m, err));
  const ecd_code_t code = check_same_run(r, path, &m, err);
  ecd_model_file_clear(&m);
  r->resumed = code == ECD_OK;
  return ecd_agree(r->ctx->world, code, err);
}

static ecd_code_t train(run_t *r, ecd_error_t *err) {
  const ecd_settings_t *s = r->settings;
  const ecd_samples_t samples = tabulate(r, true);
  ecd_forest_options_t options = ecd_forest_defaults();
  options.seed = ecd_settings_seed(s);
  options.trees = s->model.rf.trees;
  options.max_depth = s->model.rf.max_depth;
  options.min_leaf = s->model.rf.min_leaf;
  options.min_split = s->model.rf.min_split;
  options.features_per_split = s->model.rf.features_per_split;
  if (options.features_per_split > (int64_t)r->width)
    return ecd_fail(err, ECD_USAGE,
                    "model.rf.features_per_split: expected at most %zu, the columns of "
                    "data.features; found %lld",
                    r->width, (long long)options.features_per_split);
  const double start = ecd_now();
  if (ecd_forest_train(r->ctx->world, &options, r->ctx->threads, &samples, &r->forest, err) !=
      ECD_OK)
    return ecd_fail_in(err, "model.rf");
  const ecd_forest_arrays_t a = ecd_forest_arrays(r->forest);
  ecd_log(r->ctx,
          "random forest of %zu trees, %zu nodes, on %zu of %zu samples, %zu features, in %.3g s "
          "on %d ranks x %d threads",
          a.trees, a.nodes, samples.count, r->samples, r->width, ecd_now() - start, r->ctx->size,
          r->ctx->threads);
  return ECD_OK;
}

static ecd_code_t predict(run_t *r, ecd_error_t *err) {
  const ecd_samples_t samples = tabulate(r, false);
  ECD_TRY(ecd_forest_predict(r->forest, r->ctx->threads, &samples, r->value, r->spread, err));
  for (size_t k = 0; k < r->rows; ++k) {
    r->predicted[r->row_of[k]] = r->value[k];
    r->uncertainty[r->row_of[k]] = r->spread[k];
  }
  return ECD_OK;
}

/* ---- Files ---- */

static ecd_code_t write_model(const run_t *r, ecd_error_t *err) {
  const ecd_settings_t *s = r->settings;
  const ecd_forest_arrays_t a = ecd_forest_arrays(r->forest);
  const ecd_scaling_t none = ecd_scaling_none(s->data.transform, r->width);
  char path[ECD_PATH_MAX], *deck = NULL, **checksums = NULL;
  ECD_TRY(ecd_path_join(path, s->output, "model.h5", err));
  ecd_code_t code = ecd_deck_text(s, &deck, err);
  if (code == ECD_OK) code = ecd_dataset_checksums(r->dataset, &checksums, err);
  ecd_model_file_t m = {.model = s->model,
                        .preparation = *ecd_dataset_preparation(r->dataset),
                        .target = s->data.target,
                        .transform = s->data.transform,
                        .input_deviation = 1,
                        .features = r->width,
                        .target_deviation = 1,
                        .deck = deck,
                        .samples = r->samples,
                        .id = (char **)r->id,
                        .sha256 = checksums,
                        .split = r->split,
                        .forest = {.trees = a.trees,
                                   .nodes = a.nodes,
                                   .width = a.width,
                                   .offset = (int64_t *)a.offset,
                                   .feature = (int32_t *)a.feature,
                                   .left = (int32_t *)a.left,
                                   .right = (int32_t *)a.right,
                                   .threshold = (double *)a.threshold,
                                   .value = (double *)a.value,
                                   .importance = (double *)a.importance}};
  memcpy(m.feature_mean, none.feature_mean, sizeof m.feature_mean);
  memcpy(m.feature_deviation, none.feature_deviation, sizeof m.feature_deviation);
  code = ecd_agree(r->ctx->world, code, err);
  if (code == ECD_OK) code = ecd_model_file_write(r->ctx, path, &m, err);
  free(deck);
  free(checksums);
  return code;
}

typedef struct {
  double importance;
  size_t column;
} ranked_t;

static int by_importance(const void *a, const void *b) {
  const ranked_t *x = a, *y = b;
  if (x->importance != y->importance) return x->importance < y->importance ? 1 : -1;
  return (x->column > y->column) - (x->column < y->column);
}

/* Largest first. Rank 0. */
static ecd_code_t write_importances(const run_t *r, ecd_error_t *err) {
  const ecd_forest_arrays_t a = ecd_forest_arrays(r->forest);
  ranked_t ranked[ECD_MAGPIE_ALL];
  char path[ECD_PATH_MAX], name[ECD_MAGPIE_NAME];
  ecd_output_t *output;
  for (size_t c = 0; c < a.width; ++c) ranked[c] = (ranked_t){a.importance[c], c};
  qsort(ranked, a.width, sizeof *ranked, by_importance);
  ECD_TRY(ecd_path_join(path, r->settings->output, "importances.csv", err));
  ECD_TRY(ecd_output_open(path, &output, err));
  fprintf(ecd_output_stream(output), "feature,importance\n");
  for (size_t c = 0; c < a.width; ++c) {
    ecd_magpie_name(ranked[c].column, name);
    ecd_table_write_text(ecd_output_stream(output), name, ',');
    ecd_table_write_number(ecd_output_stream(output), ranked[c].importance, '\n');
  }
  return ecd_output_commit(&output, err);
}

/* Before the forest's own files. A log of epochs in the folder is another run's. Rank 0. */
static ecd_code_t begin(const run_t *r, ecd_error_t *err) {
  char log[ECD_PATH_MAX];
  if (!r->resumed) ecd_folder_set_aside(r->ctx, r->settings->output);
  ECD_TRY(ecd_path_join(log, r->settings->output, "train.jsonl", err));
  unlink(log);
  return ecd_folder_write_deck(r->settings->output, r->settings, err);
}

static ecd_code_t write_files(const run_t *r, ecd_error_t *err) {
  ecd_code_t code = r->ctx->rank == 0 ? begin(r, err) : ECD_OK;
  ECD_TRY(ecd_agree(r->ctx->world, code, err));
  ECD_TRY(write_model(r, err));
  code = r->ctx->rank == 0 ? write_importances(r, err) : ECD_OK;
  ECD_TRY(ecd_agree(r->ctx->world, code, err));
  return ecd_results_finish(r->ctx, r->settings, r->sample, r->samples, r->target, r->predicted,
                            r->uncertainty, r->split, err);
}

ecd_code_t ecd_forest_run(ecd_context_t *ctx, const ecd_settings_t *settings, ecd_error_t *err) {
  run_t r = {.ctx = ctx, .settings = settings};
  int lock;
  ecd_code_t code = ecd_folder_take(ctx, settings->output, &lock, err);
  if (code == ECD_OK) code = load(&r, err);
  if (code == ECD_OK) code = resume(&r, err);
  if (code == ECD_OK) code = train(&r, err);
  if (code == ECD_OK) code = ecd_agree(ctx->world, predict(&r, err), err);
  if (code == ECD_OK) code = write_files(&r, err);
  ecd_forest_destroy(&r.forest);
  ecd_dataset_close(&r.dataset);
  void *owned[] = {r.sample,      r.formula, r.id,      r.split, r.target, r.predicted,
                   r.uncertainty, r.row_of,  r.feature, r.value, r.spread};
  for (size_t i = 0; i < sizeof owned / sizeof *owned; ++i) free(owned[i]);
  ecd_folder_leave(settings->output, &lock);
  return code;
}

/* ---- Prediction ---- */

static ecd_code_t tabular_open(const ecd_model_file_t *model, void **state, ecd_error_t *err) {
  const ecd_model_forest_t *f = &model->forest;
  const ecd_forest_arrays_t arrays = {f->trees, f->nodes, f->width,     f->offset, f->feature,
                                      f->left,  f->right, f->threshold, f->value,  f->importance};
  if (f->width != model->features)
    return ecd_fail(err, ECD_DATA, "expected a random forest of its %zu features, found %zu",
                    model->features, f->width);
  return ecd_forest_create(&arrays, (ecd_forest_t **)state, err);
}

static ecd_code_t tabular_predict(const void *state, int threads, size_t count,
                                  const double *feature, double *predicted, double *uncertainty,
                                  ecd_error_t *err) {
  const ecd_forest_t *forest = state;
  const ecd_samples_t samples = {
      .count = count, .width = ecd_forest_arrays(forest).width, .feature = feature};
  return ecd_forest_predict(forest, threads, &samples, predicted, uncertainty, err);
}

static void tabular_close(void *state) {
  ecd_forest_t *forest = state;
  ecd_forest_destroy(&forest);
}

const ecd_tabular_t ecd_forest_tabular = {
    .kind = ECD_MODEL_RF, .open = tabular_open, .predict = tabular_predict, .close = tabular_close};
