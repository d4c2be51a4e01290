#include "elastic/moduli.h"

#include "elastic/tensor.h"

#include <math.h>
#include <string.h>

/* Relative to the largest eigenvalue: what is no more than rounding. */
static const double least = 1e-9;

/* (c11 + c22 + c33), (c12 + c13 + c23), (c44 + c55 + c66) */
static void sums(const double c[6][6], double sum[3]) {
  sum[0] = c[0][0] + c[1][1] + c[2][2];
  sum[1] = c[0][1] + c[0][2] + c[1][2];
  sum[2] = c[3][3] + c[4][4] + c[5][5];
}

static void derive(ecd_moduli_t *m) {
  const double k = m->bulk.hill = 0.5 * (m->bulk.voigt + m->bulk.reuss);
  const double g = m->shear.hill = 0.5 * (m->shear.voigt + m->shear.reuss);
  m->young = 9 * k * g / (3 * k + g);
  m->poisson = (3 * k - 2 * g) / (2 * (3 * k + g));
  m->ratio = k / g;
  m->anisotropy = 5 * m->shear.voigt / m->shear.reuss + m->bulk.voigt / m->bulk.reuss - 6;
}

ecd_code_t ecd_moduli_compute(const double stiffness[6][6], ecd_moduli_t *moduli,
                              ecd_error_t *err) {
  double kelvin[6][6], vector[6][6], inverse[6][6], c[3], s[3];
  ecd_kelvin_from_voigt(stiffness, kelvin);
  ECD_TRY(ecd_symmetric_eigen(6, &kelvin[0][0], moduli->eigenvalue, &vector[0][0], err));
  const double *value = moduli->eigenvalue;
  const double largest = fmax(fabs(value[0]), fabs(value[5]));
  bool singular = largest == 0;
  for (int i = 0; i < 6; ++i) singular = singular || fabs(value[i]) <= least * largest;
  moduli->stable = !singular && value[0] > 0;
  if (singular) {
    for (int i = 0; i < 36; ++i) (&inverse[0][0])[i] = NAN;
  } else {
    ecd_stiffness_invert(value, vector, inverse);
  }
  /* Engineering shear strains: s44 = 1 / c44 */
  for (int i = 0; i < 6; ++i)
    for (int k = 0; k < 6; ++k)
      moduli->compliance[i][k] = (i < 3 ? 1 : M_SQRT2) * (k < 3 ? 1 : M_SQRT2) * inverse[i][k];
  sums(stiffness, c);
  sums(moduli->compliance, s);
  moduli->bulk.voigt = (c[0] + 2 * c[1]) / 9;
  moduli->shear.voigt = (c[0] - c[1] + 3 * c[2]) / 15;
  moduli->bulk.reuss = moduli->stable ? 1 / (s[0] + 2 * s[1]) : NAN;
  moduli->shear.reuss = moduli->stable ? 15 / (4 * s[0] - 4 * s[1] + 3 * s[2]) : NAN;
  derive(moduli);
  return ECD_OK;
}

/* Determinant of the leading n x n block, by elimination with pivoting. */
static double minor(const double c[6][6], int n) {
  double m[6][6], product = 1;
  memcpy(m, c, sizeof m);
  for (int k = 0; k < n; ++k) {
    int pivot = k;
    for (int i = k + 1; i < n; ++i)
      if (fabs(m[i][k]) > fabs(m[pivot][k])) pivot = i;
    if (m[pivot][k] == 0) return 0;
    for (int j = 0; j < n && pivot != k; ++j) {
      const double kept = m[k][j];
      m[k][j] = m[pivot][j];
      m[pivot][j] = kept;
    }
    product *= pivot != k ? -m[k][k] : m[k][k];
    for (int i = k + 1; i < n; ++i)
      for (int j = n - 1; j >= k; --j) m[i][j] -= m[i][k] / m[k][k] * m[k][j];
  }
  return product;
}

static int cubic(const double c[6][6], ecd_born_t *out) {
  out[0] = (ecd_born_t){"c11 - c12", c[0][0] - c[0][1]};
  out[1] = (ecd_born_t){"c11 + 2 c12", c[0][0] + 2 * c[0][1]};
  out[2] = (ecd_born_t){"c44", c[3][3]};
  return 3;
}

/* Hexagonal, tetragonal and trigonal: what they share. */
static int uniaxial(const double c[6][6], ecd_born_t *out) {
  out[0] = (ecd_born_t){"c11 - |c12|", c[0][0] - fabs(c[0][1])};
  out[1] = (ecd_born_t){"c33 (c11 + c12) - 2 c13^2",
                        c[2][2] * (c[0][0] + c[0][1]) - 2 * c[0][2] * c[0][2]};
  out[2] = (ecd_born_t){"c44", c[3][3]};
  return 3;
}

static int trigonal(const double c[6][6], ecd_born_t *out) {
  const int count = uniaxial(c, out);
  out[count] =
      (ecd_born_t){"c44 (c11 - c12) - 2 c14^2 - 2 c15^2",
                   c[3][3] * (c[0][0] - c[0][1]) - 2 * c[0][3] * c[0][3] - 2 * c[0][4] * c[0][4]};
  return count + 1;
}

static int tetragonal(const double c[6][6], ecd_born_t *out) {
  const int count = uniaxial(c, out);
  out[count] = (ecd_born_t){"c66", c[5][5]};
  out[count + 1] = (ecd_born_t){"c66 (c11 - c12) - 2 c16^2",
                                c[5][5] * (c[0][0] - c[0][1]) - 2 * c[0][5] * c[0][5]};
  return count + 2;
}

static int orthorhombic(const double c[6][6], ecd_born_t *out) {
  out[0] = (ecd_born_t){"c11", c[0][0]};
  out[1] = (ecd_born_t){"c11 c22 - c12^2", minor(c, 2)};
  out[2] =
      (ecd_born_t){"c11 c22 c33 + 2 c12 c13 c23 - c11 c23^2 - c22 c13^2 - c33 c12^2", minor(c, 3)};
  out[3] = (ecd_born_t){"c44", c[3][3]};
  out[4] = (ecd_born_t){"c55", c[4][4]};
  out[5] = (ecd_born_t){"c66", c[5][5]};
  return 6;
}

static int general(const double c[6][6], ecd_born_t *out) {
  static const char *const text[] = {"minor 1 (c11)", "minor 2", "minor 3",
                                     "minor 4",       "minor 5", "minor 6 (determinant)"};
  for (int n = 0; n < 6; ++n) out[n] = (ecd_born_t){text[n], minor(c, n + 1)};
  return 6;
}

int ecd_born_conditions(ecd_laue_t laue, const double stiffness[6][6],
                        ecd_born_t condition[ECD_BORN_MAX]) {
  switch (laue) {
  case ECD_LAUE_M3:
  case ECD_LAUE_M3M:
    return cubic(stiffness, condition);
  case ECD_LAUE_6M:
  case ECD_LAUE_6MMM:
    return uniaxial(stiffness, condition);
  case ECD_LAUE_3:
  case ECD_LAUE_3M:
    return trigonal(stiffness, condition);
  case ECD_LAUE_4M:
  case ECD_LAUE_4MMM:
    return tetragonal(stiffness, condition);
  case ECD_LAUE_MMM:
    return orthorhombic(stiffness, condition);
  default:
    return general(stiffness, condition);
  }
}
