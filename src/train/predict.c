#include "train/predict_private.h"

#include "base/file.h"
#include "base/log.h"
#include "base/table.h"
#include "deck/deck.h"
#include "train/folder.h"
#include "train/graphs.h"
#include "train/inference.h"
#include "train/maps.h"
#include "train/metrics.h"
#include "train/split.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int by_id(const void *a, const void *b) {
  return strcmp(((const ecd_known_t *)a)->id, ((const ecd_known_t *)b)->id);
}

/* The part that a material had in the model's training. */
static int8_t part_of(const ecd_predictor_t *p, const char *id) {
  const ecd_known_t key = {.id = id};
  const ecd_known_t *found = bsearch(&key, p->known, p->model.samples, sizeof *p->known, by_id);
  return found != NULL ? found->split : ECD_UNUSED;
}

static ecd_code_t grow(ecd_predictor_t *p, ecd_error_t *err) {
  const size_t room = p->room > 0 ? 2 * p->room : 256;
  void *sample = realloc(p->sample, room * sizeof *p->sample);
  if (sample != NULL) p->sample = sample;
  void *target = realloc(p->target, room * sizeof *p->target);
  if (target != NULL) p->target = target;
  void *predicted = realloc(p->predicted, room * sizeof *p->predicted);
  if (predicted != NULL) p->predicted = predicted;
  void *split = realloc(p->split, room * sizeof *p->split);
  if (split != NULL) p->split = split;
  void *uncertainty = realloc(p->uncertainty, room * sizeof *p->uncertainty);
  if (uncertainty != NULL) p->uncertainty = uncertainty;
  if (sample == NULL || target == NULL || predicted == NULL || split == NULL || uncertainty == NULL)
    return ecd_fail(err, ECD_FAILED, "out of memory: predictions");
  p->room = room;
  return ECD_OK;
}

