#include "train/input.h"

#include "base/log.h"
#include "train/augment.h"
#include "train/graphs.h"
#include "train/signals.h"
#include "train/split.h"

#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool ecd_features_known(const double *feature, size_t columns) {
  for (size_t c = 0; c < columns; ++c)
    if (!isfinite(feature[c])) return false;
  return true;
}

bool ecd_input_known(const ecd_dataset_t *dataset, size_t i, const ecd_net_needs_t *needs,
                     ecd_error_t *why) {
  const ecd_sample_t *s = ecd_dataset_sample(dataset, i);
  if (!ecd_features_known(ecd_dataset_features(dataset, i), needs->features)) {
    ecd_fail(why, ECD_DATA, "its features are not numbers");
    ecd_magpie_complete(s->formula != NULL ? s->formula : "", why);
    return false;
  }
  return needs->neighbors == 0 || ecd_graph_possible(&s->crystal, why) == ECD_OK;
}

ecd_code_t ecd_input_check(const ecd_dataset_t *dataset, const int8_t *split,
                           const ecd_net_needs_t *needs, ecd_error_t *err) {
  char text[ECD_ERROR_TEXT - 400] = "";
  size_t bad = 0;
  for (size_t i = 0; i < ecd_dataset_size(dataset); ++i) {
    ecd_error_t why;
    if (split[i] < 0 || ecd_input_known(dataset, i, needs, &why)) continue;
    const size_t have = strlen(text);
    ++bad;
    if (sizeof text - have > 500)
      snprintf(text + have, sizeof text - have, "\n  %.80s: %.400s",
               ecd_dataset_sample(dataset, i)->id, why.text);
  }
  if (bad == 0) return ECD_OK;
  return ecd_fail(err, ECD_DATA,
                  "%s: %zu samples lack %s that the model needs; leave them out with "
                  "data.split: file (none):%s",
                  ecd_dataset_path(dataset), bad, needs->neighbors > 0 ? "a graph" : "features",
                  text);
}

void ecd_input_prepare(const ecd_net_t *net, const ecd_scaling_t *scaling, const float *volume,
                       const double *feature, const ecd_graph_t *graph, float *prepared) {
  float features[ECD_MAGPIE_ALL];
  const size_t columns = ecd_net_needs(net).features;
  for (size_t c = 0; c < columns; ++c)
    features[c] = (float)((feature[c] - scaling->feature_mean[c]) / scaling->feature_deviation[c]);
  const ecd_net_sample_t sample = {.volume = volume, .features = features, .graph = graph};
  ecd_net_prepare(net, &sample, prepared);
}

/* ---- Volumes of several trainings ---- */

const ecd_volumes_t *ecd_shared_volumes_find(const ecd_shared_volumes_t *shared,
                                             const ecd_dataset_t *dataset,
                                             ecd_transform_t transform) {
  const bool fits = shared != NULL && shared->transform == transform &&
                    strcmp(shared->path, ecd_dataset_path(dataset)) == 0;
  return fits ? shared->volumes : NULL;
}

typedef struct {
  ecd_transform_t transform;
  size_t points;
} transforming_t;

static void transform_one(size_t i, const float *raw, float *out, void *arg) {
  (void)i;
  const transforming_t *t = arg;
  if (ecd_signals_seen()) return;
  memcpy(out, raw, t->points * sizeof *out);
  ecd_scaling_transform(t->transform, t->points, out);
}

/* What was loaded after a signal is not whole. */
static ecd_code_t agree_unless_stopped(const ecd_context_t *ctx, ecd_code_t code,
                                       ecd_error_t *err) {
  if (code == ECD_OK && ecd_signals_seen())
    code = ecd_fail(err, ECD_STOPPED, "stopped by a signal while loading");
  return ecd_agree(ctx->world, code, err);
}

