/* t-SNE: affinities have the perplexity that was asked for; the map is bitwise that of one rank on
   any number of ranks and threads, starts and ends as it should; its divergence is what its
   definition says; groups that are apart stay apart; what is refused. */
#include "base/random.h"
#include "bench/alone.h"
#include "bench/tsne.h"
#include "check.h"

#include <float.h>
#include <stdlib.h>

enum { COUNT = 61, WIDTH = 5, GROUPS = 3 };
static ecd_error_t err;
static int size;

static ecd_points_t make_points(void) {
  ecd_points_t points;
  CHECK(ecd_points_allocate(COUNT, WIDTH, &points, &err) == ECD_OK);
  for (size_t i = 0; i < COUNT * WIDTH; ++i)
    points.value[i] = ecd_random_uniform(5, ECD_RANDOM_TEST, 0, i) +
                      (i % WIDTH == 0 ? 3.0 * (double)(i / WIDTH % GROUPS) : 0);
  return points;
}

/* All of p on one rank: symmetric, its sum 1; rows before symmetry have the entropy. */
static void check_affinity(const ecd_points_t *points, double perplexity) {
  const ecd_context_t alone = context_of(MPI_COMM_SELF, 1), world = context_of(MPI_COMM_WORLD, 1);
  ecd_affinity_t *one, *many;
  CHECK(ecd_affinity_create(&alone, points, perplexity, &one, &err) == ECD_OK);
  CHECK(ecd_affinity_create(&world, points, perplexity, &many, &err) == ECD_OK);
  CHECK(memcmp(many->p, one->p + many->rows.first * COUNT,
               many->rows.count * COUNT * sizeof(double)) == 0);
  CHECK(one->uneven == 0 && many->uneven == 0);
  double sum = 0;
  for (size_t i = 0; i < COUNT; ++i)
    for (size_t j = 0; j < COUNT; ++j) {
      CHECK(one->p[i * COUNT + j] == one->p[j * COUNT + i]);
      CHECK(i == j ? one->p[i * COUNT + j] == 0 : one->p[i * COUNT + j] >= DBL_EPSILON);
      sum += one->p[i * COUNT + j];
    }
  CHECK_NEAR(sum, 1, 1e-11);
  ecd_affinity_destroy(&one);
  ecd_affinity_destroy(&many);
}

/* Two points and their mirror images: all widths are the same, p can be written down. */
static void check_width(void) {
  double value[] = {0, 1, 5, 6};
  const ecd_points_t points = {4, 1, value};
  const ecd_context_t alone = context_of(MPI_COMM_SELF, 1);
  ecd_affinity_t *a;
  CHECK(ecd_affinity_create(&alone, &points, 1.5, &a, &err) == ECD_OK);
  /* The outer points see the distances 1, 25, 36, the inner ones 1, 16, 25. */
  for (size_t outer = 0; outer < 2; ++outer) {
    const double far[2] = {outer != 0 ? 24 : 15, outer != 0 ? 35 : 24};
    double low = 0, high = 1;
    for (int step = 0; step < 60; ++step) {
      const double beta = (low + high) / 2, u = exp(-beta * far[0]), v = exp(-beta * far[1]),
                   total = 1 + u + v;
      const double entropy = log(total) + beta * (u * far[0] + v * far[1]) / total;
      *(entropy > log(1.5) ? &low : &high) = beta;
    }
    value[outer] = 1 / (1 + exp(-low * far[0]) + exp(-low * far[1])); /* of the near neighbour */
  }
  CHECK_NEAR(a->p[1], (value[0] + value[1]) / 8, 1e-5);
  ecd_affinity_destroy(&a);
}

static double divergence(const double *p, const double *map) {
  double total = 0, kl = 0;
  for (int pass = 0; pass < 2; ++pass)
    for (size_t i = 0; i < COUNT; ++i)
      for (size_t j = 0; j < COUNT; ++j) {
        const double dx = map[2 * i] - map[2 * j], dy = map[2 * i + 1] - map[2 * j + 1],
                     w = 1 / (1 + dx * dx + dy * dy);
        if (i == j) continue;
        if (pass == 0) total += w;
        if (pass == 1) kl += p[i * COUNT + j] * log(p[i * COUNT + j] / (w / total));
      }
  return kl;
}

/* Each point's nearest in the map is of its group. */
static void check_groups(const double *map) {
  for (size_t i = 0; i < COUNT; ++i) {
    size_t nearest = i;
    double least = INFINITY;
    for (size_t j = 0; j < COUNT; ++j) {
      const double d = hypot(map[2 * i] - map[2 * j], map[2 * i + 1] - map[2 * j + 1]);
      if (j != i && d < least) least = d, nearest = j;
    }
    CHECK(nearest % GROUPS == i % GROUPS);
  }
}

