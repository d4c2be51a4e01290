#include "train/trainer_private.h"

#include "base/random.h"
#include "train/inference.h"
#include "train/schedule.h"
#include "train/signals.h"
#include "train/split.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

ecd_loss_t ecd_trainer_loss(const ecd_trainer_t *t) {
  const ecd_loss_t loss = t->settings->train.loss;
  if (loss != ECD_LOSS_AUTO) return loss;
  return t->settings->model.kind == ECD_MODEL_CGCNN ? ECD_LOSS_MSE : ECD_LOSS_MAE;
}

/* An ecd_reduce_fn. */
static void add_statistics(double *sums, size_t count, void *arg) {
  ecd_trainer_t *t = arg;
  if (t->statistics_code == ECD_OK)
    t->statistics_code = ecd_mpi_code(
        MPI_Allreduce(MPI_IN_PLACE, sums, (int)count, MPI_DOUBLE, MPI_SUM, t->statistics),
        "adding up the statistics of a batch norm", &t->statistics_err);
}

static ecd_code_t check_statistics(const ecd_trainer_t *t, ecd_error_t *err) {
  if (t->statistics_code != ECD_OK) *err = t->statistics_err;
  return t->statistics_code;
}

/* Of the step under way, in which this rank's samples begin with number `first`. */
static void set_training(ecd_trainer_t *t, size_t first) {
  const bool alone = t->statistics == MPI_COMM_NULL || t->ctx->size == 1;
  const ecd_net_mode_t mode = {.training = true,
                               .reduce = alone ? NULL : add_statistics,
                               .reduce_arg = t,
                               .dropout = t->settings->train.dropout,
                               .seed = t->seed,
                               .step = (uint32_t)t->step,
                               .first = first};
  ecd_net_set_mode(t->net, &mode);
}

/* A bucket's sum is there: make it a mean and check it. The same on all ranks, as the sums are.
   Dividing last keeps sums of the loss's signs exact: where they cancel, Adam would turn a rounding
   that depends on the ranks into a step. */
static void take_bucket(size_t offset, size_t count, void *arg) {
  ecd_trainer_t *t = arg;
  float *g = ecd_net_gradients(t->net) + t->frozen + offset, sum = 0.0f;
  const float share = t->share;
#pragma omp simd reduction(+ : sum)
  for (size_t i = 0; i < count; ++i) {
    g[i] *= share;
    sum += g[i] * 0.0f; /* NaN if any is not finite */
  }
  t->finite = t->finite && sum == 0.0f;
}

/* A part of the slab is final on this rank; the exchange has those that train. */
static void give_part(size_t offset, size_t count, void *arg) {
  const ecd_trainer_t *t = arg;
  ecd_exchange_ready(offset - t->frozen, count, t->exchange);
}

static void append_id(char *list, size_t size, const char *id) {
  const size_t have = strlen(list);
  if (have + strlen(id) + 8 < size)
    snprintf(list + have, size - have, " %s", id);
  else if (have + 8 < size && strcmp(list + have - 3, "...") != 0)
    snprintf(list + have, size - have, " ...");
}

/* suspect[count], on every rank: samples whose own input or prediction is not finite. */
static ecd_code_t find_suspects(ecd_trainer_t *t, size_t from, size_t local, size_t count,
                                ecd_error_t *err) {
  const size_t size = ecd_net_input_size(t->net);
  memset(t->suspect, 0, count);
  for (size_t b = 0; b < local; ++b) {
    bool finite = isfinite(t->prediction[b]);
    /* A graph is finite; as floats its parts mean nothing. */
    for (size_t i = 0; finite && t->needs.neighbors == 0 && i < size; ++i)
      finite = isfinite(t->input[b][i]);
    t->suspect[from + b] = finite ? 0 : 1;
  }
  ECD_MPI(
      MPI_Allreduce(MPI_IN_PLACE, t->suspect, (int)count, MPI_SIGNED_CHAR, MPI_MAX, t->ctx->world));
  return ECD_OK;
}

static ecd_code_t report_not_finite(const ecd_trainer_t *t, size_t first, size_t count, double loss,
                                    ecd_error_t *err) {
  char all[3072] = "", suspects[2048] = "";
  for (size_t k = 0; k < count; ++k) {
    const char *id = t->id[t->train[t->order[first + k]]];
    append_id(all, sizeof all, id);
    if (t->suspect[k]) append_id(suspects, sizeof suspects, id);
  }
  return ecd_fail(err, ECD_FAILED,
                  "%s is not finite in epoch %lld, step %lld; the last good checkpoint is kept\n"
                  "samples whose own input or prediction is not finite:%s\nsamples of the step:%s",
                  isfinite(loss) ? "a gradient" : "the loss", (long long)t->epoch + 1,
                  (long long)t->step_in_epoch + 1, suspects[0] != '\0' ? suspects : " none", all);
}

/* Time since *mark into a phase; the mark moves on. */
static void clock_phase(ecd_trainer_t *t, ecd_phase_t phase, double *mark) {
  const double now = ecd_now();
  t->seconds[phase] += now - *mark;
  *mark = now;
}

