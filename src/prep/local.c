/* Trilinear and tricubic (Keys 1981, a = -1/2) interpolation of a periodic grid. Weights and sums
   in double, taps in a fixed order, so that the result does not depend on the number of ranks. */
#include "prep/resample_private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TAPS_MAX = 4 };

typedef struct {
  int64_t index[TAPS_MAX];
  double weight[TAPS_MAX];
} stencil_t;

/* Taps along one axis of n points for a fraction of the cell. */
static stencil_t stencil(double fraction, int64_t n, int taps) {
  stencil_t s;
  double at = (fraction - floor(fraction)) * (double)n;
  /* A fraction that is a grid point up to rounding is that point. */
  if (fabs(at - round(at)) < 1e-9 * (double)n) at = round(at);
  const double base = floor(at), t = at - base;
  if (taps == 2) {
    s.weight[0] = 1 - t;
    s.weight[1] = t;
  } else {
    const double t2 = t * t, t3 = t2 * t;
    s.weight[0] = -0.5 * t3 + t2 - 0.5 * t;
    s.weight[1] = 1.5 * t3 - 2.5 * t2 + 1;
    s.weight[2] = -1.5 * t3 + 2 * t2 + 0.5 * t;
    s.weight[3] = 0.5 * t3 - 0.5 * t2;
  }
  for (int i = 0; i < taps; ++i) s.index[i] = ((int64_t)base + i - (taps == 4) + n) % n;
  return s;
}

/* The source values that this rank's target points need: all of them on one rank, else those marked
   in a bit map, numbered in the order of their global index. */
typedef struct {
  const float *value;
  uint64_t *mark;  /* NULL: value is the whole grid */
  int64_t *before; /* marks before each word */
  float *owned;
} needed_t;

static void needed_clear(needed_t *needed) {
  free(needed->mark);
  free(needed->before);
  free(needed->owned);
}

static int64_t place(const needed_t *needed, int64_t global) {
  if (needed->mark == NULL) return global;
  const uint64_t below = needed->mark[global / 64] & (((uint64_t)1 << (global % 64)) - 1);
  return needed->before[global / 64] + __builtin_popcountll(below);
}

/* Values at count global indices from their owners, by a VecScatter. Collective. */
static ecd_code_t scatter(const ecd_source_t *source, PetscInt count, const PetscInt *index,
                          float *out, ecd_error_t *err) {
  IS is;
  Vec local;
  VecScatter plan;
  const PetscScalar *value;
  ECD_PETSC(ISCreateGeneral(PETSC_COMM_SELF, count, index, PETSC_USE_POINTER, &is));
  ECD_PETSC(VecCreateSeq(PETSC_COMM_SELF, count, &local));
  ECD_PETSC(VecScatterCreate(source->vec, is, local, NULL, &plan));
  ECD_PETSC(VecScatterBegin(plan, source->vec, local, INSERT_VALUES, SCATTER_FORWARD));
  ECD_PETSC(VecScatterEnd(plan, source->vec, local, INSERT_VALUES, SCATTER_FORWARD));
  ECD_PETSC(VecGetArrayRead(local, &value));
  for (PetscInt k = 0; k < count; ++k) out[k] = (float)value[k];
  ECD_PETSC(VecRestoreArrayRead(local, &value));
  ECD_PETSC(VecScatterDestroy(&plan));
  ECD_PETSC(VecDestroy(&local));
  ECD_PETSC(ISDestroy(&is));
  return ECD_OK;
}

/* Fetches the marked values. Collective. */
static ecd_code_t fetch(const ecd_source_t *source, needed_t *needed, ecd_error_t *err) {
  const int64_t words = (source->n[0] * source->n[1] * source->n[2] + 63) / 64;
  int64_t count = 0, i = 0;
  for (int64_t w = 0; w < words; ++w) {
    needed->before[w] = count;
    count += __builtin_popcountll(needed->mark[w]);
  }
  PetscInt *index = NULL;
  ecd_code_t code =
      ecd_alloc((void **)&index, (size_t)count + 1, sizeof *index, "stencil indices", err);
  if (code == ECD_OK)
    code = ecd_alloc((void **)&needed->owned, (size_t)count + 1, sizeof *needed->owned,
                     "stencil values", err);
  code = ecd_agree(source->comm, code, err);
  for (int64_t w = 0; code == ECD_OK && w < words; ++w)
    for (uint64_t bits = needed->mark[w]; bits != 0; bits &= bits - 1)
      index[i++] = (PetscInt)(64 * w + __builtin_ctzll(bits));
  if (code == ECD_OK) code = scatter(source, (PetscInt)count, index, needed->owned, err);
  free(index);
  needed->value = needed->owned;
  return code;
}

