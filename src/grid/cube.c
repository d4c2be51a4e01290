/* Gaussian cube files (https://gaussian.com/cubegen): two title lines, sites and origin, voxel vectors, data with the
   last axis fastest. Fractions of sites are relative to the file's origin, which becomes the grid's own. */
#include "grid/formats.h"

#include <math.h>
#include <string.h>

enum { LINE = 2048 };

typedef struct {
  double origin[3];
  int64_t sites, sets; /* sets: values a point */
  bool ids;            /* a line of data set ids follows the sites */
} cube_t;

static ecd_code_t read_cell(ecd_scan_t *scan, cube_t *cube, ecd_grid_t *grid, ecd_error_t *err) {
  char line[LINE];
  double v[5] = {0, 0, 0, 0, 1}, axis[4], size[3];
  for (int i = 0; i < 2; ++i) ECD_TRY(ecd_scan_need_line(scan, "a title", line, sizeof line, err));
  ECD_TRY(ecd_scan_need_line(scan, "sites and origin", line, sizeof line, err));
  ECD_TRY(ecd_scan_line_numbers(scan, line, "the number of sites and the origin (4 numbers)", 4, v,
                                err));
  if (ecd_scan_line_numbers(scan, line, "", 5, v, NULL) != ECD_OK) v[4] = 1;
  cube->sites = (int64_t)fabs(v[0]);
  cube->ids = v[0] < 0;
  cube->sets = (int64_t)v[4];
  if (fabs(v[0]) != floor(fabs(v[0])) || cube->sites > ECD_SITES_MAX || cube->sets < 1 ||
      cube->sets > 1000)
    return ecd_scan_unexpected(scan, "the number of sites", line, err);
  double unit = ECD_BOHR;
  for (int i = 0; i < 3; ++i) {
    ECD_TRY(ecd_scan_need_line(scan, "a voxel vector", line, sizeof line, err));
    ECD_TRY(ecd_scan_line_numbers(scan, line, "points and voxel vector (4 numbers)", 4, axis, err));
    if (i == 0 && axis[0] < 0) unit = 1; /* negative counts: A */
    size[i] = fabs(axis[0]);
    for (int k = 0; k < 3; ++k) grid->crystal.lattice[i][k] = axis[k + 1] * unit * size[i];
  }
  for (int k = 0; k < 3; ++k) cube->origin[k] = v[k + 1] * unit;
  ECD_TRY(ecd_scan_grid_size(scan, size, grid->n, err));
  ECD_TRY(ecd_scan_check_cell(scan, grid->crystal.lattice, err));
  double lattice[3][3], inverse[3][3];
  memcpy(lattice, grid->crystal.lattice, sizeof lattice);
  ecd_cell_inverse(lattice, inverse);
  ECD_TRY(ecd_crystal_allocate(&grid->crystal, (size_t)cube->sites, err));
  memcpy(grid->crystal.lattice, lattice, sizeof lattice);
  for (int64_t s = 0; s < cube->sites; ++s) {
    double site[5];
    ECD_TRY(ecd_scan_need_line(scan, "a site", line, sizeof line, err));
    ECD_TRY(ecd_scan_line_numbers(scan, line, "a site (5 numbers)", 5, site, err));
    if (site[0] < 0 || site[0] > 118)
      return ecd_scan_unexpected(scan, "an atomic number", line, err);
    grid->crystal.Z[s] = (int)site[0];
    for (int j = 0; j < 3; ++j)
      for (int k = 0; k < 3; ++k)
        grid->crystal.frac[s][j] += (site[k + 2] * unit - cube->origin[k]) * inverse[k][j];
  }
  return ECD_OK;
}

static void take_one(int64_t index, double value, void *arg) {
  (void)index;
  *(double *)arg = value;
}

static void drop(int64_t index, double value, void *arg) { (void)index, (void)value, (void)arg; }

typedef struct {
  float *value;
  int64_t sets, chosen;
  double factor;
} target_t;

static void put(int64_t index, double value, void *arg) {
  const target_t *t = arg;
  if (index % t->sets == t->chosen) t->value[index / t->sets] = (float)(value * t->factor);
}

ecd_code_t ecd_grid_read_cube(ecd_scan_t *scan, const ecd_grid_options_t *options, bool values,
                              ecd_grid_t *grid, ecd_error_t *err) {
  cube_t cube;
  ECD_TRY(read_cell(scan, &cube, grid, err));
  if (!values) return ECD_OK;
  if (cube.ids) {
    double sets = 0;
    ECD_TRY(ecd_scan_numbers(scan, 1, take_one, &sets, err));
    if (sets < 1 || sets > 1000 || sets != floor(sets))
      return ecd_fail(err, ECD_DATA, "%s:%zu: expected the number of data sets, found %g",
                      scan->path, scan->line, sets);
    cube.sets = (int64_t)sets;
    ECD_TRY(ecd_scan_numbers(scan, cube.sets, drop, NULL, err));
  }
  if (options->block > cube.sets)
    return ecd_fail(err, ECD_DATA, "%s: expected data set %lld, found only %lld", scan->path,
                    (long long)options->block, (long long)cube.sets);
  ECD_TRY(ecd_grid_allocate(grid, err));
  target_t target = {.value = grid->value,
                     .sets = cube.sets,
                     .factor = 1,
                     .chosen = options->block > 0 ? options->block - 1 : 0};
  if (options->field == ECD_FIELD_DENSITY) target.factor = 1 / (ECD_BOHR * ECD_BOHR * ECD_BOHR);
  ECD_TRY(
      ecd_scan_numbers(scan, grid->n[0] * grid->n[1] * grid->n[2] * cube.sets, put, &target, err));
  char line[LINE];
  bool found = true;
  while (found) {
    ECD_TRY(ecd_scan_line(scan, line, sizeof line, &found, err));
    if (found && line[strspn(line, " \t")] != '\0')
      return ecd_scan_unexpected(scan, "the end of the file", line, err);
  }
  return ECD_OK;
}
