/* Cells, elements and formulas. */
#include "chem/crystal.h"
#include "check.h"

static ecd_error_t err;

static void check_cells(void) {
  const double cell[3][3] = {{2, 0.5, -1}, {0.25, 3, 0.75}, {-0.5, 1, 4}};
  double inverse[3][3];
  ecd_cell_inverse(cell, inverse);
  for (int i = 0; i < 3; ++i)
    for (int k = 0; k < 3; ++k) {
      double sum = 0;
      for (int j = 0; j < 3; ++j) sum += cell[i][j] * inverse[j][k];
      CHECK_NEAR(sum, i == k, 1e-14);
    }
  CHECK_NEAR(ecd_cell_volume(cell), 20.0625, 1e-12);
  const double swapped[3][3] = {{0.25, 3, 0.75}, {2, 0.5, -1}, {-0.5, 1, 4}};
  CHECK_NEAR(ecd_cell_volume(swapped), -20.0625, 1e-12);
}

static void check_crystals(void) {
  ecd_crystal_t a, b;
  CHECK(ecd_crystal_allocate(&a, 2, &err) == ECD_OK && a.sites == 2 && a.Z[1] == 0);
  a.lattice[2][1] = 7;
  a.Z[1] = 5;
  a.frac[1][2] = 0.5;
  CHECK(ecd_crystal_copy(&a, &b, &err) == ECD_OK);
  a.Z[1] = 6;
  CHECK(b.sites == 2 && b.Z[1] == 5 && b.frac[1][2] == 0.5 && b.lattice[2][1] == 7);
  ecd_crystal_clear(&a);
  ecd_crystal_clear(&b);
  CHECK(b.sites == 0 && b.Z == NULL && b.frac == NULL);
  CHECK(ecd_crystal_allocate(&a, 0, &err) == ECD_OK && a.sites == 0);
  CHECK(ecd_crystal_copy(&a, &b, &err) == ECD_OK && b.sites == 0);
  ecd_crystal_clear(&a);
  ecd_crystal_clear(&b);
}

static void check_elements(void) {
  CHECK(ecd_element_number("H") == 1 && ecd_element_number("Fe") == 26);
  CHECK(ecd_element_number("La") == 57 && ecd_element_number("Lu") == 71);
  CHECK(ecd_element_number("Pu") == 94 && ecd_element_number("Og") == 118);
  CHECK(ecd_element_number("Qq") == 0 && ecd_element_number("") == 0);
  CHECK(ecd_element_number("fe") == 0 && ecd_element_number("X") == 0);
  CHECK(strcmp(ecd_element_symbol(0), "X") == 0 && strcmp(ecd_element_symbol(119), "X") == 0);
  CHECK(strcmp(ecd_element_symbol(-1), "X") == 0);
  for (int Z = 1; Z <= 118; ++Z) CHECK(ecd_element_number(ecd_element_symbol(Z)) == Z);
}

/* The formula of a crystal with these elements. */
static void check_formula(const char *const *symbols, const char *expected) {
  ecd_crystal_t crystal;
  size_t sites = 0;
  while (symbols[sites] != NULL) ++sites;
  CHECK(ecd_crystal_allocate(&crystal, sites, &err) == ECD_OK);
  for (size_t s = 0; s < sites; ++s) crystal.Z[s] = ecd_element_number(symbols[s]);
  char text[64];
  ecd_crystal_formula(&crystal, text, sizeof text);
  if (strcmp(text, expected) != 0) fprintf(stderr, "found %s, expected %s\n", text, expected);
  CHECK(strcmp(text, expected) == 0);
  char narrow[4];
  ecd_crystal_formula(&crystal, narrow, sizeof narrow);
  CHECK(strncmp(narrow, expected, 3) == 0 && strlen(narrow) <= 3);
  ecd_crystal_clear(&crystal);
}

#define FORMULA(expected, ...)                                                                     \
  do {                                                                                             \
    const char *const symbols[] = {__VA_ARGS__, NULL};                                             \
    check_formula(symbols, expected);                                                              \
  } while (0)

int main(void) {
  check_cells();
  check_crystals();
  check_elements();
  FORMULA("NaCl", "Cl", "Na");
  FORMULA("Mg2Si", "Si", "Mg", "Mg");
  FORMULA("Mg2Si", "Mg", "Si", "Mg", "Mg", "Si", "Mg");
  FORMULA("NaN", "N", "Na");
  FORMULA("Na3N", "N", "Na", "Na", "Na");
  FORMULA("Al", "Al", "Al", "Al", "Al");
  FORMULA("SrTiO3", "O", "O", "O", "Ti", "Sr");
  return check_done();
}
