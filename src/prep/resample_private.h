/* What the two kinds of resampling share. */
#ifndef ECD_PREP_RESAMPLE_PRIVATE_H
#define ECD_PREP_RESAMPLE_PRIVATE_H

#include "prep/resample.h"

#include <petscdm.h>
#include <petscdmda.h>
#include <petscvec.h>

/* Translates a PETSc error code. */
ecd_code_t ecd_petsc_code(PetscErrorCode code, const char *what, ecd_error_t *err);
#define ECD_PETSC(call) ECD_TRY(ecd_petsc_code((call), #call, err))

/* The source grid spread over a group: on one rank its values as they are; on more a DMDA whose
   processes split the slowest axis, so that its global numbering is the natural one and each rank
   holds whole planes. */
typedef struct {
  MPI_Comm comm;
  int rank, size;
  int64_t n[3];
  const float *value; /* one rank: (n0, n1, n2), borrowed */
  DM da;              /* more: NULL on one rank */
  Vec vec;
  int64_t first, planes; /* this rank's planes of axis 0 */
} ecd_source_t;

/* Collective. */
ecd_code_t ecd_source_create(MPI_Comm comm, const ecd_grid_t *grid, ecd_source_t *source,
                             ecd_error_t *err);
void ecd_source_clear(ecd_source_t *source);

/* Part of count items that rank of size gets: first and number; the first ranks get the larger
   parts. */
void ecd_part(int64_t count, int rank, int size, int64_t *first, int64_t *number);

/* volume (n, n, n) on rank 0. Collective. */
ecd_code_t ecd_resample_local(const ecd_source_t *source, const double transform[3][3], int taps,
                              int64_t n, float *volume, ecd_error_t *err);
ecd_code_t ecd_resample_fourier(const ecd_source_t *source, const double transform[3][3], int64_t n,
                                float *volume, ecd_error_t *err);

#endif
