/* What tests/check.h counts as a difference: NaN and infinities never agree. */
#include "check.h"

/* CHECK_NEAR's verdict, without counting it. */
static bool near(double a, double b, double tolerance) {
  const int failures = check_failures, count = check_count;
  CHECK_NEAR(a, b, tolerance);
  const bool same = check_failures == failures;
  check_failures = failures;
  check_count = count;
  return same;
}

int main(void) {
  const double bad[] = {NAN, INFINITY, -INFINITY};
  CHECK(check_worst(0, 1, 3) == 2 && check_worst(2, 1, 2) == 2 && check_worst(0, 1, 1) == 0);
  for (int i = 0; i < 3; ++i) {
    CHECK(check_worst(0, bad[i], 1) == INFINITY && check_worst(0, 1, bad[i]) == INFINITY);
    CHECK(check_worst(0, bad[i], bad[i]) == INFINITY);
    CHECK(check_worst(check_worst(0, bad[i], 1), 1, 1) == INFINITY); /* the next one agrees */
    CHECK(!check_within(bad[i], 1) && !check_within(bad[i], INFINITY) && !check_within(0, bad[i]));
    CHECK(!near(bad[i], 1, 1) && !near(1, bad[i], 1e-5 * fabs(bad[i])) && !near(bad[i], bad[i], 1));
  }
  CHECK(check_within(1, 1) && !check_within(1.5, 1) && near(1, 1, 0) && !near(1, 2, 0.5));
  return check_done();
}