static int by_text(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The materials that predict.ids names, sorted. */
static ecd_code_t read_wanted(ecd_predictor_t *p, ecd_error_t *err) {
  const char *path = p->settings->predict.ids;
  ecd_table_t *table;
  if (path[0] == '\0') return ECD_OK;
  if (ecd_table_read(path, &table, err) != ECD_OK) return ecd_fail_in(err, "predict.ids");
  const int id = ecd_table_column(table, "id");
  const size_t rows = ecd_table_rows(table);
  ecd_code_t code = id >= 0 ? ECD_OK : ecd_fail(err, ECD_DATA, "%s:1: expected a column id", path);
  if (code == ECD_OK)
    code = ecd_alloc((void **)&p->wanted, rows + 1, sizeof *p->wanted, "ids", err);
  for (size_t row = 0; code == ECD_OK && row < rows; ++row) {
    p->wanted[row] = strdup(ecd_table_text(table, row, id));
    if (p->wanted[row] == NULL) code = ecd_fail(err, ECD_FAILED, "out of memory: ids");
    if (code == ECD_OK) ++p->wanted_count;
  }
  if (p->wanted != NULL) qsort(p->wanted, p->wanted_count, sizeof *p->wanted, by_text);
  ecd_table_destroy(&table);
  return code;
}

bool ecd_predictor_wants(ecd_predictor_t *p, const char *id) {
  static const int8_t parts[] = {[ECD_PART_TRAIN] = ECD_TRAIN,
                                 [ECD_PART_TEST] = ECD_TEST,
                                 [ECD_PART_NONE] = ECD_UNUSED,
                                 [ECD_PART_VALIDATION] = ECD_VALIDATION};
  const ecd_part_t wanted = p->settings->predict.part;
  const bool listed = p->wanted == NULL ||
                      bsearch(&id, p->wanted, p->wanted_count, sizeof *p->wanted, by_text) != NULL;
  const bool picked = listed && (wanted == ECD_PART_ALL || parts[wanted] == part_of(p, id));
  return p->named_count == 0 ? picked : ecd_maps_names(p, id, picked);
}

ecd_code_t ecd_predictor_add(ecd_predictor_t *p, const ecd_sample_t *sample, ecd_error_t *err) {
  if (p->count == p->room) ECD_TRY(grow(p, err));
  p->sample[p->count] = sample;
  p->target[p->count] = ecd_sample_target(sample, p->model.target);
  p->split[p->count] = part_of(p, sample->id);
  p->uncertainty[p->count] = NAN;
  p->predicted[p->count++] = NAN;
  return ECD_OK;
}

ecd_code_t ecd_predictor_takes(const ecd_predictor_t *p, const ecd_sample_t *sample,
                               const double *feature, bool *takes, ecd_error_t *err) {
  const char *path = sample->path != NULL ? sample->path : "";
  ecd_error_t why;
  const bool known = ecd_features_known(feature, p->scaling.features);
  *takes = known && (p->state != NULL || p->needs.neighbors == 0 ||
                     ecd_graph_possible(&sample->crystal, &why) == ECD_OK);
  if (*takes) return ECD_OK;
  if (!known) {
    ecd_fail(&why, ECD_DATA, "its features are not numbers");
    ecd_magpie_complete(sample->formula, &why);
  }
  if (path[0] != '\0') ecd_fail_in(&why, "%s", path);
  ecd_fail_in(&why, "sample '%s' lacks features that the model needs", sample->id);
  if (p->settings->prep.on_error != ECD_ON_ERROR_SKIP)
    return ecd_fail(err, ECD_DATA, "%s; prep.on_error: skip leaves it out", why.text);
  ecd_log(p->ctx, "left out: %s", why.text);
  return ECD_OK;
}

ecd_code_t ecd_predictor_prepare(ecd_predictor_t *p, const ecd_sample_t *sample,
                                 const double *feature, size_t slot, const float **input,
                                 ecd_error_t *err) {
  const size_t features = p->scaling.features;
  if (!ecd_volume_finite(p->points, p->raw))
    return ecd_fail(err, ECD_DATA, "the volume of sample '%s' holds values that are not finite",
                    sample->id);
  if (p->state != NULL) {
    memcpy(p->row + slot * features, feature, features * sizeof *feature);
    return ECD_OK;
  }
  ecd_graph_t graph = {0};
  size_t fewest;
  if (p->needs.neighbors > 0 &&
      ecd_graph_make(&sample->crystal, &p->needs, &graph, &fewest, err) != ECD_OK)
    return ecd_fail_in(err, "sample '%s'", sample->id);
  if (p->needs.neighbors > 0) p->few += fewest < p->needs.neighbors;
  float *out = p->slot + slot * ecd_net_input_size(p->net);
  ecd_scaling_transform(p->scaling.transform, p->points, p->raw);
  ecd_scaling_standardize(&p->scaling, p->points, p->raw);
  ecd_input_prepare(p->net, &p->scaling, p->raw, feature, &graph, out);
  ecd_graph_clear(&graph);
  *input = out;
  return ECD_OK;
}

static ecd_code_t make_slots(ecd_predictor_t *p, ecd_error_t *err) {
  free(p->slot);
  return ecd_alloc((void **)&p->slot, ECD_INFERENCE_BLOCK * ecd_net_input_size(p->net),
                   sizeof *p->slot, "inputs of a block", err);
}

ecd_code_t ecd_predictor_reserve(ecd_predictor_t *p, size_t first, ecd_error_t *err) {
  size_t most = 1;
  if (p->state != NULL || p->needs.neighbors == 0) return ECD_OK;
  for (size_t i = first; i < p->count; ++i)
    if (p->sample[i]->crystal.sites > most) most = p->sample[i]->crystal.sites;
  ECD_TRY(ecd_net_reserve(p->net, most, ECD_INFERENCE_BLOCK * most, err));
  return make_slots(p, err);
}

static ecd_code_t make_network(ecd_predictor_t *p, ecd_error_t *err) {
  const ecd_model_file_t *m = &p->model;
  const ecd_backend_t *backend;
  ECD_TRY(ecd_backend_get(p->settings->backend, &backend, err));
  ECD_TRY(
      ecd_net_create(&m->model, m->preparation.grid, ECD_INFERENCE_BLOCK, backend, &p->net, err));
  bool same = ecd_net_state_count(p->net) == m->parameters &&
              ecd_net_state_tensor_count(p->net) == m->tensors;
  for (size_t i = 0; same && i < m->tensors; ++i)
    same = ecd_net_tensor(p->net, i)->offset == m->tensor_offset[i] &&
           strcmp(ecd_net_tensor(p->net, i)->name, m->tensor_name[i]) == 0;
  if (!same)
    return ecd_fail(err, ECD_DATA,
                    "%s: its %zu parameters are not those of the network in its deck",
                    p->model_path, m->parameters);
  p->needs = ecd_net_needs(p->net);
  if (m->features != p->needs.features)
    return ecd_fail(err, ECD_DATA, "%s: expected statistics of %zu features, found %zu",
                    p->model_path, p->needs.features, m->features);
  p->scaling = ecd_scaling_none(m->transform, m->features);
  p->scaling.mean = m->input_mean;
  p->scaling.deviation = m->input_deviation;
  memcpy(p->scaling.feature_mean, m->feature_mean, sizeof m->feature_mean);
  memcpy(p->scaling.feature_deviation, m->feature_deviation, sizeof m->feature_deviation);
  const size_t n = (size_t)m->preparation.grid;
  p->points = p->needs.volume ? n * n * n : 0;
  ECD_TRY(ecd_alloc((void **)&p->raw, p->points, sizeof *p->raw, "volume", err));
  return make_slots(p, err);
}

static ecd_code_t make_model(ecd_predictor_t *p, ecd_error_t *err) {
  const ecd_model_file_t *m = &p->model;
  ECD_TRY(m->model.kind == p->tabular->kind ? ecd_predictor_open_tabular(p, err)
                                            : make_network(p, err));
  ECD_TRY(ecd_alloc((void **)&p->known, m->samples, sizeof *p->known, "ids", err));
  for (size_t i = 0; i < m->samples; ++i) p->known[i] = (ecd_known_t){m->id[i], m->split[i]};
  if (m->samples > 0) qsort(p->known, m->samples, sizeof *p->known, by_id);
  return ECD_OK;
}

static ecd_code_t open_model(ecd_predictor_t *p, ecd_error_t *err) {
  const ecd_settings_t *s = p->settings;
  const bool named = s->predict.model[0] != '\0';
  ECD_TRY(ecd_path_join(p->model_path, named ? "" : s->output,
                        named ? s->predict.model : "model.h5", err));
  if (ecd_model_file_read(p->ctx, p->model_path, &p->model, err) != ECD_OK)
    return ecd_fail_in(err, "predict.model");
  if (p->what == ECD_PREDICT_MAPS) ECD_TRY(ecd_agree(p->ctx->world, ecd_maps_prepare(p, err), err));
  return ecd_agree(p->ctx->world, make_model(p, err), err);
}

/* deck.yaml says what was predicted, and with what: this run's deck with the words and the model's
   network, data and volumes. Rank 0, before the work, so that a folder that cannot be written is found at once. */
static ecd_code_t write_deck(const ecd_predictor_t *p, const char *folder, int words,
                             char *const *word, bool dataset, ecd_error_t *err) {
  ecd_settings_t effective = *p->settings;
  effective.model = p->model.model;
  effective.data.target = p->model.target;
  effective.data.transform = p->model.transform;
  effective.data.features =
      p->model.features == ECD_MAGPIE_ALL ? ECD_FEATURES_MAGPIE145 : ECD_FEATURES_MAGPIE132;
  ecd_preparation_to_deck(&p->model.preparation, &effective.prep);
  /* Several files have no place in a deck. */
  if (dataset) effective.data.file = word[0];
  effective.predict.files = (char *)(dataset || words > 1 ? "" : word[0]);
  effective.predict.model = (char *)p->model_path;
  return ecd_folder_write_deck(folder, &effective, err);
}

typedef struct {
  ecd_predictor_t *predictor;
  ecd_dataset_t *dataset;
  size_t *index; /* [chosen], into the dataset */
} feed_t;

static ecd_code_t feed(size_t first, size_t count, const float **input, void *arg,
                       ecd_error_t *err) {
  const feed_t *f = arg;
  for (size_t k = 0; k < count; ++k) {
    const size_t i = f->index[first + k];
    if (f->predictor->needs.volume)
      ECD_TRY(ecd_dataset_read_volume(f->dataset, i, f->predictor->raw, err));
    ECD_TRY(ecd_predictor_prepare(f->predictor, ecd_dataset_sample(f->dataset, i),
                                  ecd_dataset_features(f->dataset, i), k, &input[k], err));
  }
  return ECD_OK;
}

static ecd_code_t choose(ecd_predictor_t *p, const ecd_dataset_t *dataset, size_t *index,
                         ecd_error_t *err) {
  size_t left_out = 0;
  for (size_t i = 0; i < ecd_dataset_size(dataset); ++i) {
    const ecd_sample_t *sample = ecd_dataset_sample(dataset, i);
    bool takes;
    if (!ecd_predictor_wants(p, sample->id)) continue;
    ECD_TRY(ecd_predictor_takes(p, sample, ecd_dataset_features(dataset, i), &takes, err));
    left_out += !takes;
    if (!takes) continue;
    index[p->count] = i;
    ECD_TRY(ecd_predictor_add(p, sample, err));
  }
  ECD_TRY(ecd_maps_check_named(p, ecd_dataset_path(dataset), err));
  if (p->count == 0 && left_out > 0)
    return ecd_fail(err, ECD_DATA, "%s: all %zu samples lack features, see above",
                    ecd_dataset_path(dataset), left_out);
  return ECD_OK;
}

ecd_code_t ecd_predictor_none(const ecd_predictor_t *p, const char *where, ecd_error_t *err) {
  static const char *const parts[] = {"all", "train", "test", "none", "validation"};
  if (p->wanted != NULL)
    return ecd_fail(err, ECD_DATA,
                    "%s: of the %zu materials in %s none is there with predict.split %s", where,
                    p->wanted_count, p->settings->predict.ids, parts[p->settings->predict.part]);
  return ecd_fail(err, ECD_DATA, "%s: predict.split is %s, but no sample had that part in %s",
                  where, parts[p->settings->predict.part], p->model_path);
}

/* Volumes are read block by block: the dataset may be larger than memory. */
static ecd_code_t predict_dataset(ecd_predictor_t *p, ecd_dataset_t *dataset, ecd_error_t *err) {
  const char *path = ecd_dataset_path(dataset);
  feed_t f = {p, dataset, NULL};
  ecd_code_t code = ECD_OK;
  if (p->needs.volume)
    code = ecd_preparation_match(ecd_dataset_preparation(dataset), path, &p->model.preparation,
                                 p->model_path, err);
  if (code == ECD_OK)
    code = ecd_alloc((void **)&f.index, ecd_dataset_size(dataset), sizeof *f.index, "samples", err);
  if (code == ECD_OK) code = choose(p, dataset, f.index, err);
  if (code == ECD_OK && p->count == 0) code = ecd_predictor_none(p, path, err);
  if (code == ECD_OK) code = ecd_predictor_reserve(p, 0, err);
  code = ecd_agree(p->ctx->world, code, err);
  if (code == ECD_OK) code = ecd_predictor_infer(p, 0, p->count, feed, &f, err);
  free(f.index);
  return code;
}

/* As training warns. Collective. */
static ecd_code_t warn_of_few(const ecd_predictor_t *p, ecd_error_t *err) {
  unsigned long few = p->few;
  ECD_MPI(MPI_Allreduce(MPI_IN_PLACE, &few, 1, MPI_UNSIGNED_LONG, MPI_SUM, p->ctx->world));
  const size_t members = p->model.members > 0 ? p->model.members : 1;
  ecd_graph_warn_of_few(p->ctx, &p->needs, (size_t)few / members, NULL);
  return ECD_OK;
}

ecd_code_t ecd_predictor_write(const ecd_predictor_t *p, const char *folder, ecd_error_t *err) {
  const char *target = ecd_target_names[p->model.target];
  ECD_TRY(warn_of_few(p, err));
  if (p->what == ECD_PREDICT_MAPS) return ecd_maps_write(p, folder, err);
  ECD_TRY(ecd_results_write(p->ctx, folder, target, p->sample, p->count, p->target, p->predicted,
                            p->state != NULL || p->model.members > 1 ? p->uncertainty : NULL,
                            p->split, err));
  static const int8_t parts[] = {ECD_TRAIN, ECD_VALIDATION, ECD_TEST, ECD_UNUSED};
  for (size_t i = 0; i < sizeof parts; ++i) {
    const ecd_metrics_t m =
        ecd_metrics_compute(p->count, p->target, p->predicted, p->split, parts[i]);
    if (m.n > 0)
      ecd_log(p->ctx, "%-5s %zu samples, R2 %.4f, RMSE %.4g GPa, MAE %.4g GPa",
              ecd_split_name(parts[i]), m.n, m.r2, m.rmse, m.mae);
  }
  ecd_log(p->ctx, "%zu predictions of the %s modulus in %s/predictions.csv", p->count, target,
          folder);
  return ECD_OK;
}

void ecd_predictor_print(const ecd_predictor_t *p) {
  const char *target = ecd_target_names[p->model.target];
  if (p->ctx->rank != 0 || p->what == ECD_PREDICT_MAPS) return;
  int width = 2;
  for (size_t i = 0; i < p->count; ++i)
    if ((int)strlen(p->sample[i]->id) > width) width = (int)strlen(p->sample[i]->id);
  printf("%-*s  %-12s  %s modulus (GPa)\n", width, "id", "formula", target);
  for (size_t i = 0; i < p->count; ++i)
    printf("%-*s  %-12s  %.2f\n", width, p->sample[i]->id, p->sample[i]->formula, p->predicted[i]);
  fflush(stdout);
}

static ecd_code_t from_dataset(ecd_predictor_t *p, const char *path, const char *folder,
                               ecd_error_t *err) {
  ecd_dataset_t *dataset;
  ECD_TRY(ecd_dataset_open(p->ctx, path, &dataset, err));
  ecd_code_t code = predict_dataset(p, dataset, err);
  if (code == ECD_OK) code = ecd_predictor_write(p, folder, err);
  ecd_dataset_close(&dataset);
  return code;
}

static bool ends_with(const char *text, const char *end) {
  const size_t length = strlen(text), tail = strlen(end);
  return length >= tail && strcmp(text + length - tail, end) == 0;
}

/* By its name, or by how it begins. */
static bool is_dataset(const char *path) {
  char head[8] = "";
  if (ends_with(path, ".h5") || ends_with(path, ".hdf5")) return true;
  FILE *file = fopen(path, "rb");
  const bool whole = file != NULL && fread(head, 1, sizeof head, file) == sizeof head;
  if (file != NULL) fclose(file);
  return whole && memcmp(head, "\211HDF\r\n\032\n", sizeof head) == 0;
}

/* Rank 0 looks: *dataset and *files are the same on all ranks. */
static ecd_code_t tell_kind(const ecd_context_t *ctx, int words, char *const *word, bool *dataset,
                            bool *files, ecd_error_t *err) {
  int seen[2] = {0, 0}; /* the word that is a dataset, from 1; words that look like files */
  for (int i = 0; ctx->rank == 0 && i < words; ++i) {
    if (is_dataset(word[i])) seen[0] = i + 1;
    seen[1] += ecd_file_exists(word[i]) || strpbrk(word[i], "/{") != NULL;
  }
  ECD_MPI(MPI_Bcast(seen, 2, MPI_INT, 0, ctx->world));
  const int found = seen[0];
  *dataset = found > 0;
  *files = seen[1] > 0;
  if (found > 0 && words > 1)
    return ecd_fail(err, ECD_USAGE,
                    "predict: expected one dataset, or charge files; found '%s' among %d names",
                    word[found - 1], words);
  return ECD_OK;
}

static ecd_code_t run(ecd_predictor_t *p, int words, char *const *word, ecd_error_t *err) {
  const ecd_settings_t *s = p->settings;
  char folder[ECD_PATH_MAX], standard[ECD_PATH_MAX], *one = standard;
  bool dataset, files;
  ECD_TRY(ecd_path_join(folder, s->output, p->what == ECD_PREDICT_MAPS ? "maps" : "predict", err));
  ECD_TRY(ecd_dataset_locate(s, standard, err));
  if (words == 0) {
    if (s->predict.files[0] != '\0') one = s->predict.files;
    word = &one;
    words = 1;
  }
  ECD_TRY(tell_kind(p->ctx, words, word, &dataset, &files, err));
  ECD_TRY(ecd_agree(p->ctx->world, read_wanted(p, err), err));
  ECD_TRY(open_model(p, err));
  const ecd_code_t code =
      p->ctx->rank == 0 ? write_deck(p, folder, words, word, dataset, err) : ECD_OK;
  ECD_TRY(ecd_agree(p->ctx->world, code, err));
  if (!dataset && !files && p->needs.neighbors > 0)
    return ecd_fail(
        err, ECD_USAGE,
        "predict: %s is a cgcnn, which takes crystals, not formulas; expected a dataset "
        "or charge files, found '%s'",
        p->model_path, word[0]);
  if (!dataset && !files && !p->needs.volume)
    return ecd_predict_formulas(p, (size_t)words, word, folder, err);
  return dataset ? from_dataset(p, word[0], folder, err)
                 : ecd_predict_files(p, (size_t)words, word, folder, err);
}

ecd_code_t ecd_predict_run(ecd_context_t *ctx, const ecd_settings_t *settings,
                           const ecd_tabular_t *tabular, ecd_predict_what_t what, int words,
                           char *const *word, ecd_error_t *err) {
  ecd_predictor_t p = {.ctx = ctx, .settings = settings, .tabular = tabular, .what = what};
  const ecd_code_t code = run(&p, words, word, err);
  ecd_model_file_clear(&p.model);
  ecd_net_destroy(&p.net);
  if (p.state != NULL) tabular->close(p.state);
  for (size_t i = 0; i < p.wanted_count; ++i) free(p.wanted[i]);
  void *owned[] = {p.known,     p.wanted, p.raw,         p.slot, p.row,   p.sample,    p.target,
                   p.predicted, p.split,  p.uncertainty, p.map,  p.named, p.named_text};
  for (size_t i = 0; i < sizeof owned / sizeof *owned; ++i) free(owned[i]);
  return code;
}
