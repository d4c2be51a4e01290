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
  if (ecd_scan_line_numbers(scan, line, "three scales", 3, three, NULL) == ECD_OK)
    memcpy(scale, three, sizeof three);
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

typedef struct {
  const ecd_grid_t *grid;
  float *value;
  double factor;
  bool add;
  int64_t x, y, z;
} block_t;

/* The file's first axis runs fastest, ours last. */
static void put(int64_t index, double value, void *arg) {
  (void)index;
  block_t *b = arg;
  const int64_t *n = b->grid->n;
  float *to = &b->value[(b->x * n[1] + b->y) * n[2] + b->z];
  *to = (float)(value * b->factor) + (b->add ? *to : 0.0f);
  if (++b->x < n[0]) return;
  b->x = 0;
  if (++b->y < n[1]) return;
  b->y = 0;
  ++b->z;
}

static void drop(int64_t index, double value, void *arg) { (void)index, (void)value, (void)arg; }

/* Skips what lies between blocks (augmentation occupancies, atomic moments) to the next line that repeats the grid. */
static ecd_code_t next_block(ecd_scan_t *scan, const int64_t n[3], bool *found, ecd_error_t *err) {
  char line[LINE];
  for (;;) {
    ECD_TRY(ecd_scan_line(scan, line, sizeof line, found, err));
    if (!*found) return ECD_OK;
    long long m[3];
    int used = 0;
    if (sscanf(line, "%lld %lld %lld %n", &m[0], &m[1], &m[2], &used) == 3 && line[used] == '\0' &&
        m[0] == n[0] && m[1] == n[1] && m[2] == n[2])
      return ECD_OK;
  }
}

/* After the last block that is read: augmentation lines, moments and further blocks are fine, loose values of this block are not. */
static ecd_code_t check_after(ecd_scan_t *scan, ecd_error_t *err) {
  char line[LINE];
  bool found;
  ECD_TRY(ecd_scan_line(scan, line, sizeof line, &found, err)); /* the rest of the last data line */
  if (found && line[strspn(line, " \t")] != '\0')
    return ecd_scan_unexpected(scan, "the end of the data block", line, err);
  do {
    ECD_TRY(ecd_scan_line(scan, line, sizeof line, &found, err));
  } while (found && line[strspn(line, " \t")] == '\0');
  if (!found) return ECD_OK;
  double number[4];
  const bool word = isalpha((unsigned char)line[strspn(line, " \t")]) != 0;
  const bool value = strpbrk(line, ".Ee") != NULL &&
                     ecd_scan_line_numbers(scan, line, "", 1, number, NULL) == ECD_OK;
  if (!word && value) {
    /* Spin-polarised files without augmentation (AECCAR, LOCPOT) have a line of atomic moments before the next block. */
    do {
      ECD_TRY(ecd_scan_line(scan, line, sizeof line, &found, err));
    } while (found && strpbrk(line, ".Ee") != NULL);
    if (!found)
      return ecd_fail(
          err, ECD_DATA,
          "%s:%zu: expected the end of the file, found more values than the grid has points",
          scan->path, scan->line - 1);
  }
  return ECD_OK;
}

static ecd_code_t read_block(ecd_scan_t *scan, block_t *block, ecd_error_t *err) {
  const int64_t *n = block->grid->n, count = n[0] * n[1] * n[2];
  block->x = block->y = block->z = 0;
  return ecd_scan_numbers(scan, count, block->value != NULL ? put : drop, block, err);
}

static ecd_code_t read_values(ecd_scan_t *scan, const ecd_grid_options_t *options, ecd_grid_t *grid,
                              ecd_error_t *err) {
  ECD_TRY(ecd_grid_allocate(grid, err));
  block_t block = {.grid = grid, .value = grid->value, .factor = 1};
  if (options->field == ECD_FIELD_DENSITY)
    block.factor = 1 / ecd_cell_volume(grid->crystal.lattice);
  bool found = true;
  for (int64_t skip = 1; skip < options->block; ++skip) {
    block_t skipped = {.grid = grid};
    ECD_TRY(read_block(scan, &skipped, err));
    ECD_TRY(next_block(scan, grid->n, &found, err));
    if (!found)
      return ecd_fail(err, ECD_DATA, "%s: expected data block %lld, found only %lld", scan->path,
                      (long long)options->block, (long long)skip);
  }
  ECD_TRY(read_block(scan, &block, err));
  if (options->field != ECD_FIELD_ELF || options->block != 0) return check_after(scan, err);
  ECD_TRY(next_block(scan, grid->n, &found, err));
  if (!found) return ECD_OK;
  block.add = true; /* ELF of the two spin channels: their mean */
  ECD_TRY(read_block(scan, &block, err));
  const int64_t count = grid->n[0] * grid->n[1] * grid->n[2];
  for (int64_t i = 0; i < count; ++i) grid->value[i] *= 0.5f;
  return ECD_OK;
}

ecd_code_t ecd_grid_read_vasp(ecd_scan_t *scan, const ecd_grid_options_t *options, bool values,
                              ecd_grid_t *grid, ecd_error_t *err) {
  double scale[3], size[3];
  species_t species;
  char line[LINE];
  ECD_TRY(read_cell(scan, &grid->crystal, scale, err));
  ECD_TRY(read_species(scan, &species, err));
  ECD_TRY(read_sites(scan, &species, scale, &grid->crystal, err));
  do {
    ECD_TRY(ecd_scan_need_line(scan, "the grid (3 integers)", line, sizeof line, err));
  } while (line[strspn(line, " \t")] == '\0');
  ECD_TRY(ecd_scan_line_numbers(scan, line, "the grid (3 integers)", 3, size, err));
  ECD_TRY(ecd_scan_grid_size(scan, size, grid->n, err));
  return values ? read_values(scan, options, grid, err) : ECD_OK;
}