ecd_code_t ecd_shared_volumes_load(const ecd_context_t *ctx, ecd_dataset_t *dataset,
                                   ecd_transform_t transform, ecd_volumes_t **volumes,
                                   ecd_error_t *err) {
  const size_t n = (size_t)ecd_dataset_preparation(dataset)->grid;
  transforming_t t = {transform, n * n * n};
  const ecd_code_t code = ecd_volumes_load(ctx, dataset, ECD_MEMORY_SHARED, t.points, true,
                                           transform_one, &t, volumes, err);
  return agree_unless_stopped(ctx, code, err);
}

/* ---- Inputs ---- */

struct ecd_inputs {
  ecd_dataset_t *dataset;
  ecd_scaling_t scaling;
  const ecd_net_t *net;
  ecd_input_options_t options;
  size_t n, points;             /* of a volume; points: 0 where the network needs none */
  size_t size;                  /* of a prepared input */
  ecd_volumes_t *owned;         /* prepared inputs, or volumes */
  const ecd_volumes_t *volumes; /* where inputs are prepared when they are asked for */
  float *slot;                  /* (slots, size) */
  float *scratch;               /* (threads, points) */
};

/* ---- Loading ---- */

enum {
  FOUND_ALL,
  FOUND_FEW /* an atom has too few neighbours */,
  FOUND_NO_GRAPH,
  FOUND_NOT_FINITE
};

typedef struct {
  ecd_inputs_t *inputs;
  const ecd_volumes_t *shared;
  signed char *found; /* [samples]: what this rank found out of them */
  ecd_code_t code;    /* the first failure */
  ecd_error_t *err;
} loading_t;

static ecd_code_t make_graph(loading_t *l, size_t i, ecd_graph_t *graph) {
  const ecd_inputs_t *in = l->inputs;
  const ecd_net_needs_t needs = ecd_net_needs(in->net);
  const ecd_sample_t *sample = ecd_dataset_sample(in->dataset, i);
  size_t fewest;
  const ecd_code_t code = ecd_graph_make(&sample->crystal, &needs, graph, &fewest, l->err);
  if (code == ECD_OK)
    l->found[i] = fewest < needs.neighbors ? FOUND_FEW : FOUND_ALL;
  else if (code == ECD_DATA && in->options.split[i] == ECD_UNUSED)
    l->found[i] = FOUND_NO_GRAPH;
  else
    return ecd_fail_in(l->err, "%s: sample '%s'", ecd_dataset_path(in->dataset), sample->id);
  return ECD_OK;
}

static void check_volume(loading_t *l, size_t i, const float *volume) {
  if (!ecd_volume_finite(l->inputs->points, volume)) l->found[i] = FOUND_NOT_FINITE;
}

/* An ecd_prepare_fn. */
static void prepare_one(size_t i, const float *raw, float *out, void *arg) {
  loading_t *l = arg;
  ecd_inputs_t *in = l->inputs;
  ecd_graph_t graph = {0};
  if (ecd_signals_seen() || l->code != ECD_OK) return; /* the load ends sooner */
  if (!in->options.known[i]) {
    memset(out, 0, in->size * sizeof *out);
    return;
  }
  if (l->shared != NULL) raw = ecd_volumes_get(l->shared, i);
  if (in->points > 0) {
    check_volume(l, i, raw);
    memcpy(in->scratch, raw, in->points * sizeof *raw);
    if (l->shared == NULL) ecd_scaling_transform(in->scaling.transform, in->points, in->scratch);
    ecd_scaling_standardize(&in->scaling, in->points, in->scratch);
  }
  if (ecd_net_needs(in->net).neighbors > 0) l->code = make_graph(l, i, &graph);
  if (l->found[i] == FOUND_NO_GRAPH)
    memset(out, 0, in->size * sizeof *out);
  else if (l->code == ECD_OK)
    ecd_input_prepare(in->net, &in->scaling, in->scratch, ecd_dataset_features(in->dataset, i),
                      &graph, out);
  ecd_graph_clear(&graph);
}

