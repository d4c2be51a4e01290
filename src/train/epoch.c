#include "train/trainer_private.h"

#include "base/log.h"
#include "base/random.h"
#include "train/signals.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static double learning_rate(const ecd_train_settings_t *s, int64_t epoch) {
  return s->lr_every > 0 ? s->lr * pow(s->lr_factor, (double)(epoch / s->lr_every)) : s->lr;
}

/* A bucket's sum is there: check it. The same on all ranks, as the sums are. */
static void check_bucket(size_t offset, size_t count, void *arg) {
  ecd_trainer_t *t = arg;
  const float *g = ecd_net_gradients(t->net) + offset;
  float sum = 0.0f;
#pragma omp simd reduction(+ : sum)
  for (size_t i = 0; i < count; ++i) sum += g[i] * 0.0f; /* NaN if any is not finite */
  t->finite = t->finite && sum == 0.0f;
}

static ecd_code_t report_not_finite(const ecd_trainer_t *t, size_t first, size_t count, double loss,
                                    ecd_error_t *err) {
  char ids[4096] = "";
  for (size_t k = first; k < first + count; ++k) {
    const size_t have = strlen(ids);
    if (have < sizeof ids - 128)
      snprintf(ids + have, sizeof ids - have, " %s", t->id[t->train[t->order[k]]]);
  }
  return ecd_fail(err, ECD_FAILED,
                  "%s is not finite in epoch %lld, step %lld; the last good checkpoint is kept; "
                  "samples of the step:%s",
                  isfinite(loss) ? "a gradient" : "the loss", (long long)t->epoch + 1,
                  (long long)t->step_in_epoch + 1, ids);
}

/* Batch: training samples order[first .. first + count - 1], split contiguously over the ranks. */
static ecd_code_t step(ecd_trainer_t *t, size_t first, size_t count, double *loss,
                       ecd_error_t *err) {
  const size_t ranks = (size_t)t->ctx->size, rank = (size_t)t->ctx->rank;
  const size_t from = count * rank / ranks, local = count * (rank + 1) / ranks - from;
  for (size_t b = 0; b < local; ++b) {
    const size_t i = t->train[t->order[first + from + b]];
    t->input[b] = ecd_volumes_get(t->volumes, i);
    t->scaled_target[b] = (float)((t->target[i] - t->target_mean) / t->target_deviation);
  }
  double mark = ecd_now(), sum = 0;
  ecd_net_forward(t->net, local, t->input, t->prediction);
  sum = ecd_loss_mae(local, count, t->prediction, t->scaled_target, t->gradient);
  t->seconds[ECD_PHASE_FORWARD] += ecd_now() - mark;
  mark = ecd_now();
  ecd_net_backward(t->net, local, t->input, t->gradient, ecd_exchange_ready, t->exchange);
  t->seconds[ECD_PHASE_BACKWARD] += ecd_now() - mark;
  mark = ecd_now();
  t->finite = true;
  ECD_TRY(ecd_exchange_finish(t->exchange, check_bucket, t, err));
  ECD_MPI(MPI_Allreduce(&sum, loss, 1, MPI_DOUBLE, MPI_SUM, t->ctx->world));
  if (!isfinite(*loss) || !t->finite) return report_not_finite(t, first, count, *loss, err);
  ecd_optimizer_update(t->backend, &t->settings->train,
                       learning_rate(&t->settings->train, t->epoch), ++t->step,
                       ecd_net_parameter_count(t->net), ecd_net_parameters(t->net),
                       ecd_net_gradients(t->net), t->moment1, t->moment2);
  t->seconds[ECD_PHASE_EXCHANGE] += ecd_now() - mark;
  return ECD_OK;
}

/* Any rank's signal stops all. */
static ecd_code_t stop_asked(const ecd_trainer_t *t, bool *stop, ecd_error_t *err) {
  int mine = ecd_signals_seen(), any = 0;
  ECD_MPI(MPI_Allreduce(&mine, &any, 1, MPI_INT, MPI_MAX, t->ctx->world));
  *stop = any != 0;
  return ECD_OK;
}

ecd_code_t ecd_epoch_train(ecd_trainer_t *t, ecd_error_t *err) {
  const size_t batch = (size_t)t->settings->train.batch,
               steps = (t->train_count + batch - 1) / batch;
  memset(t->seconds, 0, sizeof t->seconds);
  ecd_random_permutation(t->train_count, (uint64_t)t->settings->seed, ECD_RANDOM_SHUFFLE,
                         (uint32_t)t->epoch, t->order);
  if (t->step_in_epoch == 0) t->loss_sum = t->weight_sum = 0;
  char what[40];
  snprintf(what, sizeof what, "epoch %lld/%lld", (long long)t->epoch + 1,
           (long long)t->settings->train.epochs);
  ecd_progress_t *progress = ecd_progress_create(t->ctx, what, "samples", t->train_count);
  ecd_code_t code = ECD_OK;
  while (code == ECD_OK && (size_t)t->step_in_epoch < steps) {
    bool stop;
    code = stop_asked(t, &stop, err);
    if (code == ECD_OK && stop) code = ECD_STOPPED;
    if (code != ECD_OK) break;
    const size_t first = (size_t)t->step_in_epoch * batch;
    const size_t count = t->train_count - first < batch ? t->train_count - first : batch;
    double loss;
    code = step(t, first, count, &loss, err);
    if (code != ECD_OK) break;
    t->loss_sum += loss * (double)count;
    t->weight_sum += (double)count;
    ++t->step_in_epoch;
    ecd_progress_update(progress, first + count);
  }
  ecd_progress_destroy(&progress);
  return code;
}

ecd_code_t ecd_trainer_predict(ecd_trainer_t *t, double *predicted, ecd_error_t *err) {
  const size_t ranks = (size_t)t->ctx->size, rank = (size_t)t->ctx->rank;
  const size_t from = t->samples * rank / ranks, to = t->samples * (rank + 1) / ranks;
  memset(predicted, 0, t->samples * sizeof *predicted);
  for (size_t i = from; i < to; i += t->local_max) {
    const size_t count = to - i < t->local_max ? to - i : t->local_max;
    for (size_t b = 0; b < count; ++b) t->input[b] = ecd_volumes_get(t->volumes, i + b);
    ecd_net_forward(t->net, count, t->input, t->prediction);
    for (size_t b = 0; b < count; ++b)
      predicted[i + b] = t->target_mean + t->target_deviation * (double)t->prediction[b];
  }
  /* One rank has each prediction, the others add zeros. */
  ECD_MPI(
      MPI_Allreduce(MPI_IN_PLACE, predicted, (int)t->samples, MPI_DOUBLE, MPI_SUM, t->ctx->world));
  return ECD_OK;
}
