#include "base/context.h"

#include <omp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int usable_cores(void) {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
  const long online = sysconf(_SC_NPROCESSORS_ONLN);
  return online > 0 ? (int)online : 1;
}

static ecd_code_t make(ecd_context_t *ctx, MPI_Comm comm, ecd_error_t *err) {
  ECD_MPI(MPI_Comm_dup(comm, &ctx->world));
  ECD_MPI(MPI_Comm_set_errhandler(ctx->world, MPI_ERRORS_RETURN));
  ECD_MPI(MPI_Comm_rank(ctx->world, &ctx->rank));
  ECD_MPI(MPI_Comm_size(ctx->world, &ctx->size));
  ECD_MPI(
      MPI_Comm_split_type(ctx->world, MPI_COMM_TYPE_SHARED, ctx->rank, MPI_INFO_NULL, &ctx->node));
  ECD_MPI(MPI_Comm_set_errhandler(ctx->node, MPI_ERRORS_RETURN));
  ECD_MPI(MPI_Comm_rank(ctx->node, &ctx->node_rank));
  ECD_MPI(MPI_Comm_size(ctx->node, &ctx->node_size));
  const int leader = ctx->node_rank == 0;
  ECD_MPI(MPI_Allreduce(&leader, &ctx->node_count, 1, MPI_INT, MPI_SUM, ctx->world));
  return ECD_OK;
}

static ecd_code_t create(MPI_Comm comm, ecd_context_t **ctx, ecd_error_t *err) {
  ECD_TRY(ecd_alloc((void **)ctx, 1, sizeof **ctx, "run context", err));
  (*ctx)->world = (*ctx)->node = MPI_COMM_NULL;
  const ecd_code_t code = make(*ctx, comm, err);
  if (code != ECD_OK) ecd_context_destroy(ctx);
  return code;
}

ecd_code_t ecd_context_create(ecd_context_t **ctx, ecd_error_t *err) {
  ECD_TRY(create(MPI_COMM_WORLD, ctx, err));
  (*ctx)->terminal = (*ctx)->rank == 0 && isatty(STDERR_FILENO);
  const ecd_code_t code = ecd_context_set_threads(*ctx, 0, err);
  if (code != ECD_OK) ecd_context_destroy(ctx);
  return code;
}

ecd_code_t ecd_context_part(const ecd_context_t *whole, MPI_Comm comm, ecd_context_t **part,
                            ecd_error_t *err) {
  ECD_TRY(create(comm, part, err));
  (*part)->threads = whole->threads;
  return ECD_OK;
}

ecd_code_t ecd_context_set_threads(ecd_context_t *ctx, int threads, ecd_error_t *err) {
  if (threads < 0)
    return ecd_fail(err, ECD_USAGE, "threads must be 0 (automatic) or more, not %d", threads);
  if (threads == 0 && getenv("OMP_NUM_THREADS") != NULL) threads = omp_get_max_threads();
  if (threads == 0) {
    /* Ranks bound to cores of their own each see just those; unbound ranks share what they see. */
    const int cores = usable_cores();
    const long online = sysconf(_SC_NPROCESSORS_ONLN);
    const bool bound = ctx->node_size > 1 && cores < online;
    threads = bound ? cores : cores / ctx->node_size;
    if (threads < 1) threads = 1;
  }
  ctx->threads = threads;
  omp_set_num_threads(threads);
  return ECD_OK;
}

void ecd_context_destroy(ecd_context_t **ctx) {
  if (*ctx == NULL) return;
  if ((*ctx)->node != MPI_COMM_NULL) MPI_Comm_free(&(*ctx)->node);
  if ((*ctx)->world != MPI_COMM_NULL) MPI_Comm_free(&(*ctx)->world);
  free(*ctx);
  *ctx = NULL;
}
