/* What holds for all formats: told by name and by content, headers alone, gzip, sums, integrals. */
#include "base/random.h"
#include "reference.h"

#include <zlib.h>

static ecd_error_t err;

static void copy_file(const char *from, const char *to, bool zip) {
  FILE *in = fopen(from, "rb");
  gzFile out = gzopen(to, zip ? "wb" : "wbT");
  char buffer[65536];
  CHECK(in != NULL && out != NULL);
  if (in == NULL || out == NULL) exit(1);
  const size_t got = fread(buffer, 1, sizeof buffer, in);
  CHECK(gzwrite(out, buffer, (unsigned int)got) == (int)got);
  gzclose(out);
  fclose(in);
}

/* Each file under a name that tells its format and one that does not, plain and gzip. */
static void check_formats(const char *folder) {
  static const char *const files[] = {"ase.CHGCAR", "ase.cube", "spec.xsf"};
  static const char *const names[] = {"%s/CHGCAR_%d", "%s/some.CUBE%.0d", "%s/some.xsf%.0d"};
  const char *top = getenv("top_srcdir");
  const ecd_grid_options_t options = {.field = ECD_FIELD_RAW};
  for (int i = 0; i < 3; ++i)
    for (int k = 0; k < 4; ++k) {
      char from[4096], to[4096];
      snprintf(from, sizeof from, "%s/tests/data/grid/%s", top, files[i]);
      int length = k % 2 == 0 ? snprintf(to, sizeof to, names[i], folder, 0)
                              : snprintf(to, sizeof to, "%s/data", folder);
      if (k >= 2) snprintf(to + length, sizeof to - (size_t)length, ".gz");
      copy_file(from, to, k >= 2);
      ecd_grid_t grid, header;
      const ecd_code_t code = ecd_grid_read(to, &options, &grid, &err);
      CHECK(code == ECD_OK);
      if (code != ECD_OK) fprintf(stderr, "%s\n", err.text);
      check_reference_crystal(&grid, 5e-6);
      CHECK_NEAR(reference_difference(&grid, 1, i == 0 ? 42.042 : 1), 0, 1e-3);
      CHECK(ecd_grid_read_header(to, &options, &header, &err) == ECD_OK && header.value == NULL);
      check_reference_crystal(&header, 5e-6);
      ecd_grid_clear(&header);
      header = grid;
      CHECK(ecd_structure_read(to, &header.crystal, &err) == ECD_OK);
      check_reference_crystal(&header, 5e-6);
      ecd_crystal_clear(&header.crystal);
      ecd_grid_clear(&grid);
      unlink(to);
    }
}

/* Cell and sites of a POSCAR, whose name says so or not. */
static void check_structures(const char *folder) {
  static const char *const names[] = {"POSCAR", "CONTCAR.2", "cell.vasp"};
  const char *text =
      "t\n2.0\n1 0 0\n0 1 0\n0 0 2\nNa Cl\n1 1\nCartesian\n0 0 0\n0.5 0.5 1\n\n0 0 0\n";
  for (int i = 0; i < 3; ++i) {
    char path[4096];
    ecd_crystal_t crystal;
    snprintf(path, sizeof path, "%s/%s", folder, names[i]);
    FILE *file = fopen(path, "w");
    if (file == NULL) exit(1);
    fprintf(file, "%.*s", i == 2 ? 50 : (int)strlen(text), text);
    fclose(file);
    if (i < 2) {
      CHECK(ecd_structure_read(path, &crystal, &err) == ECD_OK);
      CHECK(crystal.sites == 2 && crystal.Z[0] == 11 && crystal.Z[1] == 17);
      CHECK_NEAR(crystal.lattice[2][2], 4, 0);
      CHECK_NEAR(crystal.frac[1][2], 0.5, 1e-15);
      ecd_crystal_clear(&crystal);
    } else {
      CHECK(ecd_structure_read(path, &crystal, &err) == ECD_DATA);
      CHECK_HAS(err.text, "cell.vasp:10: expected a site");
      CHECK(crystal.sites == 0 && crystal.Z == NULL);
    }
    CHECK(unlink(path) == 0);
    CHECK(ecd_structure_read(path, &crystal, &err) == ECD_DATA);
  }
}

static void check_sums(void) {
  ecd_grid_t a, b;
  CHECK(read_data("grid/pymatgen.CHGCAR", ECD_FIELD_DENSITY, 1, &a, &err) == ECD_OK);
  CHECK(read_data("grid/pymatgen.CHGCAR", ECD_FIELD_DENSITY, 2, &b, &err) == ECD_OK);
  CHECK_NEAR(ecd_grid_integral(&a), ecd_cell_volume(a.crystal.lattice), 1e-4);
  CHECK(ecd_grid_add(&a, &b, &err) == ECD_OK);
  CHECK_NEAR(reference_difference(&a, 0.5, 2), 0, 1e-6); /* field(1) + field(0) */
  b.crystal.lattice[1][2] += 0.01;
  CHECK(ecd_grid_add(&a, &b, &err) == ECD_DATA);
  CHECK_HAS(err.text, "component 3 of lattice vector 2 is 0.4 A and 0.41 A");
  b.crystal.lattice[1][2] -= 0.01;
  b.crystal.sites -= 1;
  CHECK(ecd_grid_add(&a, &b, &err) == ECD_DATA);
  CHECK_HAS(err.text, "3 and 2 sites");
  b.crystal.sites += 1;
  b.crystal.Z[2] = 32;
  CHECK(ecd_grid_add(&a, &b, &err) == ECD_DATA);
  CHECK_HAS(err.text, "site 3 is Si and Ge");
  b.crystal.Z[2] = 14;
  b.crystal.frac[0][1] += 1.0; /* the same place */
  CHECK(ecd_grid_add(&a, &b, &err) == ECD_OK);
  b.crystal.frac[0][1] += 0.1;
  CHECK(ecd_grid_add(&a, &b, &err) == ECD_DATA);
  CHECK_HAS(err.text, "site 1");
  b.n[2] = 7;
  CHECK(ecd_grid_add(&a, &b, &err) == ECD_DATA);
  CHECK_HAS(err.text, "grids 4 x 5 x 6 and 4 x 5 x 7");
  ecd_grid_clear(&a);
  ecd_grid_clear(&b);
}

int main(void) {
  char folder[] = "/tmp/ecdnet-grid-XXXXXX";
  if (mkdtemp(folder) == NULL) return 1;
  check_formats(folder);
  check_structures(folder);
  check_sums();
  CHECK(rmdir(folder) == 0);
  return check_done();
}
