/* Trains a forest on one file and predicts another, for comparisons with other programs.
     run_forest [name=value ...] TRAIN TEST
   Names: seed, trees, min_leaf, features (per split), threads, rounds.
   A file: int64 count, width; float64 features (count, width), targets [count], native byte order.
   Prints one line of JSON (shortest of rounds trainings), then a prediction and its spread for each
   sample of TEST. */
#include "learn/forest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  ecd_forest_options_t forest;
  int threads, rounds;
} options_t;

static int fail(const char *text) {
  fprintf(stderr, "run_forest: %s\n", text);
  return 1;
}

static bool read_samples(const char *path, ecd_samples_t *samples) {
  FILE *file = fopen(path, "rb");
  int64_t size[2];
  if (file == NULL || fread(size, sizeof *size, 2, file) != 2) return false;
  const size_t count = (size_t)size[0], width = (size_t)size[1];
  double *feature = malloc(count * width * sizeof *feature);
  double *target = malloc(count * sizeof *target);
  *samples = (ecd_samples_t){count, width, feature, target, NULL, NULL};
  const bool whole = feature != NULL && target != NULL &&
                     fread(feature, sizeof *feature, count * width, file) == count * width &&
                     fread(target, sizeof *target, count, file) == count;
  fclose(file);
  return whole;
}

static bool set(options_t *o, const char *text) {
  char name[32];
  long value;
  if (sscanf(text, "%31[^=]=%ld", name, &value) != 2) return false;
  if (strcmp(name, "seed") == 0)
    o->forest.seed = (uint64_t)value;
  else if (strcmp(name, "trees") == 0)
    o->forest.trees = value;
  else if (strcmp(name, "min_leaf") == 0)
    o->forest.min_leaf = value;
  else if (strcmp(name, "features") == 0)
    o->forest.features_per_split = value;
  else if (strcmp(name, "threads") == 0)
    o->threads = (int)value;
  else if (strcmp(name, "rounds") == 0)
    o->rounds = (int)value;
  else
    return false;
  return true;
}

static int run(const options_t *o, const ecd_samples_t *train, const ecd_samples_t *test) {
  ecd_error_t err;
  ecd_forest_t *forest = NULL;
  double best = 1e30;
  for (int round = 0; round < o->rounds; ++round) {
    ecd_forest_destroy(&forest);
    const double start = MPI_Wtime();
    if (ecd_forest_train(MPI_COMM_WORLD, &o->forest, o->threads, train, &forest, &err) != ECD_OK)
      return fail(err.text);
    const double seconds = MPI_Wtime() - start;
    if (seconds < best) best = seconds;
  }
  double *value = malloc(2 * test->count * sizeof *value);
  if (value == NULL) return fail("out of memory");
  const double start = MPI_Wtime();
  if (ecd_forest_predict(forest, o->threads, test, value, value + test->count, &err) != ECD_OK)
    return fail(err.text);
  int rank;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  if (rank == 0) {
    printf("{\"train_s\": %.6f, \"predict_s\": %.6f, \"nodes\": %zu}\n", best, MPI_Wtime() - start,
           ecd_forest_arrays(forest).nodes);
    for (size_t i = 0; i < test->count; ++i)
      printf("%.17g %.17g\n", value[i], value[test->count + i]);
  }
  ecd_forest_destroy(&forest);
  free(value);
  return 0;
}

int main(int argc, char **argv) {
  MPI_Init(&argc, &argv);
  options_t options = {ecd_forest_defaults(), 1, 1};
  ecd_samples_t train, test;
  bool good = argc >= 3;
  for (int i = 1; good && i < argc - 2; ++i) good = set(&options, argv[i]);
  int code = 2;
  if (!good)
    fail("usage: run_forest [name=value ...] TRAIN TEST");
  else if (!read_samples(argv[argc - 2], &train) || !read_samples(argv[argc - 1], &test))
    code = fail("cannot read the samples");
  else
    code = run(&options, &train, &test);
  MPI_Finalize();
  return code;
}
