/* Growing one regression tree of a forest. Features are sorted once for all trees; a node's
   samples, in the order of each feature, are one stretch of an array that splits part stably, so
   that finding the best cut is one pass over each feature without sorting. All local. */
#ifndef ECD_LEARN_TREE_H
#define ECD_LEARN_TREE_H

#include "learn/forest.h"

/* Samples by column and in the order of each feature; shared by threads. */
typedef struct {
  size_t count, width;
  double *column;       /* (width, count) */
  uint32_t *order;      /* (width, count), samples by value, equal ones by number */
  const double *target; /* [count], borrowed */
} ecd_sorted_t;

/* samples: checked; their targets stay borrowed. At most 2^30 samples, else ECD_DATA. */
ecd_code_t ecd_sorted_create(const ecd_samples_t *samples, int threads, ecd_sorted_t **sorted,
                             ecd_error_t *err);
void ecd_sorted_destroy(ecd_sorted_t **sorted);

typedef struct {
  double threshold, value;
  int32_t feature, left, right; /* -1 in a leaf */
} ecd_node_t;

typedef struct {
  size_t count;
  ecd_node_t *node; /* [count], owned */
} ecd_tree_t;

/* A thread's workspace; sorted and options stay borrowed. */
typedef struct ecd_grower ecd_grower_t;
ecd_code_t ecd_grower_create(const ecd_sorted_t *sorted, const ecd_forest_options_t *options,
                             ecd_grower_t **grower, ecd_error_t *err);
void ecd_grower_destroy(ecd_grower_t **grower);

/* Grows tree number of the forest. importance[width]: each feature's share in the reduction of
   variance; sum 1, or 0 for a lone leaf. */
ecd_code_t ecd_grower_grow(ecd_grower_t *grower, size_t number, ecd_tree_t *tree,
                           double *importance, ecd_error_t *err);

#endif
