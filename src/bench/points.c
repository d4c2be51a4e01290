#include "bench/points.h"

#include "bench/lanes.h"

#include <limits.h>
#include <stdlib.h>

enum { TILE = 4 }; /* rows that share one pass over the points */

ecd_code_t ecd_points_allocate(size_t count, size_t width, ecd_points_t *points, ecd_error_t *err) {
  *points = (ecd_points_t){.count = count, .width = width};
  return ecd_alloc((void **)&points->value, count * width, sizeof *points->value, "points", err);
}

void ecd_points_clear(ecd_points_t *points) {
  free(points->value);
  *points = (ecd_points_t){0};
}

ecd_rows_t ecd_rows_of(size_t count, int rank, int size) {
  const size_t first = count * (size_t)rank / (size_t)size,
               end = count * (size_t)(rank + 1) / (size_t)size;
  return (ecd_rows_t){first, end - first};
}

ecd_code_t ecd_rows_gather(MPI_Comm comm, size_t count, size_t width, double *value,
                           ecd_error_t *err) {
  int rank, size, *counts;
  ECD_MPI(MPI_Comm_rank(comm, &rank));
  ECD_MPI(MPI_Comm_size(comm, &size));
  if (count > INT_MAX || width > INT_MAX)
    return ecd_fail(err, ECD_FAILED, "%zu rows of %zu values: more than MPI counts", count, width);
  ecd_code_t code =
      ecd_alloc((void **)&counts, 2 * (size_t)size, sizeof *counts, "row counts", err);
  code = ecd_agree(comm, code, err);
  for (int r = 0; code == ECD_OK && r < size; ++r) {
    const ecd_rows_t rows = ecd_rows_of(count, r, size);
    counts[r] = (int)rows.count;
    counts[size + r] = (int)rows.first;
  }
  MPI_Datatype row = MPI_DATATYPE_NULL;
  if (code == ECD_OK)
    code = ecd_mpi_code(MPI_Type_contiguous((int)width, MPI_DOUBLE, &row), "row type", err);
  if (code == ECD_OK) code = ecd_mpi_code(MPI_Type_commit(&row), "row type", err);
  if (code == ECD_OK)
    code = ecd_mpi_code(
        MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, value, counts, counts + size, row, comm),
        "gathering rows", err);
  if (row != MPI_DATATYPE_NULL) MPI_Type_free(&row);
  free(counts);
  return code;
}

double ecd_dot(size_t n, const double *a, const double *b) {
  ecd_sums_t sum = {0};
  size_t i = 0;
  for (; i + ECD_SUMS <= n; i += ECD_SUMS) sum += ecd_sums_load(a + i) * ecd_sums_load(b + i);
  sum += ecd_sums_load_some(a + i, n - i) * ecd_sums_load_some(b + i, n - i);
  return ecd_sums_total(sum);
}

static double squared_distance(size_t n, const double *a, const double *b) {
  ecd_sums_t sum = {0};
  size_t i = 0;
  for (; i + ECD_SUMS <= n; i += ECD_SUMS) {
    const ecd_sums_t d = ecd_sums_load(a + i) - ecd_sums_load(b + i);
    sum += d * d;
  }
  const ecd_sums_t d = ecd_sums_load_some(a + i, n - i) - ecd_sums_load_some(b + i, n - i);
  sum += d * d;
  return ecd_sums_total(sum);
}

void ecd_points_distances(const ecd_points_t *points, ecd_rows_t rows, int threads,
                          double *distance) {
  const size_t width = points->width, count = points->count;
#pragma omp parallel for num_threads(threads) schedule(static)
  for (size_t tile = 0; tile < rows.count; tile += TILE)
    for (size_t j = 0; j < count; ++j)
      for (size_t i = tile; i < tile + TILE && i < rows.count; ++i)
        distance[i * count + j] = squared_distance(width, points->value + (rows.first + i) * width,
                                                   points->value + j * width);
}
