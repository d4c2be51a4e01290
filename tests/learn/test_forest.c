/* Forests at the edges, their flat arrays, and what is refused. */
#include "base/random.h"
#include "check.h"
#include "learn/forest.h"

#include <limits.h>
#include <stdlib.h>

enum { COUNT = 60, WIDTH = 5 };
static ecd_error_t err;

static ecd_forest_t *train(const ecd_forest_options_t *options, const ecd_samples_t *samples) {
  ecd_forest_t *forest;
  CHECK(ecd_forest_train(MPI_COMM_SELF, options, 1, samples, &forest, &err) == ECD_OK);
  return forest;
}

static ecd_forest_options_t lone_tree(void) {
  ecd_forest_options_t options = ecd_forest_defaults();
  options.trees = 1;
  options.bootstrap = false;
  return options;
}

/* Every prediction is value, every spread 0, and nothing was split. */
static void check_constant(const ecd_forest_options_t *options, const ecd_samples_t *samples,
                           double value) {
  double prediction[COUNT], spread[COUNT];
  ecd_forest_t *forest = train(options, samples);
  const ecd_forest_arrays_t arrays = ecd_forest_arrays(forest);
  CHECK(arrays.nodes == (size_t)options->trees && arrays.feature[0] == -1);
  for (size_t f = 0; f < samples->width; ++f) CHECK(arrays.importance[f] == 0);
  CHECK(ecd_forest_predict(forest, 1, samples, prediction, spread, &err) == ECD_OK);
  for (size_t i = 0; i < samples->count; ++i) CHECK(prediction[i] == value && spread[i] == 0);
  ecd_forest_destroy(&forest);
  CHECK(forest == NULL);
}

static void check_leaves_only(void) {
  double feature[COUNT * WIDTH], target[COUNT];
  for (size_t i = 0; i < COUNT * WIDTH; ++i)
    feature[i] = ecd_random_uniform(1, ECD_RANDOM_TEST, 0, i);
  for (size_t i = 0; i < COUNT; ++i) target[i] = 0.1;
  ecd_samples_t samples = {COUNT, WIDTH, feature, target, NULL, NULL};
  ecd_forest_options_t options = ecd_forest_defaults();
  check_constant(&options, &samples, 0.1); /* the same target everywhere */
  samples.count = 1;
  check_constant(&options, &samples, 0.1); /* one sample */

  options = lone_tree();
  samples.count = 4;
  for (size_t i = 0; i < 4; ++i) target[i] = (double)i;
  options.min_leaf = 3;
  check_constant(&options, &samples, 1.5); /* two leaves of 3 need 6 samples */
  options.min_leaf = 1000;
  check_constant(&options, &samples, 1.5);
  options.min_leaf = 1;
  options.min_split = 5;
  check_constant(&options, &samples, 1.5);
  options.min_split = 2;
  for (size_t i = 0; i < 4 * WIDTH; ++i) feature[i] = (double)(i % WIDTH);
  check_constant(&options, &samples, 1.5); /* features that never change */
}

/* Samples of equal features share a leaf: the mean of their targets. */
static void check_duplicates(void) {
  const double feature[6] = {1, 1, 1, 2, 2, 3}, target[6] = {0, 3, 6, 10, 20, -4};
  const ecd_samples_t samples = {6, 1, feature, target, NULL, NULL};
  const ecd_forest_options_t options = lone_tree();
  ecd_forest_t *forest = train(&options, &samples);
  double prediction[6];
  CHECK(ecd_forest_predict(forest, 1, &samples, prediction, NULL, &err) == ECD_OK);
  const double expected[6] = {3, 3, 3, 15, 15, -4};
  for (int i = 0; i < 6; ++i) CHECK_NEAR(prediction[i], expected[i], 1e-14);
  CHECK(ecd_forest_arrays(forest).nodes == 5 && ecd_forest_arrays(forest).importance[0] == 1);
  ecd_forest_destroy(&forest);
}

