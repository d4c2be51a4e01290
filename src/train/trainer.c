#include "train/trainer_private.h"

#include "base/file.h"
#include "train/folder.h"
#include "train/inference.h"
#include "train/metrics.h"
#include "train/signals.h"
#include "train/schedule.h"
#include "train/split.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define JOURNAL "train.jsonl"

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
    if (code == ECD_OK) code = ecd_folder_write_deck(t->settings->output, t->settings, err);
  }
  return ecd_agree(t->ctx->world, code, err);
}

/* MAE or, where the mean square is minimised, RMSE of a part, GPa. */
static double error_of(const ecd_trainer_t *t, int part) {
  const ecd_metrics_t m = ecd_metrics_compute(t->samples, t->target, t->predicted, t->split, part);
  return ecd_trainer_loss(t) == ECD_LOSS_MSE ? m.rmse : m.mae;
}

static void append_error(char *text, size_t size, const char *part, double error) {
  const size_t have = strlen(text);
  if (!isnan(error)) snprintf(text + have, size - have, "  %s %.4g", part, error);
}

/* One line of the journal and one of the log. Rank 0. */
static ecd_code_t log_epoch(const ecd_trainer_t *t, ecd_error_t *err) {
  char path[ECD_PATH_MAX], others[80] = "";
  ECD_TRY(ecd_path_join(path, t->settings->output, JOURNAL, err));
  const bool square = ecd_trainer_loss(t) == ECD_LOSS_MSE;
  const double loss = t->loss_sum / t->weight_sum;
  ecd_record_t r = {.epoch = t->epoch + 1,
                    .loss = loss,
                    .train_loss = (square ? sqrt(loss) : loss) * t->target_deviation,
                    .validation_loss = error_of(t, ECD_VALIDATION),
                    .test_loss = error_of(t, ECD_TEST),
                    .error = square ? "rmse" : "mae",
                    .lr = ecd_schedule_rate(&t->settings->train, t->epoch),
                    .ranks = t->ctx->size,
                    .threads = t->ctx->threads};
  double seconds = 0; /* of the steps */
  for (int p = 0; p < ECD_PHASES; ++p) r.seconds[p] = t->seconds[p];
  for (int p = 0; p < ECD_PHASE_TEST; ++p) seconds += t->seconds[p];
  /* An epoch that was stopped after its last step has none to time. */
  r.samples_per_s = t->done > 0 ? (double)t->done / seconds : NAN;
  append_error(others, sizeof others, "validation", r.validation_loss);
  append_error(others, sizeof others, "test", r.test_loss);
  ecd_log(t->ctx, "epoch %lld/%lld  %s (GPa): train %.4g%s  lr %.3g  %.3g samples/s",
          (long long)r.epoch, (long long)t->settings->train.epochs, square ? "RMSE" : "MAE",
          r.train_loss, others, r.lr, r.samples_per_s);
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

static bool waited_enough(const ecd_trainer_t *t) {
  const int64_t patience = t->settings->train.patience;
  return patience > 0 && t->validates && t->epoch - t->best_epoch >= patience;
}

static bool complete(const ecd_trainer_t *t) {
  return t->epoch >= t->settings->train.epochs || waited_enough(t);
}

/* At the end of training, and wherever checkpoints have not yet taken their share of the time. Rank
   0's clock decides. */
static ecd_code_t checkpoint_due(const ecd_trainer_t *t, bool *due, ecd_error_t *err) {
  const ecd_train_settings_t *s = &t->settings->train;
  int yes = complete(t) || (t->epoch % s->checkpoint_every == 0 &&
                            t->checkpoint_seconds <= s->checkpoint_share * (ecd_now() - t->began));
  ECD_MPI(MPI_Bcast(&yes, 1, MPI_INT, 0, t->ctx->world));
  *due = yes != 0;
  return ECD_OK;
}

/* Validation samples that say nothing cannot choose an epoch. */
static ecd_code_t check_validation(const ecd_trainer_t *t, ecd_error_t *err) {
  size_t count = 0, first = 0;
  for (size_t i = t->samples; i-- > 0;)
    if (t->split[i] == ECD_VALIDATION && !isfinite(t->predicted[i])) ++count, first = i;
  if (count == 0) return ECD_OK;
  return ecd_fail(
      err, ECD_FAILED,
      "the predictions of %zu validation samples, first '%s', are not finite after epoch "
      "%lld; the last good checkpoint is kept",
      count, t->id[first], (long long)t->epoch + 1);
}

/* After an epoch's last step: test, log, count the epoch, checkpoint. */
static ecd_code_t end_epoch(ecd_trainer_t *t, ecd_error_t *err) {
  const double start = ecd_now();
  ECD_TRY(ecd_trainer_predict(t, true, err));
  ECD_TRY(check_validation(t, err));
  t->seconds[ECD_PHASE_TEST] += ecd_now() - start;
  ECD_TRY(ecd_agree(t->ctx->world, t->ctx->rank == 0 ? log_epoch(t, err) : ECD_OK, err));
  memset(t->seconds, 0, sizeof t->seconds);
  ++t->epoch;
  const double loss = t->validates ? error_of(t, ECD_VALIDATION) : t->loss_sum / t->weight_sum;
  if (loss < t->best_loss) {
    t->best_loss = loss;
    t->best_epoch = t->epoch;
    t->best_unsaved = true;
    if (t->best != NULL)
      memcpy(t->best, ecd_net_parameters(t->net), ecd_net_state_count(t->net) * sizeof *t->best);
  }
  t->step_in_epoch = 0;
  bool due;
  ECD_TRY(checkpoint_due(t, &due, err));
  return due ? checkpoint(t, err) : ECD_OK;
}

static ecd_code_t epochs(ecd_trainer_t *t, ecd_error_t *err) {
  ecd_code_t code = ECD_OK;
  while (code == ECD_OK && !complete(t)) {
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

/* With validation samples the best epoch's network is the result. */
static void choose_best(ecd_trainer_t *t) {
  if (!t->validates || t->best_epoch == 0) return;
  memcpy(ecd_net_parameters(t->net), t->best, ecd_net_state_count(t->net) * sizeof *t->best);
  ecd_log(t->ctx, "%s: model.h5 is that of epoch %lld, validation %s %.4g GPa",
          waited_enough(t) ? "stopped early" : "done", (long long)t->best_epoch,
          ecd_trainer_loss(t) == ECD_LOSS_MSE ? "RMSE" : "MAE", t->best_loss);
}

static ecd_code_t finish(ecd_trainer_t *t, ecd_error_t *err) {
  choose_best(t);
  ECD_TRY(ecd_trainer_save(t, "model.h5", ecd_net_parameters(t->net), false, err));
  ECD_TRY(ecd_trainer_predict(t, false, err));
  return ecd_results_finish(t->ctx, t->settings, t->sample, t->samples, t->target, t->predicted,
                            NULL, t->split, err);
}

static void clear(ecd_trainer_t *t) {
  ecd_exchange_destroy(&t->exchange);
  ecd_inputs_destroy(&t->inputs);
  if (t->statistics != MPI_COMM_NULL) MPI_Comm_free(&t->statistics);
  ecd_dataset_close(&t->dataset);
  ecd_net_destroy(&t->net);
  ecd_seen_clear(&t->seen);
  void *owned[] = {t->sample, t->formula, t->id,      t->target,   t->split,         t->train,
                   t->order,  t->moment1, t->moment2, t->best,     t->predicted,     t->known,
                   t->input,  t->suspect, t->batch,   t->gradient, t->scaled_target, t->prediction};
  for (size_t i = 0; i < sizeof owned / sizeof *owned; ++i) free(owned[i]);
}

ecd_code_t ecd_trainer_run(ecd_context_t *ctx, const ecd_settings_t *settings,
                           const ecd_shared_volumes_t *shared, ecd_trainer_done_fn *done, void *arg,
                           ecd_error_t *err) {
  ecd_trainer_t t = {
      .ctx = ctx, .settings = settings, .shared = shared, .statistics = MPI_COMM_NULL};
  ecd_signals_watch();
  int lock;
  ecd_code_t code = ecd_folder_take(ctx, settings->output, &lock, err);
  if (code == ECD_OK) code = ecd_trainer_load(&t, err);
  if (code == ECD_STOPPED)
    ecd_log(ctx, settings->model.kind == ECD_MODEL_FUSION
                     ? "stopped by a signal before the fusion's own training: go on with --resume"
                     : "stopped by a signal while loading: go on with --resume");
  if (code == ECD_OK) code = begin(&t, err);
  if (code == ECD_OK) {
    ecd_log(ctx, "training on %zu of %zu samples, %zu parameters, %d ranks x %d threads",
            t.train_count, t.samples, t.trained, ctx->size, ctx->threads);
    code = train(&t, err);
    if (code == ECD_OK && (code = finish(&t, err)) == ECD_STOPPED)
      ecd_log(ctx, "stopped by a signal after the last epoch: --resume writes the predictions");
  }
  if (code == ECD_OK && done != NULL) code = done(&t, arg, err);
  ecd_signals_restore();
  clear(&t);
  ecd_folder_leave(settings->output, &lock);
  return code;
}

ecd_code_t ecd_train_run(ecd_context_t *ctx, const ecd_settings_t *settings,
                         const ecd_shared_volumes_t *shared, ecd_error_t *err) {
  return ecd_trainer_run(ctx, settings, shared, NULL, NULL, err);
}
