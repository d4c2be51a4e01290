/* The tables of a benchmark: Markdown, LaTeX, CSV. Local, for rank 0. */
#ifndef ECD_BENCH_TABLES_H
#define ECD_BENCH_TABLES_H

#include "bench/scores.h"

/* OUTPUT/tables/NAME.md, .tex and .csv. Rows are moduli (of elements), columns the models; R2
   and RMSE of the averaged predictions, the best of a row bold, the article's figures below ours;
   then MAE, and mean and deviation over the repeats. The best of a row has the largest R2, of equal
   ones (to the digits shown) the smallest RMSE; rows that lack a model, or repeats of one, have none. Nothing in them
   depends on time or ranks. */
ecd_code_t ecd_tables_write(const ecd_bench_t *bench, const ecd_scores_t *scores, const char *name,
                            ecd_error_t *err);

/* Column of a model: what the article calls its kind, or its name where two are of one kind, or
   where the benchmark did not train it. */
const char *ecd_model_label(const ecd_bench_t *bench, size_t model);

/* The model with the best score of a row, models if the row has none. */
size_t ecd_scores_best(const ecd_scores_t *scores, size_t row);

#endif
