/* The standard conventional cell, by spglib. */
#include "chem/crystal.h"

#include <math.h>
#include <spglib.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CUBIC = 195 };

static void multiply(const double a[3][3], const double b[3][3], double out[3][3]) {
  for (int i = 0; i < 3; ++i)
    for (int k = 0; k < 3; ++k)
      out[i][k] = a[i][0] * b[0][k] + a[i][1] * b[1][k] + a[i][2] * b[2][k];
}

/* The axes of a cube are equivalent: put them along x, y, z, pointing up, where they lie closest.
   */
static void order_cubic(const double lattice[3][3], double transform[3][3]) {
  double cell[3][3], ordered[3][3];
  bool taken[3] = {false, false, false};
  multiply(transform, lattice, cell);
  for (int axis = 0; axis < 3; ++axis) {
    int best = -1;
    for (int row = 0; row < 3; ++row)
      if (!taken[row] && (best < 0 || fabs(cell[row][axis]) > fabs(cell[best][axis]) + 1e-9))
        best = row;
    taken[best] = true;
    const double sign = cell[best][axis] < 0 ? -1 : 1;
    for (int k = 0; k < 3; ++k) ordered[axis][k] = sign * transform[best][k];
  }
  const double sign = ecd_cell_volume(ordered) * ecd_cell_volume(lattice) < 0 ? -1 : 1;
  for (int i = 0; i < 3; ++i)
    for (int k = 0; k < 3; ++k) transform[i][k] = ordered[i][k] * (i == 2 ? sign : 1);
}

/* Rounds to integers; false if an entry is none. */
static bool make_integer(double transform[3][3]) {
  for (int i = 0; i < 3; ++i)
    for (int k = 0; k < 3; ++k) {
      const double whole = round(transform[i][k]);
      if (fabs(transform[i][k] - whole) > 1e-3) return false;
      transform[i][k] = whole + 0.0;
    }
  return true;
}

ecd_code_t ecd_crystal_conventional(const ecd_crystal_t *crystal, double symprec,
                                    double conventional[3][3], double transform[3][3],
                                    int *space_group, ecd_error_t *err) {
  double columns[3][3];
  for (int i = 0; i < 3; ++i)
    for (int k = 0; k < 3; ++k) columns[k][i] = crystal->lattice[i][k];
  for (size_t s = 0; s < crystal->sites; ++s)
    if (crystal->Z[s] == 0)
      return ecd_fail(err, ECD_DATA,
                      "the file does not name its elements (VASP 4), so its symmetry is unknown; "
                      "expected a line of "
                      "element symbols, or prep.cell: as_given");
  if (crystal->sites == 0)
    return ecd_fail(err, ECD_DATA,
                    "the file holds no sites, so its symmetry is unknown; use prep.cell: as_given");
  SpglibDataset *data =
      spg_get_dataset(columns, crystal->frac, crystal->Z, (int)crystal->sites, symprec);
  if (data == NULL)
    return ecd_fail(err, ECD_DATA, "spglib finds no symmetry (%s) with prep.symprec %g A",
                    spg_get_error_message(spg_get_error_code()), symprec);
  /* x_standard = P x, hence rows of the standard cell = transpose(inverse P) * rows of the given
     cell. */
  double inverse[3][3];
  ecd_cell_inverse(data->transformation_matrix, inverse);
  for (int i = 0; i < 3; ++i)
    for (int k = 0; k < 3; ++k) transform[i][k] = inverse[k][i];
  *space_group = data->spacegroup_number;
  spg_free_dataset(data);
  if (!make_integer(transform))
    return ecd_fail(
        err, ECD_DATA,
        "the cell is larger than its conventional cell (space group %d at prep.symprec %g A); "
        "expected a primitive or conventional cell, or prep.cell: as_given",
        *space_group, symprec);
  if (*space_group >= FIRST_CUBIC) order_cubic(crystal->lattice, transform);
  multiply(transform, crystal->lattice, conventional);
  return ECD_OK;
}
