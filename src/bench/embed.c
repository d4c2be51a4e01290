#include "bench/embed_private.h"

#include "base/file.h"
#include "base/log.h"
#include "bench/features.h"
#include "bench/quality.h"
#include "chem/magpie.h"
#include "train/folder.h"
#include "train/input.h"
#include "train/split.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { KEPT = 50 }; /* components whose scores are stored */

/* ---- Samples ---- */

static size_t columns_of(const ecd_settings_t *s) {
  return s->data.features == ECD_FEATURES_MAGPIE145 ? ECD_MAGPIE_ALL : ECD_MAGPIE_STATISTICS;
}

/* Those of all[count] that are mapped, into the lists of e: what trains or is held out, and where
   asked for what has no target. */
static void choose_samples(ecd_embed_t *e, size_t count, const int8_t *split,
                           const double *target) {
  for (size_t i = 0; i < count; ++i) {
    const bool unlabelled = isnan(target[i]) && e->settings->embed.unlabelled;
    if (split[i] == ECD_UNUSED && !unlabelled) continue;
    e->row[e->samples] = i;
    e->sample[e->samples] = ecd_dataset_sample(e->dataset, i);
    e->split[e->samples++] = split[i] == ECD_VALIDATION ? ECD_TRAIN : split[i];
  }
}

/* Features of the mapped samples must be known; those of others need not. */
static ecd_code_t check_features(const ecd_embed_t *e, size_t count, int8_t *mapped,
                                 ecd_error_t *err) {
  if (e->settings->embed.input == ECD_EMBED_VOLUME) return ECD_OK;
  for (size_t i = 0; i < count; ++i) mapped[i] = ECD_UNUSED;
  for (size_t i = 0; i < e->samples; ++i) mapped[e->row[i]] = ECD_TRAIN;
  const ecd_net_needs_t needs = {.features = columns_of(e->settings)};
  return ecd_input_check(e->dataset, mapped, &needs, err);
}

static ecd_code_t split_samples(ecd_embed_t *e, size_t count, const char **id, const char **formula,
                                double *target, int8_t *split, ecd_error_t *err) {
  const ecd_settings_t *s = e->settings;
  for (size_t i = 0; i < count; ++i) {
    const ecd_sample_t *sample = ecd_dataset_sample(e->dataset, i);
    id[i] = sample->id;
    formula[i] = sample->formula;
    target[i] = ecd_sample_target(sample, s->data.target);
  }
  ECD_TRY(ecd_split_make(&s->data, s->seed, count, id, formula, target, split, err));
  choose_samples(e, count, split, target);
  ECD_TRY(check_features(e, count, split, err));
  return ecd_sets_make(s->embed.element, (size_t)s->embed.element_least, e->sample, e->split,
                       e->samples, &e->sets, err);
}

static ecd_code_t list_samples(ecd_embed_t *e, ecd_error_t *err) {
  const size_t count = ecd_dataset_size(e->dataset);
  const char **id = NULL, **formula = NULL;
  double *target = NULL;
  int8_t *split = NULL;
  ecd_code_t code = ecd_alloc((void **)&e->row, count, sizeof *e->row, "samples", err);
  if (code == ECD_OK)
    code = ecd_alloc((void **)&e->sample, count, sizeof *e->sample, "samples", err);
  if (code == ECD_OK) code = ecd_alloc((void **)&e->split, count, sizeof *e->split, "samples", err);
  if (code == ECD_OK) code = ecd_alloc((void **)&id, count, sizeof *id, "samples", err);
  if (code == ECD_OK) code = ecd_alloc((void **)&formula, count, sizeof *formula, "samples", err);
  if (code == ECD_OK) code = ecd_alloc((void **)&target, count, sizeof *target, "samples", err);
  if (code == ECD_OK) code = ecd_alloc((void **)&split, count, sizeof *split, "samples", err);
  if (code == ECD_OK) code = split_samples(e, count, id, formula, target, split, err);
  free(id);
  free(formula);
  free(target);
  free(split);
  return code;
}

