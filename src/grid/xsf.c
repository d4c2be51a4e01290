/* XCrySDen XSF with DATAGRID_3D (http://www.xcrysden.org/doc/XSF.html). Its general grids repeat
   the points of the first face on the last: these are dropped. First axis fastest. Densities are in
   e/Bohr^3, as pp.x and XCrySDen's writers give. */
#include "grid/formats.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LINE = 2048 };

/* A line without comment, or *found = false. */
static ecd_code_t next(ecd_scan_t *scan, char *line, bool *found, ecd_error_t *err) {
  do {
    ECD_TRY(ecd_scan_line(scan, line, LINE, found, err));
    char *comment = strchr(line, '#');
    if (*found && comment != NULL) *comment = '\0';
  } while (*found && line[strspn(line, " \t")] == '\0');
  return ECD_OK;
}

static ecd_code_t need(ecd_scan_t *scan, const char *what, char *line, ecd_error_t *err) {
  bool found;
  ECD_TRY(next(scan, line, &found, err));
  return found ? ECD_OK
               : ecd_fail(err, ECD_DATA, "%s:%zu: expected %s, found the end of the file",
                          scan->path, scan->line, what);
}

static ecd_code_t read_vectors(ecd_scan_t *scan, double lattice[3][3], ecd_error_t *err) {
  char line[LINE];
  for (int i = 0; i < 3; ++i) {
    ECD_TRY(need(scan, "a lattice vector", line, err));
    ECD_TRY(ecd_scan_line_numbers(scan, line, "a lattice vector (3 numbers)", 3, lattice[i], err));
  }
  return ecd_scan_check_cell(scan, lattice, err);
}

static ecd_code_t read_sites(ecd_scan_t *scan, ecd_crystal_t *crystal, ecd_error_t *err) {
  char line[LINE];
  double count;
  ECD_TRY(need(scan, "the number of sites", line, err));
  ECD_TRY(ecd_scan_line_numbers(scan, line, "the number of sites", 1, &count, err));
  if (!(count >= 1 && count <= ECD_SITES_MAX))
    return ecd_scan_unexpected(scan, "the number of sites", line, err);
  double lattice[3][3], inverse[3][3];
  memcpy(lattice, crystal->lattice, sizeof lattice);
  if (ecd_cell_volume(lattice) == 0)
    return ecd_scan_unexpected(scan, "PRIMVEC before PRIMCOORD", line, err);
  ecd_cell_inverse(lattice, inverse);
  ecd_crystal_clear(crystal);
  ECD_TRY(ecd_crystal_allocate(crystal, (size_t)count, err));
  memcpy(crystal->lattice, lattice, sizeof lattice);
  for (size_t s = 0; s < crystal->sites; ++s) {
    ECD_TRY(need(scan, "a site", line, err));
    char symbol[8] = "";
    int used = 0;
    double at[3];
    if (sscanf(line, " %7s%n", symbol, &used) != 1)
      return ecd_scan_unexpected(scan, "a site", line, err);
    ECD_TRY(ecd_scan_line_numbers(scan, line + used, "a site (symbol, 3 numbers)", 3, at, err));
    const bool number = isdigit((unsigned char)symbol[0]) != 0;
    crystal->Z[s] = number ? atoi(symbol) : ecd_element_number(symbol);
    if (crystal->Z[s] > 118 || (crystal->Z[s] == 0 && !number && strcmp(symbol, "X") != 0))
      return ecd_scan_unexpected(scan, "an element", symbol, err);
    for (int j = 0; j < 3; ++j)
      crystal->frac[s][j] = at[0] * inverse[0][j] + at[1] * inverse[1][j] + at[2] * inverse[2][j];
  }
  return ECD_OK;
}

/* The sites' cell is the one that the values span, to the rounding of written vectors. */
static bool same_cell(const double a[3][3], const double b[3][3]) {
  for (int i = 0; i < 3; ++i)
    for (int k = 0; k < 3; ++k)
      if (fabs(a[i][k] - b[i][k]) > 1e-3) return false;
  return true;
}

