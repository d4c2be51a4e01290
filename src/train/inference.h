/* Predictions of many samples, block by block: the blocks depend on the order of the samples alone,
   so that the result is the same on any number of ranks. */
#ifndef ECD_TRAIN_INFERENCE_H
#define ECD_TRAIN_INFERENCE_H

#include "base/context.h"
#include "nn/net.h"

/* Samples of a block; a network that predicts must be made for at least as many. */
enum { ECD_INFERENCE_BLOCK = 16 };

/* input[count]: the prepared inputs of items first ..., at most ECD_INFERENCE_BLOCK; they must stay
   until the next call. Local. */
typedef ecd_code_t ecd_feed_fn(size_t first, size_t count, const float **input, void *arg,
                               ecd_error_t *err);

/* predicted[count] = mean + deviation * output of the network, on every rank. Each item is fed once, on one rank. ECD_STOPPED after a signal, where signals are watched. Collective. */
ecd_code_t ecd_inference_run(const ecd_context_t *ctx, ecd_net_t *net, size_t count,
                             ecd_feed_fn *feed, void *arg, double mean, double deviation,
                             double *predicted, ecd_error_t *err);

#endif
