#include "grid/grid.h"

#include "grid/formats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

ecd_code_t ecd_grid_allocate(ecd_grid_t *grid, ecd_error_t *err) {
  const size_t count = (size_t)(grid->n[0] * grid->n[1] * grid->n[2]);
  return ecd_alloc((void **)&grid->value, count, sizeof *grid->value, "grid", err);
}

/* By the file's name without folder and .gz; by its first lines if that says nothing. */
static ecd_format_t guess_format(ecd_scan_t *scan) {
  const char *slash = strrchr(scan->path, '/'), *name = slash != NULL ? slash + 1 : scan->path;
  const size_t length = strlen(name);
  const size_t bare = length > 3 && strcasecmp(name + length - 3, ".gz") == 0 ? length - 3 : length;
  static const char *const vasp[] = {"CHGCAR", "CHG", "AECCAR", "ELFCAR", "LOCPOT", "PARCHG"};
  if (bare > 4 && strncasecmp(name + bare - 4, ".xsf", 4) == 0) return ECD_FORMAT_XSF;
  if (bare > 5 && strncasecmp(name + bare - 5, ".cube", 5) == 0) return ECD_FORMAT_CUBE;
  if (bare > 4 && strncasecmp(name + bare - 4, ".cub", 4) == 0) return ECD_FORMAT_CUBE;
  for (size_t i = 0; i < sizeof vasp / sizeof *vasp; ++i)
    if (strstr(name, vasp[i]) != NULL) return ECD_FORMAT_VASP;
  return ECD_FORMAT_AUTO;
}

static ecd_code_t read_as(const char *path, ecd_format_t format, const ecd_grid_options_t *options,
                          bool values, ecd_grid_t *grid, ecd_error_t *err) {
  ecd_scan_t scan;
  memset(grid, 0, sizeof *grid);
  ECD_TRY(ecd_scan_open(path, &scan, err));
  if (format == ECD_FORMAT_AUTO) format = guess_format(&scan);
  ecd_code_t code;
  if (format == ECD_FORMAT_CUBE)
    code = ecd_grid_read_cube(&scan, options, values, grid, err);
  else if (format == ECD_FORMAT_XSF)
    code = ecd_grid_read_xsf(&scan, options, values, grid, err);
  else
    code = ecd_grid_read_vasp(&scan, options, values, grid, err);
  const bool unknown = format == ECD_FORMAT_AUTO;
  ecd_scan_close(&scan);
  if (code != ECD_OK) ecd_grid_clear(grid);
  /* A name that says nothing: the formats in turn; the first reader's complaint stands if none fits. */
  for (int next = ECD_FORMAT_CUBE; code == ECD_DATA && unknown && next <= ECD_FORMAT_XSF; ++next)
    if (read_as(path, (ecd_format_t)next, options, values, grid, NULL) == ECD_OK) code = ECD_OK;
  return code;
}

ecd_code_t ecd_grid_read(const char *path, const ecd_grid_options_t *options, ecd_grid_t *grid,
                         ecd_error_t *err) {
  return read_as(path, options->format, options, true, grid, err);
}

ecd_code_t ecd_grid_read_header(const char *path, const ecd_grid_options_t *options,
                                ecd_grid_t *grid, ecd_error_t *err) {
  return read_as(path, options->format, options, false, grid, err);
}

ecd_code_t ecd_grid_add(ecd_grid_t *grid, const ecd_grid_t *other, ecd_error_t *err) {
  for (int i = 0; i < 3; ++i) {
    if (grid->n[i] != other->n[i])
      return ecd_fail(err, ECD_DATA,
                      "the two files differ: grids %lld x %lld x %lld and %lld x %lld x %lld",
                      (long long)grid->n[0], (long long)grid->n[1], (long long)grid->n[2],
                      (long long)other->n[0], (long long)other->n[1], (long long)other->n[2]);
    for (int k = 0; k < 3; ++k)
      if (fabs(grid->crystal.lattice[i][k] - other->crystal.lattice[i][k]) > 1e-4)
        return ecd_fail(err, ECD_DATA,
                        "the two files differ: component %d of lattice vector %d is %g A and %g A",
                        k + 1, i + 1, grid->crystal.lattice[i][k], other->crystal.lattice[i][k]);
  }
  if (grid->crystal.sites != other->crystal.sites)
    return ecd_fail(err, ECD_DATA, "the two files differ: %zu and %zu sites", grid->crystal.sites,
                    other->crystal.sites);
  const int64_t count = grid->n[0] * grid->n[1] * grid->n[2];
  for (int64_t i = 0; i < count; ++i) grid->value[i] += other->value[i];
  return ECD_OK;
}

double ecd_grid_integral(const ecd_grid_t *grid) {
  const int64_t count = grid->n[0] * grid->n[1] * grid->n[2];
  double sum = 0;
  for (int64_t i = 0; i < count; ++i) sum += (double)grid->value[i];
  return sum / (double)count * fabs(ecd_cell_volume(grid->crystal.lattice));
}

void ecd_grid_clear(ecd_grid_t *grid) {
  ecd_crystal_clear(&grid->crystal);
  free(grid->value);
  memset(grid, 0, sizeof *grid);
}
