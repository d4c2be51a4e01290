#include "train/inference.h"

#include "base/log.h"
#include "train/signals.h"

#include <string.h>

/* A short block is filled up with its last item: how a network sums may depend on the batch. */
static ecd_code_t predict_block(ecd_net_t *net, size_t first, size_t count, ecd_feed_fn *feed,
                                void *arg, float output[ECD_INFERENCE_BLOCK], ecd_error_t *err) {
  const float *input[ECD_INFERENCE_BLOCK];
  ECD_TRY(feed(first, count, input, arg, err));
  for (size_t slot = count; slot < ECD_INFERENCE_BLOCK; ++slot) input[slot] = input[count - 1];
  ecd_net_forward(net, ECD_INFERENCE_BLOCK, input, output);
  return ECD_OK;
}

ecd_code_t ecd_inference_run(const ecd_context_t *ctx, ecd_net_t *net, size_t count,
                             ecd_feed_fn *feed, void *arg, double mean, double deviation,
                             double *predicted, ecd_error_t *err) {
  const size_t block = ECD_INFERENCE_BLOCK;
  ecd_code_t code = ECD_OK;
  if (count > 0) memset(predicted, 0, count * sizeof *predicted);
  ecd_progress_t *progress = ecd_progress_create(ctx, "predicting", "samples", count);
  for (size_t first = block * (size_t)ctx->rank; code == ECD_OK && first < count;
       first += block * (size_t)ctx->size) {
    float output[ECD_INFERENCE_BLOCK];
    const size_t here = count - first < block ? count - first : block;
    if (ecd_signals_seen())
      code = ecd_fail(err, ECD_STOPPED, "stopped by a signal while predicting");
    else
      code = predict_block(net, first, here, feed, arg, output, err);
    for (size_t k = 0; code == ECD_OK && k < here; ++k)
      predicted[first + k] = mean + deviation * (double)output[k];
    ecd_progress_update(progress, first + here);
  }
  ecd_progress_destroy(&progress);
  ECD_TRY(ecd_agree(ctx->world, code, err));
  /* One rank has each prediction, the others add zeros: exact. */
  ECD_MPI(MPI_Allreduce(MPI_IN_PLACE, predicted, (int)count, MPI_DOUBLE, MPI_SUM, ctx->world));
  return ECD_OK;
}
