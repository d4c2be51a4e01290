/* Points and distances: as loops that know nothing of lanes and tiles; symmetric to the last bit. */
#include "base/random.h"
#include "bench/points.h"
#include "check.h"

#include <stdlib.h>

static ecd_error_t err;

static void check_rows(void) {
  for (int size = 1; size <= 7; ++size)
    for (size_t count = 0; count < 20; ++count) {
      size_t next = 0;
      for (int rank = 0; rank < size; ++rank) {
        const ecd_rows_t rows = ecd_rows_of(count, rank, size);
        CHECK(rows.first == next);
        CHECK(rows.count <= count / (size_t)size + 1);
        next += rows.count;
      }
      CHECK(next == count);
    }
}

static void check_width(size_t width) {
  enum { COUNT = 11 };
  ecd_points_t points;
  double distance[COUNT * COUNT], some[3 * COUNT];
  CHECK(ecd_points_allocate(COUNT, width, &points, &err) == ECD_OK);
  for (size_t i = 0; i < COUNT * width; ++i)
    points.value[i] = ecd_random_uniform(1, ECD_RANDOM_TEST, 0, i) - 0.3;
  ecd_points_distances(&points, (ecd_rows_t){0, COUNT}, 2, distance);
  ecd_points_distances(&points, (ecd_rows_t){6, 3}, 1, some);
  CHECK(memcmp(some, distance + 6 * COUNT, sizeof some) == 0);
  for (size_t i = 0; i < COUNT; ++i)
    for (size_t j = 0; j < COUNT; ++j) {
      double sum = 0, dot = 0;
      const double *a = points.value + i * width, *b = points.value + j * width;
      for (size_t c = 0; c < width; ++c) {
        sum += (a[c] - b[c]) * (a[c] - b[c]);
        dot += a[c] * b[c];
      }
      CHECK_NEAR(distance[i * COUNT + j], sum, 1e-14 * (double)width);
      CHECK_NEAR(ecd_dot(width, a, b), dot, 1e-14 * (double)width);
      CHECK(distance[i * COUNT + j] == distance[j * COUNT + i]);
    }
  CHECK(distance[0] == 0 && distance[1] > 0);
  ecd_points_clear(&points);
  CHECK(points.value == NULL);
}

int main(void) {
  check_rows();
  for (size_t width = 1; width < 20; ++width) check_width(width);
  check_width(1000);
  return check_done();
}
