/* The forest's flat arrays, as ecd_forest_arrays_t, owned. */
#ifndef ECD_LEARN_FOREST_PRIVATE_H
#define ECD_LEARN_FOREST_PRIVATE_H

#include "learn/forest.h"

struct ecd_forest {
  size_t trees, nodes, width;
  int64_t *offset;
  int32_t *feature, *left, *right;
  double *threshold, *value, *importance;
};

/* Local: zeros. MPI counts values with an int, so there are at most 2^31 - 1 nodes: else
   ECD_FAILED. */
ecd_code_t ecd_forest_allocate(size_t trees, size_t nodes, size_t width, ecd_forest_t **forest,
                               ecd_error_t *err);

#endif