static ecd_code_t needed_start(const ecd_source_t *source, needed_t *needed, ecd_error_t *err) {
  memset(needed, 0, sizeof *needed);
  needed->value = source->value;
  if (source->size == 1) return ECD_OK;
  const size_t words = (size_t)(source->n[0] * source->n[1] * source->n[2] + 63) / 64;
  ECD_TRY(ecd_alloc((void **)&needed->mark, words, sizeof *needed->mark, "stencil marks", err));
  return ecd_alloc((void **)&needed->before, words, sizeof *needed->before, "stencil marks", err);
}

static void mark_range(needed_t *needed, int64_t from, int64_t count) {
  for (int64_t i = from; i < from + count; ++i) needed->mark[i / 64] |= (uint64_t)1 << (i % 64);
}

/* Sum of a stencil's rows of n, stride apart; each element in the order of the taps. */
static void weigh_rows(const stencil_t *s, int taps, const double *rows, int64_t stride, int64_t n,
                       double *out) {
  memset(out, 0, (size_t)n * sizeof *out);
  for (int tap = 0; tap < taps; ++tap) {
    const double weight = s->weight[tap], *from = rows + s->index[tap] * stride;
    for (int64_t k = 0; k < n; ++k) out[k] += weight * from[k];
  }
}

/* One source plane (n1, n2) to (n, n): along its last axis, then along its first. row: (n1, n)
   scratch. */
static void plane_to_target(const int64_t n_source[3], const float *plane, const stencil_t *s1,
                            const stencil_t *s2, int taps, int64_t n, double *row, double *out) {
  for (int64_t y = 0; y < n_source[1]; ++y)
    for (int64_t k = 0; k < n; ++k) {
      double sum = 0;
      for (int c = 0; c < taps; ++c)
        sum += s2[k].weight[c] * (double)plane[y * n_source[2] + s2[k].index[c]];
      row[y * n + k] = sum;
    }
  for (int64_t j = 0; j < n; ++j) weigh_rows(&s1[j], taps, row, n, n, out + j * n);
}

/* Target axes along the source's: three passes, one axis at a time. Planes first .. first + count -
   1 of the target. */
static ecd_code_t aligned(const ecd_source_t *source, int taps, int64_t n, int64_t first,
                          int64_t count, float *out, ecd_error_t *err) {
  const int64_t *m = source->n, area = m[1] * m[2];
  needed_t needed = {.value = NULL};
  stencil_t *s;
  double *plane = NULL, *row = NULL;
  bool *used = NULL;
  ecd_code_t code = ecd_alloc((void **)&s, (size_t)(3 * n), sizeof *s, "stencils", err);
  if (code == ECD_OK) code = ecd_alloc((void **)&used, (size_t)m[0], sizeof *used, "stencils", err);
  if (code == ECD_OK) code = needed_start(source, &needed, err);
  if (code == ECD_OK) {
    for (int64_t i = 0; i < 3 * n; ++i) s[i] = stencil((double)(i % n) / (double)n, m[i / n], taps);
    for (int64_t i = first; i < first + count; ++i)
      for (int a = 0; a < taps; ++a) used[s[i].index[a]] = true;
    for (int64_t x = 0; x < m[0] && source->size > 1; ++x)
      if (used[x]) mark_range(&needed, x * area, area);
  }
  code = ecd_agree(source->comm, code, err);
  if (code == ECD_OK && source->size > 1) code = fetch(source, &needed, err);
  if (code == ECD_OK)
    code = ecd_alloc((void **)&plane, (size_t)(m[0] * n * n), sizeof *plane, "planes", err);
  if (code == ECD_OK) code = ecd_alloc((void **)&row, (size_t)(m[1] * n), sizeof *row, "rows", err);
  if (code == ECD_OK) {
    for (int64_t x = 0; x < m[0]; ++x)
      if (used[x])
        plane_to_target(m, needed.value + place(&needed, x * area), s + n, s + 2 * n, taps, n, row,
                        plane + x * n * n);
    for (int64_t i = first; i < first + count; ++i)
      for (int64_t j = 0; j < n; ++j) {
        weigh_rows(&s[i], taps, plane + j * n, n * n, n, row);
        for (int64_t k = 0; k < n; ++k) out[((i - first) * n + j) * n + k] = (float)row[k];
      }
  }
  needed_clear(&needed);
  free(plane);
  free(row);
  free(used);
  free(s);
  return code;
}

