/* Resampling of a periodic field to n^3, in parallel with PETSc. */
#ifndef ECD_PREP_RESAMPLE_H
#define ECD_PREP_RESAMPLE_H

#include "base/error.h"
#include "deck/settings.h"
#include "grid/grid.h"

typedef struct {
  double integral_before,
      integral_after;      /* field integrated over the source cell; target mean * source volume */
  double minimum, maximum; /* of the target volume */
  int64_t negative;        /* target values below 0 */
} ecd_resample_report_t;

/* Collective over comm (a group of ranks; PETSc must be initialised). grid->value is needed on rank
   0 of comm only; its n and crystal on all. target_cell rows = cell whose fractions i/n are the
   target points, same origin (the source's own lattice for as_given). volume: (n, n, n) float32 in
   full on rank 0 of comm (NULL elsewhere). Result is bitwise independent of comm's size. fourier: a
   change of the integral beyond rounding is ECD_FAILED. */
ecd_code_t ecd_resample(MPI_Comm comm, const ecd_grid_t *grid, const double transform[3][3],
                        ecd_method_t method, int64_t n, float *volume,
                        ecd_resample_report_t *report, ecd_error_t *err);

/* Bytes that one rank of a group of ranks will need for a source grid, local. */
double ecd_resample_memory(const int64_t source[3], int64_t n, ecd_method_t method, int ranks);

#endif
