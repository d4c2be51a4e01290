/* Random forest for regression: bootstrap, splits that reduce the variance most, mean of the trees
   (Breiman, Machine Learning 45 (2001) 5). Options, node rules and importances are scikit-learn's.
   Our own because the libraries with a C interface do not fit: XGBoost's forests need subsampling
   without replacement of both rows and features, in float32; ALGLIB and OpenCV are C++. */
#ifndef ECD_LEARN_FOREST_H
#define ECD_LEARN_FOREST_H

#include "learn/samples.h"

#include <stdint.h>

typedef struct ecd_forest ecd_forest_t;

typedef struct {
  uint64_t seed;
  int64_t trees;              /* 1 at least */
  int64_t max_depth;          /* splits from root to leaf; 0 = unlimited */
  int64_t min_leaf;           /* distinct samples in a leaf, 1 at least */
  int64_t min_split;          /* distinct samples in a node that may be split, 2 at least */
  int64_t features_per_split; /* features tried at a node, known constants included, and more until
                                 one that is not constant there; 0 = all */
  bool bootstrap;             /* each tree on count samples drawn with replacement; else on all */
} ecd_forest_options_t;

/* 50 trees of unlimited depth, leaves of 1, splits from 2, all features, bootstrap, seed 0. */
ecd_forest_options_t ecd_forest_defaults(void);

/* Collective: samples and options are the same on every rank, the trees are grown in equal parts by
   the ranks, each with threads OpenMP threads, and every rank gets them all. A function of samples,
   options and seed alone: the same bits on any number of ranks and threads. At a node the features
   are tried in a random order, a function of (seed, tree, node); of cuts that reduce the variance
   equally (two features that part the samples alike do, to the last bit) the first tried wins,
   within a feature the lowest. A threshold is the middle between two neighbouring values.
   ECD_USAGE: an option out of range; ECD_DATA: as ecd_samples_check. The forest is owned by the
   caller. */
ecd_code_t ecd_forest_train(MPI_Comm comm, const ecd_forest_options_t *options, int threads,
                            const ecd_samples_t *samples, ecd_forest_t **forest, ecd_error_t *err);
void ecd_forest_destroy(ecd_forest_t **forest);

/* Local. prediction[count]: mean over the trees; spread[count] (or NULL): standard deviation over
   the trees, which grows with the uncertainty. Targets are not looked at. ECD_DATA: another number
   of features than in training, or as ecd_samples_check. */
ecd_code_t ecd_forest_predict(const ecd_forest_t *forest, int threads, const ecd_samples_t *samples,
                              double *prediction, double *spread, ecd_error_t *err);

/* The forest as flat arrays, for files. Node 0 of a tree is its root, children come after their
   parents and are counted from the tree's first node. A sample with feature <= threshold goes left.
   importance: mean over the trees of each feature's share in the reduction of variance; its sum is
   1, or 0 if nothing was split. */
typedef struct {
  size_t trees, nodes, width;
  const int64_t *offset;    /* [trees + 1], first node of each tree, then nodes */
  const int32_t *feature;   /* [nodes], -1 = leaf */
  const int32_t *left;      /* [nodes], -1 in a leaf */
  const int32_t *right;     /* [nodes], -1 in a leaf */
  const double *threshold;  /* [nodes], 0 in a leaf */
  const double *value;      /* [nodes], mean target of the node's samples */
  const double *importance; /* [width] */
} ecd_forest_arrays_t;

/* Local; the arrays belong to the forest. */
ecd_forest_arrays_t ecd_forest_arrays(const ecd_forest_t *forest);

/* Local: a forest from a copy of arrays. ECD_DATA, with tree and node, if an index is out of range,
   a child does not come after its parent, or a number is not finite. */
ecd_code_t ecd_forest_create(const ecd_forest_arrays_t *arrays, ecd_forest_t **forest,
                             ecd_error_t *err);

/* Collective: *forest of rank 0 to all others, who own what they get. */
ecd_code_t ecd_forest_broadcast(MPI_Comm comm, ecd_forest_t **forest, ecd_error_t *err);

#endif
