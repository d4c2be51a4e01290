/* What a run is made of: communicators, ranks, threads. Made once in main, passed explicitly. */
#ifndef ECD_BASE_CONTEXT_H
#define ECD_BASE_CONTEXT_H

#include "base/error.h"

#include <stdio.h>

typedef struct {
  MPI_Comm world; /* a duplicate of MPI_COMM_WORLD, errors returned */
  int rank, size;
  MPI_Comm node; /* the ranks that share this node's memory */
  int node_rank, node_size;
  int node_count; /* number of nodes */
  int threads;    /* OpenMP threads of this rank */
  bool terminal;  /* rank 0's standard error is a terminal: progress bars make sense */
  FILE *log;      /* where rank 0's lines go instead of standard error, borrowed; NULL: there */
} ecd_context_t;

/* Collective over MPI_COMM_WORLD; MPI must be initialised. Owned by the caller. */
ecd_code_t ecd_context_create(ecd_context_t **ctx, ecd_error_t *err);

/* A context of the ranks that pass communicators with the same ranks in comm, which is duplicated:
   a part of whole, with its threads, without its terminal and log. Collective over comm. */
ecd_code_t ecd_context_part(const ecd_context_t *whole, MPI_Comm comm, ecd_context_t **part,
                            ecd_error_t *err);

/* Local: sets the OpenMP thread count; 0 = OMP_NUM_THREADS if set, else this node's usable cores
   divided by its ranks (1 at least). */
ecd_code_t ecd_context_set_threads(ecd_context_t *ctx, int threads, ecd_error_t *err);

/* Collective. Frees and NULLs. */
void ecd_context_destroy(ecd_context_t **ctx);

#endif
