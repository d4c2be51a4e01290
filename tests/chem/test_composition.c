/* Formulas as people write them, and whether they name a crystal. */
#include "check.h"
#include "chem/crystal.h"

static void check_formula(const char *text, int Z1, double count1, int Z2, double count2) {
  double count[ECD_ELEMENT_COUNT], total = 0;
  CHECK(ecd_formula_parse(text, count));
  for (int Z = 0; Z < ECD_ELEMENT_COUNT; ++Z) total += count[Z];
  CHECK_NEAR(count[Z1], count1, 1e-12);
  CHECK_NEAR(count[Z2], count2, 1e-12);
  CHECK(Z1 == 20 || fabs(total - count1 - count2) < 1e-12);
}

int main(void) {
  double count[ECD_ELEMENT_COUNT];
  check_formula("NaN", 11, 1, 7, 1); /* sodium nitride */
  check_formula("Mg2Si", 12, 2, 14, 1);
  check_formula("Fe0.5Ni0.5", 26, 0.5, 28, 0.5);
  check_formula("Ca(OH)2", 20, 1, 8, 2);
  check_formula("Ca3(Al(OH)4)2", 20, 3, 1, 8);
  check_formula("CO", 6, 1, 8, 1); /* not cobalt */
  check_formula("Co", 27, 1, 8, 0);
  const char *const bad[] = {"", "nan", "Xx", "Mg2Si)", "(MgO", "MgO ", "2MgO", "Mg-O", "()", "O0"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; ++i) CHECK(!ecd_formula_parse(bad[i], count));

  int Z[4] = {11, 7, 11, 7};
  double frac[4][3] = {{0}};
  ecd_crystal_t crystal = {.sites = 4, .Z = Z, .frac = frac};
  CHECK(ecd_formula_fits("NaN", &crystal));
  CHECK(ecd_formula_fits("N3Na3", &crystal));
  CHECK(!ecd_formula_fits("Na2N", &crystal));
  CHECK(!ecd_formula_fits("NaNO", &crystal));
  CHECK(!ecd_formula_fits("", &crystal));
  Z[2] = 0; /* a VASP 4 file names no elements */
  CHECK(ecd_formula_fits("MgO", &crystal));
  return check_done();
}
