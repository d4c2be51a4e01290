/* CHGCAR, CHG, ELFCAR, LOCPOT: files of ASE and pymatgen, and every form of header and number in
   small files. */
#include "reference.h"

static ecd_error_t err;
static ecd_grid_t grid;
static const ecd_grid_options_t density = {.format = ECD_FORMAT_VASP, .field = ECD_FIELD_DENSITY};
static const ecd_grid_options_t raw = {.format = ECD_FORMAT_VASP, .field = ECD_FIELD_RAW};
static const ecd_grid_options_t elf = {.format = ECD_FORMAT_VASP, .field = ECD_FIELD_ELF};

static void expect_file(const char *name, ecd_field_t field, int64_t block, double shift,
                        double scale, double tolerance) {
  const ecd_code_t code = read_data(name, field, block, &grid, &err);
  CHECK(code == ECD_OK);
  if (code != ECD_OK) {
    fprintf(stderr, "%s\n", err.text);
    return;
  }
  check_reference_crystal(&grid, 1e-6);
  CHECK_NEAR(reference_difference(&grid, shift, scale), 0, tolerance);
  ecd_grid_clear(&grid);
}

static void check_written_by_others(void) {
  const double volume = 42.041999999999994; /* of make.py's cell, A^3 */
  expect_file("grid/pymatgen.CHGCAR", ECD_FIELD_DENSITY, 0, 1, 1, 1e-6);
  expect_file("grid/pymatgen.CHGCAR", ECD_FIELD_DENSITY, 1, 1, 1, 1e-6);
  expect_file("grid/pymatgen.CHGCAR", ECD_FIELD_DENSITY, 2, 0, 1, 1e-6);
  expect_file("grid/pymatgen.CHGCAR", ECD_FIELD_RAW, 0, 1, volume, 1e-5);
  expect_file("grid/ase.CHGCAR", ECD_FIELD_DENSITY, 0, 1, 1, 1e-6);
  expect_file("grid/ase.CHG", ECD_FIELD_DENSITY, 0, 1, 1, 2e-5);
  expect_file("grid/pymatgen.LOCPOT", ECD_FIELD_RAW, 0, -3, 1, 1e-6);
  expect_file("grid/pymatgen.ELFCAR", ECD_FIELD_ELF, 1, 0.5, 1, 1e-6);
  expect_file("grid/pymatgen.ELFCAR", ECD_FIELD_ELF, 2, 0.25, 0.5, 1e-6);
  /* the mean of field(1/2) and field(1/4) / 2 */
  expect_file("grid/pymatgen.ELFCAR", ECD_FIELD_ELF, 0, 5.0 / 12, 0.75, 1e-6);
  CHECK(read_data("grid/pymatgen.CHGCAR", ECD_FIELD_DENSITY, 3, &grid, &err) == ECD_DATA);
  CHECK_HAS(err.text, "expected data block 3, found only 2");
  CHECK(grid.value == NULL && grid.crystal.sites == 0);
}

/* A header of 2 sites (none of the parts may be NULL) and a grid of 2 x 1 x 2. */
static const char *file(const char *scale, const char *species, const char *sites,
                        const char *rest) {
  static char text[8192];
  snprintf(text, sizeof text, "title\n%s\n 2 0 0\n 0 3 0\n 0 0 4\n%s%s\n 2 1 2\n%s", scale, species,
           sites, rest);
  return text;
}

static const char *const sites = "Direct\n 0 0 0\n 0.5 0.25 0.75\n";
static const char *const values = " 24.0 48.0\n 72.0 96.0\n";

static void expect(const char *text, const ecd_grid_options_t *options) {
  const ecd_code_t code = read_text(text, options, &grid, &err);
  CHECK(code == ECD_OK);
  if (code != ECD_OK) fprintf(stderr, "%s\nof\n%s\n", err.text, text);
}

