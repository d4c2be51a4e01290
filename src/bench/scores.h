/* From the predictions of finished pieces to the numbers of a table. All local, for rank 0. */
#ifndef ECD_BENCH_SCORES_H
#define ECD_BENCH_SCORES_H

#include "bench/pieces.h"
#include "train/metrics.h"

/* A row of a table: a modulus; with leave one element out, of one element. */
typedef struct {
  char element[4]; /* "" otherwise */
  ecd_target_t target;
  size_t tested; /* materials that are held out, with a known modulus */
} ecd_row_t;

/* Of one row and model. Held-out predictions of all folds are taken together. */
typedef struct {
  size_t pieces, done, failed;
  size_t repeats;          /* that are complete; the others are left out */
  ecd_metrics_t average;   /* of the predictions averaged over the repeats; n = 0: none */
  ecd_metrics_t mean;      /* over the repeats */
  ecd_metrics_t deviation; /* the sample standard deviation over them, NaN for one */
  /* The same over the folds, of the averaged predictions; kfold, else NaN. */
  ecd_metrics_t fold_mean, fold_deviation;
} ecd_score_t;

typedef struct {
  size_t rows, models;
  ecd_row_t *row;     /* [rows] */
  ecd_score_t *score; /* (rows, models) */
} ecd_scores_t;

/* ECD_DATA for a piece whose predictions.csv is not what it should be. */
ecd_code_t ecd_scores_create(const ecd_bench_t *bench, ecd_scores_t *scores, ecd_error_t *err);
void ecd_scores_clear(ecd_scores_t *scores);
const ecd_score_t *ecd_scores_get(const ecd_scores_t *scores, size_t row, size_t model);

/* The averaged predictions of a row and model, as a run's folder: OUTPUT/results/MODEL-TARGET, with
   -ELEMENT where there is one, gets predictions.csv (uncertainty: the deviation over the repeats),
   metrics.json and deck.yaml. Nothing where no repeat is complete. */
ecd_code_t ecd_scores_write(const ecd_context_t *ctx, const ecd_bench_t *bench,
                            const ecd_scores_t *scores, ecd_error_t *err);

/* Held-out metrics of one piece that is done. */
ecd_code_t ecd_piece_metrics(const ecd_bench_t *bench, size_t piece, ecd_metrics_t *metrics,
                             ecd_error_t *err);

#endif
