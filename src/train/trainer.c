#include "train/trainer_private.h"

#include "base/file.h"
#include "base/log.h"
#include "deck/deck.h"
#include "train/metrics.h"
#include "train/signals.h"
#include "train/split.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LAST "checkpoint-last.h5"
#define BEST "checkpoint-best.h5"

/* Samples, targets, split; mean and deviation of the training targets. */
static ecd_code_t choose_samples(ecd_trainer_t *t, ecd_error_t *err) {
  const ecd_settings_t *s = t->settings;
  t->samples = ecd_dataset_size(t->dataset);
  ECD_TRY(ecd_alloc((void **)&t->sample, t->samples, sizeof *t->sample, "samples", err));
  ECD_TRY(ecd_alloc((void **)&t->id, t->samples, sizeof *t->id, "samples", err));
  ECD_TRY(ecd_alloc((void **)&t->target, t->samples, sizeof *t->target, "samples", err));
  ECD_TRY(ecd_alloc((void **)&t->split, t->samples, sizeof *t->split, "samples", err));
  ECD_TRY(ecd_alloc((void **)&t->train, t->samples, sizeof *t->train, "samples", err));
  ECD_TRY(ecd_alloc((void **)&t->order, t->samples, sizeof *t->order, "samples", err));
  for (size_t i = 0; i < t->samples; ++i) {
    t->sample[i] = ecd_dataset_sample(t->dataset, i);
    t->id[i] = t->sample[i]->id;
    t->target[i] = s->data.target == ECD_TARGET_BULK ? t->sample[i]->bulk : t->sample[i]->shear;
  }
  ECD_TRY(ecd_split_make(&s->data, s->seed, t->samples, t->id, t->target, t->split, err));
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

static ecd_code_t make_network(ecd_trainer_t *t, ecd_error_t *err) {
  const ecd_settings_t *s = t->settings;
  const size_t ranks = (size_t)t->ctx->size, batch = (size_t)s->train.batch;
  const size_t global = batch < t->train_count ? batch : t->train_count;
  t->local_max = (global + ranks - 1) / ranks;
  ECD_TRY(ecd_backend_get(s->backend, &t->backend, err));
  ECD_TRY(ecd_net_create(&s->model, ecd_dataset_preparation(t->dataset)->grid, t->local_max,
                         t->backend, &t->net, err));
  ecd_net_initialize(t->net, (uint64_t)s->seed);
  const size_t count = ecd_net_parameter_count(t->net);
  const bool adam = s->train.optimizer == ECD_OPTIMIZER_ADAM;
  if (adam || s->train.momentum > 0)
    ECD_TRY(ecd_alloc((void **)&t->moment1, count, sizeof *t->moment1, "optimiser state", err));
  if (adam)
    ECD_TRY(ecd_alloc((void **)&t->moment2, count, sizeof *t->moment2, "optimiser state", err));
  ECD_TRY(ecd_alloc((void **)&t->input, t->local_max, sizeof *t->input, "batch", err));
  ECD_TRY(ecd_alloc((void **)&t->prediction, t->local_max, sizeof *t->prediction, "batch", err));
  ECD_TRY(
      ecd_alloc((void **)&t->scaled_target, t->local_max, sizeof *t->scaled_target, "batch", err));
  ECD_TRY(ecd_alloc((void **)&t->gradient, t->local_max, sizeof *t->gradient, "batch", err));
  t->best_loss = INFINITY;
  return ECD_OK;
}

static ecd_code_t load(ecd_trainer_t *t, ecd_error_t *err) {
  const ecd_settings_t *s = t->settings;
  char path[ECD_PATH_MAX];
  ECD_TRY(ecd_path_join(path, s->data.file[0] != '\0' ? "" : s->output,
                        s->data.file[0] != '\0' ? s->data.file : "dataset.h5", err));
  ECD_TRY(ecd_dataset_open(t->ctx, path, &t->dataset, err));
  ECD_TRY(ecd_agree(t->ctx->world, choose_samples(t, err), err));
  ECD_TRY(ecd_agree(t->ctx->world, make_network(t, err), err));
  t->scaling = (ecd_scaling_t){.transform = s->data.transform, .mean = 0, .deviation = 1};
  int64_t negative = 0;
  if (s->data.standardize_input)
    ECD_TRY(ecd_scaling_measure(t->ctx, t->dataset, t->split, &t->scaling, &negative, err));
  if (negative > 0 && s->data.transform != ECD_TRANSFORM_NONE)
    ecd_log(t->ctx,
            "%lld points of the training volumes are negative: the transform takes them as 0",
            (long long)negative);
  ECD_TRY(
      ecd_input_load(t->ctx, t->dataset, &t->scaling, t->net, s->data.memory, &t->volumes, err));
  return ecd_exchange_create(t->ctx->world, ecd_net_gradients(t->net),
                             ecd_net_parameter_count(t->net), s->train.bucket_mb, &t->exchange,
                             err);
}

/* Keeps the lines of epochs that the checkpoint holds, so that the file ends as in a run that was not stopped. Rank 0. */
static ecd_code_t cut_log(const char *path, int64_t epochs, ecd_error_t *err) {
  char *text = NULL;
  size_t length;
  if (epochs > 0 && ecd_file_exists(path)) ECD_TRY(ecd_file_read_text(path, &text, &length, err));
  ecd_output_t *output;
  ecd_code_t code = ecd_output_open(path, &output, err);
  if (code == ECD_OK) {
    const char *line = text;
    for (int64_t e = 0; e < epochs && line != NULL && *line != '\0'; ++e) {
      const char *end = strchr(line, '\n');
      const size_t size = end != NULL ? (size_t)(end - line) + 1 : strlen(line);
      fwrite(line, 1, size, ecd_output_stream(output));
      line += size;
    }
    code = ecd_output_commit(&output, err);
  }
  free(text);
  return code;
}

static ecd_code_t write_deck(const ecd_trainer_t *t, ecd_error_t *err) {
  char path[ECD_PATH_MAX];
  ecd_output_t *output;
  ECD_TRY(ecd_path_join(path, t->settings->output, "deck.yaml", err));
  ECD_TRY(ecd_output_open(path, &output, err));
  const ecd_code_t code = ecd_deck_write(t->settings, ecd_output_stream(output), err);
  if (code == ECD_OK) return ecd_output_commit(&output, err);
  ecd_output_abandon(&output);
  return code;
}

/* A new run over an old one's files: the old ones are kept as NAME.old. Rank 0. */
static void set_aside(const ecd_trainer_t *t) {
  static const char *const names[] = {LAST, BEST, "model.h5"};
  for (size_t i = 0; i < sizeof names / sizeof *names; ++i) {
    char path[ECD_PATH_MAX], old[ECD_PATH_MAX + 8];
    if (ecd_path_join(path, t->settings->output, names[i], NULL) != ECD_OK ||
        !ecd_file_exists(path))
      continue;
    snprintf(old, sizeof old, "%s.old", path);
    if (rename(path, old) == 0)
      ecd_warn(t->ctx, "%s is from an earlier run: kept as %s", path, old);
  }
}

static ecd_code_t begin(ecd_trainer_t *t, ecd_error_t *err) {
  char last[ECD_PATH_MAX], log[ECD_PATH_MAX];
  ECD_TRY(ecd_path_join(last, t->settings->output, LAST, err));
  ECD_TRY(ecd_path_join(log, t->settings->output, "train.jsonl", err));
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
    if (!t->settings->train.resume) set_aside(t);
    code = ecd_make_folder(t->settings->output, err);
    if (code == ECD_OK) code = cut_log(log, t->epoch, err);
    if (code == ECD_OK) code = write_deck(t, err);
  }
  return ecd_agree(t->ctx->world, code, err);
}

