#include "bench/pca.h"

#include "bench/scalapack.h"

#include <float.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>

enum { BLOCK = 64, DESCRIPTOR = 9 };
static const double ALIKE = 1e-6; /* entries whose sizes differ by less count as equal */

/* One dimension of a matrix over one of the process grid. */
typedef struct {
  int n, block, processes, mine, local;
} spread_t;

static spread_t spread(size_t n, int block, int processes, int mine) {
  const int zero = 0, count = (int)n;
  return (spread_t){count, block, processes, mine,
                    numroc_(&count, &block, &mine, &zero, &processes)};
}

/* Of the matrix, from 0, where the local index is. */
static size_t global(const spread_t *s, int local) {
  return (size_t)((local / s->block * s->processes + s->mine) * s->block + local % s->block);
}

typedef struct {
  int handle, context;
  int rows, columns, row, column; /* of the process grid, and where this rank is */
} grid_t;

/* Collective. */
static ecd_code_t open_grid(MPI_Comm comm, grid_t *g, ecd_error_t *err) {
  int size, shape[2] = {0, 0};
  ECD_MPI(MPI_Comm_size(comm, &size));
  ECD_MPI(MPI_Dims_create(size, 2, shape));
  g->handle = g->context = Csys2blacs_handle(comm);
  Cblacs_gridinit(&g->context, "Row", shape[0], shape[1]);
  Cblacs_gridinfo(g->context, &g->rows, &g->columns, &g->row, &g->column);
  return ECD_OK;
}

static void close_grid(grid_t *g) {
  Cblacs_gridexit(g->context);
  Cfree_blacs_system_handle(g->handle);
}

/* A matrix over the grid: this rank's part, column-major. */
typedef struct {
  spread_t row, column;
  int lead, desc[DESCRIPTOR];
  double *value; /* owned */
} matrix_t;

static ecd_code_t make_matrix(const grid_t *g, size_t rows, size_t columns, int block, matrix_t *m,
                              ecd_error_t *err) {
  const int zero = 0;
  int info;
  m->row = spread(rows, block, g->rows, g->row);
  m->column = spread(columns, block, g->columns, g->column);
  m->lead = m->row.local > 1 ? m->row.local : 1;
  if ((double)m->lead * m->column.local > INT_MAX)
    return ecd_fail(err, ECD_FAILED,
                    "PCA: a rank's part of the %zu x %zu matrix has more than 2^31 values: use "
                    "more ranks",
                    rows, columns);
  descinit_(m->desc, &m->row.n, &m->column.n, &block, &block, &zero, &zero, &g->context, &m->lead,
            &info);
  if (info != 0) return ecd_fail(err, ECD_FAILED, "ScaLAPACK's descinit: info %d", info);
  return ecd_alloc((void **)&m->value, (size_t)m->lead * (size_t)(m->column.local + 1),
                   sizeof *m->value, "PCA", err);
}

static void find_mean(const ecd_points_t *points, ecd_pca_t *pca) {
  const size_t n = points->count, width = points->width;
  for (size_t i = 0; i < n; ++i)
    for (size_t c = 0; c < width; ++c) pca->mean[c] += points->value[i * width + c];
  for (size_t c = 0; c < width; ++c) pca->mean[c] /= (double)n;
  for (size_t i = 0; i < n; ++i)
    for (size_t c = 0; c < width; ++c) {
      const double d = points->value[i * width + c] - pca->mean[c];
      pca->total += d * d / (double)(n - 1);
    }
}

/* The centred points, one a row. */
static void fill(const ecd_points_t *points, const double *mean, matrix_t *m) {
  for (int j = 0; j < m->column.local; ++j)
    for (int i = 0; i < m->row.local; ++i) {
      const size_t sample = global(&m->row, i), c = global(&m->column, j);
      m->value[(size_t)j * (size_t)m->lead + (size_t)i] =
          points->value[sample * points->width + c] - mean[c];
    }
}

