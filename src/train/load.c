/* What a training starts from: samples, targets and split, the network, scaled inputs. */
#include "train/trainer_private.h"

#include "base/file.h"
#include "deck/deck.h"
#include "train/inference.h"
#include "train/parents.h"
#include "train/split.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Samples, targets, split; mean and deviation of the training targets. */
static ecd_code_t choose_samples(ecd_trainer_t *t, ecd_error_t *err) {
  const ecd_settings_t *s = t->settings;
  t->samples = ecd_dataset_size(t->dataset);
  ECD_TRY(ecd_alloc((void **)&t->sample, t->samples, sizeof *t->sample, "samples", err));
  ECD_TRY(ecd_alloc((void **)&t->formula, t->samples, sizeof *t->formula, "samples", err));
  ECD_TRY(ecd_alloc((void **)&t->id, t->samples, sizeof *t->id, "samples", err));
  ECD_TRY(ecd_alloc((void **)&t->target, t->samples, sizeof *t->target, "samples", err));
  ECD_TRY(ecd_alloc((void **)&t->split, t->samples, sizeof *t->split, "samples", err));
  ECD_TRY(ecd_alloc((void **)&t->known, t->samples, sizeof *t->known, "samples", err));
  ECD_TRY(ecd_alloc((void **)&t->train, t->samples, sizeof *t->train, "samples", err));
  ECD_TRY(ecd_alloc((void **)&t->order, t->samples, sizeof *t->order, "samples", err));
  ECD_TRY(ecd_alloc((void **)&t->predicted, t->samples, sizeof *t->predicted, "samples", err));
  for (size_t i = 0; i < t->samples; ++i) {
    t->sample[i] = ecd_dataset_sample(t->dataset, i);
    t->id[i] = t->sample[i]->id;
    t->formula[i] = t->sample[i]->formula;
    t->target[i] = ecd_sample_target(t->sample[i], s->data.target);
  }
  ECD_TRY(
      ecd_split_make(&s->data, s->seed, t->samples, t->id, t->formula, t->target, t->split, err));
  double sum = 0, squares = 0;
  for (size_t i = 0; i < t->samples; ++i) {
    if (t->split[i] == ECD_TRAIN) t->train[t->train_count++] = i, sum += t->target[i];
    t->validates = t->validates || t->split[i] == ECD_VALIDATION;
  }
  if (s->train.patience > 0 && !t->validates)
    return ecd_fail(err, ECD_DATA,
                    "train.patience: expected validation samples with it, found none among %zu "
                    "(data.validation_fraction, data.split_file)",
                    t->samples);
  t->target_deviation = 1;
  if (!s->data.standardize_target) return ECD_OK;
  t->target_mean = sum / (double)t->train_count;
  for (size_t k = 0; k < t->train_count; ++k) {
    const double d = t->target[t->train[k]] - t->target_mean;
    squares += d * d;
  }
  if (squares > 0) t->target_deviation = sqrt(squares / (double)t->train_count);
  return ECD_OK;
}

static ecd_code_t make_state(ecd_trainer_t *t, ecd_error_t *err) {
  const ecd_train_settings_t *s = &t->settings->train;
  const size_t count = ecd_net_parameter_count(t->net);
  const bool adam = s->optimizer == ECD_OPTIMIZER_ADAM;
  const bool best = t->ctx->rank == 0 || t->validates;
  t->best_loss = INFINITY;
  if (best)
    ECD_TRY(ecd_alloc((void **)&t->best, ecd_net_state_count(t->net), sizeof *t->best,
                      "best parameters", err));
  t->frozen = ecd_net_frozen(t->net);
  t->trained = count - t->frozen;
  if (adam || s->momentum > 0)
    ECD_TRY(
        ecd_alloc((void **)&t->moment1, t->trained, sizeof *t->moment1, "optimiser state", err));
  if (adam)
    ECD_TRY(
        ecd_alloc((void **)&t->moment2, t->trained, sizeof *t->moment2, "optimiser state", err));
  return ECD_OK;
}