/* An ecd_prepare_fn. */
static void transform_and_check(size_t i, const float *raw, float *out, void *arg) {
  loading_t *l = arg;
  transforming_t t = {l->inputs->scaling.transform, l->inputs->points};
  check_volume(l, i, raw);
  transform_one(i, raw, out, &t);
}

static ecd_code_t refuse_not_finite(const loading_t *l, size_t count, size_t first,
                                    ecd_error_t *err) {
  const ecd_dataset_t *dataset = l->inputs->dataset;
  if (count == 0) return ECD_OK;
  return ecd_fail(
      err, ECD_DATA,
      "%s: the volumes of %zu samples that are held out, first '%s', hold values that are "
      "not finite; leave them out with data.split: file (none)",
      ecd_dataset_path(dataset), count, ecd_dataset_sample(dataset, first)->id);
}

/* What the ranks found out together. Of volumes that train, training names those that are not
   finite. Collective. */
static ecd_code_t take_found(const ecd_context_t *ctx, const loading_t *l, ecd_error_t *err) {
  const ecd_input_options_t *o = &l->inputs->options;
  const size_t samples = ecd_dataset_size(l->inputs->dataset);
  size_t few = 0, first_few = 0, bad = 0, first_bad = 0;
  ECD_MPI(
      MPI_Allreduce(MPI_IN_PLACE, l->found, (int)samples, MPI_SIGNED_CHAR, MPI_MAX, ctx->world));
  for (size_t i = samples; i-- > 0;) {
    const signed char found = l->found[i];
    if (found == FOUND_FEW) ++few, first_few = i;
    if (found == FOUND_NOT_FINITE && o->known[i] && o->split[i] > ECD_TRAIN) ++bad, first_bad = i;
    if (found >= FOUND_NO_GRAPH && o->split[i] == ECD_UNUSED) o->known[i] = false;
  }
  if (few > 0) {
    const ecd_net_needs_t needs = ecd_net_needs(l->inputs->net);
    ecd_graph_warn_of_few(ctx, &needs, few, ecd_dataset_sample(l->inputs->dataset, first_few)->id);
  }
  return refuse_not_finite(l, bad, first_bad, err);
}

static ecd_code_t load_prepared(const ecd_context_t *ctx, loading_t *l, ecd_error_t *err) {
  ecd_inputs_t *in = l->inputs;
  l->shared = in->options.volumes;
  ECD_TRY(ecd_volumes_load(ctx, in->dataset, in->options.memory, in->size,
                           in->points > 0 && l->shared == NULL, prepare_one, l, &in->owned, err));
  return ecd_agree(ctx->world, l->code, err);
}

static ecd_code_t load_volumes(const ecd_context_t *ctx, loading_t *l, ecd_error_t *err) {
  ecd_inputs_t *in = l->inputs;
  in->volumes = in->options.volumes;
  if (in->volumes != NULL) {
    const size_t samples = ecd_dataset_size(in->dataset);
    for (size_t i = (size_t)ctx->rank; i < samples; i += (size_t)ctx->size)
      check_volume(l, i, ecd_volumes_get(in->volumes, i));
    return ECD_OK;
  }
  ECD_TRY(ecd_volumes_load(ctx, in->dataset, in->options.memory, in->points, true,
                           transform_and_check, l, &in->owned, err));
  in->volumes = in->owned;
  return ECD_OK;
}

static ecd_code_t load(const ecd_context_t *ctx, ecd_inputs_t *in, bool later, ecd_error_t *err) {
  loading_t l = {.inputs = in, .err = err};
  ecd_code_t code =
      ecd_alloc((void **)&l.found, ecd_dataset_size(in->dataset), sizeof *l.found, "inputs", err);
  code = ecd_agree(ctx->world, code, err);
  if (code == ECD_OK) code = later ? load_volumes(ctx, &l, err) : load_prepared(ctx, &l, err);
  if (code == ECD_OK) code = take_found(ctx, &l, err);
  free(l.found);
  return code;
}

