/* train.jsonl: one line of JSON for each epoch. All local; rank 0 writes. */
#ifndef ECD_TRAIN_JOURNAL_H
#define ECD_TRAIN_JOURNAL_H

#include "base/error.h"

#include <stdint.h>

/* Where the time of an epoch goes. */
typedef enum {
  ECD_PHASE_FORWARD,
  ECD_PHASE_BACKWARD,
  ECD_PHASE_EXCHANGE, /* waiting for the sums of gradients, beyond what backward hides */
  ECD_PHASE_UPDATE,
  ECD_PHASE_TEST,       /* predicting the held-out samples */
  ECD_PHASE_CHECKPOINT, /* writing checkpoints since the line before */
  ECD_PHASES
} ecd_phase_t;

typedef struct {
  int64_t epoch; /* from 1 */
  double loss;   /* over the epoch's steps, in units of the scaled target */
  double train_loss, validation_loss, test_loss; /* GPa; NaN (null in the file): no such samples */
  const char *error;                             /* what these are: "mae" or "rmse" */
  double lr, samples_per_s;
  int ranks, threads; /* of a rank */
  double seconds[ECD_PHASES];
} ecd_record_t;

/* Keeps the first `epochs` lines: those of epochs that the checkpoint holds. The file is made if
   missing. */
ecd_code_t ecd_journal_cut(const char *path, int64_t epochs, ecd_error_t *err);

/* Adds a line, on disk before this returns: a checkpoint written later never knows more epochs than
   the journal. */
ecd_code_t ecd_journal_add(const char *path, const ecd_record_t *record, ecd_error_t *err);

#endif