/* What must hold between settings and samples, before anything is computed. */
static ecd_code_t check_numbers(const ecd_embed_t *e, ecd_error_t *err) {
  const ecd_embed_settings_t *s = &e->settings->embed;
  size_t labelled = 0;
  for (size_t i = 0; i < e->samples; ++i) labelled += e->split[i] != ECD_UNUSED;
  if (!(s->perplexity < (double)e->samples - 1))
    return ecd_fail(err, ECD_USAGE,
                    "embed.perplexity: expected less than the %zu samples less 1 (a third of them "
                    "at most is usual), found %g",
                    e->samples, s->perplexity);
  if (s->components == 1)
    return ecd_fail(err, ECD_USAGE, "embed.components: expected 0, or 2 at least, found 1");
  if (2 * s->neighbors >= (int64_t)labelled)
    return ecd_fail(err, ECD_USAGE,
                    "embed.neighbors: expected less than half of the %zu samples, found %lld",
                    labelled, (long long)s->neighbors);
  for (size_t k = 0; k < e->sets.count; ++k)
    if (e->sets.set[k].test == 0)
      ecd_warn(e->ctx, "no sample is held out (data.split): no test samples, no mixing");
  return ECD_OK;
}

static ecd_code_t load(ecd_embed_t *e, ecd_error_t *err) {
  char path[ECD_PATH_MAX];
  ECD_TRY(ecd_dataset_locate(e->settings, path, err));
  if (ecd_dataset_open(e->ctx, path, &e->dataset, err) != ECD_OK)
    return ecd_fail_in(err, "data.file");
  ECD_TRY(ecd_agree(e->ctx->world, list_samples(e, err), err));
  ECD_TRY(check_numbers(e, err));
  ecd_log(e->ctx, "%zu of %zu samples of %s", e->samples, ecd_dataset_size(e->dataset),
          ecd_dataset_path(e->dataset));
  return ECD_OK;
}

/* ---- One map ---- */

static ecd_code_t make_input(ecd_embed_t *e, ecd_embed_map_t *m, bool volume, ecd_error_t *err) {
  const ecd_settings_t *s = e->settings;
  if (volume)
    return ecd_features_pooled(e->ctx, e->dataset, e->row, e->samples, (size_t)s->embed.pool,
                               s->data.transform, &m->input, err);
  const ecd_code_t code = ecd_features_magpie(e->dataset, e->row, e->samples, columns_of(s),
                                              s->data.standardize_input, &m->input, err);
  return ecd_agree(e->ctx->world, code, err);
}

static ecd_code_t make_pca(const ecd_embed_t *e, ecd_embed_map_t *m, ecd_error_t *err) {
  ECD_TRY(ecd_pca_create(e->ctx->world, &m->input, &m->pca, err));
  const size_t asked = (size_t)e->settings->embed.components, have = m->pca->components,
               most = asked > KEPT ? asked : KEPT;
  if (have < 2)
    return ecd_fail(err, ECD_DATA, "the samples differ in one direction only: nothing to map");
  if (asked > have)
    return ecd_fail(err, ECD_USAGE,
                    "embed.components: expected at most %zu, the directions in which the samples "
                    "differ, found %zu",
                    have, asked);
  ECD_TRY(ecd_agree(e->ctx->world,
                    ecd_points_allocate(e->samples, most < have ? most : have, &m->scores, err),
                    err));
  ecd_pca_project(m->pca, &m->input, e->ctx->threads, &m->scores);
  return ECD_OK;
}

/* The start of a try: that of the deck, then near it, or another random one. */
static void start_map(const ecd_embed_t *e, const ecd_points_t *first, int64_t number,
                      double *map) {
  const bool pca = e->settings->embed.start == ECD_START_PCA;
  const double deviation = ecd_tsne_start_deviation * (pca ? 0.01 : 1);
  for (size_t i = 0; i < 2 * e->samples; ++i) map[i] = 0;
  if (pca) ecd_tsne_start_from(first, map);
  if (!pca || number > 0)
    ecd_tsne_add_random(e->samples, (uint64_t)e->settings->seed, (uint32_t)number, deviation, map);
}

/* The best of all tries. map: room for one. */
static ecd_code_t try_maps(const ecd_embed_t *e, const ecd_affinity_t *affinity,
                           const ecd_points_t *first, double *map, ecd_embed_map_t *m,
                           ecd_error_t *err) {
  const ecd_embed_settings_t *s = &e->settings->embed;
  const ecd_tsne_options_t options = {s->exaggeration, s->learning_rate, s->iterations};
  for (int64_t k = 0; k < s->tries; ++k) {
    ecd_tsne_result_t result;
    start_map(e, first, k, map);
    ECD_TRY(ecd_tsne_run(e->ctx, &options, affinity, map, &result, err));
    m->kl[k] = result.kl;
    if (k > 0 && result.kl >= m->tsne.kl) continue;
    m->tsne = result;
    memcpy(m->map.value, map, 2 * e->samples * sizeof *map);
  }
  return ECD_OK;
}

