#include "chem/point_group.h"

#include <math.h>
#include <spglib.h>
#include <stdio.h>
#include <string.h>

static const struct {
  const char *name, *system;
  int last; /* space group */
} classes[ECD_LAUE_COUNT] = {
    [ECD_LAUE_1] = {"-1", "triclinic", 2},          [ECD_LAUE_2M] = {"2/m", "monoclinic", 15},
    [ECD_LAUE_MMM] = {"mmm", "orthorhombic", 74},   [ECD_LAUE_4M] = {"4/m", "tetragonal", 88},
    [ECD_LAUE_4MMM] = {"4/mmm", "tetragonal", 142}, [ECD_LAUE_3] = {"-3", "trigonal", 148},
    [ECD_LAUE_3M] = {"-3m", "trigonal", 167},       [ECD_LAUE_6M] = {"6/m", "hexagonal", 176},
    [ECD_LAUE_6MMM] = {"6/mmm", "hexagonal", 194},  [ECD_LAUE_M3] = {"m-3", "cubic", 206},
    [ECD_LAUE_M3M] = {"m-3m", "cubic", 230},
};

const char *ecd_laue_name(ecd_laue_t laue) { return classes[laue].name; }
const char *ecd_laue_system(ecd_laue_t laue) { return classes[laue].system; }

static void multiply(const double a[3][3], const double b[3][3], double out[3][3]) {
  for (int i = 0; i < 3; ++i)
    for (int k = 0; k < 3; ++k)
      out[i][k] = a[i][0] * b[0][k] + a[i][1] * b[1][k] + a[i][2] * b[2][k];
}

static void transpose(const double a[3][3], double out[3][3]) {
  for (int i = 0; i < 3; ++i)
    for (int k = 0; k < 3; ++k) out[k][i] = a[i][k];
}

/* The nearest orthogonal matrix (polar factor), by Newton's iteration. */
static void make_orthogonal(double m[3][3]) {
  for (int step = 0; step < 60; ++step) {
    double inverse[3][3], change = 0;
    ecd_cell_inverse(m, inverse);
    for (int i = 0; i < 3; ++i)
      for (int k = 0; k < 3; ++k) {
        const double next = 0.5 * (m[i][k] + inverse[k][i]);
        change = fmax(change, fabs(next - m[i][k]));
        m[i][k] = next;
      }
    if (change < 1e-15) return;
  }
}

/* Linear parts of the space group's operations in the standard setting, each once. */
static int list_rotations(int hall_number, int rotation[48][3][3]) {
  enum { MOST = 192 };
  int all[MOST][3][3], order = 0;
  double translation[MOST][3];
  const int count = spg_get_symmetry_from_database(all, translation, hall_number);
  for (int i = 0; i < count; ++i) {
    int k = 0;
    while (k < order && memcmp(rotation[k], all[i], sizeof all[i]) != 0) ++k;
    if (k == order && order < 48) memcpy(rotation[order++], all[i], sizeof all[i]);
  }
  return order;
}

/* Rotation of the columns of cell, as a Cartesian matrix: cell W cell^-1. */
static void to_cartesian(const double cell[3][3], const int w[3][3], double out[3][3]) {
  double inverse[3][3], real[3][3], left[3][3];
  for (int i = 0; i < 3; ++i)
    for (int k = 0; k < 3; ++k) real[i][k] = w[i][k];
  ecd_cell_inverse(cell, inverse);
  multiply(cell, real, left);
  multiply(left, inverse, out);
}

/* Is the axis a of the standard cell two-fold, but for an inversion? */
static bool a_is_twofold(const int rotation[48][3][3], int order) {
  for (int i = 0; i < order; ++i) {
    const int(*w)[3] = rotation[i];
    const int sign = w[0][0] * (w[1][1] * w[2][2] - w[1][2] * w[2][1]) -
                     w[0][1] * (w[1][0] * w[2][2] - w[1][2] * w[2][0]) +
                     w[0][2] * (w[1][0] * w[2][1] - w[1][1] * w[2][0]);
    if (sign * (w[0][0] + w[1][1] + w[2][2]) == -1 && sign * w[0][0] == 1 && w[1][0] == 0 &&
        w[2][0] == 0)
      return true;
  }
  return false;
}

static void unit(const double v[3], double out[3]) {
  const double length = sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
  for (int k = 0; k < 3; ++k) out[k] = v[k] / length;
}

