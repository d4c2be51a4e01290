/* Principal components: those of one rank on any process grid to 1e-10, orthonormal, with the signs
   that are promised, and all of the points' variance; more features than points; equal entries of
   either sign; what cannot be decomposed. */
#include "base/random.h"
#include "bench/pca.h"
#include "check.h"

#include <stdlib.h>

static ecd_error_t err;

/* Directions whose deviations fall by a fifth from one to the next, turned by reflections. */
static ecd_points_t make_points(size_t count, size_t width, size_t directions) {
  ecd_points_t points;
  CHECK(ecd_points_allocate(count, width, &points, &err) == ECD_OK);
  double *axis = calloc(width, sizeof *axis);
  for (size_t i = 0; i < count; ++i)
    for (size_t c = 0; c < directions; ++c)
      points.value[i * width + c] =
          pow(0.8, (double)c) *
          (ecd_random_uniform(3, ECD_RANDOM_TEST, (uint32_t)c, i) - 0.5 + (double)(c % 3));
  for (int turn = 0; turn < 3; ++turn) {
    double length = 0;
    for (size_t c = 0; c < width; ++c) {
      axis[c] = ecd_random_uniform(4, ECD_RANDOM_TEST, (uint32_t)turn, c) - 0.5;
      length += axis[c] * axis[c];
    }
    for (size_t i = 0; i < count; ++i) {
      const double along = ecd_dot(width, axis, points.value + i * width);
      for (size_t c = 0; c < width; ++c)
        points.value[i * width + c] -= 2 * along / length * axis[c];
    }
  }
  free(axis);
  return points;
}

static void check_components(const ecd_pca_t *pca) {
  const size_t width = pca->width;
  double sum = 0;
  for (size_t k = 0; k < pca->components; ++k) {
    const double *a = pca->component + k * width;
    for (size_t m = 0; m < pca->components; ++m)
      CHECK_NEAR(ecd_dot(width, a, pca->component + m * width), m == k, 1e-12);
    CHECK(k == 0 || pca->variance[k] <= pca->variance[k - 1]);
    sum += pca->variance[k];
    double largest = 0;
    for (size_t c = 0; c < width; ++c)
      if (fabs(a[c]) > fabs(largest)) largest = a[c];
    CHECK(largest > 0);
  }
  CHECK_NEAR(sum, pca->total, 1e-12 * pca->total);
}

/* The scores have the variances, and are not correlated. */
static void check_scores(const ecd_pca_t *pca, const ecd_points_t *points) {
  ecd_points_t scores;
  CHECK(ecd_points_allocate(points->count, pca->components, &scores, &err) == ECD_OK);
  ecd_pca_project(pca, points, 2, &scores);
  for (size_t k = 0; k < scores.width; ++k)
    for (size_t m = 0; m <= k; ++m) {
      double mean = 0, product = 0;
      for (size_t i = 0; i < scores.count; ++i) {
        mean += scores.value[i * scores.width + k];
        product += scores.value[i * scores.width + k] * scores.value[i * scores.width + m];
      }
      CHECK_NEAR(mean, 0, 1e-10);
      CHECK_NEAR(product / (double)(scores.count - 1), m == k ? pca->variance[k] : 0,
                 1e-12 * pca->total);
    }
  ecd_points_clear(&scores);
}

static void check_shape(size_t count, size_t width, size_t directions) {
  ecd_points_t points = make_points(count, width, directions);
  ecd_pca_t *alone, *spread;
  CHECK(ecd_pca_create(MPI_COMM_SELF, &points, &alone, &err) == ECD_OK);
  CHECK(ecd_pca_create(MPI_COMM_WORLD, &points, &spread, &err) == ECD_OK);
  CHECK(spread->components == directions && alone->components == directions);
  CHECK(memcmp(spread->mean, alone->mean, width * sizeof(double)) == 0);
  check_components(alone);
  check_components(spread);
  check_scores(spread, &points);
  for (size_t k = 0; k < spread->components; ++k) {
    CHECK_NEAR(spread->variance[k], alone->variance[k], 1e-10 * alone->total);
    for (size_t c = 0; c < width; ++c)
      CHECK_NEAR(spread->component[k * width + c], alone->component[k * width + c], 1e-10);
  }
  ecd_pca_destroy(&alone);
  ecd_pca_destroy(&spread);
  CHECK(spread == NULL);
  ecd_points_clear(&points);
}

/* Entries of the same size: the first of them is positive, whatever rounding makes of them. */
static void check_equal_entries(void) {
  double value[] = {-1, 1, 0, 1, -1, 0, -2, 2, 0, 2, -2, 0.5};
  const ecd_points_t points = {4, 3, value};
  ecd_pca_t *pca;
  CHECK(ecd_pca_create(MPI_COMM_WORLD, &points, &pca, &err) == ECD_OK);
  CHECK(pca->component[0] > 0.7 && pca->component[1] < -0.7);
  CHECK(pca->components == 2);
  ecd_pca_destroy(&pca);
}

static void check_cut(void) {
  double value[] = {3.0000001, 1, 7, -2.9999999, 2e-5, 7};
  const ecd_points_t scores = {2, 3, value};
  ecd_points_t cut, again;
  CHECK(ecd_pca_cut(&scores, 2, &cut, &err) == ECD_OK);
  CHECK(cut.count == 2 && cut.width == 2);
  CHECK(cut.value[0] == 3 && cut.value[1] == 1 && cut.value[2] == -3 && cut.value[3] == 0);
  for (int i = 0; i < 6; ++i) value[i] *= 1 + 1e-12;
  CHECK(ecd_pca_cut(&scores, 2, &again, &err) == ECD_OK);
  CHECK(memcmp(cut.value, again.value, 4 * sizeof(double)) == 0);
  ecd_points_clear(&cut);
  ecd_points_clear(&again);
}

static void check_refused(void) {
  double value[] = {1, 2, 1, 2, 1, 2};
  ecd_points_t points = {3, 2, value};
  ecd_pca_t *pca;
  CHECK(ecd_pca_create(MPI_COMM_WORLD, &points, &pca, &err) == ECD_DATA);
  CHECK(pca == NULL);
  CHECK_HAS(err.text, "the samples do not differ");
  points.count = 1;
  CHECK(ecd_pca_create(MPI_COMM_WORLD, &points, &pca, &err) == ECD_DATA);
  CHECK_HAS(err.text, "expected 2 samples at least, found 1 of 2 features");
}

int main(int argc, char **argv) {
  MPI_Init(&argc, &argv);
  check_shape(60, 17, 17);
  check_shape(23, 40, 9);
  check_shape(12, 150, 11); /* as many directions as points allow */
  check_shape(300, 200, 60);
  check_shape(2, 3, 1);
  check_shape(9, 1, 1);
  for (size_t count = 5; count < 40; count += 3) check_shape(count, 2, 2); /* fewer than ranks */
  check_equal_entries();
  check_cut();
  check_refused();
  const int failed = check_done();
  MPI_Finalize();
  return failed;
}
