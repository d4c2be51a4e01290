/* VASP: CHGCAR, CHG, AECCAR0/1/2, ELFCAR, LOCPOT (https://www.vasp.at/wiki/index.php/CHGCAR). */
#include "grid/formats.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LINE = 2048, KINDS = 128 };

typedef struct {
  int kinds;
  int64_t count[KINDS];
  int Z[KINDS]; /* 0: VASP 4 files do not say */
} species_t;

static ecd_code_t read_cell(ecd_scan_t *scan, ecd_crystal_t *crystal, double scale[3],
                            ecd_error_t *err) {
  char line[LINE];
  ECD_TRY(ecd_scan_need_line(scan, "a title", line, sizeof line, err));
  ECD_TRY(ecd_scan_need_line(scan, "a scale", line, sizeof line, err));
  ECD_TRY(ecd_scan_line_numbers(scan, line, "a scale", 1, scale, err));
  scale[1] = scale[2] = scale[0];
  double three[3];
  const bool each = ecd_scan_line_numbers(scan, line, "three scales", 3, three, NULL) == ECD_OK;
  if (each) memcpy(scale, three, sizeof three);
  if (each && (scale[0] < 0 || scale[1] < 0 || scale[2] < 0))
    return ecd_scan_unexpected(scan, "three positive scales", line, err);
  if (scale[0] == 0 || scale[1] == 0 || scale[2] == 0)
    return ecd_scan_unexpected(scan, "a scale other than 0", line, err);
  for (int i = 0; i < 3; ++i) {
    ECD_TRY(ecd_scan_need_line(scan, "a lattice vector", line, sizeof line, err));
    ECD_TRY(ecd_scan_line_numbers(scan, line, "a lattice vector (3 numbers)", 3,
                                  crystal->lattice[i], err));
  }
  if (scale[0] < 0) { /* the cell's volume */
    const double volume = fabs(ecd_cell_volume(crystal->lattice));
    scale[0] = scale[1] = scale[2] = volume > 0 ? cbrt(-scale[0] / volume) : 1;
  }
  for (int i = 0; i < 3; ++i)
    for (int k = 0; k < 3; ++k) crystal->lattice[i][k] *= scale[k];
  return ecd_scan_check_cell(scan, crystal->lattice, err);
}

/* "Fe", "Fe_pv", "Fe/0123abcd" -> 26. */
static int species_number(const char *word) {
  char symbol[3] = {0};
  for (int i = 0; i < 2 && isalpha((unsigned char)word[i]); ++i) symbol[i] = word[i];
  return ecd_element_number(symbol);
}

static ecd_code_t read_species(ecd_scan_t *scan, species_t *species, ecd_error_t *err) {
  char line[LINE], *rest = NULL;
  ECD_TRY(ecd_scan_need_line(scan, "element symbols or counts", line, sizeof line, err));
  memset(species, 0, sizeof *species);
  const char *first = line + strspn(line, " \t");
  int named = 0;
  if (isalpha((unsigned char)*first)) {
    char copy[LINE];
    memcpy(copy, line, sizeof copy);
    for (char *word = strtok_r(copy, " \t", &rest); word != NULL && named < KINDS;
         word = strtok_r(NULL, " \t", &rest)) {
      species->Z[named] = species_number(word);
      if (species->Z[named++] == 0) return ecd_scan_unexpected(scan, "element symbols", word, err);
    }
    ECD_TRY(
        ecd_scan_need_line(scan, "the number of sites of each element", line, sizeof line, err));
  }
  char whole[LINE];
  memcpy(whole, line, sizeof whole);
  line[strcspn(line, "!#")] = '\0'; /* a comment */
  int64_t sites = 0;
  for (char *word = strtok_r(line, " \t", &rest); word != NULL && species->kinds < KINDS;
       word = strtok_r(NULL, " \t", &rest)) {
    char *end;
    const long count = strtol(word, &end, 10);
    if (*end != '\0' || count < 0 || count > ECD_SITES_MAX)
      return ecd_scan_unexpected(scan, "numbers of sites", whole, err);
    species->count[species->kinds++] = count;
    sites += count;
  }
  if (species->kinds == 0 || sites < 1 || sites > ECD_SITES_MAX ||
      (named > 0 && named != species->kinds))
    return ecd_scan_unexpected(
        scan, named > 0 ? "one number of sites for each element" : "numbers of sites", whole, err);
  return ECD_OK;
}

