/* What symmetry leaves of a stiffness: Nye's tables, for crystals of all 230 space groups. */
#include "elastic/laue.h"
#include "chem/crystals.h"
#include "check.h"
#include "elastic/sample.h"

static ecd_error_t err;

static void set(double c[6][6], int i, int k, double value) {
  c[i - 1][k - 1] = c[k - 1][i - 1] = value;
}

static double get(const double c[6][6], int i, int k) { return c[i - 1][k - 1]; }

/* Nye, Physical Properties of Crystals (1957), table 9: the matrix (Voigt) from the independent constants
   in c, the others of which are ignored. */
static void nye(ecd_laue_t laue, const double c[6][6], double out[6][6]) {
  static const int diagonal[] = {11, 12, 13, 22, 23, 33, 44, 55, 66},
                   monoclinic[] = {15, 25, 35, 46};
  if (laue == ECD_LAUE_1) {
    memcpy(out, c, 36 * sizeof(double));
    return;
  }
  memset(out, 0, 36 * sizeof(double));
  for (int n = 0; n < 9; ++n)
    set(out, diagonal[n] / 10, diagonal[n] % 10, get(c, diagonal[n] / 10, diagonal[n] % 10));
  for (int n = 0; n < 4 && laue == ECD_LAUE_2M; ++n)
    set(out, monoclinic[n] / 10, monoclinic[n] % 10,
        get(c, monoclinic[n] / 10, monoclinic[n] % 10));
  if (laue <= ECD_LAUE_MMM) return;
  const bool cubic = laue >= ECD_LAUE_M3;
  set(out, 2, 2, get(c, 1, 1));
  set(out, 3, 3, get(c, cubic ? 1 : 3, cubic ? 1 : 3));
  set(out, 1, 3, get(c, 1, cubic ? 2 : 3));
  set(out, 2, 3, get(c, 1, cubic ? 2 : 3));
  set(out, 5, 5, get(c, 4, 4));
  set(out, 6, 6, cubic ? get(c, 4, 4) : get(c, 6, 6));
  if (laue == ECD_LAUE_4M) {
    set(out, 1, 6, get(c, 1, 6));
    set(out, 2, 6, -get(c, 1, 6));
  }
  if (laue >= ECD_LAUE_3 && !cubic) set(out, 6, 6, (get(c, 1, 1) - get(c, 1, 2)) / 2);
  if (laue == ECD_LAUE_3 || laue == ECD_LAUE_3M) {
    set(out, 1, 4, get(c, 1, 4));
    set(out, 2, 4, -get(c, 1, 4));
    set(out, 5, 6, get(c, 1, 4));
  }
  if (laue == ECD_LAUE_3) {
    set(out, 1, 5, get(c, 1, 5));
    set(out, 2, 5, -get(c, 1, 5));
    set(out, 4, 6, -get(c, 1, 5));
  }
}

static void check_forms(int number, const ecd_point_group_t *group) {
  double c[6][6], mean[6][6], again[6][6], standard[6][6], expected[6][6];
  sample_stiffness((uint64_t)number, c);
  ecd_stiffness_average(group, c, mean);
  ecd_stiffness_average(group, mean, again);
  CHECK(sample_difference(again, mean) < 1e-10);
  ecd_stiffness_rotate(mean, group->axes, standard);
  ecd_voigt_from_kelvin(standard, standard);
  nye(group->laue, standard, expected);
  const double most = sample_difference(standard, expected);
  if (!(most < 1e-9)) fprintf(stderr, "space group %d: %g from Nye's form\n", number, most);
  CHECK(most < 1e-9);
}

/* A basis of as many tensors as there are constants, and the mean is the projection on it. */
static void check_basis(int number, const ecd_point_group_t *group) {
  double basis[ECD_STIFFNESS_TERMS][6][6], c[6][6], mean[6][6], sum[6][6] = {{0}};
  int count, constants;
  ecd_laue_constants(group->laue, &constants);
  CHECK(ecd_stiffness_basis(group, basis, &count, &err) == ECD_OK);
  CHECK(count == constants);
  sample_stiffness((uint64_t)number, c);
  ecd_stiffness_average(group, c, mean);
  for (int b = 0; b < count; ++b) {
    double part = 0;
    for (int i = 0; i < 36; ++i) part += (&basis[b][0][0])[i] * (&c[0][0])[i];
    for (int i = 0; i < 36; ++i) (&sum[0][0])[i] += part * (&basis[b][0][0])[i];
  }
  CHECK(sample_difference(sum, mean) < 1e-9);
}

static void check_stresses(const ecd_point_group_t *group) {
  static const int expected[ECD_LAUE_COUNT] = {6, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1};
  double basis[6][6];
  int count;
  CHECK(ecd_stress_basis(group, basis, &count, &err) == ECD_OK);
  CHECK(count == expected[group->laue]);
  for (int b = 0; b < count; ++b)
    for (int g = 0; g < group->order; ++g) {
      double t[6][6];
      ecd_kelvin_rotation(group->rotation[g], t);
      for (int i = 0; i < 6; ++i) {
        double image = 0;
        for (int k = 0; k < 6; ++k) image += t[i][k] * basis[b][k];
        if (fabs(image - basis[b][i]) > 1e-10) CHECK(false && "stress is invariant");
      }
    }
}

int main(void) {
  double turn[3][3], all[ECD_STIFFNESS_TERMS][6][6];
  char name[4];
  int count;
  crystal_turn(turn);
  for (int number = 1; number <= 230; ++number) {
    ecd_crystal_t crystal;
    ecd_point_group_t group;
    CHECK(crystal_make(number, turn, false, &crystal, &err) == ECD_OK);
    CHECK(ecd_point_group_find(&crystal, 0.01, &group, &err) == ECD_OK);
    check_forms(number, &group);
    check_basis(number, &group);
    check_stresses(&group);
    ecd_crystal_clear(&crystal);
  }
  CHECK(ecd_stiffness_basis(NULL, all, &count, &err) == ECD_OK && count == 21);
  const ecd_constant_t *constant = ecd_laue_constants(ECD_LAUE_3M, &count);
  ecd_constant_name(constant[count - 1], name);
  CHECK(count == 6 && strcmp(name, "c14") == 0);
  return check_done();
}
