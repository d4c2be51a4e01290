/* Trees and forests of scikit-learn (tests/data/forest/make.py says how they were made): single
   trees agree exactly, forests on average. */
#include "check.h"
#include "learn/forest.h"

#include <stdlib.h>

enum { TRAIN = 150, TEST = 80, WIDTH = 7, SEEDS = 10 };
static ecd_error_t err;

static double read_number(FILE *file) {
  double value = (double)NAN;
  CHECK(fscanf(file, "%lf", &value) == 1);
  return value;
}

static size_t read_size(FILE *file) {
  size_t value = 0;
  CHECK(fscanf(file, "%zu", &value) == 1);
  return value;
}

/* The first columns of rows. */
static void take(const double *from, size_t rows, size_t width, double *to) {
  for (size_t i = 0; i < rows; ++i) memcpy(to + i * width, from + i * WIDTH, width * sizeof *to);
}

/* all: (TRAIN + TEST, WIDTH). */
static ecd_forest_t *train(const ecd_forest_options_t *options, size_t width, const double *all,
                           const double *target, double prediction[TEST]) {
  double feature[(TRAIN + TEST) * WIDTH];
  take(all, TRAIN + TEST, width, feature);
  const ecd_samples_t samples = {TRAIN, width, feature, target, NULL, NULL};
  const ecd_samples_t test = {TEST, width, feature + TRAIN * width, NULL, NULL, NULL};
  ecd_forest_t *forest;
  CHECK(ecd_forest_train(MPI_COMM_SELF, options, 1, &samples, &forest, &err) == ECD_OK);
  CHECK(ecd_forest_predict(forest, 1, &test, prediction, NULL, &err) == ECD_OK);
  return forest;
}

static void check_tree(FILE *file, const double *all, const double *target) {
  ecd_forest_options_t options = ecd_forest_defaults();
  options.trees = 1;
  options.bootstrap = false;
  const size_t width = read_size(file);
  options.max_depth = (int64_t)read_size(file);
  options.min_leaf = (int64_t)read_size(file);
  options.min_split = (int64_t)read_size(file);
  const size_t nodes = read_size(file);
  double prediction[TEST];
  ecd_forest_t *forest = train(&options, width, all, target, prediction);
  const ecd_forest_arrays_t arrays = ecd_forest_arrays(forest);
  CHECK(arrays.nodes == nodes);
  for (size_t i = 0; i < TEST; ++i) CHECK_NEAR(prediction[i], read_number(file), 1e-10);
  for (size_t f = 0; f < width; ++f) CHECK_NEAR(arrays.importance[f], read_number(file), 1e-10);
  ecd_forest_destroy(&forest);
}

static double r2(const double *target, const double *prediction) {
  double mean = 0, error = 0, variance = 0;
  for (size_t i = 0; i < TEST; ++i) mean += target[i] / TEST;
  for (size_t i = 0; i < TEST; ++i) {
    error += (prediction[i] - target[i]) * (prediction[i] - target[i]);
    variance += (target[i] - mean) * (target[i] - mean);
  }
  return 1 - error / variance;
}

/* Mean R2 within one standard deviation of scikit-learn's, importances within 0.03. */
static void check_forest(FILE *file, const double *all, const double *target) {
  ecd_forest_options_t options = ecd_forest_defaults();
  options.features_per_split = (int64_t)read_size(file);
  options.min_leaf = (int64_t)read_size(file);
  double mean = 0, importance[WIDTH] = {0};
  for (int seed = 0; seed < SEEDS; ++seed) {
    options.seed = (uint64_t)seed;
    double prediction[TEST];
    ecd_forest_t *forest = train(&options, WIDTH, all, target, prediction);
    mean += r2(target + TRAIN, prediction) / SEEDS;
    for (size_t f = 0; f < WIDTH; ++f)
      importance[f] += ecd_forest_arrays(forest).importance[f] / SEEDS;
    ecd_forest_destroy(&forest);
  }
  const double expected = read_number(file), deviation = read_number(file);
  printf("features %ld, leaves of %ld: R2 %.4f, scikit-learn %.4f +- %.4f\n",
         (long)options.features_per_split, (long)options.min_leaf, mean, expected, deviation);
  CHECK_NEAR(mean, expected, deviation);
  for (size_t f = 0; f < WIDTH; ++f) CHECK_NEAR(importance[f], read_number(file), 0.03);
}

int main(int argc, char **argv) {
  MPI_Init(&argc, &argv);
  const char *top = getenv("top_srcdir");
  char path[4096];
  snprintf(path, sizeof path, "%s/tests/data/forest/reference.txt", top != NULL ? top : ".");
  FILE *file = fopen(path, "r");
  CHECK(file != NULL);
  if (file != NULL) {
    double all[(TRAIN + TEST) * WIDTH], target[TRAIN + TEST];
    CHECK(read_size(file) == TRAIN && read_size(file) == TEST && read_size(file) == WIDTH);
    for (size_t i = 0; i < TRAIN + TEST; ++i) {
      for (size_t f = 0; f < WIDTH; ++f) all[i * WIDTH + f] = read_number(file);
      target[i] = read_number(file);
    }
    for (size_t trees = read_size(file); trees > 0; --trees) check_tree(file, all, target);
    for (size_t forests = read_size(file); forests > 0; --forests) check_forest(file, all, target);
    fclose(file);
  }
  MPI_Finalize();
  return check_done();
}