/* The values above, in memory's order, over volume. */
static void check_values(double volume) {
  static const double order[4] = {24, 72, 48, 96};
  CHECK(grid.n[0] == 2 && grid.n[1] == 1 && grid.n[2] == 2);
  for (int i = 0; i < 4 && grid.value != NULL; ++i)
    CHECK_NEAR(grid.value[i], order[i] / volume, 1e-6);
}

static void check_headers(void) {
  expect(file(" 1.0", " 2\n", sites, values), &density); /* VASP 4 */
  check_values(24);
  CHECK(grid.crystal.Z[0] == 0 && grid.crystal.Z[1] == 0);
  ecd_grid_clear(&grid);
  expect(file("1.0", " Na Cl\n 1 1\n", sites, values), &density); /* VASP 5 */
  check_values(24);
  CHECK(grid.crystal.Z[0] == 11 && grid.crystal.Z[1] == 17);
  CHECK_NEAR(grid.crystal.frac[1][2], 0.75, 1e-12);
  CHECK_NEAR(ecd_grid_integral(&grid), 60, 1e-5);
  ecd_grid_clear(&grid);
  expect(file("1.0", "Fe_pv/0f1e2d3c O_s\n 1 1 ! two sites\n", sites, values), &density); /* 6 */
  CHECK(grid.crystal.Z[0] == 26 && grid.crystal.Z[1] == 8);
  ecd_grid_clear(&grid);
  expect(file("2.0 ! scale", "W\n 2\n", sites, values), &density);
  check_values(8 * 24);
  CHECK_NEAR(grid.crystal.lattice[2][2], 8, 1e-12);
  ecd_grid_clear(&grid);
  expect(file("-3.0", "W\n 2\n", sites, values), &density); /* the volume */
  check_values(3);
  CHECK_NEAR(ecd_cell_volume(grid.crystal.lattice), 3, 1e-12);
  ecd_grid_clear(&grid);
  expect(file("1.0 2.0 0.5", "W\n 2\n", sites, values), &density);
  CHECK_NEAR(grid.crystal.lattice[1][1], 6, 1e-12);
  CHECK_NEAR(grid.crystal.lattice[2][2], 2, 1e-12);
  ecd_grid_clear(&grid);
}

static void check_sites(void) {
  expect(file("2.0", "W\n2\n",
              "Selective dynamics\nCartesian\n0 0 0 T T F\n1 .75 3 F F F comment\n", values),
         &density);
  check_values(8 * 24);
  CHECK_NEAR(grid.crystal.frac[1][0], 0.5, 1e-12);
  CHECK_NEAR(grid.crystal.frac[1][1], 0.25, 1e-12);
  CHECK_NEAR(grid.crystal.frac[1][2], 0.75, 1e-12);
  ecd_grid_clear(&grid);
  expect(file("1.0", "W\n2\n", "selective\nKartesisch\n0 0 0\n1 .75 3\n", values), &density);
  CHECK_NEAR(grid.crystal.frac[1][2], 0.75, 1e-12);
  ecd_grid_clear(&grid);
}

static void check_numbers(void) {
  static const char *const forms[] = {
      "0.24E+02 0.48D2\n7.2d+1 .96+002",
      "24 48 72 96",
      "24.\n48.\n72.\n96.",
      "0.24000000000000000000E+02 4800-2\n\n 72000000000000000000000e-21 +96.0E0",
      "\t24\t48\r\n72\r\n96\r\n",
      "0024 48E00 72 96",
      "2.4E1  4.8E1  7.2E1  9.6E1  \n"};
  for (size_t i = 0; i < sizeof forms / sizeof *forms; ++i) {
    expect(file("1.0", "W\n2\n", sites, forms[i]), &raw);
    check_values(1);
    ecd_grid_clear(&grid);
  }
  expect(file("1.0", "W\n2\n", sites, "-0.123-101 0.1E-39 -1.5E+2 1.17549436E-38"), &raw);
  CHECK(grid.value[0] == 0 && grid.value[2] == 0); /* in memory: 0 2 1 3 of the file */
  CHECK_NEAR(grid.value[1], -150, 0);
  CHECK(grid.value[3] > 0); /* the smallest normal float; what is below is 0 */
  ecd_grid_clear(&grid);
}