/* Taps of target point (i, j, k) along the three source axes. */
static void point_stencils(const ecd_source_t *source, const double transform[3][3], int taps,
                           int64_t n, int64_t i, int64_t j, int64_t k, stencil_t s[3]) {
  const double t[3] = {(double)i / (double)n, (double)j / (double)n, (double)k / (double)n};
  for (int axis = 0; axis < 3; ++axis)
    s[axis] =
        stencil(t[0] * transform[0][axis] + t[1] * transform[1][axis] + t[2] * transform[2][axis],
                source->n[axis], taps);
}

static double point_value(const ecd_source_t *source, const needed_t *needed, const stencil_t s[3],
                          int taps) {
  double sum = 0;
  for (int a = 0; a < taps; ++a) {
    double sum_y = 0;
    for (int b = 0; b < taps; ++b) {
      double sum_z = 0;
      const int64_t row = (s[0].index[a] * source->n[1] + s[1].index[b]) * source->n[2];
      for (int c = 0; c < taps; ++c)
        sum_z += s[2].weight[c] * (double)needed->value[place(needed, row + s[2].index[c])];
      sum_y += s[1].weight[b] * sum_z;
    }
    sum += s[0].weight[a] * sum_y;
  }
  return sum;
}

static void mark_point(const ecd_source_t *source, needed_t *needed, const stencil_t s[3],
                       int taps) {
  for (int a = 0; a < taps; ++a)
    for (int b = 0; b < taps; ++b)
      for (int c = 0; c < taps; ++c)
        mark_range(needed,
                   (s[0].index[a] * source->n[1] + s[1].index[b]) * source->n[2] + s[2].index[c],
                   1);
}

/* Any target cell: point by point. */
static ecd_code_t oblique(const ecd_source_t *source, const double transform[3][3], int taps,
                          int64_t n, int64_t first, int64_t count, float *out, ecd_error_t *err) {
  needed_t needed;
  ecd_code_t code = ecd_agree(source->comm, needed_start(source, &needed, err), err);
  stencil_t s[3];
  for (int64_t p = 0; code == ECD_OK && source->size > 1 && p < count * n * n; ++p) {
    point_stencils(source, transform, taps, n, first + p / (n * n), p / n % n, p % n, s);
    mark_point(source, &needed, s, taps);
  }
  if (code == ECD_OK && source->size > 1) code = fetch(source, &needed, err);
  for (int64_t p = 0; code == ECD_OK && p < count * n * n; ++p) {
    point_stencils(source, transform, taps, n, first + p / (n * n), p / n % n, p % n, s);
    out[p] = (float)point_value(source, &needed, s, taps);
  }
  needed_clear(&needed);
  return code;
}

ecd_code_t ecd_resample_local(const ecd_source_t *source, const double transform[3][3], int taps,
                              int64_t n, float *volume, ecd_error_t *err) {
  int64_t first, count;
  ecd_part(n, source->rank, source->size, &first, &count);
  bool straight = true;
  for (int i = 0; i < 3; ++i)
    for (int k = 0; k < 3; ++k) straight = straight && transform[i][k] == (i == k ? 1.0 : 0.0);
  float *part = volume;
  ecd_code_t code = ECD_OK;
  if (source->size > 1)
    code = ecd_alloc((void **)&part, (size_t)(count * n * n) + 1, sizeof *part, "target part", err);
  code = ecd_agree(source->comm, code, err);
  if (code == ECD_OK)
    code = straight ? aligned(source, taps, n, first, count, part, err)
                    : oblique(source, transform, taps, n, first, count, part, err);
  if (source->size == 1) return code;
  int *counts = NULL;
  if (code == ECD_OK)
    code = ecd_alloc((void **)&counts, (size_t)source->size * 2, sizeof *counts, "parts", err);
  code = ecd_agree(source->comm, code, err);
  for (int r = 0; code == ECD_OK && r < source->size; ++r) {
    int64_t from, number;
    ecd_part(n, r, source->size, &from, &number);
    counts[r] = (int)(number * n * n);
    counts[source->size + r] = (int)(from * n * n);
  }
  if (code == ECD_OK)
    code = ecd_mpi_code(MPI_Gatherv(part, (int)(count * n * n), MPI_FLOAT, volume, counts,
                                    counts + source->size, MPI_FLOAT, 0, source->comm),
                        "gathering a volume", err);
  free(counts);
  free(part);
  return code;
}
