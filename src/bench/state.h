/* What is on disk of a benchmark's pieces: OUTPUT/pieces/NAME holds the files of the training and
     settings.txt  what decides its result; a piece made with other settings is refused
     log.txt       what the training said
     piece.json    when it is done: seconds, ranks
     failed.json   when it failed: exit code, message
   All but ecd_state_scan is local, called by one rank for a piece. */
#ifndef ECD_BENCH_STATE_H
#define ECD_BENCH_STATE_H

#include "bench/pieces.h"

typedef struct {
  double seconds; /* of the run that finished it; NaN: not known */
  int ranks;
  int64_t epochs;     /* lines of train.jsonl */
  char message[2048]; /* why it failed; "" */
} ecd_piece_record_t;

/* Finds the state of every piece. A piece that is done but lacks the model that an open child needs
   is open again, and with retry one that failed. ECD_USAGE for one made with other settings, with
   the first difference. Collective. */
ecd_code_t ecd_state_scan(const ecd_context_t *ctx, ecd_bench_t *bench, bool retry,
                          ecd_error_t *err);

ecd_piece_record_t ecd_state_read(const ecd_bench_t *bench, size_t piece);

/* Makes the folder, writes settings.txt; after a failure what it left is removed. */
ecd_code_t ecd_state_begin(const ecd_bench_t *bench, size_t piece, ecd_error_t *err);
ecd_code_t ecd_state_done(const ecd_bench_t *bench, size_t piece, double seconds, int ranks,
                          ecd_error_t *err);
ecd_code_t ecd_state_failed(const ecd_bench_t *bench, size_t piece, const ecd_error_t *why,
                            ecd_error_t *err);

/* Removes the checkpoints of a piece that is done, and, with model, its model. */
void ecd_state_clean(const ecd_bench_t *bench, size_t piece, bool model);

#endif
