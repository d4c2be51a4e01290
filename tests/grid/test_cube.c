/* Gaussian cube: a file of ASE; units, data sets and origins in small files. */
#include "reference.h"

#define BOHR 0.529177210903

static ecd_error_t err;
static ecd_grid_t grid;
static const ecd_grid_options_t raw = {.format = ECD_FORMAT_CUBE, .field = ECD_FIELD_RAW};
static const ecd_grid_options_t density = {.format = ECD_FORMAT_CUBE, .field = ECD_FIELD_DENSITY};

static void expect(const char *text, const ecd_grid_options_t *options) {
  const ecd_code_t code = read_text(text, options, &grid, &err);
  CHECK(code == ECD_OK);
  if (code != ECD_OK) fprintf(stderr, "%s\nof\n%s\n", err.text, text);
}

static void check_values(double scale) {
  static const double order[4] = {1, 2, 3, 4}; /* the last axis is the fastest in the file too */
  CHECK(grid.n[0] == 2 && grid.n[1] == 1 && grid.n[2] == 2);
  for (int i = 0; i < 4 && grid.value != NULL; ++i)
    CHECK_NEAR(grid.value[i], order[i] * scale, 1e-6 * scale);
}

int main(void) {
  CHECK(read_data("grid/ase.cube", ECD_FIELD_RAW, 0, &grid, &err) == ECD_OK);
  check_reference_crystal(&grid, 5e-6); /* lengths with six decimals */
  CHECK_NEAR(reference_difference(&grid, 1, 1), 0, 1e-6);
  ecd_grid_clear(&grid);
  CHECK(read_data("grid/ase.cube", ECD_FIELD_DENSITY, 0, &grid, &err) == ECD_OK);
  CHECK_NEAR(reference_difference(&grid, 1, 1 / (BOHR * BOHR * BOHR)), 0, 1e-5);
  ecd_grid_clear(&grid);

  expect("a\nb\n 1 0 0 0\n 2 2 0 0\n 1 0 3 0\n 2 0 0 2\n 14 0 2 1.5 1\n 1 2\n 3 4\n", &density);
  CHECK_NEAR(grid.crystal.lattice[0][0], 4 * BOHR, 1e-12);
  CHECK_NEAR(grid.crystal.frac[0][0], 0.5, 1e-12);
  check_values(1 / (BOHR * BOHR * BOHR));
  ecd_grid_clear(&grid);

  /* negative counts: A; an origin */
  expect("a\nb\n 1 1 0 0\n -2 2 0 0\n -1 0 3 0\n -2 0 0 2\n 14 0 2 1.5 1\n 1 2\n 3 4\n\n", &raw);
  CHECK_NEAR(grid.crystal.lattice[0][0], 4, 1e-12);
  CHECK_NEAR(grid.crystal.frac[0][0], 0.25, 1e-12);
  CHECK_NEAR(grid.crystal.frac[0][1], 0.5, 1e-12);
  check_values(1);
  ecd_grid_clear(&grid);

  /* negative number of sites: two data sets with ids */
  static const char *const two = "a\nb\n -1 0 0 0\n 2 2 0 0\n 1 0 3 0\n 2 0 0 2\n 14 0 2 1.5 1\n"
                                 " 2 17\n 18\n 1 10 2 20\n 3 30 4 40\n";
  ecd_grid_options_t chosen = raw;
  expect(two, &raw);
  check_values(1);
  ecd_grid_clear(&grid);
  chosen.block = 2;
  expect(two, &chosen);
  check_values(10);
  ecd_grid_clear(&grid);
  chosen.block = 3;
  CHECK(read_text(two, &chosen, &grid, &err) == ECD_DATA);
  CHECK_HAS(err.text, ":9: expected data set 3, found only 2");

  /* values a point on the origin's line */
  chosen.block = 2;
  expect("a\nb\n 0 0 0 0 2\n 2 2 0 0\n 1 0 3 0\n 2 0 0 2\n 1 10 2 20 3 30 4 40", &chosen);
  CHECK(grid.crystal.sites == 0);
  check_values(10);
  ecd_grid_clear(&grid);
  return check_done();
}
