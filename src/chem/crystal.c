#include "chem/crystal.h"

#include <stdlib.h>
#include <string.h>

ecd_code_t ecd_crystal_allocate(ecd_crystal_t *crystal, size_t sites, ecd_error_t *err) {
  memset(crystal, 0, sizeof *crystal);
  ecd_code_t code = ecd_alloc((void **)&crystal->Z, sites, sizeof *crystal->Z, "sites", err);
  if (code == ECD_OK)
    code = ecd_alloc((void **)&crystal->frac, sites, sizeof *crystal->frac, "sites", err);
  if (code == ECD_OK)
    crystal->sites = sites;
  else
    ecd_crystal_clear(crystal);
  return code;
}

void ecd_crystal_clear(ecd_crystal_t *crystal) {
  free(crystal->Z);
  free(crystal->frac);
  memset(crystal, 0, sizeof *crystal);
}

ecd_code_t ecd_crystal_copy(const ecd_crystal_t *from, ecd_crystal_t *to, ecd_error_t *err) {
  ECD_TRY(ecd_crystal_allocate(to, from->sites, err));
  memcpy(to->lattice, from->lattice, sizeof to->lattice);
  if (from->sites > 0) {
    memcpy(to->Z, from->Z, from->sites * sizeof *to->Z);
    memcpy(to->frac, from->frac, from->sites * sizeof *to->frac);
  }
  return ECD_OK;
}

/* a x b */
static void cross(const double a[3], const double b[3], double out[3]) {
  out[0] = a[1] * b[2] - a[2] * b[1];
  out[1] = a[2] * b[0] - a[0] * b[2];
  out[2] = a[0] * b[1] - a[1] * b[0];
}

double ecd_cell_volume(const double lattice[3][3]) {
  double bc[3];
  cross(lattice[1], lattice[2], bc);
  return lattice[0][0] * bc[0] + lattice[0][1] * bc[1] + lattice[0][2] * bc[2];
}

void ecd_cell_inverse(const double lattice[3][3], double inverse[3][3]) {
  const double volume = ecd_cell_volume(lattice);
  for (int i = 0; i < 3; ++i) {
    double column[3];
    cross(lattice[(i + 1) % 3], lattice[(i + 2) % 3], column);
    for (int k = 0; k < 3; ++k) inverse[k][i] = column[k] / volume;
  }
}