static int by_size(const void *a, const void *b) {
  const size_t x = *(const size_t *)a, y = *(const size_t *)b;
  return (x < y) - (x > y); /* largest first */
}

/* Room for the largest batch of this rank, and for a block that predicts. */
static ecd_code_t reserve_graphs(ecd_trainer_t *t, ecd_error_t *err) {
  size_t *atoms, sum = 0;
  if (t->needs.neighbors == 0) return ECD_OK;
  ECD_TRY(ecd_alloc((void **)&atoms, t->samples + 1, sizeof *atoms, "samples", err));
  for (size_t i = 0; i < t->samples; ++i)
    if (t->known[i]) atoms[i] = t->sample[i]->crystal.sites;
  qsort(atoms, t->samples, sizeof *atoms, by_size);
  for (size_t b = 0; b < t->local_max && b < t->samples; ++b) sum += atoms[b];
  const size_t block = ECD_INFERENCE_BLOCK * atoms[0];
  const ecd_code_t code = ecd_net_reserve(t->net, atoms[0], sum > block ? sum : block, err);
  free(atoms);
  return code;
}

static ecd_code_t make_network(ecd_trainer_t *t, ecd_error_t *err) {
  const ecd_settings_t *s = t->settings;
  const size_t ranks = (size_t)t->ctx->size, batch = (size_t)s->train.batch;
  t->batch_max = batch < t->train_count ? batch : t->train_count;
  t->local_max = (t->batch_max + ranks - 1) / ranks;
  const size_t local = t->local_max,
               most = local > ECD_INFERENCE_BLOCK ? local : ECD_INFERENCE_BLOCK;
  ECD_TRY(ecd_backend_get(s->backend, &t->backend, err));
  ECD_TRY(ecd_net_create(&s->model, ecd_dataset_preparation(t->dataset)->grid, most, t->backend,
                         &t->net, err));
  ECD_TRY(reserve_graphs(t, err));
  ecd_net_initialize(t->net, t->seed);
  ECD_TRY(make_state(t, err));
  ECD_TRY(ecd_alloc((void **)&t->input, local, sizeof *t->input, "batch", err));
  ECD_TRY(ecd_alloc((void **)&t->batch, local, sizeof *t->batch, "batch", err));
  ECD_TRY(ecd_alloc((void **)&t->prediction, local, sizeof *t->prediction, "batch", err));
  ECD_TRY(ecd_alloc((void **)&t->scaled_target, local, sizeof *t->scaled_target, "batch", err));
  ECD_TRY(ecd_alloc((void **)&t->gradient, local, sizeof *t->gradient, "batch", err));
  return ecd_alloc((void **)&t->suspect, t->batch_max, 1, "batch", err);
}

/* The parents decide the widths of their parts and how inputs are scaled. Collective. */
static ecd_code_t make_fusion(ecd_trainer_t *t, ecd_error_t *err) {
  const ecd_offspring_t offspring = {t->settings, t->dataset, t->id, t->split, t->shared};
  ecd_parents_t parents;
  ecd_code_t code = ecd_parents_get(t->ctx, &offspring, &parents, err);
  if (code == ECD_OK) {
    const ecd_model_file_t *magpie = &parents.magpie, *volume = &parents.volume;
    t->effective = *t->settings;
    t->effective.model.magpie_cnn = magpie->model.magpie_cnn;
    t->effective.model.cnn2d = volume->model.cnn2d;
    t->effective.data.transform = volume->transform;
    t->settings = &t->effective;
    t->scaling = ecd_scaling_none(volume->transform, magpie->features);
    t->scaling.mean = volume->input_mean;
    t->scaling.deviation = volume->input_deviation;
    memcpy(t->scaling.feature_mean, magpie->feature_mean, sizeof magpie->feature_mean);
    memcpy(t->scaling.feature_deviation, magpie->feature_deviation,
           sizeof magpie->feature_deviation);
    code = make_network(t, err);
    if (code == ECD_OK) code = ecd_parents_inherit(&parents, t->net, err);
    if (code == ECD_OK) code = ecd_parents_seen(&parents, &offspring, &t->seen, err);
    if (code == ECD_OK)
      ecd_sha256(ecd_net_parameters(t->net), ecd_net_inherited(t->net) * sizeof(float),
                 t->parents_sha256);
    code = ecd_agree(t->ctx->world, code, err);
  }
  ecd_parents_clear(&parents);
  return code;
}