/* Singular values into s[least], right singular vectors into the rows of vt. Collective. */
static ecd_code_t decompose(MPI_Comm comm, matrix_t *a, matrix_t *vt, double *s, ecd_error_t *err) {
  const int one = 1;
  int room = -1, info = 0;
  double size = 0, *work = NULL;
  for (int pass = 0; pass < 2 && info == 0; ++pass) {
    ecd_code_t code = ECD_OK;
    if (pass == 1) {
      room = (int)size + 1;
      code = ecd_alloc((void **)&work, (size_t)room, sizeof *work, "PCA", err);
    }
    code = ecd_agree(comm, code, err);
    if (code != ECD_OK) {
      free(work);
      return code;
    }
    pdgesvd_("N", "V", &a->row.n, &a->column.n, a->value, &one, &one, a->desc, s, NULL, &one, &one,
             a->desc, vt->value, &one, &one, vt->desc, pass == 0 ? &size : work, &room, &info);
  }
  free(work);
  ecd_code_t code = ECD_OK;
  const int least = a->row.n < a->column.n ? a->row.n : a->column.n;
  if (info == least + 1)
    code = ecd_fail(err, ECD_FAILED,
                    "ScaLAPACK's pdgesvd: the ranks found different singular values: are their "
                    "processors of different kinds?");
  else if (info != 0)
    code = ecd_fail(err, ECD_FAILED, "ScaLAPACK's pdgesvd: info %d", info);
  return ecd_agree(comm, code, err);
}

/* Each entry is on one rank; the others add zeros. Collective. */
static ecd_code_t gather_components(MPI_Comm comm, const matrix_t *vt, ecd_pca_t *pca,
                                    ecd_error_t *err) {
  const size_t width = pca->width;
  for (int j = 0; j < vt->column.local; ++j)
    for (int i = 0; i < vt->row.local; ++i) {
      const size_t k = global(&vt->row, i);
      if (k < pca->components)
        pca->component[k * width + global(&vt->column, j)] =
            vt->value[(size_t)j * (size_t)vt->lead + (size_t)i];
    }
  for (size_t k = 0; k < pca->components; ++k)
    ECD_MPI(MPI_Allreduce(MPI_IN_PLACE, pca->component + k * width, (int)width, MPI_DOUBLE, MPI_SUM,
                          comm));
  return ECD_OK;
}

static void fix_sign(size_t width, double *component) {
  double largest = 0;
  for (size_t c = 0; c < width; ++c) largest = fmax(largest, fabs(component[c]));
  size_t first = 0;
  while (fabs(component[first]) < (1 - ALIKE) * largest) ++first;
  if (component[first] < 0)
    for (size_t c = 0; c < width; ++c) component[c] = -component[c];
}

static ecd_code_t allocate_components(size_t components, ecd_pca_t *pca, ecd_error_t *err) {
  pca->components = components;
  ECD_TRY(ecd_alloc((void **)&pca->component, components * pca->width, sizeof *pca->component,
                    "PCA", err));
  return ecd_alloc((void **)&pca->variance, components, sizeof *pca->variance, "PCA", err);
}

/* Collective over the grid. */
static ecd_code_t solve(MPI_Comm comm, const grid_t *g, const ecd_points_t *points, matrix_t *a,
                        matrix_t *vt, double **s, ecd_pca_t *pca, ecd_error_t *err) {
  const size_t n = points->count, width = points->width, least = n < width ? n : width;
  /* Small blocks where there is little: every rank has a part. */
  const size_t longest = (size_t)(g->rows > g->columns ? g->rows : g->columns),
               share = least / longest;
  const int block = share > BLOCK ? BLOCK : share > 0 ? (int)share : 1;
  ecd_code_t code = make_matrix(g, n, width, block, a, err);
  if (code == ECD_OK) code = make_matrix(g, least, width, block, vt, err);
  if (code == ECD_OK) code = ecd_alloc((void **)s, least, sizeof **s, "PCA", err);
  ECD_TRY(ecd_agree(comm, code, err));
  fill(points, pca->mean, a);
  ECD_TRY(decompose(comm, a, vt, *s, err));
  const double noise = (double)(n > width ? n : width) * DBL_EPSILON * (*s)[0];
  size_t components = 0;
  while (components < least && (*s)[components] > noise) ++components;
  ECD_TRY(ecd_agree(comm, allocate_components(components, pca, err), err));
  ECD_TRY(gather_components(comm, vt, pca, err));
  for (size_t k = 0; k < components; ++k) {
    fix_sign(width, pca->component + k * width);
    pca->variance[k] = (*s)[k] * (*s)[k] / (double)(n - 1);
  }
  return ECD_OK;
}

/* Collective over the grid's ranks. */
static ecd_code_t run_grid(MPI_Comm comm, const ecd_points_t *points, ecd_pca_t *pca,
                           ecd_error_t *err) {
  matrix_t a = {.value = NULL}, vt = {.value = NULL};
  double *s = NULL;
  grid_t g;
  ECD_TRY(open_grid(comm, &g, err));
  const ecd_code_t code = solve(comm, &g, points, &a, &vt, &s, pca, err);
  close_grid(&g);
  free(a.value);
  free(vt.value);
  free(s);
  return code;
}

