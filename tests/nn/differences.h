/* Gradients against central differences, in a program compiled with tests/nn/double.h. */
#ifndef ECD_TESTS_DIFFERENCES_H
#define ECD_TESTS_DIFFERENCES_H

#include "base/random.h"
#include "check.h"

#include <float.h>
#include <stdlib.h>

static const double step = 1e-6, tolerance = 1e-7;

static double *numbers(size_t count, uint32_t stream) {
  double *x = malloc((count + 1) * sizeof *x);
  for (size_t i = 0; i < count; ++i)
    x[i] = 2 * ecd_random_uniform(7, ECD_RANDOM_TEST, stream, i) - 1;
  return x;
}

static double dot(size_t count, const double *a, const double *b) {
  double sum = 0;
  for (size_t i = 0; i < count; ++i) sum += a[i] * b[i];
  return sum;
}

/* A scalar function of everything arg points to, for x inside it. */
typedef double value_fn(void *arg);

static double difference(value_fn *value, void *arg, size_t count, double *x, const double *along) {
  double *saved = malloc(count * sizeof *saved), at[2];
  memcpy(saved, x, count * sizeof *x);
  for (int side = 0; side < 2; ++side) {
    for (size_t i = 0; i < count; ++i) x[i] = saved[i] + (side ? -step : step) * along[i];
    at[side] = value(arg);
  }
  memcpy(x, saved, count * sizeof *x);
  free(saved);
  return (at[0] - at[1]) / (2 * step);
}

/* gradient of value with respect to x (count): along random directions and single entries. */
static void check_gradient(const char *what, value_fn *value, void *arg, size_t count, double *x,
                           const double *gradient) {
  enum { DIRECTIONS = 3, ENTRIES = 5 };
  const double norm = sqrt(dot(count, gradient, gradient));
  const double rounding = 32 * DBL_EPSILON * fabs(value(arg)) / step; /* of the difference */
  CHECK(norm > 1e-6);
  for (uint32_t trial = 0; trial < DIRECTIONS + ENTRIES; ++trial) {
    double *along = numbers(count, 1000 + trial);
    if (trial >= DIRECTIONS) {
      memset(along, 0, count * sizeof *along);
      along[ecd_random_below(count, 7, ECD_RANDOM_TEST, 2000, trial)] = 1;
    }
    const double ours = dot(count, gradient, along),
                 theirs = difference(value, arg, count, x, along);
    const double size = fabs(ours) + norm * sqrt(dot(count, along, along) / (double)count);
    if (!(fabs(ours - theirs) <= tolerance * size + rounding))
      fprintf(stderr, "%s: gradient %.12g, central difference %.12g\n", what, ours, theirs);
    CHECK(fabs(ours - theirs) <= tolerance * size + rounding);
    free(along);
  }
}

#endif
