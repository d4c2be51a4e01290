/* The forest is bitwise the same on any number of ranks and threads; errors of one rank are
   everyone's; a forest of rank 0 reaches all. */
#include "base/random.h"
#include "check.h"
#include "learn/forest.h"

#include <stdlib.h>

enum { COUNT = 90, WIDTH = 12 };
static ecd_error_t err;
static int rank, size;

static bool same(const ecd_forest_t *one, const ecd_forest_t *two) {
  const ecd_forest_arrays_t a = ecd_forest_arrays(one), b = ecd_forest_arrays(two);
  return a.trees == b.trees && a.nodes == b.nodes && a.width == b.width &&
         memcmp(a.offset, b.offset, (a.trees + 1) * sizeof *a.offset) == 0 &&
         memcmp(a.feature, b.feature, a.nodes * sizeof *a.feature) == 0 &&
         memcmp(a.left, b.left, a.nodes * sizeof *a.left) == 0 &&
         memcmp(a.right, b.right, a.nodes * sizeof *a.right) == 0 &&
         memcmp(a.threshold, b.threshold, a.nodes * sizeof *a.threshold) == 0 &&
         memcmp(a.value, b.value, a.nodes * sizeof *a.value) == 0 &&
         memcmp(a.importance, b.importance, a.width * sizeof *a.importance) == 0;
}

static void check_same(const ecd_forest_options_t *options, const ecd_samples_t *samples) {
  ecd_forest_t *alone, *spread;
  CHECK(ecd_forest_train(MPI_COMM_SELF, options, 1, samples, &alone, &err) == ECD_OK);
  CHECK(ecd_forest_arrays(alone).nodes > (size_t)options->trees);
  for (int threads = 1; threads <= 3; ++threads) {
    CHECK(ecd_forest_train(MPI_COMM_WORLD, options, threads, samples, &spread, &err) == ECD_OK);
    CHECK(same(alone, spread));
    double one[COUNT], many[COUNT], spread_one[COUNT], spread_many[COUNT];
    CHECK(ecd_forest_predict(alone, 1, samples, one, spread_one, &err) == ECD_OK);
    CHECK(ecd_forest_predict(spread, threads, samples, many, spread_many, &err) == ECD_OK);
    CHECK(memcmp(one, many, sizeof one) == 0);
    CHECK(memcmp(spread_one, spread_many, sizeof spread_one) == 0);
    ecd_forest_destroy(&spread);
  }
  ecd_forest_options_t other = *options;
  other.seed = options->seed + 1;
  CHECK(ecd_forest_train(MPI_COMM_WORLD, &other, 1, samples, &spread, &err) == ECD_OK);
  CHECK(!same(alone, spread));
  ecd_forest_destroy(&spread);
  ecd_forest_destroy(&alone);
}

static void check_broadcast(const ecd_samples_t *samples) {
  const ecd_forest_options_t options = ecd_forest_defaults();
  ecd_forest_t *forest, *got = NULL;
  CHECK(ecd_forest_train(MPI_COMM_SELF, &options, 1, samples, &forest, &err) == ECD_OK);
  if (rank == 0) got = forest;
  CHECK(ecd_forest_broadcast(MPI_COMM_WORLD, &got, &err) == ECD_OK);
  CHECK(same(forest, got));
  if (rank != 0) ecd_forest_destroy(&got);
  ecd_forest_destroy(&forest);
}

/* A value that only the last rank has. */
static void check_error(double *feature, const ecd_samples_t *samples) {
  const ecd_forest_options_t options = ecd_forest_defaults();
  ecd_forest_t *forest;
  if (rank == size - 1) feature[4 * WIDTH + 3] = (double)NAN;
  CHECK(ecd_forest_train(MPI_COMM_WORLD, &options, 1, samples, &forest, &err) == ECD_DATA);
  CHECK(forest == NULL);
  CHECK_HAS(err.text, "sample 4, feature 3: expected a finite number");
}

int main(int argc, char **argv) {
  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  double feature[COUNT * WIDTH], target[COUNT];
  for (size_t i = 0; i < COUNT * WIDTH; ++i) {
    feature[i] = ecd_random_uniform(5, ECD_RANDOM_TEST, 0, i);
    if (i % 3 == 0) feature[i] = floor(4 * feature[i]);
  }
  for (size_t i = 0; i < COUNT; ++i)
    target[i] =
        feature[i * WIDTH] * feature[i * WIDTH + 1] + ecd_random_uniform(5, ECD_RANDOM_TEST, 1, i);
  const ecd_samples_t samples = {COUNT, WIDTH, feature, target, NULL, NULL};
  ecd_forest_options_t options = ecd_forest_defaults();
  check_same(&options, &samples);
  options.trees = 2; /* fewer than ranks */
  options.features_per_split = 3;
  options.min_leaf = 2;
  options.seed = 17;
  check_same(&options, &samples);
  check_broadcast(&samples);
  check_error(feature, &samples);
  const int failed = check_done();
  MPI_Finalize();
  return failed;
}
