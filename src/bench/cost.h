/* How long the pieces of a benchmark will take: an estimate for their order and for the user. */
#ifndef ECD_BENCH_COST_H
#define ECD_BENCH_COST_H

#include "bench/pieces.h"

/* Seconds that a step of train.batch samples, and the inference of one sample, take; of a model
   that takes no steps: the whole training, as one. */
typedef struct {
  double step, infer;
  double file; /* to write or to read and check the weights that train */
  bool steps;
} ecd_rate_t;

/* cost of all pieces, from the operations of their models on a core of usual speed: the same in
   every run. ECD_USAGE for a network that does not fit the dataset's volumes. Collective. */
ecd_code_t ecd_cost_estimate(const ecd_context_t *ctx, ecd_bench_t *bench, ecd_error_t *err);

/* cost of all pieces from steps that group's ranks take now (time.steps, time.warmup); all
   groups do it at once, as in the benchmark. Collective over group and whole. */
ecd_code_t ecd_cost_measure(const ecd_context_t *whole, const ecd_context_t *group,
                            ecd_bench_t *bench, ecd_error_t *err);

/* The end of the open pieces on groups workers, in seconds, if each piece takes cost * factor.
   Local, 0 without memory. */
double ecd_cost_span(const ecd_bench_t *bench, size_t groups, double factor);

/* Ranks of a group: bench.ranks_per_run, or the power of two with the earliest end, where a
   training on n ranks is taken to be n^0.8 times as fast. Local. */
int ecd_cost_ranks(const ecd_bench_t *bench, int ranks);

#endif
