/* XSF: a file written after the specification by numpy, and small files. */
#include "reference.h"

#define BOHR 0.529177210903

static ecd_error_t err;
static ecd_grid_t grid;
static const ecd_grid_options_t raw = {.format = ECD_FORMAT_XSF, .field = ECD_FIELD_RAW};

#define CELL "2 0 0\n0 3 0\n0 0 4\n"

int main(void) {
  CHECK(read_data("grid/spec.xsf", ECD_FIELD_RAW, 0, &grid, &err) == ECD_OK);
  check_reference_crystal(&grid, 1e-8);
  CHECK_NEAR(reference_difference(&grid, 1, 1), 0, 1e-6);
  ecd_grid_clear(&grid);
  CHECK(read_data("grid/spec.xsf", ECD_FIELD_RAW, 2, &grid, &err) == ECD_OK);
  check_reference_crystal(&grid, 1e-8);
  CHECK_NEAR(reference_difference(&grid, 1, 2), 0, 1e-6);
  ecd_grid_clear(&grid);
  CHECK(read_data("grid/spec.xsf", ECD_FIELD_DENSITY, 0, &grid, &err) == ECD_OK);
  CHECK_NEAR(reference_difference(&grid, 1, 1 / (BOHR * BOHR * BOHR)), 0, 1e-5);
  ecd_grid_clear(&grid);
  CHECK(read_data("grid/spec.xsf", ECD_FIELD_RAW, 3, &grid, &err) == ECD_DATA);
  CHECK_HAS(err.text, "expected BEGIN_DATAGRID_3D number 3, found 2 in the file");

  /* atomic numbers for symbols, an origin, comments, a one-line end */
  CHECK(read_text("CRYSTAL\n# a comment\nPRIMVEC\n" CELL "CONVVEC\n" CELL "PRIMCOORD\n1 1\n"
                  "14 1.0 1.5 3.0 # site\nBEGIN_BLOCK_DATAGRID_3D\nmine\nBEGIN_DATAGRID_3D_x\n"
                  "3 2 2\n1 0 0\n" CELL "1 2 1 1 2 1\n1 2 1 1 2 1\nEND_DATAGRID_3D\n",
                  &raw, &grid, &err) == ECD_OK);
  CHECK(grid.n[0] == 2 && grid.n[1] == 1 && grid.n[2] == 1 && grid.crystal.Z[0] == 14);
  CHECK_NEAR(grid.crystal.frac[0][0], 0, 1e-12);
  CHECK_NEAR(grid.crystal.frac[0][2], 0.75, 1e-12);
  CHECK(grid.value[0] == 1 && grid.value[1] == 2);
  ecd_grid_clear(&grid);

  /* a data grid without a structure: its own cell */
  CHECK(read_text("BEGIN_BLOCK_DATAGRID_3D\nmine\nDATAGRID_3D_x\n2 2 2\n0 0 0\n" CELL
                  "5 5 5 5 5 5 5 5\nEND_DATAGRID_3D\nEND_BLOCK_DATAGRID_3D\n",
                  &raw, &grid, &err) == ECD_OK);
  CHECK(grid.n[0] == 1 && grid.crystal.sites == 0 && grid.value[0] == 5);
  CHECK_NEAR(ecd_cell_volume(grid.crystal.lattice), 24, 1e-12);
  ecd_grid_clear(&grid);
  return check_done();
}
