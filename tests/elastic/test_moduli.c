/* Averages and stability: closed forms of isotropic, cubic and hexagonal tensors; bounds;
   conditions of stability against eigenvalues. */
#include "elastic/moduli.h"
#include "check.h"
#include "elastic/sample.h"

static ecd_error_t err;
static ecd_moduli_t m;

static void cubic(double c11, double c12, double c44, double c[6][6]) {
  memset(c, 0, 36 * sizeof(double));
  for (int i = 0; i < 3; ++i) {
    for (int k = 0; k < 3; ++k) c[i][k] = i == k ? c11 : c12;
    c[i + 3][i + 3] = c44;
  }
}

static void hexagonal(double c11, double c12, double c13, double c33, double c44, double c[6][6]) {
  cubic(c11, c12, c44, c);
  c[0][2] = c[2][0] = c[1][2] = c[2][1] = c13;
  c[2][2] = c33;
  c[5][5] = (c11 - c12) / 2;
}

static void isotropic(void) {
  double c[6][6];
  const double k = 160, g = 75;
  cubic(k + 4 * g / 3, k - 2 * g / 3, g, c);
  CHECK(ecd_moduli_compute(c, &m, &err) == ECD_OK);
  const double bulk[3] = {m.bulk.voigt, m.bulk.reuss, m.bulk.hill};
  const double shear[3] = {m.shear.voigt, m.shear.reuss, m.shear.hill};
  for (int i = 0; i < 3; ++i) {
    CHECK_NEAR(bulk[i], k, 1e-11);
    CHECK_NEAR(shear[i], g, 1e-11);
  }
  CHECK_NEAR(m.young, 9 * k * g / (3 * k + g), 1e-11);
  CHECK_NEAR(m.poisson, m.young / (2 * g) - 1, 1e-13);
  CHECK_NEAR(m.ratio, k / g, 1e-13);
  CHECK_NEAR(m.anisotropy, 0, 1e-13);
  CHECK(m.stable);
  CHECK_NEAR(m.eigenvalue[0], 2 * g, 1e-11);
  CHECK_NEAR(m.eigenvalue[5], 3 * k, 1e-11);
  CHECK_NEAR(m.compliance[0][0], 1 / m.young, 1e-15);
  CHECK_NEAR(m.compliance[3][3], 1 / g, 1e-15);
}

/* GR = 5 (c11 - c12) c44 / (4 c44 + 3 (c11 - c12)). */
static void cube(void) {
  double c[6][6];
  const double c11 = 168.4, c12 = 121.4, c44 = 75.4; /* copper */
  cubic(c11, c12, c44, c);
  CHECK(ecd_moduli_compute(c, &m, &err) == ECD_OK);
  CHECK_NEAR(m.bulk.voigt, (c11 + 2 * c12) / 3, 1e-11);
  CHECK_NEAR(m.bulk.reuss, (c11 + 2 * c12) / 3, 1e-11);
  CHECK_NEAR(m.shear.voigt, (c11 - c12 + 3 * c44) / 5, 1e-11);
  CHECK_NEAR(m.shear.reuss, 5 * (c11 - c12) * c44 / (4 * c44 + 3 * (c11 - c12)), 1e-11);
  const double zener = 2 * c44 / (c11 - c12);
  CHECK_NEAR(m.anisotropy,
             6.0 / 5 * (sqrt(zener) - 1 / sqrt(zener)) * (sqrt(zener) - 1 / sqrt(zener)), 1e-11);
}

/* Watt and Peselnick, J. Appl. Phys. 51, 1525 (1980). */
static void hexagon(void) {
  double c[6][6];
  const double c11 = 162.4, c12 = 92, c13 = 69, c33 = 180.7, c44 = 46.7, c66 = (c11 - c12) / 2;
  hexagonal(c11, c12, c13, c33, c44, c); /* titanium */
  CHECK(ecd_moduli_compute(c, &m, &err) == ECD_OK);
  const double big = c11 + c12 + 2 * c33 - 4 * c13, square = (c11 + c12) * c33 - 2 * c13 * c13;
  const double kv = (2 * (c11 + c12) + 4 * c13 + c33) / 9;
  CHECK_NEAR(m.bulk.voigt, kv, 1e-11);
  CHECK_NEAR(m.bulk.reuss, square / big, 1e-11);
  CHECK_NEAR(m.shear.voigt, (big + 12 * (c44 + c66)) / 30, 1e-11);
  CHECK_NEAR(m.shear.reuss, 2.5 * square * c44 * c66 / (3 * kv * c44 * c66 + square * (c44 + c66)),
             1e-11);
}