/* One line of train.jsonl and, away from a terminal, one of the log. Rank 0. */
static ecd_code_t log_epoch(const ecd_trainer_t *t, const double *predicted, double seconds,
                            ecd_error_t *err) {
  static const char *const phases[ECD_PHASES] = {"forward", "backward", "exchange_update"};
  char path[ECD_PATH_MAX];
  ECD_TRY(ecd_path_join(path, t->settings->output, "train.jsonl", err));
  FILE *file = fopen(path, "a");
  if (file == NULL) return ecd_fail(err, ECD_FAILED, "cannot write %s", path);
  const ecd_metrics_t test =
      ecd_metrics_compute(t->samples, t->target, predicted, t->split, ECD_TEST);
  const ecd_train_settings_t *s = &t->settings->train;
  const double loss = t->loss_sum / t->weight_sum;
  const double lr =
      s->lr_every > 0 ? s->lr * pow(s->lr_factor, (double)(t->epoch / s->lr_every)) : s->lr;
  cJSON *json = cJSON_CreateObject();
  cJSON_AddNumberToObject(json, "epoch", (double)t->epoch + 1);
  cJSON_AddNumberToObject(json, "train_loss", loss * t->target_deviation);
  cJSON_AddNumberToObject(json, "train_loss_scaled", loss);
  cJSON_AddNumberToObject(json, "test_loss", test.mae);
  cJSON_AddNumberToObject(json, "lr", lr);
  cJSON_AddNumberToObject(json, "samples_per_s", (double)t->train_count / seconds);
  cJSON *parts = cJSON_AddObjectToObject(json, "seconds");
  cJSON_AddNumberToObject(parts, "epoch", seconds);
  for (int p = 0; p < ECD_PHASES; ++p) cJSON_AddNumberToObject(parts, phases[p], t->seconds[p]);
  char *text = cJSON_PrintUnformatted(json);
  fprintf(file, "%s\n", text != NULL ? text : "{}");
  free(text);
  cJSON_Delete(json);
  ecd_log(t->ctx, "epoch %lld/%lld  train MAE %.4g GPa  test MAE %.4g GPa  lr %.3g  %.3g samples/s",
          (long long)t->epoch + 1, (long long)s->epochs, loss * t->target_deviation, test.mae, lr,
          (double)t->train_count / seconds);
  return fclose(file) == 0 ? ECD_OK : ecd_fail(err, ECD_FAILED, "cannot write %s", path);
}