/* Rank 0's components to those that have none. Collective. */
static ecd_code_t share(MPI_Comm comm, bool mine, ecd_pca_t *pca, ecd_error_t *err) {
  unsigned long components = pca->components;
  ECD_MPI(MPI_Bcast(&components, 1, MPI_UNSIGNED_LONG, 0, comm));
  const ecd_code_t code = mine ? ECD_OK : allocate_components(components, pca, err);
  ECD_TRY(ecd_agree(comm, code, err));
  for (size_t k = 0; k < components; ++k)
    ECD_MPI(MPI_Bcast(pca->component + k * pca->width, (int)pca->width, MPI_DOUBLE, 0, comm));
  ECD_MPI(MPI_Bcast(pca->variance, (int)components, MPI_DOUBLE, 0, comm));
  return ECD_OK;
}

static ecd_code_t run(MPI_Comm comm, const ecd_points_t *points, ecd_pca_t *pca, ecd_error_t *err) {
  int rank;
  MPI_Comm grid;
  find_mean(points, pca);
  if (!(pca->total > 0)) return ecd_fail(err, ECD_DATA, "PCA: the samples do not differ");
  ECD_MPI(MPI_Comm_rank(comm, &rank));
  /* pdgesvd spreads the columns of the vectors over all ranks of its grid once more. One without any
     finds its singular values by another algorithm, which it then refuses as they differ. */
  const bool mine = (size_t)rank < points->width;
  ECD_MPI(MPI_Comm_split(comm, mine ? 0 : MPI_UNDEFINED, rank, &grid));
  ecd_code_t code = ECD_OK;
  if (mine) {
    code = run_grid(grid, points, pca, err);
    MPI_Comm_free(&grid);
  }
  ECD_TRY(ecd_agree(comm, code, err));
  return share(comm, mine, pca, err);
}

ecd_code_t ecd_pca_create(MPI_Comm comm, const ecd_points_t *points, ecd_pca_t **pca,
                          ecd_error_t *err) {
  *pca = NULL;
  if (points->count < 2 || points->width < 1 || points->count > INT_MAX || points->width > INT_MAX)
    return ecd_fail(err, ECD_DATA, "PCA: expected 2 samples at least, found %zu of %zu features",
                    points->count, points->width);
  ecd_code_t code = ecd_alloc((void **)pca, 1, sizeof **pca, "PCA", err);
  if (code == ECD_OK) {
    (*pca)->width = points->width;
    code = ecd_alloc((void **)&(*pca)->mean, points->width, sizeof *(*pca)->mean, "PCA", err);
  }
  code = ecd_agree(comm, code, err);
  if (code == ECD_OK) code = run(comm, points, *pca, err);
  if (code != ECD_OK) ecd_pca_destroy(pca);
  return code;
}

void ecd_pca_destroy(ecd_pca_t **pca) {
  if (*pca == NULL) return;
  free((*pca)->mean);
  free((*pca)->component);
  free((*pca)->variance);
  free(*pca);
  *pca = NULL;
}

void ecd_pca_project(const ecd_pca_t *pca, const ecd_points_t *points, int threads,
                     ecd_points_t *scores) {
  const size_t width = pca->width, k = scores->width;
  for (size_t c = 0; c < k; ++c) {
    const double *axis = pca->component + c * width, shift = ecd_dot(width, pca->mean, axis);
#pragma omp parallel for num_threads(threads) schedule(static)
    for (size_t i = 0; i < points->count; ++i)
      scores->value[i * k + c] = ecd_dot(width, points->value + i * width, axis) - shift;
  }
}

ecd_code_t ecd_pca_cut(const ecd_points_t *scores, size_t width, ecd_points_t *out,
                       ecd_error_t *err) {
  const size_t n = scores->count;
  double squares = 0;
  ECD_TRY(ecd_points_allocate(n, width, out, err));
  for (size_t i = 0; i < n; ++i) {
    const double first = scores->value[i * scores->width];
    squares += first * first / (double)n;
  }
  int exponent; /* the step is a power of two: it is the same for all but deviations next to one */
  frexp(sqrt(squares), &exponent);
  for (size_t i = 0; i < n; ++i)
    for (size_t c = 0; c < width; ++c)
      out->value[i * width + c] =
          ldexp(rint(ldexp(scores->value[i * scores->width + c], 16 - exponent)), exponent - 16);
  return ECD_OK;
}
