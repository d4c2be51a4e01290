/* A crystal of any space group for tests: two kinds of atoms in general positions. */
#ifndef ECD_TESTS_CHEM_CRYSTALS_H
#define ECD_TESTS_CHEM_CRYSTALS_H

#include "base/random.h"
#include "chem/crystal.h"

#include <math.h>
#include <spglib.h>
#include <string.h>

/* A rotation that maps no axis near another. */
static inline void crystal_turn(double r[3][3]) {
  const double a = 0.7, b = 1.1, c = 0.4;
  const double turn[3][3] = {{cos(a) * cos(b), cos(a) * sin(b) * sin(c) - sin(a) * cos(c),
                              cos(a) * sin(b) * cos(c) + sin(a) * sin(c)},
                             {sin(a) * cos(b), sin(a) * sin(b) * sin(c) + cos(a) * cos(c),
                              sin(a) * sin(b) * cos(c) - cos(a) * sin(c)},
                             {-sin(b), cos(b) * sin(c), cos(b) * cos(c)}};
  memcpy(r, turn, sizeof turn);
}

/* Metric of the group's standard cell (hexagonal axes where there is a choice), a along x. */
static inline void crystal_lattice(int group, double lattice[3][3]) {
  const double a = 11, b = group <= 74 ? 12.3 : 11, c = group <= 194 ? 13.9 : 11;
  const double alpha = group <= 2 ? 1.40 : M_PI_2, beta = group <= 15 ? 1.75 : M_PI_2;
  const double gamma = group <= 2 ? 1.65 : group > 142 && group <= 194 ? 2 * M_PI / 3 : M_PI_2;
  memset(lattice, 0, 9 * sizeof(double));
  lattice[0][0] = a;
  lattice[1][0] = b * cos(gamma);
  lattice[1][1] = b * sin(gamma);
  lattice[2][0] = c * cos(beta);
  lattice[2][1] = c * (cos(alpha) - cos(beta) * cos(gamma)) / sin(gamma);
  lattice[2][2] = sqrt(c * c - lattice[2][0] * lattice[2][0] - lattice[2][1] * lattice[2][1]);
}

/* First Hall number of a space group: its standard setting. */
static inline int crystal_hall(int group) {
  for (int hall = 1; hall <= 530; ++hall)
    if (spg_get_spacegroup_type(hall).number == group) return hall;
  return 0;
}

/* Rotated by turn (NULL: not at all); with skew, the cell is another one of the same lattice. */
static inline ecd_code_t crystal_make(int group, const double turn[3][3], bool skew,
                                      ecd_crystal_t *crystal, ecd_error_t *err) {
  static const double seed[2][3] = {{0.071, 0.183, 0.117}, {0.223, 0.391, 0.307}};
  int rotation[192][3][3];
  double translation[192][3], lattice[3][3];
  const int order = spg_get_symmetry_from_database(rotation, translation, crystal_hall(group));
  ECD_TRY(ecd_crystal_allocate(crystal, 2 * (size_t)order, err));
  for (int kind = 0; kind < 2; ++kind)
    for (int o = 0; o < order; ++o) {
      const size_t site = (size_t)(kind * order + o);
      crystal->Z[site] = kind == 0 ? 14 : 8;
      for (int i = 0; i < 3; ++i) {
        double at = translation[o][i];
        for (int k = 0; k < 3; ++k) at += rotation[o][i][k] * seed[kind][k];
        crystal->frac[site][i] = at - floor(at);
      }
      /* rows a + b, b, c - b: x = x', y = y' + x' - z', z = z' */
      if (skew) crystal->frac[site][1] += crystal->frac[site][2] - crystal->frac[site][0];
    }
  crystal_lattice(group, lattice);
  for (int k = 0; skew && k < 3; ++k) {
    lattice[0][k] += lattice[1][k];
    lattice[2][k] -= lattice[1][k];
  }
  for (int i = 0; i < 3; ++i)
    for (int k = 0; k < 3; ++k) {
      crystal->lattice[i][k] = turn == NULL ? lattice[i][k] : 0;
      for (int j = 0; turn != NULL && j < 3; ++j)
        crystal->lattice[i][k] += turn[k][j] * lattice[i][j];
    }
  return ECD_OK;
}

#endif