/* Batch: training samples order[first .. first + count - 1], split contiguously over the ranks.
   stop: some rank has seen a signal. */
static ecd_code_t step(ecd_trainer_t *t, size_t first, size_t count, double *loss, bool *stop,
                       ecd_error_t *err) {
  const size_t ranks = (size_t)t->ctx->size, rank = (size_t)t->ctx->rank;
  const size_t from = count * rank / ranks, local = count * (rank + 1) / ranks - from;
  for (size_t b = 0; b < local; ++b) {
    const size_t i = t->batch[b] = t->train[t->order[first + from + b]];
    t->scaled_target[b] = (float)((t->target[i] - t->target_mean) / t->target_deviation);
  }
  double mark = ecd_now(), sum[2];
  ecd_inputs_get(t->inputs, local, t->batch, t->epoch, t->input);
  set_training(t, from);
  ecd_net_forward(t->net, local, t->input, t->prediction);
  sum[0] = ecd_trainer_loss(t) == ECD_LOSS_MSE
               ? ecd_loss_mse(local, 1, t->prediction, t->scaled_target, t->gradient)
               : ecd_loss_mae(local, 1, t->prediction, t->scaled_target, t->gradient);
  clock_phase(t, ECD_PHASE_FORWARD, &mark);
  ecd_net_backward(t->net, local, t->input, t->gradient, give_part, t);
  clock_phase(t, ECD_PHASE_BACKWARD, &mark);
  ECD_TRY(check_statistics(t, err));
  t->finite = true;
  t->share = 1.0f / (float)count;
  ECD_TRY(ecd_exchange_finish(t->exchange, take_bucket, t, err));
  sum[1] = ecd_signals_seen();
  ECD_MPI(MPI_Allreduce(MPI_IN_PLACE, sum, 2, MPI_DOUBLE, MPI_SUM, t->ctx->world));
  clock_phase(t, ECD_PHASE_EXCHANGE, &mark);
  *loss = sum[0] / (double)count;
  *stop = sum[1] > 0;
  if (!isfinite(*loss) || !t->finite) {
    ECD_TRY(find_suspects(t, from, local, count, err));
    return report_not_finite(t, first, count, *loss, err);
  }
  ecd_optimizer_update(t->backend, &t->settings->train,
                       ecd_schedule_rate(&t->settings->train, t->epoch), ++t->step, t->trained,
                       ecd_net_parameters(t->net) + t->frozen,
                       ecd_net_gradients(t->net) + t->frozen, t->moment1, t->moment2);
  clock_phase(t, ECD_PHASE_UPDATE, &mark);
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
  const size_t batch = t->batch_max, steps = (t->train_count + batch - 1) / batch;
  bool stop;
  ecd_random_permutation(t->train_count, t->seed, ECD_RANDOM_SHUFFLE, (uint32_t)t->epoch, t->order);
  if (t->step_in_epoch == 0) t->loss_sum = t->weight_sum = 0;
  t->done = 0;
  ECD_TRY(stop_asked(t, &stop, err));
  while (!stop && (size_t)t->step_in_epoch < steps) {
    const size_t first = (size_t)t->step_in_epoch * batch;
    const size_t count = t->train_count - first < batch ? t->train_count - first : batch;
    double loss;
    ECD_TRY(step(t, first, count, &loss, &stop, err));
    t->loss_sum += loss * (double)count;
    t->weight_sum += (double)count;
    ++t->step_in_epoch;
    t->done += count;
    ecd_progress_update(t->progress, t->progress_done += count);
  }
  return stop ? ECD_STOPPED : ECD_OK;
}

typedef struct {
  ecd_inputs_t *inputs;
  const size_t *index;
} feed_t;

static ecd_code_t feed(size_t first, size_t count, const float **input, void *arg,
                       ecd_error_t *err) {
  (void)err;
  const feed_t *f = arg;
  ecd_inputs_get(f->inputs, count, f->index + first, -1, input);
  return ECD_OK;
}

ecd_code_t ecd_trainer_predict(ecd_trainer_t *t, bool unseen_only, ecd_error_t *err) {
  size_t *index, count = 0;
  double *value = NULL;
  ecd_code_t code = ecd_alloc((void **)&index, t->samples, sizeof *index, "predictions", err);
  if (code == ECD_OK)
    code = ecd_alloc((void **)&value, t->samples, sizeof *value, "predictions", err);
  code = ecd_agree(t->ctx->world, code, err);
  for (size_t i = 0; code == ECD_OK && i < t->samples; ++i)
    if (t->known[i] && (!unseen_only || t->split[i] == ECD_TEST || t->split[i] == ECD_VALIDATION))
      index[count++] = i;
  feed_t f = {t->inputs, index};
  ecd_net_set_mode(t->net, &(ecd_net_mode_t){.training = false});
  if (code == ECD_OK)
    code = ecd_inference_run(t->ctx, t->net, count, feed, &f, t->target_mean, t->target_deviation,
                             value, err);
  for (size_t k = 0; code == ECD_OK && k < count; ++k) t->predicted[index[k]] = value[k];
  free(index);
  free(value);
  return code;
}