static void cross(const double a[3], const double b[3], double out[3]) {
  for (int k = 0; k < 3; ++k)
    out[k] = a[(k + 1) % 3] * b[(k + 2) % 3] - a[(k + 2) % 3] * b[(k + 1) % 3];
}

/* Rows x, y, z in the frame of the ideal standard cell, whose vectors are the columns of cell. */
static void standard_axes(ecd_laue_t laue, const double cell[3][3], bool twofold,
                          double axes[3][3]) {
  double vector[3][3], x[3], y[3];
  transpose(cell, vector);
  unit(vector[2], axes[2]);
  if (laue == ECD_LAUE_2M) {
    unit(vector[1], axes[1]);
    cross(axes[1], axes[2], axes[0]);
    return;
  }
  for (int k = 0; k < 3; ++k)
    x[k] = laue == ECD_LAUE_3M && !twofold ? 2 * vector[0][k] + vector[1][k] : vector[0][k];
  unit(x, axes[0]);
  cross(axes[2], axes[0], y);
  unit(y, axes[1]);
}

/* The axes of a cube are equivalent: x, y, z are those that lie closest to the given frame's. */
static void order_cube(double axes[3][3]) {
  double ordered[3][3];
  bool taken[3] = {false, false, false};
  for (int i = 0; i < 3; ++i) {
    int best = -1;
    for (int row = 0; row < 3; ++row)
      if (!taken[row] && (best < 0 || fabs(axes[row][i]) > fabs(axes[best][i]) + 1e-9)) best = row;
    taken[best] = true;
    for (int k = 0; k < 3; ++k) ordered[i][k] = (axes[best][i] < 0 ? -1 : 1) * axes[best][k];
  }
  if (ecd_cell_volume(ordered) < 0)
    for (int k = 0; k < 3; ++k) ordered[2][k] = -ordered[2][k];
  memcpy(axes, ordered, sizeof ordered);
}

static void fill(const SpglibDataset *data, ecd_point_group_t *group) {
  int w[48][3][3];
  double turn[3][3], back[3][3], ideal[3][3], left[3][3];
  group->space_group = data->spacegroup_number;
  snprintf(group->symbol, sizeof group->symbol, "%.5s", data->pointgroup_symbol);
  group->symbol[strcspn(group->symbol, " ")] = '\0';
  while (group->space_group > classes[group->laue].last) ++group->laue;
  /* x_ideal = turn x_given; cells that are slightly distorted make turn slightly oblique */
  memcpy(turn, data->std_rotation_matrix, sizeof turn);
  make_orthogonal(turn);
  transpose(turn, back);
  group->order = list_rotations(data->hall_number, w);
  for (int i = 0; i < group->order; ++i) {
    to_cartesian(data->std_lattice, w[i], ideal);
    multiply(back, ideal, left);
    multiply(left, turn, group->rotation[i]);
    make_orthogonal(group->rotation[i]);
  }
  if (group->laue == ECD_LAUE_1) {
    for (int i = 0; i < 3; ++i) group->axes[i][i] = 1;
    return;
  }
  standard_axes(group->laue, data->std_lattice, a_is_twofold(w, group->order), ideal);
  multiply(ideal, turn, group->axes);
  if (group->laue >= ECD_LAUE_M3) order_cube(group->axes);
}

ecd_code_t ecd_point_group_find(const ecd_crystal_t *crystal, double symprec,
                                ecd_point_group_t *group, ecd_error_t *err) {
  memset(group, 0, sizeof *group);
  for (size_t s = 0; s < crystal->sites; ++s)
    if (crystal->Z[s] == 0)
      return ecd_fail(err, ECD_DATA,
                      "the structure does not name its elements, so its symmetry is "
                      "unknown; expected a line of element symbols");
  if (crystal->sites == 0) return ecd_fail(err, ECD_DATA, "the structure holds no sites");
  double columns[3][3];
  transpose(crystal->lattice, columns);
  SpglibDataset *data =
      spg_get_dataset(columns, crystal->frac, crystal->Z, (int)crystal->sites, symprec);
  if (data == NULL)
    return ecd_fail(err, ECD_DATA, "spglib finds no symmetry (%s) with a tolerance of %g A",
                    spg_get_error_message(spg_get_error_code()), symprec);
  fill(data, group);
  spg_free_dataset(data);
  return group->order > 0 ? ECD_OK : ecd_fail(err, ECD_DATA, "spglib finds no rotations");
}