static ecd_code_t make(ecd_inputs_t *in, bool later, ecd_error_t *err) {
  const size_t threads = later ? (size_t)omp_get_max_threads() : 1;
  ECD_TRY(
      ecd_alloc((void **)&in->scratch, threads * in->points, sizeof *in->scratch, "volume", err));
  if (!later) return ECD_OK;
  return ecd_alloc((void **)&in->slot, in->options.slots * in->size, sizeof *in->slot, "batch",
                   err);
}

ecd_code_t ecd_inputs_load(const ecd_context_t *ctx, ecd_dataset_t *dataset,
                           const ecd_scaling_t *scaling, const ecd_net_t *net,
                           const ecd_input_options_t *options, ecd_inputs_t **inputs,
                           ecd_error_t *err) {
  const size_t n = (size_t)ecd_dataset_preparation(dataset)->grid;
  const bool volume = ecd_net_needs(net).volume;
  /* Latents of frozen parents are worth keeping. */
  const bool later = volume && ecd_net_frozen(net) == 0 &&
                     (options->augment != ECD_AUGMENT_NONE || options->volumes != NULL);
  ecd_inputs_t *in;
  *inputs = NULL;
  ECD_TRY(ecd_agree(ctx->world, ecd_alloc((void **)&in, 1, sizeof *in, "inputs", err), err));
  *in = (ecd_inputs_t){.dataset = dataset,
                       .scaling = *scaling,
                       .net = net,
                       .options = *options,
                       .n = n,
                       .points = volume ? n * n * n : 0,
                       .size = ecd_net_input_size(net)};
  ecd_code_t code = ecd_agree(ctx->world, make(in, later, err), err);
  if (code == ECD_OK) code = load(ctx, in, later, err);
  code = agree_unless_stopped(ctx, code, err);
  if (code == ECD_OK)
    *inputs = in;
  else
    ecd_inputs_destroy(&in);
  return code;
}

void ecd_inputs_destroy(ecd_inputs_t **inputs) {
  if (*inputs == NULL) return;
  ecd_volumes_destroy(&(*inputs)->owned);
  free((*inputs)->slot);
  free((*inputs)->scratch);
  free(*inputs);
  *inputs = NULL;
}

/* ---- Use ---- */

static void prepare_now(const ecd_inputs_t *in, size_t i, int64_t epoch, float *scratch,
                        float *out) {
  const ecd_input_options_t *o = &in->options;
  const float *volume = ecd_volumes_get(in->volumes, i);
  if (epoch >= 0 && o->augment != ECD_AUGMENT_NONE) {
    const ecd_motion_t motion =
        ecd_motion_choose(o->augment, in->n, o->seed, (uint32_t)epoch, (uint64_t)i);
    ecd_motion_apply(&motion, in->n, volume, scratch);
  } else {
    memcpy(scratch, volume, in->points * sizeof *volume);
  }
  ecd_scaling_standardize(&in->scaling, in->points, scratch);
  ecd_input_prepare(in->net, &in->scaling, scratch, ecd_dataset_features(in->dataset, i), NULL,
                    out);
}

void ecd_inputs_get(ecd_inputs_t *in, size_t count, const size_t *sample, int64_t epoch,
                    const float **input) {
  if (in->volumes == NULL) {
    for (size_t b = 0; b < count; ++b) input[b] = ecd_volumes_get(in->owned, sample[b]);
    return;
  }
  ECD_CHECK(count <= in->options.slots);
#pragma omp parallel for schedule(static)
  for (size_t b = 0; b < count; ++b) {
    float *slot = in->slot + b * in->size;
    prepare_now(in, sample[b], epoch, in->scratch + (size_t)omp_get_thread_num() * in->points,
                slot);
    input[b] = slot;
  }
}
