/* Principal components, by the singular value decomposition of the centred points in ScaLAPACK. */
#ifndef ECD_BENCH_PCA_H
#define ECD_BENCH_PCA_H

#include "bench/points.h"

typedef struct {
  size_t width, components; /* components: directions in which the points vary */
  double *mean;             /* [width] */
  double *component;        /* (components, width), of length 1, the largest variance first */
  double *variance;         /* [components], over points less 1 */
  double total;             /* variance in all */
} ecd_pca_t;

/* Points: the same on every rank, finite. They are spread block-cyclically over a grid of the ranks
   of comm (as many as there are features at most), as square as their number allows; every rank gets
   the result, the same bits. Other
   numbers of ranks agree to rounding. Of a component's entries that are the largest in size, the
   first is positive. Fewer than 2 points or none that differ: ECD_DATA. Collective; owned by the
   caller. */
ecd_code_t ecd_pca_create(MPI_Comm comm, const ecd_points_t *points, ecd_pca_t **pca,
                          ecd_error_t *err);
void ecd_pca_destroy(ecd_pca_t **pca);

/* scores (points->count, scores->width): the points in the first components. scores: allocated, its
   width at most pca->components. Local, by threads. */
void ecd_pca_project(const ecd_pca_t *pca, const ecd_points_t *points, int threads,
                     ecd_points_t *scores);

/* The first columns of scores, which are allocated at least, rounded to some 2^-16 of the deviation
   of the first: t-SNE makes another map of every other rounding, and the components of another
   number of ranks are rounded otherwise. That one of n values falls on the other side of a step is
   as likely as n / 10^8. Local; owned by the caller. */
ecd_code_t ecd_pca_cut(const ecd_points_t *scores, size_t width, ecd_points_t *out,
                       ecd_error_t *err);

#endif
