/* Least squares: exact, over-determined, deficient, more unknowns than equations. */
#include "elastic/least_squares.h"
#include "check.h"

static ecd_error_t err;
static ecd_least_squares_t found;

int main(void) {
  /* a line through three points: slope 1.5, intercept 1/3; variances by the normal equations */
  const double line[6] = {0, 1, 1, 1, 2, 1}, height[3] = {0.5, 1.5, 3.5};
  CHECK(ecd_least_squares(3, 2, line, height, 1e-10, &found, &err) == ECD_OK);
  CHECK(found.rank == 2);
  CHECK_NEAR(found.x[0], 1.5, 1e-14);
  CHECK_NEAR(found.x[1], 1.0 / 3, 1e-14);
  CHECK_NEAR(found.covariance[0][0], 0.5, 1e-14);
  CHECK_NEAR(found.covariance[1][1], 5.0 / 6, 1e-14);
  CHECK_NEAR(found.covariance[0][1], -0.5, 1e-14);
  CHECK_NEAR(found.condition, sqrt((4 + sqrt(10)) / (4 - sqrt(10))), 1e-12);

  /* x + y = 2 twice: the least norm is (1, 1), (1, -1) is not seen */
  const double twice[4] = {1, 1, 2, 2}, two[2] = {2, 4};
  CHECK(ecd_least_squares(2, 2, twice, two, 1e-10, &found, &err) == ECD_OK);
  CHECK(found.rank == 1 && found.condition > 1e12);
  CHECK_NEAR(found.x[0], 1, 1e-14);
  CHECK_NEAR(found.x[1], 1, 1e-14);
  CHECK_NEAR(found.unseen[0][0] + found.unseen[0][1], 0, 1e-14);
  CHECK_NEAR(fabs(found.unseen[0][0]), M_SQRT1_2, 1e-14);

  /* one equation, three unknowns */
  const double one[3] = {0, 0, 2}, six = 6;
  CHECK(ecd_least_squares(1, 3, one, &six, 1e-10, &found, &err) == ECD_OK);
  CHECK(found.rank == 1 && isinf(found.condition));
  CHECK_NEAR(found.x[2], 3, 1e-14);
  for (int u = 0; u < 2; ++u) CHECK_NEAR(found.unseen[u][2], 0, 1e-14);

  /* nothing but zeros; a tolerance that drops the weak direction */
  const double zero[2] = {0, 0}, weak[4] = {1, 0, 0, 1e-4}, ones[2] = {1, 1};
  CHECK(ecd_least_squares(1, 2, zero, &six, 1e-10, &found, &err) == ECD_OK && found.rank == 0);
  CHECK(ecd_least_squares(2, 2, weak, ones, 1e-3, &found, &err) == ECD_OK && found.rank == 1);
  CHECK_NEAR(found.x[1], 0, 1e-14);
  CHECK(ecd_least_squares(2, 2, weak, ones, 1e-5, &found, &err) == ECD_OK && found.rank == 2);
  CHECK_NEAR(found.x[1], 1e4, 1e-8);
  return check_done();
}
