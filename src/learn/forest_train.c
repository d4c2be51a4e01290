/* Trees spread over ranks and threads, then gathered on every rank. */
#include "learn/forest_private.h"
#include "learn/tree.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

ecd_forest_options_t ecd_forest_defaults(void) {
  return (ecd_forest_options_t){.trees = 50, .min_leaf = 1, .min_split = 2, .bootstrap = true};
}

static ecd_code_t check_options(const ecd_forest_options_t *o, ecd_error_t *err) {
  const struct {
    const char *name;
    int64_t value, least;
  } option[] = {{"trees", o->trees, 1},
                {"max_depth", o->max_depth, 0},
                {"min_leaf", o->min_leaf, 1},
                {"min_split", o->min_split, 2},
                {"features_per_split", o->features_per_split, 0}};
  for (size_t i = 0; i < sizeof option / sizeof *option; ++i)
    if (option[i].value < option[i].least || option[i].value >= INT_MAX)
      return ecd_fail(err, ECD_USAGE, "forest: %s = %ld: expected %ld to %d", option[i].name,
                      (long)option[i].value, (long)option[i].least, INT_MAX - 1);
  return ECD_OK;
}

/* This rank's trees. */
typedef struct {
  size_t first, count;
  ecd_tree_t *tree;   /* [count] */
  double *importance; /* (count, width) */
} share_t;

static size_t first_of(size_t trees, int rank, int size) {
  return trees * (size_t)rank / (size_t)size;
}

static void clear(share_t *share) {
  for (size_t t = 0; share->tree != NULL && t < share->count; ++t) free(share->tree[t].node);
  free(share->tree);
  free(share->importance);
}

/* One thread's part of the share: the trees that the others leave. */
static ecd_code_t grow_some(const ecd_sorted_t *sorted, const ecd_forest_options_t *options,
                            share_t *share, ecd_error_t *err) {
  ecd_grower_t *grower;
  ecd_code_t code = ecd_grower_create(sorted, options, &grower, err);
#pragma omp for schedule(dynamic)
  for (size_t t = 0; t < share->count; ++t)
    if (code == ECD_OK)
      code = ecd_grower_grow(grower, share->first + t, &share->tree[t],
                             share->importance + t * sorted->width, err);
  ecd_grower_destroy(&grower);
  return code;
}

/* Local. */
static ecd_code_t grow(const ecd_forest_options_t *options, int threads,
                       const ecd_samples_t *samples, share_t *share, ecd_error_t *err) {
  ECD_TRY(ecd_alloc((void **)&share->tree, share->count, sizeof *share->tree, "trees", err));
  ECD_TRY(ecd_alloc((void **)&share->importance, share->count * samples->width, sizeof(double),
                    "importances", err));
  ecd_sorted_t *sorted;
  ECD_TRY(ecd_sorted_create(samples, threads, &sorted, err));
  ecd_code_t code = ECD_OK;
#pragma omp parallel num_threads(threads)
  {
    ecd_error_t my_err;
    const ecd_code_t mine = grow_some(sorted, options, share, &my_err);
#pragma omp critical
    if (mine != ECD_OK) code = ecd_fail(err, mine, "%s", my_err.text);
  }
  ecd_sorted_destroy(&sorted);
  return code;
}

/* Collective: the sizes of all trees become offsets. */
static ecd_code_t gather_sizes(MPI_Comm comm, const share_t *share, size_t trees, int64_t *offset,
                               ecd_error_t *err) {
  for (size_t t = 0; t < share->count; ++t)
    offset[share->first + t + 1] = (int64_t)share->tree[t].count;
  ECD_MPI(MPI_Allreduce(MPI_IN_PLACE, offset, (int)trees + 1, MPI_INT64_T, MPI_SUM, comm));
  for (size_t t = 0; t < trees; ++t) offset[t + 1] += offset[t];
  return ECD_OK;
}

static void put(const share_t *share, ecd_forest_t *f) {
  for (size_t t = 0; t < share->count; ++t) {
    const int64_t first = f->offset[share->first + t];
    for (size_t i = 0; i < share->tree[t].count; ++i) {
      const ecd_node_t *node = &share->tree[t].node[i];
      const size_t to = (size_t)first + i;
      f->feature[to] = node->feature;
      f->left[to] = node->left;
      f->right[to] = node->right;
      f->threshold[to] = node->threshold;
      f->value[to] = node->value;
    }
  }
}