/* The statistics of the training samples. Collective. */
static ecd_code_t measure(ecd_trainer_t *t, ecd_error_t *err) {
  const ecd_data_settings_t *s = &t->settings->data;
  int64_t negative = 0;
  t->scaling = ecd_scaling_none(s->transform, t->needs.features);
  if (!s->standardize_input) return ECD_OK;
  ecd_scaling_measure_features(t->dataset, t->split, &t->scaling);
  if (t->needs.volume)
    ECD_TRY(ecd_scaling_measure(t->ctx, t->dataset, t->split, &t->scaling, &negative, err));
  if (negative > 0 && s->transform != ECD_TRANSFORM_NONE)
    ecd_log(t->ctx,
            "%lld points of the training volumes are negative: the transform takes them as 0",
            (long long)negative);
  return ECD_OK;
}

/* Samples without what the network needs are refused, or, where they neither train nor are held
   out, not predicted. */
static ecd_code_t check_inputs(ecd_trainer_t *t, ecd_error_t *err) {
  t->needs = ecd_model_needs(&t->settings->model);
  for (size_t i = 0; i < t->samples; ++i) {
    t->known[i] = ecd_input_known(t->dataset, i, &t->needs, NULL);
    t->predicted[i] = NAN;
  }
  return ecd_input_check(t->dataset, t->split, &t->needs, err);
}

static ecd_code_t load_inputs(ecd_trainer_t *t, ecd_error_t *err) {
  const ecd_settings_t *s = t->settings;
  const ecd_input_options_t options = {
      .memory = s->data.memory,
      .augment = s->train.augment,
      .seed = t->seed,
      .slots = t->local_max > ECD_INFERENCE_BLOCK ? t->local_max : ECD_INFERENCE_BLOCK,
      .known = t->known,
      .split = t->split,
      .volumes = ecd_shared_volumes_find(t->shared, t->dataset, s->data.transform)};
  return ecd_inputs_load(t->ctx, t->dataset, &t->scaling, t->net, &options, &t->inputs, err);
}

ecd_code_t ecd_trainer_load(ecd_trainer_t *t, ecd_error_t *err) {
  const ecd_settings_t *s = t->settings;
  char path[ECD_PATH_MAX];
  t->seed = ecd_settings_seed(s);
  ECD_TRY(ecd_dataset_locate(s, path, err));
  if (ecd_dataset_open(t->ctx, path, &t->dataset, err) != ECD_OK)
    return ecd_fail_in(err, "data.file");
  ecd_code_t code = choose_samples(t, err);
  if (code == ECD_OK) code = check_inputs(t, err);
  ECD_TRY(ecd_agree(t->ctx->world, code, err));
  if (s->model.kind == ECD_MODEL_FUSION) {
    ECD_TRY(make_fusion(t, err));
  } else {
    ECD_TRY(ecd_agree(t->ctx->world, make_network(t, err), err));
    ECD_TRY(measure(t, err));
  }
  ECD_TRY(load_inputs(t, err));
  if (t->needs.neighbors > 0) ECD_MPI(MPI_Comm_dup(t->ctx->world, &t->statistics));
  return ecd_exchange_create(t->ctx->world, ecd_net_gradients(t->net) + t->frozen, t->trained,
                             s->train.bucket_mb, &t->exchange, err);
}
