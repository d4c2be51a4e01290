#include "train/trainer_private.h"

#include "base/file.h"
#include "train/folder.h"
#include "train/inference.h"
#include "train/metrics.h"
#include "train/parents.h"
#include "train/signals.h"
#include "train/split.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define JOURNAL "train.jsonl"

/* Samples, targets, split; mean and deviation of the training targets. */
static ecd_code_t choose_samples(ecd_trainer_t *t, ecd_error_t *err) {
  const ecd_settings_t *s = t->settings;
  t->samples = ecd_dataset_size(t->dataset);
  ECD_TRY(ecd_alloc((void **)&t->sample, t->samples, sizeof *t->sample, "samples", err));
  ECD_TRY(ecd_alloc((void **)&t->id, t->samples, sizeof *t->id, "samples", err));
  ECD_TRY(ecd_alloc((void **)&t->formula, t->samples, sizeof *t->formula, "samples", err));
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
    t->target[i] = s->data.target == ECD_TARGET_BULK ? t->sample[i]->bulk : t->sample[i]->shear;
  }
  ECD_TRY(
      ecd_split_make(&s->data, s->seed, t->samples, t->id, t->formula, t->target, t->split, err));
  double sum = 0, squares = 0;
  for (size_t i = 0; i < t->samples; ++i)
    if (t->split[i] == ECD_TRAIN) t->train[t->train_count++] = i, sum += t->target[i];
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
  t->best_loss = INFINITY;
  if (t->ctx->rank == 0)
    ECD_TRY(ecd_alloc((void **)&t->best, count, sizeof *t->best, "best parameters", err));
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
  ecd_net_initialize(t->net, (uint64_t)s->seed);
  ECD_TRY(make_state(t, err));
  ECD_TRY(ecd_alloc((void **)&t->input, local, sizeof *t->input, "batch", err));
  ECD_TRY(ecd_alloc((void **)&t->prediction, local, sizeof *t->prediction, "batch", err));
  ECD_TRY(ecd_alloc((void **)&t->scaled_target, local, sizeof *t->scaled_target, "batch", err));
  ECD_TRY(ecd_alloc((void **)&t->gradient, local, sizeof *t->gradient, "batch", err));
  return ecd_alloc((void **)&t->suspect, t->batch_max, 1, "batch", err);
}

/* The parents decide the widths of their parts and how inputs are scaled. Collective. */
static ecd_code_t make_fusion(ecd_trainer_t *t, ecd_error_t *err) {
  const ecd_offspring_t offspring = {t->settings, t->dataset, t->id, t->split};
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
    code = ecd_agree(t->ctx->world, code, err);
  }
  ecd_parents_clear(&parents);
  return code;
}

/* The statistics of the training samples. Collective. */
static ecd_code_t measure(ecd_trainer_t *t, ecd_error_t *err) {
  const ecd_data_settings_t *s = &t->settings->data;
  const ecd_net_needs_t needs = ecd_net_needs(t->net);
  int64_t negative = 0;
  t->scaling = ecd_scaling_none(s->transform, needs.features);
  if (!s->standardize_input) return ECD_OK;
  ecd_scaling_measure_features(t->dataset, t->split, &t->scaling);
  if (needs.volume)
    ECD_TRY(ecd_scaling_measure(t->ctx, t->dataset, t->split, &t->scaling, &negative, err));
  if (negative > 0 && s->transform != ECD_TRANSFORM_NONE)
    ecd_log(t->ctx,
            "%lld points of the training volumes are negative: the transform takes them as 0",
            (long long)negative);
  return ECD_OK;
}

/* Samples without what the network needs are refused, or, where they neither train nor are held
   out, not predicted. */
static ecd_code_t check_features(ecd_trainer_t *t, ecd_error_t *err) {
  const size_t columns =
      t->settings->model.kind == ECD_MODEL_MAGPIE_CNN || t->settings->model.kind == ECD_MODEL_FUSION
          ? ECD_MAGPIE_STATISTICS
          : 0;
  for (size_t i = 0; i < t->samples; ++i) {
    t->known[i] = ecd_features_known(ecd_dataset_features(t->dataset, i), columns);
    t->predicted[i] = NAN;
  }
  return ecd_features_check(t->dataset, t->split, columns, err);
}