static ecd_code_t read_sites(ecd_scan_t *scan, const species_t *species, const double scale[3],
                             ecd_crystal_t *crystal, ecd_error_t *err) {
  double lattice[3][3], inverse[3][3];
  memcpy(lattice, crystal->lattice, sizeof lattice);
  ecd_cell_inverse(lattice, inverse);
  size_t sites = 0;
  for (int k = 0; k < species->kinds; ++k) sites += (size_t)species->count[k];
  ECD_TRY(ecd_crystal_allocate(crystal, sites, err));
  memcpy(crystal->lattice, lattice, sizeof lattice);
  char line[LINE];
  ECD_TRY(ecd_scan_need_line(scan, "Direct or Cartesian", line, sizeof line, err));
  const char *mode = line + strspn(line, " \t");
  if (*mode == 'S' || *mode == 's') {
    ECD_TRY(ecd_scan_need_line(scan, "Direct or Cartesian", line, sizeof line, err));
    mode = line + strspn(line, " \t");
  }
  if (!isalpha((unsigned char)*mode))
    return ecd_scan_unexpected(scan, "Direct or Cartesian", line, err);
  const bool cartesian = strchr("CcKk", *mode) != NULL;
  size_t site = 0;
  for (int k = 0; k < species->kinds; ++k)
    for (int64_t i = 0; i < species->count[k]; ++i, ++site) {
      ECD_TRY(ecd_scan_need_line(scan, "a site", line, sizeof line, err));
      double at[3];
      ECD_TRY(ecd_scan_line_numbers(scan, line, "a site (3 numbers)", 3, at, err));
      crystal->Z[site] = species->Z[k];
      for (int j = 0; j < 3; ++j)
        crystal->frac[site][j] = !cartesian ? at[j]
                                            : at[0] * scale[0] * inverse[0][j] +
                                                  at[1] * scale[1] * inverse[1][j] +
                                                  at[2] * scale[2] * inverse[2][j];
    }
  return ECD_OK;
}

static bool repeats_grid(const char *line, const int64_t n[3]) {
  long long m[3];
  int used = 0;
  return sscanf(line, "%lld %lld %lld %n", &m[0], &m[1], &m[2], &used) == 3 && line[used] == '\0' &&
         m[0] == n[0] && m[1] == n[1] && m[2] == n[2];
}

static bool is_blank(const char *line) { return line[strspn(line, " \t")] == '\0'; }

/* How many numbers a line holds; -1 if it holds anything else. */
static int64_t count_numbers(const ecd_scan_t *scan, const char *line) {
  int64_t count = 0;
  double number;
  for (line += strspn(line, " \t"); *line != '\0'; line += strspn(line, " \t"), ++count) {
    if (ecd_scan_line_numbers(scan, line, "", 1, &number, NULL) != ECD_OK) return -1;
    line += strcspn(line, " \t");
  }
  return count;
}

typedef enum { AT_END, AT_BLOCK, AT_AUGMENTATION } after_t;

/* After a block come the end of the file, augmentation occupancies, or the next block, before which
   spin-polarised files without augmentation (AECCAR, LOCPOT) have a moment for each site. Other
   numbers are values too many. Stops behind the line that tells. */
