/* Always-on checks for test programs. A failed check prints its place; check_done() is the exit code. */
#ifndef ECD_TESTS_CHECK_H
#define ECD_TESTS_CHECK_H

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static int check_failures;
static int check_count;

#define CHECK(cond)                                                                                \
  do {                                                                                             \
    ++check_count;                                                                                 \
    if (!(cond)) {                                                                                 \
      ++check_failures;                                                                            \
      fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #cond);                     \
    }                                                                                              \
  } while (0)

#define CHECK_NEAR(a, b, tolerance)                                                                \
  do {                                                                                             \
    const double a_ = (a), b_ = (b);                                                               \
    ++check_count;                                                                                 \
    if (!isfinite(a_ - b_) || !(fabs(a_ - b_) <= (tolerance))) {                                   \
      ++check_failures;                                                                            \
      fprintf(stderr, "%s:%d: %s = %.17g, expected %.17g +- %g\n", __FILE__, __LINE__, #a, a_, b_, \
              (double)(tolerance));                                                                \
    }                                                                                              \
  } while (0)

/* The message must hold the part. */
#define CHECK_HAS(text, part)                                                                      \
  do {                                                                                             \
    ++check_count;                                                                                 \
    if (strstr((text), (part)) == NULL) {                                                          \
      ++check_failures;                                                                            \
      fprintf(stderr, "%s:%d: '%s' lacks '%s'\n", __FILE__, __LINE__, (text), (part));             \
    }                                                                                              \
  } while (0)

/* The larger of worst and |a - b|. INFINITY where a - b is not finite: fmax would drop a NaN. */
static inline double check_worst(double worst, double a, double b) {
  const double difference = fabs(a - b);
  if (!isfinite(difference)) return INFINITY;
  return difference > worst ? difference : worst;
}

/* A limit that is not finite, of a reference that is not, holds nothing. */
static inline bool check_within(double worst, double limit) {
  return isfinite(worst) && isfinite(limit) && worst <= limit;
}

static inline int check_done(void) {
  if (check_failures > 0) fprintf(stderr, "%d of %d checks failed\n", check_failures, check_count);
  return check_failures > 0;
}

#endif