static ecd_code_t load(ecd_trainer_t *t, ecd_error_t *err) {
  const ecd_settings_t *s = t->settings;
  char path[ECD_PATH_MAX];
  ECD_TRY(ecd_dataset_locate(s, path, err));
  if (ecd_dataset_open(t->ctx, path, &t->dataset, err) != ECD_OK)
    return ecd_fail_in(err, "data.file");
  ecd_code_t code = choose_samples(t, err);
  if (code == ECD_OK) code = check_features(t, err);
  ECD_TRY(ecd_agree(t->ctx->world, code, err));
  if (s->model.kind == ECD_MODEL_FUSION) {
    ECD_TRY(make_fusion(t, err));
  } else {
    ECD_TRY(ecd_agree(t->ctx->world, make_network(t, err), err));
    ECD_TRY(measure(t, err));
  }
  ECD_TRY(ecd_input_load(t->ctx, t->dataset, &t->scaling, t->net, s->data.memory, &t->inputs, err));
  return ecd_exchange_create(t->ctx->world, ecd_net_gradients(t->net) + t->frozen, t->trained,
                             s->train.bucket_mb, &t->exchange, err);
}

static ecd_code_t begin(ecd_trainer_t *t, ecd_error_t *err) {
  char last[ECD_PATH_MAX], journal[ECD_PATH_MAX];
  ECD_TRY(ecd_path_join(last, t->settings->output, ECD_CHECKPOINT_LAST, err));
  ECD_TRY(ecd_path_join(journal, t->settings->output, JOURNAL, err));
  int there = t->ctx->rank == 0 && ecd_file_exists(last);
  ECD_MPI(MPI_Bcast(&there, 1, MPI_INT, 0, t->ctx->world));
  if (t->settings->train.resume && there) {
    ECD_TRY(ecd_trainer_restore(t, last, err));
    ecd_log(t->ctx, "resumed %s: epoch %lld, step %lld", last, (long long)t->epoch + 1,
            (long long)t->step_in_epoch);
  } else if (t->settings->train.resume) {
    ecd_log(t->ctx, "no checkpoint in %s: starting from the beginning", t->settings->output);
  }
  ecd_code_t code = ECD_OK;
  if (t->ctx->rank == 0) {
    if (!t->settings->train.resume || !there) ecd_folder_set_aside(t->ctx, t->settings->output);
    code = ecd_journal_cut(journal, t->epoch, err);
    if (code == ECD_OK) code = ecd_folder_write_deck(t->settings, err);
  }
  return ecd_agree(t->ctx->world, code, err);
}

/* One line of the journal and one of the log. Rank 0. */
static ecd_code_t log_epoch(const ecd_trainer_t *t, ecd_error_t *err) {
  char path[ECD_PATH_MAX], test[40] = "";
  ECD_TRY(ecd_path_join(path, t->settings->output, JOURNAL, err));
  const double loss = t->loss_sum / t->weight_sum;
  ecd_record_t r = {
      .epoch = t->epoch + 1,
      .loss = loss,
      .train_loss = loss * t->target_deviation,
      .test_loss = ecd_metrics_compute(t->samples, t->target, t->predicted, t->split, ECD_TEST).mae,
      .lr = ecd_trainer_rate(t)};
  double seconds = 0; /* of the steps */
  for (int p = 0; p < ECD_PHASES; ++p) r.seconds[p] = t->seconds[p];
  for (int p = 0; p < ECD_PHASE_TEST; ++p) seconds += t->seconds[p];
  /* An epoch that was stopped after its last step has none to time. */
  r.samples_per_s = t->done > 0 ? (double)t->done / seconds : NAN;
  if (!isnan(r.test_loss)) snprintf(test, sizeof test, "  test MAE %.4g GPa", r.test_loss);
  ecd_log(t->ctx, "epoch %lld/%lld  train MAE %.4g GPa%s  lr %.3g  %.3g samples/s",
          (long long)r.epoch, (long long)t->settings->train.epochs, r.train_loss, test, r.lr,
          r.samples_per_s);
  return ecd_journal_add(path, &r, err);
}

static ecd_code_t checkpoint(ecd_trainer_t *t, ecd_error_t *err) {
  const double start = ecd_now();
  if (t->best_unsaved) ECD_TRY(ecd_trainer_save(t, ECD_CHECKPOINT_BEST, t->best, false, err));
  t->best_unsaved = false;
  ECD_TRY(ecd_trainer_save(t, ECD_CHECKPOINT_LAST, ecd_net_parameters(t->net), true, err));
  t->seconds[ECD_PHASE_CHECKPOINT] += ecd_now() - start;
  t->checkpoint_seconds += ecd_now() - start;
  return ECD_OK;
}

/* At the end of training, and wherever checkpoints have not yet taken their share of the time. Rank
   0's clock decides. */
static ecd_code_t checkpoint_due(const ecd_trainer_t *t, bool *due, ecd_error_t *err) {
  const ecd_train_settings_t *s = &t->settings->train;
  int yes = t->epoch >= s->epochs ||
            (t->epoch % s->checkpoint_every == 0 &&
             t->checkpoint_seconds <= s->checkpoint_share * (ecd_now() - t->began));
  ECD_MPI(MPI_Bcast(&yes, 1, MPI_INT, 0, t->ctx->world));
  *due = yes != 0;
  return ECD_OK;
}

