/* ecdnet bench: what a deck's benchmark does. */
#ifndef ECD_BENCH_BENCH_H
#define ECD_BENCH_BENCH_H

#include "bench/models.h"

typedef enum {
  ECD_BENCH_RUN,
  ECD_BENCH_DRY_RUN, /* list the pieces, estimate the time */
  ECD_BENCH_STATUS,  /* what is done */
  ECD_BENCH_TABLES   /* tables of what is done */
} ecd_bench_mode_t;

/* Runs what is left of the benchmark and writes the tables. ECD_FAILED, with their names, if pieces
   failed; ECD_STOPPED after a signal. The dry run and the status write nothing but standard output.
   Collective. */
ecd_code_t ecd_bench_run(const ecd_context_t *ctx, ecd_settings_t *settings,
                         const ecd_layers_t *layers, ecd_bench_mode_t mode, ecd_error_t *err);

#endif
