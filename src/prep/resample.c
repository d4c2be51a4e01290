#include "prep/resample_private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

ecd_code_t ecd_petsc_code(PetscErrorCode code, const char *what, ecd_error_t *err) {
  if (code == 0) return ECD_OK;
  const char *text = NULL;
  PetscErrorMessage(code, &text, NULL);
  return ecd_fail(err, ECD_FAILED, "PETSc: %s: %s", what, text != NULL ? text : "unknown error");
}

void ecd_part(int64_t count, int rank, int size, int64_t *first, int64_t *number) {
  const int64_t share = count / size, rest = count % size;
  *number = share + (rank < rest);
  *first = rank * share + (rank < rest ? rank : rest);
}

/* Rank 0's planes to their owners, as the float32 that they are. Collective. */
static ecd_code_t hand_out(ecd_source_t *source, const ecd_grid_t *grid, ecd_error_t *err) {
  const int64_t area = source->n[1] * source->n[2], mine = source->planes * area;
  int *counts = NULL;
  float *got = NULL;
  ecd_code_t code =
      ecd_alloc((void **)&counts, 2 * (size_t)source->size, sizeof *counts, "planes", err);
  if (code == ECD_OK) code = ecd_alloc((void **)&got, (size_t)mine, sizeof *got, "planes", err);
  code = ecd_agree(source->comm, code, err);
  for (int r = 0; code == ECD_OK && r < source->size; ++r) {
    int64_t first, planes;
    ecd_part(source->n[0], r, source->size, &first, &planes);
    counts[r] = (int)(planes * area);
    counts[source->size + r] = (int)(first * area);
  }
  if (code == ECD_OK)
    code = ecd_mpi_code(MPI_Scatterv(grid->value, counts, counts + source->size, MPI_FLOAT, got,
                                     (int)mine, MPI_FLOAT, 0, source->comm),
                        "handing out planes", err);
  PetscScalar *value;
  if (code == ECD_OK)
    code = ecd_petsc_code(VecGetArrayWrite(source->vec, &value), "VecGetArrayWrite", err);
  if (code == ECD_OK) {
    for (int64_t i = 0; i < mine; ++i) value[i] = (PetscScalar)got[i];
    VecRestoreArrayWrite(source->vec, &value);
  }
  free(counts);
  free(got);
  return code;
}

static ecd_code_t spread(ecd_source_t *source, const ecd_grid_t *grid, ecd_error_t *err) {
  const int64_t *n = source->n;
  const DMBoundaryType periodic = DM_BOUNDARY_PERIODIC;
  ECD_PETSC(DMDACreate3d(source->comm, periodic, periodic, periodic, DMDA_STENCIL_BOX,
                         (PetscInt)n[2], (PetscInt)n[1], (PetscInt)n[0], 1, 1, source->size, 1, 0,
                         NULL, NULL, NULL, &source->da));
  ECD_PETSC(DMSetUp(source->da));
  ECD_PETSC(DMCreateGlobalVector(source->da, &source->vec));
  PetscInt first, planes;
  ECD_PETSC(DMDAGetCorners(source->da, NULL, NULL, &first, NULL, NULL, &planes));
  source->first = first;
  source->planes = planes;
  return hand_out(source, grid, err);
}

ecd_code_t ecd_source_create(MPI_Comm comm, const ecd_grid_t *grid, ecd_source_t *source,
                             ecd_error_t *err) {
  memset(source, 0, sizeof *source);
  source->comm = comm;
  ECD_MPI(MPI_Comm_rank(comm, &source->rank));
  ECD_MPI(MPI_Comm_size(comm, &source->size));
  memcpy(source->n, grid->n, sizeof source->n);
  if (source->size == 1) {
    source->value = grid->value;
    source->planes = grid->n[0];
    return ECD_OK;
  }
  if (grid->n[0] < source->size)
    return ecd_fail(
        err, ECD_USAGE,
        "prep.ranks_per_volume: expected at most %lld for a grid of %lld planes, found %d",
        (long long)grid->n[0], (long long)grid->n[0], source->size);
  return spread(source, grid, err);
}

void ecd_source_clear(ecd_source_t *source) {
  VecDestroy(&source->vec);
  DMDestroy(&source->da);
}