/* After an epoch's last step: test, log, count the epoch, checkpoint. */
static ecd_code_t end_epoch(ecd_trainer_t *t, ecd_error_t *err) {
  const double start = ecd_now(), loss = t->loss_sum / t->weight_sum;
  ECD_TRY(ecd_trainer_predict(t, true, err));
  t->seconds[ECD_PHASE_TEST] += ecd_now() - start;
  ECD_TRY(ecd_agree(t->ctx->world, t->ctx->rank == 0 ? log_epoch(t, err) : ECD_OK, err));
  memset(t->seconds, 0, sizeof t->seconds);
  if (loss < t->best_loss) {
    t->best_loss = loss;
    t->best_unsaved = true;
    if (t->best != NULL)
      memcpy(t->best, ecd_net_parameters(t->net),
             ecd_net_parameter_count(t->net) * sizeof *t->best);
  }
  ++t->epoch;
  t->step_in_epoch = 0;
  bool due;
  ECD_TRY(checkpoint_due(t, &due, err));
  return due ? checkpoint(t, err) : ECD_OK;
}

static ecd_code_t epochs(ecd_trainer_t *t, ecd_error_t *err) {
  ecd_code_t code = ECD_OK;
  while (code == ECD_OK && t->epoch < t->settings->train.epochs) {
    code = ecd_epoch_train(t, err);
    if (code == ECD_OK) code = end_epoch(t, err);
  }
  if (code != ECD_STOPPED) return code;
  ECD_TRY(checkpoint(t, err));
  ecd_log(t->ctx,
          "stopped by a signal in epoch %lld after step %lld: checkpoint written, go on with "
          "--resume",
          (long long)t->epoch + 1, (long long)t->step_in_epoch);
  return ECD_STOPPED;
}

/* The bar counts samples up to the last epoch. */
static ecd_code_t train(ecd_trainer_t *t, ecd_error_t *err) {
  const int64_t left = t->settings->train.epochs - t->epoch;
  const size_t done = (size_t)t->step_in_epoch * t->batch_max;
  const size_t all = left > 0 ? (size_t)left * t->train_count : 0;
  t->progress = ecd_progress_create(t->ctx, "training", "samples", all > done ? all - done : 1);
  t->began = ecd_now();
  const ecd_code_t code = epochs(t, err);
  ecd_progress_destroy(&t->progress);
  return code;
}

static ecd_code_t finish(ecd_trainer_t *t, ecd_error_t *err) {
  ECD_TRY(ecd_trainer_save(t, "model.h5", ecd_net_parameters(t->net), false, err));
  ECD_TRY(ecd_trainer_predict(t, false, err));
  return ecd_results_finish(t->ctx, t->settings, t->sample, t->samples, t->target, t->predicted,
                            NULL, t->split, err);
}

static void clear(ecd_trainer_t *t) {
  ecd_exchange_destroy(&t->exchange);
  ecd_volumes_destroy(&t->inputs);
  ecd_dataset_close(&t->dataset);
  ecd_net_destroy(&t->net);
  void *owned[] = {t->sample, t->formula, t->id,       t->target,        t->split,     t->train,
                   t->order,  t->moment1, t->moment2,  t->best,          t->predicted, t->known,
                   t->input,  t->suspect, t->gradient, t->scaled_target, t->prediction};
  for (size_t i = 0; i < sizeof owned / sizeof *owned; ++i) free(owned[i]);
}

ecd_code_t ecd_train_run(ecd_context_t *ctx, const ecd_settings_t *settings, ecd_error_t *err) {
  ecd_trainer_t t = {.ctx = ctx, .settings = settings};
  ecd_signals_watch();
  ecd_code_t code = ecd_folder_make(ctx, settings->output, err);
  if (code == ECD_OK) code = load(&t, err);
  if (code == ECD_STOPPED)
    ecd_log(ctx, settings->model.kind == ECD_MODEL_FUSION
                     ? "stopped by a signal before the fusion's own training: go on with --resume"
                     : "stopped by a signal while loading: run the same again");
  if (code == ECD_OK) code = begin(&t, err);
  if (code == ECD_OK) {
    ecd_log(ctx, "training on %zu of %zu samples, %zu parameters, %d ranks x %d threads",
            t.train_count, t.samples, t.trained, ctx->size, ctx->threads);
    code = train(&t, err);
    if (code == ECD_OK && (code = finish(&t, err)) == ECD_STOPPED)
      ecd_log(ctx, "stopped by a signal after the last epoch: --resume writes the predictions");
  }
  ecd_signals_restore();
  clear(&t);
  return code;
}
