#include "elastic/tensor.h"

#include "elastic/lapack.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const int ecd_voigt_index[6][2] = {{0, 0}, {1, 1}, {2, 2}, {1, 2}, {0, 2}, {0, 1}};

/* sqrt(2) of a shear component. */
static double weight(int i) { return i < 3 ? 1 : M_SQRT2; }

void ecd_kelvin_from_matrix(const double m[3][3], double kelvin[6]) {
  for (int i = 0; i < 6; ++i) {
    const int a = ecd_voigt_index[i][0], b = ecd_voigt_index[i][1];
    kelvin[i] = weight(i) * 0.5 * (m[a][b] + m[b][a]);
  }
}

void ecd_matrix_from_kelvin(const double kelvin[6], double m[3][3]) {
  for (int i = 0; i < 6; ++i) {
    const int a = ecd_voigt_index[i][0], b = ecd_voigt_index[i][1];
    m[a][b] = m[b][a] = kelvin[i] / weight(i);
  }
}

void ecd_kelvin_from_voigt(const double voigt[6][6], double kelvin[6][6]) {
  for (int i = 0; i < 6; ++i)
    for (int k = 0; k < 6; ++k) kelvin[i][k] = weight(i) * weight(k) * voigt[i][k];
}

void ecd_voigt_from_kelvin(const double kelvin[6][6], double voigt[6][6]) {
  for (int i = 0; i < 6; ++i)
    for (int k = 0; k < 6; ++k) voigt[i][k] = kelvin[i][k] / (weight(i) * weight(k));
}

void ecd_kelvin_rotation(const double r[3][3], double t[6][6]) {
  for (int i = 0; i < 6; ++i)
    for (int k = 0; k < 6; ++k) {
      const int a = ecd_voigt_index[i][0], b = ecd_voigt_index[i][1];
      const int c = ecd_voigt_index[k][0], d = ecd_voigt_index[k][1];
      t[i][k] = weight(i) * weight(k) * 0.5 * (r[a][c] * r[b][d] + r[a][d] * r[b][c]);
    }
}

void ecd_stiffness_rotate(const double c[6][6], const double r[3][3], double out[6][6]) {
  double t[6][6], left[6][6];
  ecd_kelvin_rotation(r, t);
  for (int i = 0; i < 6; ++i)
    for (int k = 0; k < 6; ++k) {
      left[i][k] = 0;
      for (int j = 0; j < 6; ++j) left[i][k] += t[i][j] * c[j][k];
    }
  for (int i = 0; i < 6; ++i)
    for (int k = 0; k < 6; ++k) {
      out[i][k] = 0;
      for (int j = 0; j < 6; ++j) out[i][k] += left[i][j] * t[k][j];
    }
}

void ecd_stiffness_pack(const double c[6][6], double packed[ECD_STIFFNESS_TERMS]) {
  int at = 0;
  for (int i = 0; i < 6; ++i)
    for (int k = i; k < 6; ++k) packed[at++] = i == k ? c[i][k] : M_SQRT1_2 * (c[i][k] + c[k][i]);
}

void ecd_stiffness_unpack(const double packed[ECD_STIFFNESS_TERMS], double c[6][6]) {
  int at = 0;
  for (int i = 0; i < 6; ++i)
    for (int k = i; k < 6; ++k, ++at) c[i][k] = c[k][i] = (i == k ? 1 : M_SQRT1_2) * packed[at];
}

double ecd_stiffness_norm(const double c[6][6]) {
  double sum = 0;
  for (int i = 0; i < 6; ++i)
    for (int k = 0; k < 6; ++k) sum += c[i][k] * c[i][k];
  return sqrt(sum);
}

ecd_code_t ecd_symmetric_eigen(int n, const double *m, double *value, double *vector,
                               ecd_error_t *err) {
  const int length = 34 * n;
  const size_t count = (size_t)n * (size_t)n;
  double *room;
  int info;
  for (size_t i = 0; i < count; ++i)
    if (!isfinite(m[i]))
      return ecd_fail(err, ECD_FAILED, "eigenvalues: the matrix holds a number that is not finite");
  ECD_TRY(ecd_alloc((void **)&room, count + (size_t)length, sizeof *room, "eigenvectors", err));
  memcpy(room, m, count * sizeof *room);
  dsyev_(vector != NULL ? "V" : "N", "U", &n, room, &n, value, room + count, &length, &info);
  if (vector != NULL) memcpy(vector, room, count * sizeof *room);
  free(room);
  return info == 0 ? ECD_OK : ecd_fail(err, ECD_FAILED, "LAPACK's dsyev fails (info %d)", info);
}

void ecd_stiffness_invert(const double value[6], const double vector[6][6], double inverse[6][6]) {
  for (int i = 0; i < 6; ++i)
    for (int k = 0; k < 6; ++k) {
      inverse[i][k] = 0;
      for (int j = 0; j < 6; ++j) inverse[i][k] += vector[j][i] * vector[j][k] / value[j];
    }
}