static ecd_code_t check_after(ecd_scan_t *scan, const ecd_grid_t *grid, after_t *after,
                              ecd_error_t *err) {
  char line[LINE];
  bool more;
  ECD_TRY(ecd_scan_line(scan, line, sizeof line, &more, err)); /* the rest of the last data line */
  if (more && !is_blank(line))
    return ecd_scan_unexpected(scan, "the end of the data block", line, err);
  const size_t first = scan->line;
  int64_t loose = 0;
  for (int64_t numbers = 0; numbers >= 0; loose += numbers > 0 ? numbers : 0) {
    ECD_TRY(ecd_scan_line(scan, line, sizeof line, &more, err));
    *after = !more ? AT_END : repeats_grid(line, grid->n) ? AT_BLOCK : AT_AUGMENTATION;
    numbers = *after == AT_AUGMENTATION ? count_numbers(scan, line) : -1;
  }
  if (loose == 0 || (*after == AT_BLOCK && loose == (int64_t)grid->crystal.sites)) return ECD_OK;
  return ecd_fail(err, ECD_DATA,
                  "%s:%zu: expected the end of the data block (%lld values), found %lld more",
                  scan->path, first, (long long)scan->wanted, (long long)loose);
}

/* To the values of the next block, if there is one. */
static ecd_code_t next_block(ecd_scan_t *scan, const ecd_grid_t *grid, bool *found,
                             ecd_error_t *err) {
  char line[LINE];
  after_t after;
  ECD_TRY(check_after(scan, grid, &after, err));
  *found = after != AT_END;
  while (*found && after != AT_BLOCK) {
    ECD_TRY(ecd_scan_line(scan, line, sizeof line, found, err));
    if (*found && repeats_grid(line, grid->n)) after = AT_BLOCK;
  }
  return ECD_OK;
}

static ecd_code_t read_values(ecd_scan_t *scan, const ecd_grid_options_t *options, ecd_grid_t *grid,
                              ecd_error_t *err) {
  const int64_t *n = grid->n, count = n[0] * n[1] * n[2];
  const bool density = options->field == ECD_FIELD_DENSITY;
  const double factor = density ? 1 / ecd_cell_volume(grid->crystal.lattice) : 1;
  bool found = true;
  after_t after;
  ECD_TRY(ecd_grid_allocate(grid, err));
  for (int64_t skip = 1; skip < options->block; ++skip) {
    ecd_scan_expect(scan, count);
    ECD_TRY(ecd_scan_floats(scan, count, 1, NULL, err));
    ECD_TRY(next_block(scan, grid, &found, err));
    if (!found)
      return ecd_fail(err, ECD_DATA, "%s:%zu: expected data block %lld, found only %lld",
                      scan->path, scan->line, (long long)options->block, (long long)skip);
  }
  ECD_TRY(ecd_grid_read_planes(scan, n, factor, false, grid, err));
  if (options->field != ECD_FIELD_ELF || options->block != 0)
    return check_after(scan, grid, &after, err);
  ECD_TRY(next_block(scan, grid, &found, err));
  if (!found) return ECD_OK;
  /* ELF of the two spin channels: their mean */
  ECD_TRY(ecd_grid_read_planes(scan, n, factor, true, grid, err));
  for (int64_t i = 0; i < count; ++i) grid->value[i] *= 0.5f;
  return check_after(scan, grid, &after, err);
}

ecd_code_t ecd_vasp_read_crystal(ecd_scan_t *scan, ecd_crystal_t *crystal, ecd_error_t *err) {
  double scale[3];
  species_t species;
  ECD_TRY(read_cell(scan, crystal, scale, err));
  ECD_TRY(read_species(scan, &species, err));
  return read_sites(scan, &species, scale, crystal, err);
}

ecd_code_t ecd_grid_read_vasp(ecd_scan_t *scan, const ecd_grid_options_t *options, bool values,
                              ecd_grid_t *grid, ecd_error_t *err) {
  double size[3];
  char line[LINE];
  ECD_TRY(ecd_vasp_read_crystal(scan, &grid->crystal, err));
  do {
    ECD_TRY(ecd_scan_need_line(scan, "the grid (3 integers)", line, sizeof line, err));
  } while (line[strspn(line, " \t")] == '\0');
  ECD_TRY(ecd_scan_line_numbers(scan, line, "the grid (3 integers)", 3, size, err));
  ECD_TRY(ecd_scan_grid_size(scan, size, grid->n, err));
  return values ? read_values(scan, options, grid, err) : ECD_OK;
}