/* Reuss is never above Voigt. */
static void bounds(void) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    double c[6][6];
    sample_stiffness(seed, c);
    ecd_voigt_from_kelvin(c, c);
    CHECK(ecd_moduli_compute(c, &m, &err) == ECD_OK);
    CHECK(m.stable && m.bulk.reuss < m.bulk.voigt && m.shear.reuss < m.shear.voigt);
    CHECK(m.anisotropy > 0 && m.poisson > -1 && m.poisson < 0.5);
  }
}

/* Rotations with which a group of each class is made: order about z, two-fold about x (Nye's frame). */
static void class_average(ecd_laue_t laue, const double c[6][6], double out[6][6]) {
  static const int order[ECD_LAUE_COUNT] = {1, 1, 2, 4, 4, 3, 3, 6, 6, 2, 4};
  ecd_point_group_t group = {.order = 0};
  const bool cubes = laue >= ECD_LAUE_M3, across = laue == ECD_LAUE_MMM || laue == ECD_LAUE_4MMM ||
                                                   laue == ECD_LAUE_3M || laue == ECD_LAUE_6MMM ||
                                                   cubes;
  const int folds = order[laue];
  for (int third = 0; third < (cubes ? 3 : 1); ++third)
    for (int two = 0; two < (across || laue == ECD_LAUE_2M ? 2 : 1); ++two)
      for (int fold = 0; fold < folds; ++fold) {
        const double angle = 2 * M_PI * fold / folds, sign = two == 0 ? 1 : -1;
        const double x = laue == ECD_LAUE_2M ? sign : 1, y = laue == ECD_LAUE_2M ? 1 : sign;
        const double r[3][3] = {{x * cos(angle), -y * sin(angle), 0},
                                {x * sin(angle), y * cos(angle), 0},
                                {0, 0, sign}};
        for (int i = 0; i < 3; ++i)
          memcpy(group.rotation[group.order][(i + third) % 3], r[i], sizeof r[i]);
        ++group.order;
      }
  ecd_stiffness_average(&group, c, out);
}

/* All conditions hold if and only if all eigenvalues are positive. */
static void stability(void) {
  int stable = 0, unstable = 0;
  for (int laue = 0; laue < ECD_LAUE_COUNT; ++laue)
    for (uint64_t seed = 0; seed < 200; ++seed) {
      double c[6][6], size = 40 * ecd_random_uniform(seed, ECD_RANDOM_TEST, 1, 0);
      ecd_born_t condition[ECD_BORN_MAX];
      sample_stiffness(1000 * (uint64_t)laue + seed, c);
      for (int i = 0; i < 36; ++i) (&c[0][0])[i] -= 100;
      for (int i = 0; i < 6; ++i) c[i][i] += 3 * size - 60;
      class_average((ecd_laue_t)laue, c, c);
      ecd_voigt_from_kelvin(c, c);
      CHECK(ecd_moduli_compute(c, &m, &err) == ECD_OK);
      const int count = ecd_born_conditions((ecd_laue_t)laue, c, condition);
      bool holds = true;
      for (int i = 0; i < count; ++i) holds = holds && condition[i].value > 0;
      if (holds != m.stable)
        fprintf(stderr, "%s, seed %d: eigenvalue %g, conditions %s\n",
                ecd_laue_name((ecd_laue_t)laue), (int)seed, m.eigenvalue[0],
                holds ? "hold" : "do not hold");
      CHECK(holds == m.stable);
      ++*(m.stable ? &stable : &unstable);
    }
  CHECK(stable > 200 && unstable > 200);
}

static void degenerate(void) {
  double c[6][6];
  ecd_born_t condition[ECD_BORN_MAX];
  cubic(100, 120, 50, c); /* unstable against a tetragonal strain */
  CHECK(ecd_moduli_compute(c, &m, &err) == ECD_OK);
  CHECK(!m.stable && isnan(m.bulk.reuss) && isnan(m.shear.hill) && isnan(m.anisotropy));
  CHECK_NEAR(m.bulk.voigt, 340.0 / 3, 1e-11);
  CHECK_NEAR(m.eigenvalue[0], -20, 1e-11);
  CHECK(isfinite(m.compliance[0][0]));
  CHECK(ecd_born_conditions(ECD_LAUE_M3M, c, condition) == 3);
  CHECK(condition[0].value == -20 && strcmp(condition[0].text, "c11 - c12") == 0);
  cubic(100, 100, 50, c); /* singular */
  CHECK(ecd_moduli_compute(c, &m, &err) == ECD_OK);
  CHECK(!m.stable && isnan(m.compliance[0][0]) && isnan(m.bulk.reuss));
  cubic(0, 0, 0, c);
  CHECK(ecd_moduli_compute(c, &m, &err) == ECD_OK && !m.stable);
}

int main(void) {
  isotropic();
  cube();
  hexagon();
  bounds();
  stability();
  degenerate();
  return check_done();
}
