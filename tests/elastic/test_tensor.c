/* Notations of tensors: against sums over all indices. */
#include "elastic/tensor.h"
#include "chem/crystals.h"
#include "check.h"
#include "elastic/sample.h"

static ecd_error_t err;
static const int voigt_of[3][3] = {{0, 5, 4}, {5, 1, 3}, {4, 3, 2}};

/* c'_ijkl = r_ia r_jb r_kc r_ld c_abcd, with the Voigt matrix as c_abcd. */
static void rotate_by_sums(const double c[6][6], const double r[3][3], double out[6][6]) {
  for (int i = 0; i < 6; ++i)
    for (int k = 0; k < 6; ++k) {
      const int *ij = ecd_voigt_index[i], *kl = ecd_voigt_index[k];
      out[i][k] = 0;
      for (int n = 0; n < 81; ++n) {
        const int a = n / 27, b = n / 9 % 3, p = n / 3 % 3, q = n % 3;
        out[i][k] += r[ij[0]][a] * r[ij[1]][b] * r[kl[0]][p] * r[kl[1]][q] *
                     c[voigt_of[a][b]][voigt_of[p][q]];
      }
    }
}

static void rotations(void) {
  double kelvin[6][6], voigt[6][6], turn[3][3], expected[6][6], t[6][6];
  sample_stiffness(1, kelvin);
  crystal_turn(turn);
  ecd_voigt_from_kelvin(kelvin, voigt);
  rotate_by_sums(voigt, turn, expected);
  const double norm = ecd_stiffness_norm(kelvin);
  ecd_stiffness_rotate(kelvin, turn, kelvin);
  CHECK_NEAR(ecd_stiffness_norm(kelvin), norm, 1e-10);
  ecd_voigt_from_kelvin(kelvin, voigt);
  CHECK(sample_difference(voigt, expected) < 1e-10);
  ecd_kelvin_rotation(turn, t);
  for (int i = 0; i < 6; ++i)
    for (int k = 0; k < 6; ++k) {
      double sum = 0;
      for (int j = 0; j < 6; ++j) sum += t[i][j] * t[k][j];
      CHECK_NEAR(sum, i == k, 1e-14);
    }
}

/* Stress and energy of a strain are the same in each notation. */
static void notations(void) {
  double kelvin[6][6], voigt[6][6], back[6][6], m[3][3], e[6], again[3][3];
  double packed[ECD_STIFFNESS_TERMS], sum = 0;
  sample_stiffness(2, kelvin);
  ecd_voigt_from_kelvin(kelvin, voigt);
  for (int i = 0; i < 3; ++i)
    for (int k = 0; k <= i; ++k) m[i][k] = m[k][i] = sample_number(3, (uint64_t)(3 * i + k));
  ecd_kelvin_from_matrix(m, e);
  ecd_matrix_from_kelvin(e, again);
  for (int i = 0; i < 9; ++i) CHECK_NEAR((&again[0][0])[i], (&m[0][0])[i], 1e-15);
  for (int i = 0; i < 6; ++i) {
    const double engineering[6] = {m[0][0],     m[1][1],     m[2][2],
                                   2 * m[1][2], 2 * m[0][2], 2 * m[0][1]};
    double stress = 0, wanted = 0;
    for (int k = 0; k < 6; ++k) {
      stress += voigt[i][k] * engineering[k];
      wanted += kelvin[i][k] * e[k];
    }
    CHECK_NEAR(stress * (i < 3 ? 1 : sqrt(2)), wanted, 1e-10);
  }
  ecd_kelvin_from_voigt(voigt, back);
  CHECK(sample_difference(back, kelvin) < 1e-12);
  ecd_stiffness_pack(kelvin, packed);
  for (int k = 0; k < ECD_STIFFNESS_TERMS; ++k) sum += packed[k] * packed[k];
  CHECK_NEAR(sqrt(sum), ecd_stiffness_norm(kelvin), 1e-10);
  ecd_stiffness_unpack(packed, back);
  CHECK(sample_difference(back, kelvin) < 1e-12);
}

static void inverses(void) {
  double kelvin[6][6], value[6], vector[6][6], inverse[6][6];
  sample_stiffness(4, kelvin);
  CHECK(ecd_symmetric_eigen(6, &kelvin[0][0], value, &vector[0][0], &err) == ECD_OK);
  ecd_stiffness_invert(value, vector, inverse);
  for (int i = 0; i < 6; ++i) {
    CHECK(i == 0 || value[i] >= value[i - 1]);
    for (int k = 0; k < 6; ++k) {
      double sum = 0, image = 0;
      for (int j = 0; j < 6; ++j) {
        sum += kelvin[i][j] * inverse[j][k];
        image += kelvin[k][j] * vector[i][j];
      }
      CHECK_NEAR(sum, i == k, 1e-12);
      CHECK_NEAR(image, value[i] * vector[i][k], 1e-10);
    }
  }
  const double alone[4] = {2, 1, 1, 2};
  CHECK(ecd_symmetric_eigen(2, alone, value, NULL, &err) == ECD_OK);
  CHECK_NEAR(value[0], 1, 1e-14);
  CHECK_NEAR(value[1], 3, 1e-14);
  const double bad[4] = {NAN, 1, 1, 2};
  CHECK(ecd_symmetric_eigen(2, bad, value, NULL, &err) == ECD_FAILED || isnan(value[0]));
}

int main(void) {
  rotations();
  notations();
  inverses();
  return check_done();
}