/* After an epoch's last step: log, count the epoch, checkpoint. */
static ecd_code_t end_epoch(ecd_trainer_t *t, double *predicted, double seconds, ecd_error_t *err) {
  const ecd_train_settings_t *s = &t->settings->train;
  ECD_TRY(ecd_trainer_predict(t, predicted, err));
  ECD_TRY(ecd_agree(t->ctx->world,
                    t->ctx->rank == 0 ? log_epoch(t, predicted, seconds, err) : ECD_OK, err));
  const double loss = t->loss_sum / t->weight_sum;
  const bool best = loss < t->best_loss;
  if (best) t->best_loss = loss;
  ++t->epoch;
  t->step_in_epoch = 0;
  if (t->epoch % s->checkpoint_every != 0 && t->epoch < s->epochs) return ECD_OK;
  if (best) ECD_TRY(ecd_trainer_save(t, BEST, true, err));
  return ecd_trainer_save(t, LAST, true, err);
}

static ecd_code_t epochs(ecd_trainer_t *t, double *predicted, ecd_error_t *err) {
  while (t->epoch < t->settings->train.epochs) {
    const double start = ecd_now();
    ecd_code_t code = ecd_epoch_train(t, err);
    if (code == ECD_STOPPED) {
      ECD_TRY(ecd_trainer_save(t, LAST, true, err));
      ecd_log(t->ctx,
              "stopped by a signal in epoch %lld after step %lld: checkpoint written, go on with "
              "--resume",
              (long long)t->epoch + 1, (long long)t->step_in_epoch);
      return ECD_STOPPED;
    }
    ECD_TRY(code);
    ECD_TRY(end_epoch(t, predicted, ecd_now() - start, err));
  }
  return ECD_OK;
}

static ecd_code_t finish(ecd_trainer_t *t, double *predicted, ecd_error_t *err) {
  bool *use;
  ECD_TRY(ecd_trainer_save(t, "model.h5", false, err));
  ECD_TRY(ecd_trainer_predict(t, predicted, err));
  ECD_TRY(ecd_alloc((void **)&use, t->samples, sizeof *use, "predictions", err));
  for (size_t i = 0; i < t->samples; ++i) use[i] = true;
  const ecd_code_t code = ecd_results_write(
      t->ctx, t->settings->output, t->settings->data.target == ECD_TARGET_BULK ? "bulk" : "shear",
      t->sample, t->samples, t->target, predicted, t->split, use, err);
  free(use);
  const ecd_metrics_t m = ecd_metrics_compute(t->samples, t->target, predicted, t->split, ECD_TEST);
  if (code == ECD_OK && m.n > 0)
    ecd_log(t->ctx, "held out: %zu samples, R2 %.4f, RMSE %.4g GPa, MAE %.4g GPa", m.n, m.r2,
            m.rmse, m.mae);
  return code;
}

static void clear(ecd_trainer_t *t) {
  ecd_exchange_destroy(&t->exchange);
  ecd_volumes_destroy(&t->volumes);
  ecd_dataset_close(&t->dataset);
  ecd_net_destroy(&t->net);
  void *owned[] = {t->sample,  t->id,      t->target, t->split,      t->train,         t->order,
                   t->moment1, t->moment2, t->input,  t->prediction, t->scaled_target, t->gradient};
  for (size_t i = 0; i < sizeof owned / sizeof *owned; ++i) free(owned[i]);
}

ecd_code_t ecd_train_run(ecd_context_t *ctx, const ecd_settings_t *settings, ecd_error_t *err) {
  ecd_trainer_t t = {.ctx = ctx, .settings = settings};
  double *predicted = NULL;
  ecd_signals_watch();
  ecd_code_t code = load(&t, err);
  if (code == ECD_OK)
    code = ecd_agree(
        ctx->world,
        ecd_alloc((void **)&predicted, t.samples, sizeof *predicted, "predictions", err), err);
  if (code == ECD_OK) code = begin(&t, err);
  if (code == ECD_OK)
    ecd_log(ctx, "training on %zu of %zu samples, %zu parameters, %d ranks x %d threads",
            t.train_count, t.samples, ecd_net_parameter_count(t.net), ctx->size, ctx->threads);
  if (code == ECD_OK) code = epochs(&t, predicted, err);
  if (code == ECD_OK) code = finish(&t, predicted, err);
  ecd_signals_restore();
  clear(&t);
  free(predicted);
  return code;
}
