#include "learn/forest_private.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- Memory ---- */

static ecd_code_t allocate(ecd_forest_t *f, ecd_error_t *err) {
  const struct {
    void **ptr;
    size_t count, size;
  } array[] = {{(void **)&f->offset, f->trees + 1, sizeof *f->offset},
               {(void **)&f->feature, f->nodes, sizeof *f->feature},
               {(void **)&f->left, f->nodes, sizeof *f->left},
               {(void **)&f->right, f->nodes, sizeof *f->right},
               {(void **)&f->threshold, f->nodes, sizeof *f->threshold},
               {(void **)&f->value, f->nodes, sizeof *f->value},
               {(void **)&f->importance, f->width, sizeof *f->importance}};
  for (size_t a = 0; a < sizeof array / sizeof *array; ++a)
    ECD_TRY(ecd_alloc(array[a].ptr, array[a].count, array[a].size, "forest", err));
  return ECD_OK;
}

ecd_code_t ecd_forest_allocate(size_t trees, size_t nodes, size_t width, ecd_forest_t **forest,
                               ecd_error_t *err) {
  *forest = NULL;
  if (nodes > INT_MAX || trees > INT_MAX - 1 || width > INT_MAX)
    return ecd_fail(err, ECD_FAILED,
                    "forest of %zu trees, %zu nodes, %zu features: expected at most %d of each: "
                    "larger leaves make fewer nodes",
                    trees, nodes, width, INT_MAX - 1);
  ecd_forest_t *f;
  ECD_TRY(ecd_alloc((void **)&f, 1, sizeof *f, "forest", err));
  f->trees = trees;
  f->nodes = nodes;
  f->width = width;
  const ecd_code_t code = allocate(f, err);
  if (code != ECD_OK) ecd_forest_destroy(&f);
  *forest = f;
  return code;
}

void ecd_forest_destroy(ecd_forest_t **forest) {
  ecd_forest_t *f = *forest;
  if (f == NULL) return;
  free(f->offset);
  free(f->feature);
  free(f->left);
  free(f->right);
  free(f->threshold);
  free(f->value);
  free(f->importance);
  free(f);
  *forest = NULL;
}

/* ---- Flat arrays ---- */

ecd_forest_arrays_t ecd_forest_arrays(const ecd_forest_t *f) {
  return (ecd_forest_arrays_t){f->trees, f->nodes, f->width,     f->offset, f->feature,
                               f->left,  f->right, f->threshold, f->value,  f->importance};
}

/* Nodes of tree are first .. first + count - 1 of the forest. */
static ecd_code_t check_node(const ecd_forest_arrays_t *a, size_t tree, int64_t node,
                             ecd_error_t *err) {
  const int64_t i = a->offset[tree] + node, count = a->offset[tree + 1] - a->offset[tree];
  if (!isfinite(a->value[i]) || !isfinite(a->threshold[i]))
    return ecd_fail(err, ECD_DATA,
                    "forest: tree %zu, node %ld: expected finite value and threshold, found %g, %g",
                    tree, (long)node, a->value[i], a->threshold[i]);
  if (a->feature[i] == -1) return ECD_OK;
  if (a->feature[i] < 0 || (size_t)a->feature[i] >= a->width)
    return ecd_fail(
        err, ECD_DATA,
        "forest: tree %zu, node %ld: expected a feature from 0 to %zu or -1 for a leaf, "
        "found %d",
        tree, (long)node, a->width - 1, a->feature[i]);
  const int32_t child[2] = {a->left[i], a->right[i]};
  for (int c = 0; c < 2; ++c)
    if (child[c] <= node || child[c] >= count)
      return ecd_fail(err, ECD_DATA,
                      "forest: tree %zu, node %ld: expected a %s child after its parent and below "
                      "%ld, found %d",
                      tree, (long)node, c == 0 ? "left" : "right", (long)count, child[c]);
  return ECD_OK;
}

static ecd_code_t check_arrays(const ecd_forest_arrays_t *a, ecd_error_t *err) {
  if (a->trees == 0 || a->width == 0)
    return ecd_fail(err, ECD_DATA, "forest: expected trees and features, found %zu and %zu",
                    a->trees, a->width);
  if (a->offset[0] != 0 || (size_t)a->offset[a->trees] != a->nodes)
    return ecd_fail(err, ECD_DATA, "forest: expected tree offsets from 0 to %zu, found %ld to %ld",
                    a->nodes, (long)a->offset[0], (long)a->offset[a->trees]);
  for (size_t t = 0; t < a->trees; ++t)
    if (a->offset[t + 1] <= a->offset[t] || (size_t)a->offset[t + 1] > a->nodes)
      return ecd_fail(err, ECD_DATA, "forest: tree %zu: expected nodes, found offsets %ld to %ld",
                      t, (long)a->offset[t], (long)a->offset[t + 1]);
  for (size_t t = 0; t < a->trees; ++t)
    for (int64_t node = 0; node < a->offset[t + 1] - a->offset[t]; ++node)
      ECD_TRY(check_node(a, t, node, err));
  for (size_t f = 0; f < a->width; ++f)
    if (!(a->importance[f] >= 0 && a->importance[f] < 2))
      return ecd_fail(err, ECD_DATA, "forest: importance of feature %zu: expected 0 to 1, found %g",
                      f, a->importance[f]);
  return ECD_OK;
}