static void check_blocks(void) {
  static const char *const second = "2 1 2\n 2.4 4.8 7.2 9.6\n";
  static char text[4096];
  const ecd_grid_options_t next = {.format = ECD_FORMAT_VASP, .field = ECD_FIELD_RAW, .block = 2};
  static const char *const between[] = {
      "", /* CHG */
      "augmentation occupancies   1   4\n 0.1E+00 0.2 0.3 0.4\naugmentation occupancies 2 1\n "
      "1.0\n",
      "augmentation occupancies 1 1\n 0.5\n 0.1000E+01 0.2000E+01\n", /* moments behind */
      " 0.1000E+01 0.2000E+01\n",                                     /* moments alone */
      "\n 1.0\n 2.0\n\n"};
  for (size_t i = 0; i < sizeof between / sizeof *between; ++i) {
    snprintf(text, sizeof text, "%s%s%s", values, between[i], second);
    expect(file("1.0", "W\n2\n", sites, text), &density);
    check_values(24);
    ecd_grid_clear(&grid);
    expect(file("1.0", "W\n2\n", sites, text), &next);
    check_values(10);
    ecd_grid_clear(&grid);
  }
  /* non-collinear: four blocks */
  snprintf(text, sizeof text, "%s%s%s%s", values, second, second, second);
  expect(file("1.0", "W\n2\n", sites, text), &density);
  check_values(24);
  ecd_grid_clear(&grid);
  expect(file("1.0", "W\n2\n", sites, "0.24 0.48 0.72 0.96\n"), &elf); /* one block */
  check_values(100);
  ecd_grid_clear(&grid);
  expect(file("1.0", "W\n2\n", sites, ".24 .48 .72 .96\n 2 1 2\n 0.12 0.24 0.36 0.48\n"), &elf);
  check_values(400.0 / 3);
  ecd_grid_clear(&grid);
  CHECK(read_text(file("1.0", "W\n2\n", sites, values), &elf, &grid, &err) == ECD_DATA);
  CHECK_HAS(err.text, "expected ELF values from 0 to 1, found 24 to 96");
}

/* More planes than are turned at once, an odd number of them. */
static void check_many_planes(void) {
  enum { NX = 5, NY = 3, NZ = 37 };
  static char text[65536];
  int used = snprintf(text, sizeof text, "t\n1\n2 0 0\n0 2 0\n0 0 2\nW\n1\nD\n0 0 0\n\n%d %d %d\n",
                      NX, NY, NZ);
  for (int i = 0; i < NX * NY * NZ; ++i)
    used += snprintf(text + used, sizeof text - (size_t)used, " %d%s", i, i % 7 == 0 ? "\n" : "");
  expect(text, &raw);
  int wrong = 0;
  for (int x = 0; x < NX; ++x)
    for (int y = 0; y < NY; ++y)
      for (int z = 0; z < NZ; ++z)
        wrong += grid.value[(x * NY + y) * NZ + z] != (float)((z * NY + y) * NX + x);
  CHECK(wrong == 0);
  ecd_grid_clear(&grid);
}

/* A file that went through Windows. */
static void check_carriage_returns(void) {
  const char *text = file("1.0", "Na Cl\n1 1\n", sites, values);
  char windows[8192];
  size_t used = 0;
  for (; *text != '\0'; ++text) {
    if (*text == '\n') windows[used++] = '\r';
    windows[used++] = *text;
  }
  windows[used] = '\0';
  expect(windows, &density);
  check_values(24);
  CHECK(grid.crystal.sites == 2 && grid.crystal.Z[1] == 17);
  ecd_grid_clear(&grid);
}

int main(void) {
  check_written_by_others();
  check_headers();
  check_sites();
  check_numbers();
  check_blocks();
  check_many_planes();
  check_carriage_returns();
  return check_done();
}