/* Neighbouring doubles, and values near the largest, are still told apart. */
static void check_thresholds(void) {
  const double huge = 1.7e308;
  const double feature[4] = {1, nextafter(1, 2), -huge, huge}, target[4] = {1, 2, 3, 4};
  const ecd_samples_t samples = {4, 1, feature, target, NULL, NULL};
  const ecd_forest_options_t options = lone_tree();
  ecd_forest_t *forest = train(&options, &samples);
  double prediction[4];
  CHECK(ecd_forest_predict(forest, 1, &samples, prediction, NULL, &err) == ECD_OK);
  for (int i = 0; i < 4; ++i) CHECK(prediction[i] == target[i]);
  ecd_forest_destroy(&forest);
}

/* Equal columns: a single tree takes one or the other at random, no feature is favoured. */
static void check_ties(void) {
  double feature[COUNT * 2], target[COUNT];
  for (size_t i = 0; i < COUNT; ++i) {
    feature[2 * i] = feature[2 * i + 1] = (double)i;
    target[i] = ecd_random_uniform(2, ECD_RANDOM_TEST, 0, i);
  }
  const ecd_samples_t samples = {COUNT, 2, feature, target, NULL, NULL};
  const ecd_forest_options_t options = ecd_forest_defaults();
  ecd_forest_t *forest = train(&options, &samples);
  CHECK_NEAR(ecd_forest_arrays(forest).importance[0], 0.5, 0.15);
  ecd_forest_destroy(&forest);
}

/* The same cut has the same score from a column and from its mirror image: every stump takes the
   same column whether the second one is a copy of the first or its negative. */
static void check_mirrored(void) {
  double copy[COUNT * 2], mirror[COUNT * 2], target[COUNT];
  for (size_t i = 0; i < COUNT; ++i) {
    copy[2 * i] = copy[2 * i + 1] = mirror[2 * i] = (double)i;
    mirror[2 * i + 1] = -(double)i;
    target[i] = ecd_random_uniform(2, ECD_RANDOM_TEST, 1, i);
  }
  const ecd_samples_t samples = {COUNT, 2, copy, target, NULL, NULL};
  const ecd_samples_t mirrored = {COUNT, 2, mirror, target, NULL, NULL};
  ecd_forest_options_t options = ecd_forest_defaults();
  options.max_depth = 1;
  ecd_forest_t *one = train(&options, &samples), *two = train(&options, &mirrored);
  const ecd_forest_arrays_t a = ecd_forest_arrays(one), b = ecd_forest_arrays(two);
  CHECK(a.nodes == 150 && b.nodes == 150);
  for (size_t node = 0; node < a.nodes; ++node) CHECK(a.feature[node] == b.feature[node]);
  ecd_forest_destroy(&one);
  ecd_forest_destroy(&two);
}

/* Targets of any size: the forest of scaled targets is the scaled forest. */
static void check_scale(const ecd_samples_t *samples, double scale) {
  double target[COUNT];
  for (size_t i = 0; i < COUNT; ++i) target[i] = scale * samples->target[i];
  ecd_samples_t scaled = *samples;
  scaled.target = target;
  const ecd_forest_options_t options = ecd_forest_defaults();
  ecd_forest_t *one = train(&options, samples), *two = train(&options, &scaled);
  const ecd_forest_arrays_t a = ecd_forest_arrays(one), b = ecd_forest_arrays(two);
  CHECK(a.nodes == b.nodes);
  for (size_t node = 0; node < a.nodes; ++node)
    CHECK(a.feature[node] == b.feature[node] && scale * a.value[node] == b.value[node]);
  for (size_t f = 0; f < WIDTH; ++f) CHECK_NEAR(a.importance[f], b.importance[f], 1e-12);
  ecd_forest_destroy(&one);
  ecd_forest_destroy(&two);
}

static void check_depth(const ecd_samples_t *samples) {
  ecd_forest_options_t options = lone_tree();
  options.max_depth = 2;
  ecd_forest_t *forest = train(&options, samples);
  CHECK(ecd_forest_arrays(forest).nodes == 7);
  ecd_forest_destroy(&forest);
  options.max_depth = 0;
  forest = train(&options, samples);
  CHECK(ecd_forest_arrays(forest).nodes == 2 * COUNT - 1); /* distinct targets: a leaf each */
  double prediction[COUNT];
  CHECK(ecd_forest_predict(forest, 1, samples, prediction, NULL, &err) == ECD_OK);
  for (size_t i = 0; i < COUNT; ++i) CHECK(prediction[i] == samples->target[i]);
  ecd_forest_destroy(&forest);
}