static void check_map(const ecd_points_t *points, bool random) {
  const ecd_tsne_options_t options = {12, 0, 300};
  const ecd_context_t alone = context_of(MPI_COMM_SELF, 1);
  ecd_affinity_t *affinity, *share;
  double start[2 * COUNT] = {0}, map[2 * COUNT], spread[2 * COUNT];
  ecd_tsne_result_t result, other;
  if (!random) ecd_tsne_start_from(points, start);
  if (random) ecd_tsne_add_random(COUNT, 9, 1, ecd_tsne_start_deviation, start);
  memcpy(map, start, sizeof map);
  CHECK(ecd_affinity_create(&alone, points, 8, &affinity, &err) == ECD_OK);
  CHECK(ecd_tsne_run(&alone, &options, affinity, map, &result, &err) == ECD_OK);
  CHECK(result.learning_rate == 50 && result.iterations == 300);
  CHECK_NEAR(result.kl, divergence(affinity->p, map), 1e-9);
  CHECK(result.kl > 0 && result.kl < 0.3 * divergence(affinity->p, start));
  check_groups(map);
  double x = 0, y = 0;
  for (size_t i = 0; i < COUNT; ++i) x += map[2 * i], y += map[2 * i + 1];
  CHECK_NEAR(x, 0, 1e-9);
  CHECK_NEAR(y, 0, 1e-9);
  for (int threads = 1; threads <= (size > 1 ? 1 : 3); ++threads) {
    const ecd_context_t world = context_of(MPI_COMM_WORLD, threads);
    memcpy(spread, start, sizeof spread);
    CHECK(ecd_affinity_create(&world, points, 8, &share, &err) == ECD_OK);
    CHECK(ecd_tsne_run(&world, &options, share, spread, &other, &err) == ECD_OK);
    CHECK(memcmp(map, spread, sizeof map) == 0);
    CHECK(memcmp(&result, &other, sizeof result) == 0);
    ecd_affinity_destroy(&share);
  }
  ecd_affinity_destroy(&affinity);
}

static void check_starts(const ecd_points_t *points) {
  double map[2 * COUNT], other[2 * COUNT], squares = 0, mean = 0;
  ecd_tsne_start_from(points, map);
  for (size_t i = 0; i < COUNT; ++i) mean += map[2 * i] / COUNT;
  for (size_t i = 0; i < COUNT; ++i) squares += (map[2 * i] - mean) * (map[2 * i] - mean) / COUNT;
  CHECK_NEAR(sqrt(squares), 1e-4, 1e-15);
  CHECK_NEAR(map[2] / map[3], points->value[WIDTH] / points->value[WIDTH + 1], 1e-9);
  double many[2 * 4000] = {0}, sum = 0;
  ecd_tsne_add_random(4000, 1, 0, 2, many);
  for (size_t i = 0; i < 8000; ++i) sum += many[i] * many[i] / 8000;
  CHECK_NEAR(sum, 4, 0.2);
  memset(map, 0, sizeof map);
  memset(other, 0, sizeof other);
  ecd_tsne_add_random(COUNT, 1, 0, 1, map);
  ecd_tsne_add_random(COUNT, 1, 1, 1, other);
  CHECK(memcmp(map, other, sizeof map) != 0);
}

/* Half of the points coincide: perplexity 8 cannot be had there. */
static void check_uneven(void) {
  ecd_points_t points = make_points();
  const ecd_context_t world = context_of(MPI_COMM_WORLD, 1);
  const ecd_tsne_options_t options = {12, 0, 50};
  ecd_affinity_t *affinity;
  ecd_tsne_result_t result;
  double map[2 * COUNT] = {0};
  for (size_t i = 0; i < 30 * WIDTH; ++i) points.value[i] = 1;
  CHECK(ecd_affinity_create(&world, &points, 8, &affinity, &err) == ECD_OK);
  CHECK(affinity->uneven == 30);
  ecd_tsne_start_from(&points, map);
  CHECK(ecd_tsne_run(&world, &options, affinity, map, &result, &err) == ECD_OK);
  for (size_t i = 0; i < 2 * COUNT; ++i) CHECK(isfinite(map[i]));
  ecd_affinity_destroy(&affinity);
  ecd_points_clear(&points);
}

static void check_refused(const ecd_points_t *points) {
  const ecd_context_t world = context_of(MPI_COMM_WORLD, 1);
  const double bad[] = {1, COUNT - 1, COUNT, NAN};
  ecd_affinity_t *affinity;
  for (size_t k = 0; k < sizeof bad / sizeof *bad; ++k) {
    CHECK(ecd_affinity_create(&world, points, bad[k], &affinity, &err) == ECD_USAGE);
    CHECK(affinity == NULL);
    CHECK_HAS(err.text, "perplexity: expected more than 1 and less than the 61 samples less 1");
  }
  /* Steps that throw the map away. */
  const ecd_tsne_options_t options = {12, 1e300, 10};
  double map[2 * COUNT];
  ecd_tsne_result_t result;
  ecd_tsne_start_from(points, map);
  CHECK(ecd_affinity_create(&world, points, 8, &affinity, &err) == ECD_OK);
  CHECK(ecd_tsne_run(&world, &options, affinity, map, &result, &err) == ECD_FAILED);
  CHECK_HAS(err.text, "not finite");
  CHECK_HAS(err.text, "learning rate 1e+300");
  ecd_affinity_destroy(&affinity);
}

int main(int argc, char **argv) {
  MPI_Init(&argc, &argv);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  ecd_points_t points = make_points();
  check_affinity(&points, 5);
  check_affinity(&points, 40);
  check_width();
  check_starts(&points);
  check_map(&points, false);
  check_map(&points, true);
  check_uneven();
  check_refused(&points);
  ecd_points_clear(&points);
  const int failed = check_done();
  MPI_Finalize();
  return failed;
}