/* In eight lanes, so that the compiler can use vectors; the order of the sum is fixed. */
static void fill_report(const ecd_grid_t *grid, int64_t n, const float *volume,
                        ecd_resample_report_t *report) {
  enum { LANES = 8 };
  const int64_t points = n * n * n;
  double sum[LANES] = {0};
  float low[LANES], high[LANES];
  int32_t negative[LANES] = {0}; /* n is at most 1024: a lane's share fits */
  for (int k = 0; k < LANES; ++k) low[k] = high[k] = volume[0];
  for (int64_t i = 0; i < points; i += LANES) {
    const int lanes = points - i < LANES ? (int)(points - i) : LANES;
    for (int k = 0; k < lanes; ++k) {
      const float v = volume[i + k];
      sum[k] += (double)v;
      low[k] = v < low[k] ? v : low[k];
      high[k] = v > high[k] ? v : high[k];
      negative[k] += v < 0.0f;
    }
  }
  double total = 0;
  report->minimum = report->maximum = (double)volume[0];
  report->negative = 0;
  for (int k = 0; k < LANES; ++k) {
    total += sum[k];
    report->minimum = fmin(report->minimum, (double)low[k]);
    report->maximum = fmax(report->maximum, (double)high[k]);
    report->negative += negative[k];
  }
  report->integral_before = ecd_grid_integral(grid);
  report->integral_after = total / (double)points * fabs(ecd_cell_volume(grid->crystal.lattice));
}

static ecd_code_t finish(const ecd_grid_t *grid, ecd_method_t method, int64_t n,
                         const float *volume, ecd_resample_report_t *report, ecd_error_t *err) {
  fill_report(grid, n, volume, report);
  const double change = fabs(report->integral_after - report->integral_before);
  const double scale = fmax(fabs(report->maximum), fabs(report->minimum)) *
                       fabs(ecd_cell_volume(grid->crystal.lattice));
  if (method != ECD_METHOD_FOURIER ||
      change <= 1e-6 * fmax(fabs(report->integral_before), 1e-3 * scale))
    return ECD_OK;
  return ecd_fail(err, ECD_FAILED, "Fourier resampling changed the integral from %.9g to %.9g",
                  report->integral_before, report->integral_after);
}

ecd_code_t ecd_resample(MPI_Comm comm, const ecd_grid_t *grid, const double transform[3][3],
                        ecd_method_t method, int64_t n, float *volume,
                        ecd_resample_report_t *report, ecd_error_t *err) {
  ecd_source_t source;
  ecd_code_t code = ecd_agree(comm, ecd_source_create(comm, grid, &source, err), err);
  if (code == ECD_OK)
    code = method == ECD_METHOD_FOURIER
               ? ecd_resample_fourier(&source, transform, n, volume, err)
               : ecd_resample_local(&source, transform, method == ECD_METHOD_TRICUBIC ? 4 : 2, n,
                                    volume, err);
  if (code == ECD_OK && source.rank == 0) code = finish(grid, method, n, volume, report, err);
  code = ecd_agree(comm, code, err);
  if (code == ECD_OK && source.size > 1)
    code = ecd_mpi_code(MPI_Bcast(report, (int)sizeof *report, MPI_BYTE, 0, comm),
                        "sharing a report", err);
  ecd_source_clear(&source);
  return code;
}

double ecd_resample_memory(const int64_t source[3], int64_t n, ecd_method_t method, int ranks) {
  const double points = (double)source[0] * (double)source[1] * (double)source[2];
  const double target = (double)n * (double)n * (double)n, share = points / ranks;
  /* The first rank's file contents and volume; a spread grid's planes as received, as a Vec, and
     the DMDA's numbering of them. */
  const double grids = 4 * points + 4 * target + (ranks > 1 ? 22 * share : 0);
  /* Half spectra: of the planes, packed, of the columns; the target's, its sum and its values. */
  if (method == ECD_METHOD_FOURIER)
    return grids + (ranks > 1 ? 24 : 8) * share + (ranks > 1 ? 24 : 16) * target;
  const int taps = method == ECD_METHOD_TRICUBIC ? 4 : 2;
  const double planes = 8 * (double)source[0] * (double)n * (double)n;
  if (ranks == 1) return grids + planes;
  /* Marks of what a rank's taps reach (whole planes, or scattered points), and the scatter that
     fetches it: indices, communication pattern, values. */
  const double plane_share = (double)(taps * n / ranks + taps) / (double)source[0];
  const double needed =
      fmin(points, fmax(plane_share * points, taps * taps * taps * target / ranks));
  return grids + planes + points / 4 + 36 * needed + 4 * target;
}
