/* Contexts of tests: all ranks, or this one alone. */
#ifndef ECD_TESTS_BENCH_ALONE_H
#define ECD_TESTS_BENCH_ALONE_H

#include "base/context.h"

static inline ecd_context_t context_of(MPI_Comm comm, int threads) {
  ecd_context_t ctx = {.world = comm, .node = comm, .node_count = 1, .threads = threads};
  MPI_Comm_rank(comm, &ctx.rank);
  MPI_Comm_size(comm, &ctx.size);
  ctx.node_rank = ctx.rank;
  ctx.node_size = ctx.size;
  return ctx;
}

#endif