static ecd_code_t make_map(const ecd_embed_t *e, ecd_embed_map_t *m, ecd_error_t *err) {
  const ecd_embed_settings_t *s = &e->settings->embed;
  const size_t width = s->components > 2 ? (size_t)s->components : 2;
  ecd_points_t first = {0};
  ecd_affinity_t *affinity = NULL;
  double *map = NULL, start = ecd_now();
  ecd_code_t code = ecd_points_allocate(e->samples, 2, &m->map, err);
  if (code == ECD_OK) code = ecd_pca_cut(&m->scores, width, &first, err);
  if (code == ECD_OK)
    code = ecd_alloc((void **)&m->kl, (size_t)s->tries, sizeof *m->kl, "divergences", err);
  if (code == ECD_OK) code = ecd_alloc((void **)&map, 2 * e->samples, sizeof *map, "map", err);
  code = ecd_agree(e->ctx->world, code, err);
  if (code == ECD_OK)
    code = ecd_affinity_create(e->ctx, s->components > 0 ? &first : &m->input, s->perplexity,
                               &affinity, err);
  m->affinity_seconds = ecd_now() - start;
  start = ecd_now();
  if (code == ECD_OK) {
    m->uneven = affinity->uneven;
    code = try_maps(e, affinity, &first, map, m, err);
  }
  m->descent_seconds = ecd_now() - start;
  ecd_affinity_destroy(&affinity);
  ecd_points_clear(&first);
  free(map);
  return code;
}

/* Mixing of all sets in one space. neighbor: room for (samples, k). */
static ecd_code_t mix(const ecd_embed_t *e, const ecd_points_t *points, const bool *labelled,
                      int32_t *neighbor, double *mixing, ecd_error_t *err) {
  const size_t k = (size_t)e->settings->embed.neighbors;
  ECD_TRY(ecd_neighbors_nearest(e->ctx, points, labelled, k, neighbor, err));
  for (size_t set = 0; set < e->sets.count; ++set)
    mixing[set] = ecd_mixing(e->samples, neighbor, k, e->sets.set[set].split);
  return ECD_OK;
}

static ecd_code_t judge(const ecd_embed_t *e, ecd_embed_map_t *m, ecd_error_t *err) {
  const size_t n = e->samples, k = (size_t)e->settings->embed.neighbors;
  int32_t *neighbor = NULL;
  bool *labelled = NULL;
  ecd_code_t code = ecd_alloc((void **)&neighbor, n * k, sizeof *neighbor, "neighbours", err);
  if (code == ECD_OK) code = ecd_alloc((void **)&labelled, n, sizeof *labelled, "samples", err);
  if (code == ECD_OK)
    code = ecd_alloc((void **)&m->input_mixing, e->sets.count, sizeof(double), "mixing", err);
  if (code == ECD_OK)
    code = ecd_alloc((void **)&m->map_mixing, e->sets.count, sizeof(double), "mixing", err);
  code = ecd_agree(e->ctx->world, code, err);
  for (size_t i = 0; code == ECD_OK && i < n; ++i) labelled[i] = e->split[i] != ECD_UNUSED;
  if (code == ECD_OK) code = ecd_neighbors_nearest(e->ctx, &m->map, NULL, k, neighbor, err);
  if (code == ECD_OK)
    code = ecd_trustworthiness(e->ctx, &m->input, neighbor, k, &m->trustworthiness, err);
  if (code == ECD_OK) code = mix(e, &m->input, labelled, neighbor, m->input_mixing, err);
  if (code == ECD_OK) code = mix(e, &m->map, labelled, neighbor, m->map_mixing, err);
  free(neighbor);
  free(labelled);
  return code;
}

static double explained(const ecd_pca_t *pca, size_t components) {
  double sum = 0;
  for (size_t k = 0; k < components && k < pca->components; ++k) sum += pca->variance[k];
  return 100 * sum / pca->total;
}

