/* Gaussian cube files (https://gaussian.com/cubegen): two title lines, sites and origin, voxel
   vectors, data with the last axis fastest. Fractions of sites are relative to the file's origin,
   which becomes the grid's own. */
#include "grid/formats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LINE = 2048, SETS_MAX = 1000 };

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
  if (fabs(v[0]) != floor(fabs(v[0])) || !(fabs(v[0]) <= ECD_SITES_MAX))
    return ecd_scan_unexpected(scan, "the number of sites", line, err);
  if (!(v[4] >= 1 && v[4] <= SETS_MAX) || v[4] != floor(v[4]))
    return ecd_scan_unexpected(scan, "the number of values a point after the origin", line, err);
  cube->sites = (int64_t)fabs(v[0]);
  cube->ids = v[0] < 0;
  cube->sets = (int64_t)v[4];
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

/* The line of data set ids: their number, then the ids. */
static ecd_code_t read_ids(ecd_scan_t *scan, cube_t *cube, ecd_error_t *err) {
  float sets = 0;
  ecd_scan_expect(scan, 1);
  ECD_TRY(ecd_scan_floats(scan, 1, 1, &sets, err));
  if (!(sets >= 1 && sets <= SETS_MAX) || sets != floorf(sets))
    return ecd_fail(err, ECD_DATA, "%s:%zu: expected the number of data sets, found %g", scan->path,
                    scan->line, (double)sets);
  cube->sets = (int64_t)sets;
  ecd_scan_expect(scan, cube->sets);
  return ecd_scan_floats(scan, cube->sets, 1, NULL, err);
}

/* One of several values a point, row by row. */
static ecd_code_t read_set(ecd_scan_t *scan, int64_t sets, int64_t chosen, double factor,
                           ecd_grid_t *grid, ecd_error_t *err) {
  const int64_t *n = grid->n, rows = n[0] * n[1];
  float *row;
  ECD_TRY(ecd_alloc((void **)&row, (size_t)(n[2] * sets), sizeof *row, "row of values", err));
  ecd_code_t code = ECD_OK;
  for (int64_t r = 0; r < rows && code == ECD_OK; ++r) {
    code = ecd_scan_floats(scan, n[2] * sets, factor, row, err);
    for (int64_t z = 0; z < n[2]; ++z) grid->value[r * n[2] + z] = row[z * sets + chosen];
  }
  free(row);
  return code;
}

ecd_code_t ecd_grid_read_cube(ecd_scan_t *scan, const ecd_grid_options_t *options, bool values,
                              ecd_grid_t *grid, ecd_error_t *err) {
  cube_t cube = {.sets = 1};
  ECD_TRY(read_cell(scan, &cube, grid, err));
  if (!values) return ECD_OK;
  if (cube.ids) ECD_TRY(read_ids(scan, &cube, err));
  if (options->block > cube.sets)
    return ecd_fail(err, ECD_DATA, "%s:%zu: expected data set %lld, found only %lld", scan->path,
                    scan->line, (long long)options->block, (long long)cube.sets);
  ECD_TRY(ecd_grid_allocate(grid, err));
  const bool density = options->field == ECD_FIELD_DENSITY;
  const double factor = density ? 1 / (ECD_BOHR * ECD_BOHR * ECD_BOHR) : 1;
  const int64_t count = grid->n[0] * grid->n[1] * grid->n[2];
  const int64_t chosen = options->block > 0 ? options->block - 1 : 0;
  ecd_scan_expect(scan, count * cube.sets);
  if (cube.sets == 1)
    ECD_TRY(ecd_scan_floats(scan, count, factor, grid->value, err));
  else
    ECD_TRY(read_set(scan, cube.sets, chosen, factor, grid, err));
  char line[LINE];
  bool found = true;
  while (found) {
    ECD_TRY(ecd_scan_line(scan, line, sizeof line, &found, err));
    if (found && line[strspn(line, " \t")] != '\0')
      return ecd_scan_unexpected(scan, "the end of the file", line, err);
  }
  return ECD_OK;
}