ecd_code_t ecd_forest_create(const ecd_forest_arrays_t *a, ecd_forest_t **forest,
                             ecd_error_t *err) {
  *forest = NULL;
  ECD_TRY(check_arrays(a, err));
  ECD_TRY(ecd_forest_allocate(a->trees, a->nodes, a->width, forest, err));
  ecd_forest_t *f = *forest;
  memcpy(f->offset, a->offset, (a->trees + 1) * sizeof *f->offset);
  memcpy(f->feature, a->feature, a->nodes * sizeof *f->feature);
  memcpy(f->left, a->left, a->nodes * sizeof *f->left);
  memcpy(f->right, a->right, a->nodes * sizeof *f->right);
  memcpy(f->threshold, a->threshold, a->nodes * sizeof *f->threshold);
  memcpy(f->value, a->value, a->nodes * sizeof *f->value);
  memcpy(f->importance, a->importance, a->width * sizeof *f->importance);
  return ECD_OK;
}

ecd_code_t ecd_forest_broadcast(MPI_Comm comm, ecd_forest_t **forest, ecd_error_t *err) {
  int rank;
  ECD_MPI(MPI_Comm_rank(comm, &rank));
  uint64_t size[3] = {0};
  if (rank == 0) {
    const ecd_forest_t *f = *forest;
    size[0] = f->trees;
    size[1] = f->nodes;
    size[2] = f->width;
  }
  ECD_MPI(MPI_Bcast(size, 3, MPI_UINT64_T, 0, comm));
  ecd_code_t code = ECD_OK;
  if (rank != 0) code = ecd_forest_allocate(size[0], size[1], size[2], forest, err);
  code = ecd_agree(comm, code, err);
  if (code != ECD_OK && rank != 0) ecd_forest_destroy(forest);
  ECD_TRY(code);
  ecd_forest_t *f = *forest;
  const int nodes = (int)f->nodes;
  ECD_MPI(MPI_Bcast(f->offset, (int)f->trees + 1, MPI_INT64_T, 0, comm));
  ECD_MPI(MPI_Bcast(f->feature, nodes, MPI_INT32_T, 0, comm));
  ECD_MPI(MPI_Bcast(f->left, nodes, MPI_INT32_T, 0, comm));
  ECD_MPI(MPI_Bcast(f->right, nodes, MPI_INT32_T, 0, comm));
  ECD_MPI(MPI_Bcast(f->threshold, nodes, MPI_DOUBLE, 0, comm));
  ECD_MPI(MPI_Bcast(f->value, nodes, MPI_DOUBLE, 0, comm));
  ECD_MPI(MPI_Bcast(f->importance, (int)f->width, MPI_DOUBLE, 0, comm));
  return ECD_OK;
}

/* ---- Prediction ---- */

static double predict_tree(const ecd_forest_t *f, size_t tree, const double *row) {
  const int64_t first = f->offset[tree];
  int64_t node = first;
  while (f->feature[node] >= 0)
    node = first + (row[f->feature[node]] <= f->threshold[node] ? f->left[node] : f->right[node]);
  return f->value[node];
}

/* Around the first tree's prediction, so that trees that agree have a spread of exactly 0. */
static void predict_row(const ecd_forest_t *f, const double *row, double *mean, double *spread) {
  const double origin = predict_tree(f, 0, row), trees = (double)f->trees;
  double sum = 0, squares = 0;
  for (size_t t = 1; t < f->trees; ++t) {
    const double d = predict_tree(f, t, row) - origin;
    sum += d;
    squares += d * d;
  }
  const double variance = squares / trees - (sum / trees) * (sum / trees);
  *mean = origin + sum / trees;
  if (spread != NULL) *spread = sqrt(variance > 0 ? variance : 0);
}

ecd_code_t ecd_forest_predict(const ecd_forest_t *forest, int threads, const ecd_samples_t *samples,
                              double *prediction, double *spread, ecd_error_t *err) {
  if (samples->width != forest->width)
    return ecd_fail(err, ECD_DATA, "forest: expected samples of %zu features, found %zu",
                    forest->width, samples->width);
  ecd_samples_t features = *samples;
  features.target = NULL;
  ECD_TRY(ecd_samples_check(&features, err));
  ECD_CHECK(threads >= 1);
#pragma omp parallel for num_threads(threads) schedule(static)
  for (size_t i = 0; i < samples->count; ++i)
    predict_row(forest, samples->feature + i * samples->width, prediction + i,
                spread != NULL ? spread + i : NULL);
  return ECD_OK;
}
