/* Trigonometric interpolation. Each rank transforms its planes (axes 1 and 2), an all-to-all
   exchange turns planes into columns, each rank transforms its columns (axis 0) and carries their
   coefficients over to the target's spectrum; rank 0 transforms that back. Every plane and column
   goes through the same plan in the same scratch memory, so that the result does not depend on the
   number of ranks. */
#include "prep/resample_private.h"

#include <complex.h>
#include <fftw3.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  const ecd_source_t *source;
  int64_t half, columns;        /* n2 / 2 + 1, n1 * half */
  int64_t first, count;         /* this rank's columns */
  double complex *plane_major;  /* (planes of this rank, columns) */
  double complex *column_major; /* (n0, columns of this rank) */
} forward_t;

static ecd_code_t transform_planes(forward_t *f, ecd_error_t *err) {
  const ecd_source_t *source = f->source;
  const int64_t *n = source->n, area = n[1] * n[2];
  double *in = fftw_alloc_real((size_t)area);
  fftw_complex *out = fftw_alloc_complex((size_t)f->columns);
  fftw_plan plan = in != NULL && out != NULL
                       ? fftw_plan_dft_r2c_2d((int)n[1], (int)n[2], in, out, FFTW_ESTIMATE)
                       : NULL;
  const PetscScalar *spread = NULL;
  ecd_code_t code =
      plan == NULL ? ecd_fail(err, ECD_FAILED, "out of memory: FFT of a plane") : ECD_OK;
  if (code == ECD_OK && source->size > 1)
    code = ecd_petsc_code(VecGetArrayRead(source->vec, &spread), "VecGetArrayRead", err);
  for (int64_t x = 0; code == ECD_OK && x < source->planes; ++x) {
    for (int64_t i = 0; i < area; ++i)
      in[i] = spread != NULL ? spread[x * area + i] : (double)source->value[x * area + i];
    fftw_execute(plan);
    memcpy(f->plane_major + x * f->columns, out, (size_t)f->columns * sizeof *out);
  }
  if (spread != NULL) VecRestoreArrayRead(source->vec, &spread);
  if (plan != NULL) fftw_destroy_plan(plan);
  fftw_free(in);
  fftw_free(out);
  return code;
}

/* Planes of this rank, all columns -> all planes, columns of this rank. Collective. */
static ecd_code_t exchange(forward_t *f, ecd_error_t *err) {
  const ecd_source_t *source = f->source;
  const int size = source->size;
  if (size == 1) return ECD_OK;
  int *counts = NULL;
  double complex *packed = NULL;
  ecd_code_t code = ecd_alloc((void **)&counts, (size_t)size * 4, sizeof *counts, "exchange", err);
  if (code == ECD_OK)
    code = ecd_alloc((void **)&packed, (size_t)(source->planes * f->columns), sizeof *packed,
                     "exchange", err);
  code = ecd_agree(source->comm, code, err);
  if (code == ECD_OK) {
    int *send = counts, *send_at = counts + size, *got = counts + 2 * size,
        *got_at = counts + 3 * size;
    double complex *to = packed;
    for (int r = 0; r < size; ++r) {
      int64_t first, count, plane, planes;
      ecd_part(f->columns, r, size, &first, &count);
      ecd_part(source->n[0], r, size, &plane, &planes);
      send[r] = (int)(source->planes * count);
      send_at[r] = (int)(to - packed);
      got[r] = (int)(planes * f->count);
      got_at[r] = (int)(plane * f->count);
      for (int64_t x = 0; x < source->planes; ++x, to += count)
        memcpy(to, f->plane_major + x * f->columns + first, (size_t)count * sizeof *to);
    }
    code = ecd_mpi_code(MPI_Alltoallv(packed, send, send_at, MPI_C_DOUBLE_COMPLEX, f->column_major,
                                      got, got_at, MPI_C_DOUBLE_COMPLEX, source->comm),
                        "exchange of FFT columns", err);
  }
  free(counts);
  free(packed);
  return code;
}

/* Signed frequencies of index i on an axis of n points: one, or two at an even axis's Nyquist
   index. */
static int frequencies(int64_t i, int64_t n, int64_t h[2]) {
  h[0] = i <= n / 2 ? i : i - n;
  h[1] = -h[0];
  return n % 2 == 0 && i == n / 2 ? 2 : 1;
}

/* Adds a coefficient at source frequency h to the target's half spectrum (n, n, n / 2 + 1). */
static void carry(const double transform[3][3], int64_t n, const int64_t h[3], double complex value,
                  double complex *spectrum) {
  int64_t at[3];
  for (int i = 0; i < 3; ++i) {
    const double g = transform[i][0] * (double)h[0] + transform[i][1] * (double)h[1] +
                     transform[i][2] * (double)h[2];
    at[i] = (int64_t)lround(g);
    if (2 * llabs(at[i]) >= n) return; /* at or beyond the target's Nyquist frequency */
  }
  if (at[2] < 0) return;
  spectrum[((at[0] + n) % n * n + (at[1] + n) % n) * (n / 2 + 1) + at[2]] += value;
}

/* One source coefficient, at each of its signed frequencies; those of the other half space are its
   conjugates. */
