/* Samples as points of a space, and squared Euclidean distances between them. All ranks hold all
   points; the work goes by rows, a stretch of them to each rank. Sums run in one fixed order, so
   that nothing depends on the number of ranks or threads, and the distance from a to b is that from
   b to a to the last bit. */
#ifndef ECD_BENCH_POINTS_H
#define ECD_BENCH_POINTS_H

#include "base/error.h"

#include <stddef.h>

typedef struct {
  size_t count, width;
  double *value; /* (count, width) */
} ecd_points_t;

/* A stretch of rows. */
typedef struct {
  size_t first, count;
} ecd_rows_t;

/* Room for the points, zeroed, owned by the caller. Local. */
ecd_code_t ecd_points_allocate(size_t count, size_t width, ecd_points_t *points, ecd_error_t *err);
void ecd_points_clear(ecd_points_t *points);

/* The rows of a rank: equal parts, in order. Local. */
ecd_rows_t ecd_rows_of(size_t count, int rank, int size);

/* value (count, width): each rank's own rows (ecd_rows_of) go to all others. Collective. */
ecd_code_t ecd_rows_gather(MPI_Comm comm, size_t count, size_t width, double *value,
                           ecd_error_t *err);

/* distance (rows.count, points->count): squared distances of these rows to all points. Local, by
   threads. */
void ecd_points_distances(const ecd_points_t *points, ecd_rows_t rows, int threads,
                          double *distance);

/* Sum of a[i] * b[i] in the fixed order. Local. */
double ecd_dot(size_t n, const double *a, const double *b);

#endif
