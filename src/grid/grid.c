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

/* By the file's name without folder and .gz; AUTO if that says nothing. */
static ecd_format_t format_of_name(const char *path) {
  const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;
  const size_t length = strlen(name);
  const size_t bare = length > 3 && strcasecmp(name + length - 3, ".gz") == 0 ? length - 3 : length;
  static const char *const vasp[] = {"CHGCAR", "CHG",    "AECCAR", "ELFCAR",
                                     "LOCPOT", "PARCHG", "POSCAR", "CONTCAR"};
  if (bare > 4 && strncasecmp(name + bare - 4, ".xsf", 4) == 0) return ECD_FORMAT_XSF;
  if (bare > 5 && strncasecmp(name + bare - 5, ".cube", 5) == 0) return ECD_FORMAT_CUBE;
  if (bare > 4 && strncasecmp(name + bare - 4, ".cub", 4) == 0) return ECD_FORMAT_CUBE;
  for (size_t i = 0; i < sizeof vasp / sizeof *vasp; ++i)
    if (strstr(name, vasp[i]) != NULL) return ECD_FORMAT_VASP;
  return ECD_FORMAT_AUTO;
}

/* By the first lines: an XSF begins with a keyword, a cube's third line has four numbers. */
static ecd_code_t format_of_text(const char *path, ecd_format_t *format, ecd_error_t *err) {
  static const char *const xsf[] = {"CRYSTAL", "SLAB", "POLYMER",   "MOLECULE",
                                    "PRIMVEC", "DIM",  "CONVVEC",   "BEGIN_BLOCK_DATAGRID",
                                    "ATOMS",   "INFO", "BEGIN_INFO"};
  enum { COMMENTS_MAX = 100 };
  ecd_scan_t scan;
  char line[2048];
  double number[4];
  bool found;
  *format = ECD_FORMAT_VASP;
  ECD_TRY(ecd_scan_open(path, &scan, err));
  ecd_code_t code = ECD_OK;
  bool begun = false;
  for (int i = 0; i < COMMENTS_MAX && *format == ECD_FORMAT_VASP && !(begun && i > 2); ++i) {
    code = ecd_scan_line(&scan, line, sizeof line, &found, err);
    if (code != ECD_OK || !found) break;
    const char *word = line + strspn(line, " \t");
    for (size_t k = 0; !begun && k < sizeof xsf / sizeof *xsf; ++k)
      if (strncmp(word, xsf[k], strlen(xsf[k])) == 0) *format = ECD_FORMAT_XSF;
    if (i == 2 && ecd_scan_line_numbers(&scan, line, "", 4, number, NULL) == ECD_OK)
      *format = ECD_FORMAT_CUBE;
    begun = begun || (*word != '#' && *word != '\0');
  }
  ecd_scan_close(&scan);
  return code;
}

/* A localisation function lies between 0 and 1, give or take rounding: a charge density does not.
   */
static ecd_code_t check_elf(const ecd_grid_t *grid, const char *path, ecd_error_t *err) {
  const int64_t count = grid->n[0] * grid->n[1] * grid->n[2];
  float low = grid->value[0], high = grid->value[0];
  for (int64_t i = 1; i < count; ++i) {
    low = fminf(low, grid->value[i]);
    high = fmaxf(high, grid->value[i]);
  }
  if (low >= -0.1f && high <= 1.1f) return ECD_OK;
  return ecd_fail(err, ECD_DATA,
                  "%s: expected ELF values from 0 to 1, found %g to %g; is this a charge density? "
                  "(prep.field: density)",
                  path, (double)low, (double)high);
}

static ecd_code_t read_grid(const char *path, const ecd_grid_options_t *options, bool values,
                            ecd_grid_t *grid, ecd_error_t *err) {
  ecd_scan_t scan;
  memset(grid, 0, sizeof *grid);
  ecd_format_t format = options->format;
  if (format == ECD_FORMAT_AUTO) format = format_of_name(path);
  if (format == ECD_FORMAT_AUTO) ECD_TRY(format_of_text(path, &format, err));
  ECD_TRY(ecd_scan_open(path, &scan, err));
  ecd_code_t code;
  if (format == ECD_FORMAT_CUBE)
    code = ecd_grid_read_cube(&scan, options, values, grid, err);
  else if (format == ECD_FORMAT_XSF)
    code = ecd_grid_read_xsf(&scan, options, values, grid, err);
  else
    code = ecd_grid_read_vasp(&scan, options, values, grid, err);
  ecd_scan_close(&scan);
  if (code == ECD_OK && values && options->field == ECD_FIELD_ELF)
    code = check_elf(grid, path, err);
  if (code != ECD_OK) ecd_grid_clear(grid);
  return code;
}

ecd_code_t ecd_grid_read(const char *path, const ecd_grid_options_t *options, ecd_grid_t *grid,
                         ecd_error_t *err) {
  return read_grid(path, options, true, grid, err);
}

ecd_code_t ecd_grid_read_header(const char *path, const ecd_grid_options_t *options,
                                ecd_grid_t *grid, ecd_error_t *err) {
  return read_grid(path, options, false, grid, err);
}

ecd_code_t ecd_structure_read(const char *path, ecd_crystal_t *crystal, ecd_error_t *err) {
  const ecd_grid_options_t options = {.field = ECD_FIELD_RAW};
  ecd_scan_t scan;
  ecd_grid_t grid;
  memset(crystal, 0, sizeof *crystal);
  ecd_format_t format = format_of_name(path);
  if (format == ECD_FORMAT_AUTO) ECD_TRY(format_of_text(path, &format, err));
  if (format != ECD_FORMAT_VASP) {
    ECD_TRY(read_grid(path, &options, false, &grid, err));
    *crystal = grid.crystal;
    return ECD_OK;
  }
  ECD_TRY(ecd_scan_open(path, &scan, err));
  const ecd_code_t code = ecd_vasp_read_crystal(&scan, crystal, err);
  ecd_scan_close(&scan);
  if (code != ECD_OK) ecd_crystal_clear(crystal);
  return code;
}

static ecd_code_t check_same_sites(const ecd_crystal_t *a, const ecd_crystal_t *b,
                                   ecd_error_t *err) {
  if (a->sites != b->sites)
    return ecd_fail(err, ECD_DATA, "the two files differ: %zu and %zu sites", a->sites, b->sites);
  for (size_t s = 0; s < a->sites; ++s) {
    if (a->Z[s] != b->Z[s])
      return ecd_fail(err, ECD_DATA, "the two files differ: site %zu is %s and %s", s + 1,
                      ecd_element_symbol(a->Z[s]), ecd_element_symbol(b->Z[s]));
    for (int k = 0; k < 3; ++k) {
      const double d = a->frac[s][k] - b->frac[s][k];
      if (fabs(d - round(d)) > 1e-4)
        return ecd_fail(err, ECD_DATA,
                        "the two files differ: coordinate %d of site %zu is %g and %g", k + 1,
                        s + 1, a->frac[s][k], b->frac[s][k]);
    }
  }
  return ECD_OK;
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
  ECD_TRY(check_same_sites(&grid->crystal, &other->crystal, err));
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
