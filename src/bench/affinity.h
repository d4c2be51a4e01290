/* Affinities of t-SNE: Gaussians around each point whose width gives all the same perplexity (van
   der Maaten & Hinton, J. Mach. Learn. Res. 9 (2008) 2579), made symmetric. */
#ifndef ECD_BENCH_AFFINITY_H
#define ECD_BENCH_AFFINITY_H

#include "base/context.h"
#include "bench/points.h"

typedef struct {
  ecd_rows_t rows; /* this rank's */
  size_t count;
  double *p;     /* (rows.count, count): (p(j|i) + p(i|j)) / (2 count), DBL_EPSILON at least, 0 on
                    the diagonal; over all rows the sum is 1 */
  size_t uneven; /* points, of all, that so many others coincide with that no width gives the
                    perplexity: those share their affinity equally */
} ecd_affinity_t;

/* perplexity: above 1, below count - 1, else ECD_USAGE. The widths are found by bisection, to 1e-5
   in the logarithm of the perplexity, as scikit-learn does. The same bits on any number of ranks
   and threads. Collective. Owned by the caller. */
ecd_code_t ecd_affinity_create(const ecd_context_t *ctx, const ecd_points_t *points,
                               double perplexity, ecd_affinity_t **affinity, ecd_error_t *err);
void ecd_affinity_destroy(ecd_affinity_t **affinity);

#endif