/* Mean and standard deviation over the trees, from forests of one tree each. */
static void check_spread(const ecd_forest_t *forest, const ecd_samples_t *samples) {
  const ecd_forest_arrays_t all = ecd_forest_arrays(forest);
  double prediction[COUNT], spread[COUNT], one[COUNT], sum[COUNT] = {0}, squares[COUNT] = {0};
  for (size_t t = 0; t < all.trees; ++t) {
    const int64_t first = all.offset[t], offset[2] = {0, all.offset[t + 1] - first};
    const ecd_forest_arrays_t tree = {1,
                                      (size_t)offset[1],
                                      all.width,
                                      offset,
                                      all.feature + first,
                                      all.left + first,
                                      all.right + first,
                                      all.threshold + first,
                                      all.value + first,
                                      all.importance};
    ecd_forest_t *single;
    CHECK(ecd_forest_create(&tree, &single, &err) == ECD_OK);
    CHECK(ecd_forest_predict(single, 1, samples, one, NULL, &err) == ECD_OK);
    for (size_t i = 0; i < COUNT; ++i) {
      sum[i] += one[i];
      squares[i] += one[i] * one[i];
    }
    ecd_forest_destroy(&single);
  }
  CHECK(ecd_forest_predict(forest, 2, samples, prediction, spread, &err) == ECD_OK);
  for (size_t i = 0; i < COUNT; ++i) {
    const double mean = sum[i] / (double)all.trees;
    CHECK_NEAR(prediction[i], mean, 1e-12);
    CHECK_NEAR(spread[i] * spread[i], squares[i] / (double)all.trees - mean * mean, 1e-10);
    CHECK(spread[i] > 0);
  }
}

static void check_refused(const ecd_forest_arrays_t *arrays, const char *message) {
  ecd_forest_t *forest;
  CHECK(ecd_forest_create(arrays, &forest, &err) == ECD_DATA && forest == NULL);
  CHECK_HAS(err.text, message);
}

/* A stump, changed in one place at a time. */
static void check_arrays(void) {
  int64_t offset[3] = {0, 3, 4};
  int32_t feature[4] = {1, -1, -1, -1}, left[4] = {1, -1, -1, -1}, right[4] = {2, -1, -1, -1};
  double threshold[4] = {0.5, 0, 0, 0}, value[4] = {1, 2, 3, 4}, importance[2] = {0, 1};
  ecd_forest_arrays_t a = {2, 4, 2, offset, feature, left, right, threshold, value, importance};
  ecd_forest_t *forest;
  CHECK(ecd_forest_create(&a, &forest, &err) == ECD_OK);
  const double row[4] = {9, 0.5, 9, 0.6};
  double prediction[2], spread[2];
  const ecd_samples_t samples = {2, 2, row, NULL, NULL, NULL};
  CHECK(ecd_forest_predict(forest, 1, &samples, prediction, spread, &err) == ECD_OK);
  CHECK(prediction[0] == 3 && prediction[1] == 3.5 && spread[0] == 1 && spread[1] == 0.5);
  ecd_forest_destroy(&forest);

  right[0] = 3;
  check_refused(&a, "tree 0, node 0: expected a right child after its parent and below 3, found 3");
  right[0] = 2;
  left[0] = 0;
  check_refused(&a, "left child after its parent and below 3, found 0");
  left[0] = 1;
  feature[0] = 2;
  check_refused(&a, "tree 0, node 0: expected a feature from 0 to 1 or -1 for a leaf, found 2");
  feature[0] = -2;
  check_refused(&a, "found -2");
  feature[0] = 1;
  feature[3] = 0; /* the last node cannot have children */
  check_refused(&a, "tree 1, node 0: expected a left child");
  feature[3] = -1;
  value[2] = (double)NAN;
  check_refused(&a, "tree 0, node 2: expected finite value");
  value[2] = 3;
  threshold[0] = (double)INFINITY;
  check_refused(&a, "tree 0, node 0: expected finite value and threshold");
  threshold[0] = 0.5;
  offset[1] = 4;
  check_refused(&a, "tree 1: expected nodes, found offsets 4 to 4");
  offset[1] = 5;
  check_refused(&a, "tree 0: expected nodes, found offsets 0 to 5");
  offset[1] = 3;
  offset[2] = 5;
  check_refused(&a, "tree offsets from 0 to 4, found 0 to 5");
  offset[2] = 4;
  importance[0] = -1;
  check_refused(&a, "importance of feature 0");
  importance[0] = 0;
  a.trees = 0;
  check_refused(&a, "expected trees and features, found 0 and 2");
}