/* Takes over the grid's cell; the sites' origin becomes the grid's. */
static ecd_code_t place_cell(ecd_scan_t *scan, const double origin[3], const double lattice[3][3],
                             ecd_crystal_t *crystal, ecd_error_t *err) {
  double inverse[3][3];
  if (crystal->sites == 0) {
    memcpy(crystal->lattice, lattice, sizeof crystal->lattice);
  } else if (!same_cell(lattice, crystal->lattice)) {
    return ecd_fail(err, ECD_DATA,
                    "%s:%zu: expected a data grid that spans the cell of PRIMVEC, found another",
                    scan->path, scan->line - 1);
  }
  ecd_cell_inverse(crystal->lattice, inverse);
  for (size_t s = 0; s < crystal->sites; ++s)
    for (int j = 0; j < 3; ++j)
      for (int k = 0; k < 3; ++k) crystal->frac[s][j] -= origin[k] * inverse[k][j];
  return ECD_OK;
}

static ecd_code_t read_grid(ecd_scan_t *scan, const ecd_grid_options_t *options, bool wanted,
                            bool values, ecd_grid_t *grid, ecd_error_t *err) {
  char line[LINE];
  double size[3], origin[3], lattice[3][3];
  int64_t full[3];
  ECD_TRY(need(scan, "the grid (3 integers)", line, err));
  ECD_TRY(ecd_scan_line_numbers(scan, line, "the grid (3 integers)", 3, size, err));
  ECD_TRY(ecd_scan_grid_size(scan, size, full, err));
  for (int i = 0; i < 3; ++i)
    if (full[i] < 2)
      return ecd_scan_unexpected(scan, "at least 2 points along each axis", line, err);
  ECD_TRY(need(scan, "the grid's origin", line, err));
  ECD_TRY(ecd_scan_line_numbers(scan, line, "the grid's origin (3 numbers)", 3, origin, err));
  ECD_TRY(read_vectors(scan, lattice, err));
  if (wanted) {
    for (int i = 0; i < 3; ++i) grid->n[i] = full[i] - 1;
    ECD_TRY(place_cell(scan, origin, lattice, &grid->crystal, err));
    if (!values) return ECD_OK;
    ECD_TRY(ecd_grid_allocate(grid, err));
    const bool density = options->field == ECD_FIELD_DENSITY;
    const double factor = density ? 1 / (ECD_BOHR * ECD_BOHR * ECD_BOHR) : 1;
    ECD_TRY(ecd_grid_read_planes(scan, full, factor, false, grid, err));
  } else {
    const int64_t count = full[0] * full[1] * full[2];
    ecd_scan_expect(scan, count);
    ECD_TRY(ecd_scan_floats(scan, count, 1, NULL, err));
  }
  ECD_TRY(need(scan, "END_DATAGRID_3D", line, err));
  return strstr(line, "END_DATAGRID") != NULL
             ? ECD_OK
             : ecd_scan_unexpected(scan, "END_DATAGRID_3D", line, err);
}

ecd_code_t ecd_grid_read_xsf(ecd_scan_t *scan, const ecd_grid_options_t *options, bool values,
                             ecd_grid_t *grid, ecd_error_t *err) {
  const int64_t chosen = options->block > 0 ? options->block : 1;
  int64_t seen = 0;
  char line[LINE];
  for (bool found = true;;) {
    ECD_TRY(next(scan, line, &found, err));
    if (!found)
      return ecd_fail(err, ECD_DATA,
                      "%s:%zu: expected BEGIN_DATAGRID_3D number %lld, found %lld in the file",
                      scan->path, scan->line, (long long)chosen, (long long)seen);
    const char *word = line + strspn(line, " \t");
    if (strncmp(word, "ANIMSTEPS", 9) == 0)
      return ecd_scan_unexpected(scan, "a single structure", word, err);
    if (strncmp(word, "PRIMVEC", 7) == 0) ECD_TRY(read_vectors(scan, grid->crystal.lattice, err));
    if (strncmp(word, "PRIMCOORD", 9) == 0) ECD_TRY(read_sites(scan, &grid->crystal, err));
    if (strncmp(word, "BEGIN_DATAGRID_3D", 17) == 0 || strncmp(word, "DATAGRID_3D", 11) == 0) {
      ECD_TRY(read_grid(scan, options, ++seen == chosen, values, grid, err));
      if (seen == chosen) return ECD_OK;
    }
  }
}
