/* Linear least squares by singular values. Local. */
#ifndef ECD_ELASTIC_LEAST_SQUARES_H
#define ECD_ELASTIC_LEAST_SQUARES_H

#include "base/error.h"

#include <stddef.h>

enum { ECD_UNKNOWNS_MAX = 27 };

typedef struct {
  int rank;                   /* singular values above tolerance times the largest */
  double condition;           /* largest over smallest singular value; infinite where that is 0 */
  double x[ECD_UNKNOWNS_MAX]; /* the solution of least norm */
  /* [unknowns - rank] rows, orthonormal: directions of x that the equations do not see */
  double unseen[ECD_UNKNOWNS_MAX][ECD_UNKNOWNS_MAX];
  /* inverse of a^T a, on what is seen: times the variance of b, the covariance of x */
  double covariance[ECD_UNKNOWNS_MAX][ECD_UNKNOWNS_MAX];
} ecd_least_squares_t;

/* Minimises |a x - b|; a (equations, unknowns) row-major, b [equations]; unknowns at most
   ECD_UNKNOWNS_MAX. */
ecd_code_t ecd_least_squares(size_t equations, int unknowns, const double *a, const double *b,
                             double tolerance, ecd_least_squares_t *result, ecd_error_t *err);

#endif