static void report(const ecd_embed_t *e, const ecd_embed_map_t *m) {
  const ecd_embed_settings_t *s = &e->settings->embed;
  ecd_log(e->ctx, "%s: %zu features; PCA: 2, 10, 50 components explain %.1f, %.1f, %.1f %%",
          m->name, m->input.width, explained(m->pca, 2), explained(m->pca, 10),
          explained(m->pca, 50));
  if (m->uneven > 0)
    ecd_warn(e->ctx,
             "%s: %zu samples coincide with so many others that perplexity %g cannot be had",
             m->name, m->uneven, s->perplexity);
  ecd_log(e->ctx,
          "%s: t-SNE, perplexity %g, best of %lld tries: KL %.4f, trustworthiness %.4f (k = %lld), "
          "%.3g s",
          m->name, s->perplexity, (long long)s->tries, m->tsne.kl, m->trustworthiness,
          (long long)s->neighbors, m->affinity_seconds + m->descent_seconds);
  for (size_t k = 0; k < e->sets.count; ++k) {
    const ecd_set_t *set = &e->sets.set[k];
    if (set->test == 0) continue;
    ecd_log(e->ctx,
            "%s: %-5s %4zu train, %4zu test: mixing %.3f in the input, %.3f in the map, %.3f at "
            "random",
            m->name, set->name, set->train, set->test, m->input_mixing[k], m->map_mixing[k],
            ecd_mixing_random(e->samples, set->split));
  }
}

static ecd_code_t embed(ecd_embed_t *e, bool volume, ecd_error_t *err) {
  ecd_embed_map_t *m = &e->map[e->maps++];
  m->name = volume ? "volume" : "magpie";
  double start = ecd_now();
  ecd_code_t code = make_input(e, m, volume, err);
  m->load_seconds = ecd_now() - start;
  start = ecd_now();
  if (code == ECD_OK) code = make_pca(e, m, err);
  m->pca_seconds = ecd_now() - start;
  if (code == ECD_OK) code = make_map(e, m, err);
  start = ecd_now();
  if (code == ECD_OK) code = judge(e, m, err);
  m->quality_seconds = ecd_now() - start;
  if (code != ECD_OK) return ecd_fail_in(err, "%s", m->name);
  report(e, m);
  return ECD_OK;
}

/* ---- All ---- */

static ecd_code_t write_files(ecd_embed_t *e, const char *folder, ecd_error_t *err) {
  const ecd_code_t code = e->ctx->rank == 0 ? ecd_embed_write(e, folder, err) : ECD_OK;
  return ecd_agree(e->ctx->world, code, err);
}

static void clear(ecd_embed_t *e) {
  for (int k = 0; k < e->maps; ++k) {
    ecd_points_clear(&e->map[k].input);
    ecd_pca_destroy(&e->map[k].pca);
    ecd_points_clear(&e->map[k].scores);
    ecd_points_clear(&e->map[k].map);
    free(e->map[k].kl);
    free(e->map[k].input_mixing);
    free(e->map[k].map_mixing);
  }
  ecd_sets_clear(&e->sets);
  free(e->row);
  free(e->sample);
  free(e->split);
  ecd_dataset_close(&e->dataset);
}

ecd_code_t ecd_embed_run(const ecd_context_t *ctx, const ecd_settings_t *settings,
                         ecd_error_t *err) {
  const double start = ecd_now();
  ecd_embed_t e = {.ctx = ctx, .settings = settings};
  const ecd_embed_input_t input = settings->embed.input;
  char folder[ECD_PATH_MAX];
  ECD_TRY(ecd_path_join(folder, settings->output, "embed", err));
  int lock;
  ECD_TRY(ecd_folder_take(ctx, folder, &lock, err));
  ecd_code_t code = load(&e, err);
  if (code == ECD_OK && input != ECD_EMBED_VOLUME) code = embed(&e, false, err);
  if (code == ECD_OK && input != ECD_EMBED_MAGPIE) code = embed(&e, true, err);
  e.seconds = ecd_now() - start;
  if (code == ECD_OK) code = write_files(&e, folder, err);
  if (code == ECD_OK) ecd_log(ctx, "%s/embedding.csv and others in %.3g s", folder, e.seconds);
  clear(&e);
  ecd_folder_leave(folder, &lock);
  return code;
}
