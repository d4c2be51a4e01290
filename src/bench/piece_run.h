/* One piece of a benchmark, trained by a group of ranks. */
#ifndef ECD_BENCH_PIECE_RUN_H
#define ECD_BENCH_PIECE_RUN_H

#include "bench/pieces.h"

/* Trains (not a trained model), predicts an external dataset, and leaves the piece done, or failed, on disk; its lines
   go to the piece's log.txt. *failure: why it failed, else its code is ECD_OK. ECD_STOPPED after a
   signal and a checkpoint: the piece stays open. Other errors: the piece's own files could not be
   written. Collective over group. */
ecd_code_t ecd_piece_run(ecd_context_t *group, const ecd_bench_t *bench, size_t piece,
                         ecd_error_t *failure, double *seconds, ecd_error_t *err);

#endif