static void carry_all(const int64_t n_source[3], const double transform[3][3], int64_t n,
                      const int64_t index[3], double complex value, double complex *spectrum) {
  int64_t h[3][2];
  int count[3];
  for (int axis = 0; axis < 3; ++axis)
    count[axis] = frequencies(index[axis], n_source[axis], h[axis]);
  const bool mirror = index[2] > 0 && count[2] == 1;
  value /= (double)(count[0] * count[1] * count[2]);
  for (int a = 0; a < count[0]; ++a)
    for (int b = 0; b < count[1]; ++b)
      for (int c = 0; c < count[2]; ++c) {
        carry(transform, n, (const int64_t[3]){h[0][a], h[1][b], h[2][c]}, value, spectrum);
        if (mirror)
          carry(transform, n, (const int64_t[3]){-h[0][a], -h[1][b], -h[2][c]}, conj(value),
                spectrum);
      }
}

static ecd_code_t transform_columns(const forward_t *f, const double transform[3][3], int64_t n,
                                    double complex *spectrum, ecd_error_t *err) {
  const int64_t *m = f->source->n;
  const double points = (double)m[0] * (double)m[1] * (double)m[2];
  fftw_complex *line = fftw_alloc_complex((size_t)m[0]);
  fftw_plan plan =
      line != NULL ? fftw_plan_dft_1d((int)m[0], line, line, FFTW_FORWARD, FFTW_ESTIMATE) : NULL;
  if (plan == NULL) {
    fftw_free(line);
    return ecd_fail(err, ECD_FAILED, "out of memory: FFT of a column");
  }
  for (int64_t c = 0; c < f->count; ++c) {
    for (int64_t x = 0; x < m[0]; ++x) line[x] = f->column_major[x * f->count + c];
    fftw_execute(plan);
    const int64_t column = f->first + c;
    for (int64_t x = 0; x < m[0]; ++x)
      carry_all(m, transform, n, (const int64_t[3]){x, column / f->half, column % f->half},
                line[x] / points, spectrum);
  }
  fftw_destroy_plan(plan);
  fftw_free(line);
  return ECD_OK;
}

static ecd_code_t transform_back(int64_t n, double complex *spectrum, float *volume,
                                 ecd_error_t *err) {
  const int edge = (int)n;
  double *out = fftw_alloc_real((size_t)(n * n * n));
  fftw_plan plan =
      out != NULL ? fftw_plan_dft_c2r_3d(edge, edge, edge, spectrum, out, FFTW_ESTIMATE) : NULL;
  if (plan != NULL) {
    fftw_execute(plan);
    fftw_destroy_plan(plan);
    for (int64_t i = 0; i < n * n * n; ++i) volume[i] = (float)out[i];
  }
  fftw_free(out);
  return plan != NULL ? ECD_OK
                      : ecd_fail(err, ECD_FAILED, "out of memory: FFT of the target volume");
}

static ecd_code_t forward(forward_t *f, const double transform[3][3], int64_t n,
                          double complex *spectrum, ecd_error_t *err) {
  const ecd_source_t *source = f->source;
  ecd_code_t code = ecd_alloc((void **)&f->plane_major, (size_t)(source->planes * f->columns),
                              sizeof *f->plane_major, "spectrum", err);
  if (code == ECD_OK && source->size > 1)
    code = ecd_alloc((void **)&f->column_major, (size_t)(source->n[0] * f->count) + 1,
                     sizeof *f->column_major, "spectrum", err);
  if (code == ECD_OK) code = transform_planes(f, err);
  code = ecd_agree(source->comm, code, err);
  if (code == ECD_OK) code = exchange(f, err);
  if (source->size == 1) f->column_major = f->plane_major;
  if (code == ECD_OK) code = transform_columns(f, transform, n, spectrum, err);
  if (source->size > 1) free(f->column_major);
  free(f->plane_major);
  return ecd_agree(source->comm, code, err);
}

ecd_code_t ecd_resample_fourier(const ecd_source_t *source, const double transform[3][3], int64_t n,
                                float *volume, ecd_error_t *err) {
  forward_t f = {.source = source, .half = source->n[2] / 2 + 1};
  f.columns = source->n[1] * f.half;
  ecd_part(f.columns, source->rank, source->size, &f.first, &f.count);
  const size_t size = (size_t)(n * n * (n / 2 + 1));
  double complex *spectrum = (double complex *)fftw_alloc_complex(size);
  ecd_code_t code =
      spectrum != NULL ? ECD_OK : ecd_fail(err, ECD_FAILED, "out of memory: target spectrum");
  code = ecd_agree(source->comm, code, err);
  if (code == ECD_OK) {
    memset(spectrum, 0, size * sizeof *spectrum);
    code = forward(&f, transform, n, spectrum, err);
  }
  /* Each target coefficient comes from one source coefficient, so that this sum only adds zeros. */
  if (code == ECD_OK && source->size > 1)
    code = ecd_mpi_code(MPI_Reduce(source->rank == 0 ? MPI_IN_PLACE : spectrum, spectrum,
                                   (int)(2 * size), MPI_DOUBLE, MPI_SUM, 0, source->comm),
                        "gathering a spectrum", err);
  if (code == ECD_OK && source->rank == 0) code = transform_back(n, spectrum, volume, err);
  fftw_free(spectrum);
  return code;
}
