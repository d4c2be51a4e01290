/* Neighbours, trustworthiness and mixing against their definitions, on any number of ranks. */
#include "base/random.h"
#include "bench/alone.h"
#include "bench/quality.h"
#include "check.h"
#include "train/split.h"

#include <stdlib.h>

enum { COUNT = 37, K = 5 };
static ecd_error_t err;

static double distance(const ecd_points_t *p, size_t i, size_t j) {
  double sum = 0;
  for (size_t c = 0; c < p->width; ++c) {
    const double d = p->value[i * p->width + c] - p->value[j * p->width + c];
    sum += d * d;
  }
  return sum;
}

/* From 1: how many candidates are as near to i as j, the first of equal ones nearest. */
static size_t rank_of(const ecd_points_t *p, const bool *candidate, size_t i, size_t j) {
  size_t rank = 1;
  for (size_t m = 0; m < p->count; ++m) {
    if (m == i || (candidate != NULL && !candidate[m])) continue;
    const double a = distance(p, i, m), b = distance(p, i, j);
    rank += a < b || (a == b && m < j);
  }
  return rank;
}

static void check_neighbors(const ecd_context_t *ctx, const ecd_points_t *p,
                            const bool *candidate) {
  int32_t neighbor[COUNT * K];
  CHECK(ecd_neighbors_nearest(ctx, p, candidate, K, neighbor, &err) == ECD_OK);
  for (size_t i = 0; i < COUNT; ++i)
    for (size_t m = 0; m < K; ++m) {
      const size_t j = (size_t)neighbor[i * K + m];
      CHECK(j != i && (candidate == NULL || candidate[j]));
      CHECK(rank_of(p, candidate, i, j) == m + 1);
    }
}

static void check_trust(const ecd_context_t *ctx, const ecd_points_t *input,
                        const ecd_points_t *map) {
  int32_t neighbor[COUNT * K];
  double value, excess = 0;
  CHECK(ecd_neighbors_nearest(ctx, map, NULL, K, neighbor, &err) == ECD_OK);
  for (size_t i = 0; i < COUNT * K; ++i) {
    const size_t rank = rank_of(input, NULL, i / K, (size_t)neighbor[i]);
    if (rank > K) excess += (double)(rank - K);
  }
  CHECK(ecd_trustworthiness(ctx, input, neighbor, K, &value, &err) == ECD_OK);
  CHECK_NEAR(value, 1 - 2.0 / (COUNT * K * (2.0 * COUNT - 3.0 * K - 1)) * excess, 1e-14);
  CHECK(input == map ? value == 1 : value < 0.8);
}

/* Points on a line, 0 to 9; the test points 0, 1, 5. */
static void check_mixing(const ecd_context_t *ctx) {
  double value[10];
  int8_t split[10] = {ECD_TEST, ECD_TEST, 0, 0, 0, ECD_TEST, 0, 0, 0, ECD_UNUSED};
  bool candidate[10];
  int32_t neighbor[10 * 2];
  for (int i = 0; i < 10; ++i) value[i] = i, candidate[i] = split[i] != ECD_UNUSED;
  const ecd_points_t line = {10, 1, value};
  CHECK(ecd_neighbors_nearest(ctx, &line, candidate, 2, neighbor, &err) == ECD_OK);
  /* 0: 1, 2; 1: 0, 2; 5: 4, 6. */
  CHECK_NEAR(ecd_mixing(10, neighbor, 2, split), 4.0 / 6, 1e-15);
  CHECK_NEAR(ecd_mixing_random(10, split), 6.0 / 8, 1e-15);
  for (int i = 0; i < 10; ++i) split[i] = ECD_TRAIN;
  CHECK(isnan(ecd_mixing(10, neighbor, 2, split)) && isnan(ecd_mixing_random(10, split)));
}

static void check_refused(const ecd_context_t *ctx, const ecd_points_t *p) {
  int32_t neighbor[COUNT * COUNT];
  bool candidate[COUNT] = {true, true, true};
  double value;
  CHECK(ecd_neighbors_nearest(ctx, p, NULL, COUNT, neighbor, &err) == ECD_USAGE);
  CHECK_HAS(err.text, "neighbors: expected 1 to 36");
  CHECK(ecd_neighbors_nearest(ctx, p, NULL, 0, neighbor, &err) == ECD_USAGE);
  CHECK(ecd_neighbors_nearest(ctx, p, candidate, 3, neighbor, &err) == ECD_USAGE);
  CHECK(ecd_neighbors_nearest(ctx, p, candidate, 2, neighbor, &err) == ECD_OK);
  CHECK(ecd_trustworthiness(ctx, p, neighbor, 19, &value, &err) == ECD_USAGE);
  CHECK_HAS(err.text, "less than half of the 37 samples; found 19");
}

int main(int argc, char **argv) {
  MPI_Init(&argc, &argv);
  const ecd_context_t world = context_of(MPI_COMM_WORLD, 1);
  double input[COUNT * 3], map[COUNT * 2];
  bool candidate[COUNT];
  for (size_t i = 0; i < COUNT * 3; ++i) /* few values: many equal distances */
    input[i] = floor(4 * ecd_random_uniform(6, ECD_RANDOM_TEST, 0, i));
  for (size_t i = 0; i < COUNT * 2; ++i) map[i] = ecd_random_uniform(6, ECD_RANDOM_TEST, 1, i);
  for (size_t i = 0; i < COUNT; ++i) candidate[i] = i % 3 != 1;
  const ecd_points_t a = {COUNT, 3, input}, b = {COUNT, 2, map};
  check_neighbors(&world, &a, NULL);
  check_neighbors(&world, &b, candidate);
  check_trust(&world, &a, &b);
  check_trust(&world, &a, &a);
  check_mixing(&world);
  check_refused(&world, &a);
  const int failed = check_done();
  MPI_Finalize();
  return failed;
}
