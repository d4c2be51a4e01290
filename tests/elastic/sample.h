/* Random numbers and tensors for the tests of elastic/. */
#ifndef ECD_TESTS_ELASTIC_SAMPLE_H
#define ECD_TESTS_ELASTIC_SAMPLE_H

#include "base/random.h"
#include "check.h"
#include "elastic/laue.h"
#include "elastic/tensor.h"

#include <math.h>
#include <string.h>

/* Uniform in [-1, 1). */
static inline double sample_number(uint64_t seed, uint64_t index) {
  return 2 * ecd_random_uniform(seed, ECD_RANDOM_TEST, 0, index) - 1;
}

/* A stable Kelvin stiffness without any symmetry, eigenvalues from some 60 to 600. */
static inline void sample_stiffness(uint64_t seed, double c[6][6]) {
  double root[6][6];
  for (int i = 0; i < 36; ++i) (&root[0][0])[i] = 6 * sample_number(seed, (uint64_t)i);
  for (int i = 0; i < 6; ++i)
    for (int k = 0; k < 6; ++k) {
      c[i][k] = i == k ? 60 : 0;
      if (i < 3 && k < 3) c[i][k] += 50;
      for (int j = 0; j < 6; ++j) c[i][k] += root[i][j] * root[k][j];
    }
}

/* Largest difference of two 6 x 6 matrices. */
static inline double sample_difference(const double a[6][6], const double b[6][6]) {
  double most = 0;
  for (int i = 0; i < 36; ++i) most = check_worst(most, (&a[0][0])[i], (&b[0][0])[i]);
  return most;
}

#endif