static void check_options(const ecd_samples_t *samples) {
  const struct {
    ecd_forest_options_t options;
    const char *message;
  } bad[] = {{{.trees = 0, .min_leaf = 1, .min_split = 2}, "trees = 0: expected 1 to"},
             {{.trees = 1, .min_leaf = 0, .min_split = 2}, "min_leaf = 0: expected 1 to"},
             {{.trees = 1, .min_leaf = 1, .min_split = 1}, "min_split = 1: expected 2 to"},
             {{.trees = 1, .max_depth = -1, .min_leaf = 1, .min_split = 2}, "max_depth = -1"},
             {{.trees = INT64_MAX, .min_leaf = 1, .min_split = 2}, "trees = 9223372036854775807"}};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; ++i) {
    ecd_forest_t *forest;
    CHECK(ecd_forest_train(MPI_COMM_SELF, &bad[i].options, 1, samples, &forest, &err) == ECD_USAGE);
    CHECK(forest == NULL);
    CHECK_HAS(err.text, bad[i].message);
  }
}

static void check_data(const ecd_forest_t *forest, const ecd_samples_t *samples) {
  double prediction[COUNT];
  ecd_samples_t narrow = *samples;
  narrow.width = WIDTH - 1;
  CHECK(ecd_forest_predict(forest, 1, &narrow, prediction, NULL, &err) == ECD_DATA);
  CHECK_HAS(err.text, "expected samples of 5 features, found 4");
  double feature[COUNT * WIDTH];
  memcpy(feature, samples->feature, sizeof feature);
  feature[7 * WIDTH + 2] = (double)NAN;
  ecd_samples_t holed = *samples;
  holed.feature = feature;
  CHECK(ecd_forest_predict(forest, 1, &holed, prediction, NULL, &err) == ECD_DATA);
  CHECK_HAS(err.text, "sample 7, feature 2: expected a finite number");
  ecd_forest_t *none;
  const ecd_forest_options_t options = ecd_forest_defaults();
  CHECK(ecd_forest_train(MPI_COMM_SELF, &options, 1, &holed, &none, &err) == ECD_DATA);
  CHECK(none == NULL);
}

int main(int argc, char **argv) {
  MPI_Init(&argc, &argv);
  double feature[COUNT * WIDTH], target[COUNT];
  for (size_t i = 0; i < COUNT * WIDTH; ++i)
    feature[i] = ecd_random_uniform(3, ECD_RANDOM_TEST, 0, i);
  for (size_t i = 0; i < COUNT; ++i)
    target[i] = feature[i * WIDTH] + ecd_random_uniform(3, ECD_RANDOM_TEST, 1, i);
  const ecd_samples_t samples = {COUNT, WIDTH, feature, target, NULL, NULL};
  const ecd_forest_options_t options = ecd_forest_defaults();
  ecd_forest_t *forest = train(&options, &samples);
  CHECK(ecd_forest_arrays(forest).trees == 50);
  check_leaves_only();
  check_duplicates();
  check_thresholds();
  check_ties();
  check_mirrored();
  check_scale(&samples, 0x1p330);
  check_scale(&samples, 0x1p-400);
  check_depth(&samples);
  check_spread(forest, &samples);
  check_arrays();
  check_options(&samples);
  check_data(forest, &samples);
  ecd_forest_destroy(&forest);
  MPI_Finalize();
  return check_done();
}
