/* Many trainings at once: groups of ranks take the open pieces of a benchmark one after the
   other. */
#ifndef ECD_BENCH_FARM_H
#define ECD_BENCH_FARM_H

#include "bench/pieces.h"

/* The group of this rank: ranks of one node where size fits into a node, size at least, the rest
   of a node spread over its groups. *groups: how many there are, *mine: which this is, from 0.
   Owned by the caller. Collective. */
ecd_code_t ecd_farm_group(const ecd_context_t *ctx, int size, ecd_context_t **group, int *groups,
                          int *mine, ecd_error_t *err);

/* Runs the open pieces, whose states are then what became of them, the same on all ranks. A
   piece is taken from a shared counter in bench->order; one with parents waits for them, which
   others have taken before. A piece that fails is recorded and the rest goes on. The first rank of
   a group prints a line for each piece. After a signal to any rank all groups write a checkpoint
   and leave: ECD_STOPPED. A line about the time goes to OUTPUT/farm.jsonl. Collective. */
ecd_code_t ecd_farm_run(const ecd_context_t *ctx, ecd_bench_t *bench, ecd_error_t *err);

#endif