/* Collective: every rank holds its own trees in f; now all of them. count, start: [ranks]. */
static ecd_code_t gather_nodes(MPI_Comm comm, int size, int *count, int *start, ecd_forest_t *f,
                               ecd_error_t *err) {
  for (int r = 0; r < size; ++r) {
    start[r] = (int)f->offset[first_of(f->trees, r, size)];
    count[r] = (int)f->offset[first_of(f->trees, r + 1, size)] - start[r];
  }
  int32_t *const index[] = {f->feature, f->left, f->right};
  for (size_t a = 0; a < sizeof index / sizeof *index; ++a)
    ECD_MPI(MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, index[a], count, start, MPI_INT32_T,
                           comm));
  double *const number[] = {f->threshold, f->value};
  for (size_t a = 0; a < sizeof number / sizeof *number; ++a)
    ECD_MPI(MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, number[a], count, start, MPI_DOUBLE,
                           comm));
  return ECD_OK;
}

/* all: (trees, width). A tree without splits adds nothing. Summed in the order of trees, whoever
   grew them. */
static void sum_importances(size_t trees, size_t width, const double *all, double *importance) {
  double sum = 0;
  for (size_t t = 0; t < trees; ++t)
    for (size_t f = 0; f < width; ++f) importance[f] += all[t * width + f];
  for (size_t f = 0; f < width; ++f) sum += importance[f];
  for (size_t f = 0; sum > 0 && f < width; ++f) importance[f] /= sum;
}

/* What gathering needs. */
typedef struct {
  int size;
  int *count, *start; /* [size] */
  int64_t *offset;    /* [trees + 1] */
  double *importance; /* (trees, width) */
} gather_t;

/* Local. */
static ecd_code_t prepare(gather_t *g, const share_t *share, size_t trees, size_t width,
                          ecd_error_t *err) {
  if (width > INT_MAX / trees)
    return ecd_fail(err, ECD_FAILED,
                    "forest: %zu trees of %zu features: expected at most %d values", trees, width,
                    INT_MAX);
  ECD_TRY(ecd_alloc((void **)&g->count, (size_t)g->size, sizeof *g->count, "forest", err));
  ECD_TRY(ecd_alloc((void **)&g->start, (size_t)g->size, sizeof *g->start, "forest", err));
  ECD_TRY(ecd_alloc((void **)&g->offset, trees + 1, sizeof *g->offset, "forest", err));
  ECD_TRY(ecd_alloc((void **)&g->importance, trees * width, sizeof(double), "importances", err));
  memcpy(g->importance + share->first * width, share->importance,
         share->count * width * sizeof(double));
  for (int r = 0; r < g->size; ++r) {
    g->start[r] = (int)(first_of(trees, r, g->size) * width);
    g->count[r] = (int)(first_of(trees, r + 1, g->size) * width) - g->start[r];
  }
  return ECD_OK;
}

/* Collective. */
static ecd_code_t collect(MPI_Comm comm, gather_t *g, const share_t *share, size_t trees,
                          size_t width, ecd_forest_t **forest, ecd_error_t *err) {
  ECD_TRY(ecd_agree(comm, prepare(g, share, trees, width, err), err));
  ECD_MPI(MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, g->importance, g->count, g->start,
                         MPI_DOUBLE, comm));
  ECD_TRY(gather_sizes(comm, share, trees, g->offset, err));
  const ecd_code_t code = ecd_forest_allocate(trees, (size_t)g->offset[trees], width, forest, err);
  ECD_TRY(ecd_agree(comm, code, err));
  ecd_forest_t *f = *forest;
  memcpy(f->offset, g->offset, (trees + 1) * sizeof *f->offset);
  sum_importances(trees, width, g->importance, f->importance);
  put(share, f);
  return gather_nodes(comm, g->size, g->count, g->start, f, err);
}

ecd_code_t ecd_forest_train(MPI_Comm comm, const ecd_forest_options_t *options, int threads,
                            const ecd_samples_t *samples, ecd_forest_t **forest, ecd_error_t *err) {
  *forest = NULL;
  ECD_CHECK(threads >= 1 && samples->target != NULL);
  ecd_code_t code = check_options(options, err);
  if (code == ECD_OK) code = ecd_samples_check(samples, err);
  ECD_TRY(ecd_agree(comm, code, err));
  int rank;
  gather_t gather = {0};
  ECD_MPI(MPI_Comm_rank(comm, &rank));
  ECD_MPI(MPI_Comm_size(comm, &gather.size));
  const size_t trees = (size_t)options->trees;
  share_t share = {.first = first_of(trees, rank, gather.size)};
  share.count = first_of(trees, rank + 1, gather.size) - share.first;
  code = ecd_agree(comm, grow(options, threads, samples, &share, err), err);
  if (code == ECD_OK) code = collect(comm, &gather, &share, trees, samples->width, forest, err);
  if (code != ECD_OK) ecd_forest_destroy(forest);
  clear(&share);
  free(gather.count);
  free(gather.start);
  free(gather.offset);
  free(gather.importance);
  return code;
}
