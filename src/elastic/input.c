#include "elastic/input.h"

#include "chem/elements.h"
#include "elastic/yaml_reader.h"
#include "grid/grid.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const ecd_ions_names[] = {"relaxed", "clamped"};

/* Joules, metres: CODATA 2018. */
#define EV      1.602176634e-19
#define HARTREE 4.3597447222071e-18
#define BOHR    5.29177210903e-11

static const char *const unit_names[] = {"GPa", "kbar", "eV/A^3", "Ry/bohr^3", "Ha/bohr^3", "Pa"};
static const double unit_gpa[] = {1,
                                  0.1,
                                  EV * 1e21,
                                  HARTREE / 2 / (BOHR * BOHR * BOHR) * 1e-9,
                                  HARTREE / (BOHR * BOHR * BOHR) * 1e-9,
                                  1e-9};
enum { UNITS = sizeof unit_gpa / sizeof *unit_gpa };

/* How six numbers become a tensor in GPa, positive under tension. */
typedef struct {
  double factor;
  const int *order; /* place in the file of component xx yy zz yz xz xy */
} format_t;

static const int voigt_order[6] = {0, 1, 2, 3, 4, 5}, vasp_order[6] = {0, 1, 2, 4, 5, 3};

/* More GPa than any solid's stress or stiffness: a mistake in a unit. */
static const double largest_gpa = 1e5;

static void check_size(ecd_yaml_t *yaml, const yaml_node_t *node, const char *what, size_t count,
                       const double *value) {
  for (size_t i = 0; i < count; ++i)
    if (fabs(value[i]) > largest_gpa) {
      ecd_yaml_problem(yaml, node, "%s: expected up to %g GPa, found %g GPa; is the unit right?",
                       what, largest_gpa, value[i]);
      return;
    }
}

/* The largest strain that still is one: more is a mistake in a cell or a unit. */
static const double largest_strain = 0.2;

static format_t read_format(ecd_yaml_t *yaml, yaml_node_t *node, const char *where, bool sign) {
  static const char *const names[] = {"unit", "order", "sign"};
  static const char *const orders[] = {"voigt", "vasp"}, *const signs[] = {"tension", "pressure"};
  yaml_node_t *value[3] = {NULL};
  ecd_yaml_section(yaml, node, where, names, sign ? 3 : 2, value);
  format_t format = {1, voigt_order};
  if (value[0] != NULL) {
    const int unit = ecd_yaml_choice(yaml, value[0], "unit", unit_names, UNITS);
    format.factor = unit >= 0 ? unit_gpa[unit] : 1;
  }
  if (value[1] != NULL && ecd_yaml_choice(yaml, value[1], "order", orders, 2) == 1)
    format.order = vasp_order;
  if (value[2] != NULL && ecd_yaml_choice(yaml, value[2], "sign", signs, 2) == 1)
    format.factor = -format.factor;
  return format;
}

/* Six numbers, or a symmetric matrix. */
static void read_stress(ecd_yaml_t *yaml, const yaml_node_t *node, const char *what,
                        const format_t *format, double stress[3][3]) {
  static const int place[6][2] = {{0, 0}, {1, 1}, {2, 2}, {1, 2}, {0, 2}, {0, 1}};
  const bool matrix = ecd_yaml_is_list(node) && ecd_yaml_length(yaml, node, what) == 3;
  double six[6], largest = 0;
  if (!matrix) {
    if (!ecd_yaml_numbers(yaml, node, what, 0, 6, six)) return;
    for (int i = 0; i < 6; ++i)
      stress[place[i][0]][place[i][1]] = stress[place[i][1]][place[i][0]] =
          format->factor * six[format->order[i]];
    check_size(yaml, node, what, 9, &stress[0][0]);
    return;
  }
  if (!ecd_yaml_numbers(yaml, node, what, 3, 3, &stress[0][0])) return;
  for (int i = 0; i < 9; ++i) largest = fmax(largest, fabs((&stress[0][0])[i]));
  for (int i = 0; i < 3; ++i)
    for (int k = 0; k <= i; ++k) {
      if (fabs(stress[i][k] - stress[k][i]) > 1e-3 * largest)
        ecd_yaml_problem(yaml, node, "%s: expected a symmetric matrix, found %g and %g in %d,%d",
                         what, stress[i][k], stress[k][i], i + 1, k + 1);
      stress[i][k] = stress[k][i] = format->factor * 0.5 * (stress[i][k] + stress[k][i]);
    }
  check_size(yaml, node, what, 9, &stress[0][0]);
}

static void check_cell(ecd_yaml_t *yaml, const yaml_node_t *node, const double lattice[3][3]) {
  double box = 1;
  for (int i = 0; i < 3; ++i)
    box *= sqrt(lattice[i][0] * lattice[i][0] + lattice[i][1] * lattice[i][1] +
                lattice[i][2] * lattice[i][2]);
  const double volume = fabs(ecd_cell_volume(lattice));
  if (!(volume > 1e-3 && volume > 1e-6 * box))
    ecd_yaml_problem(yaml, node, "lattice: expected a cell with a volume, found one of %g A^3",
                     volume);
}

static ecd_code_t read_sites(ecd_yaml_t *yaml, yaml_node_t *species, yaml_node_t *frac,
                             ecd_crystal_t *crystal) {
  const size_t count = ecd_yaml_length(yaml, species, "species");
  if (ecd_yaml_length(yaml, frac, "frac") != count || count == 0) {
    ecd_yaml_problem(yaml, frac, "frac: expected one point for each of the %zu species", count);
    return ECD_OK;
  }
  double lattice[3][3];
  memcpy(lattice, crystal->lattice, sizeof lattice);
  ECD_TRY(ecd_crystal_allocate(crystal, count, yaml->err));
  memcpy(crystal->lattice, lattice, sizeof lattice);
  for (size_t s = 0; s < count; ++s) {
    const yaml_node_t *item = ecd_yaml_item(yaml, species, s);
    const char *symbol = ecd_yaml_text(yaml, item, "species");
    crystal->Z[s] = symbol != NULL ? ecd_element_number(symbol) : 1;
    if (crystal->Z[s] == 0)
      ecd_yaml_problem(yaml, item, "species: expected an element, found '%.40s'", symbol);
    ecd_yaml_numbers(yaml, ecd_yaml_item(yaml, frac, s), "frac", 0, 3, crystal->frac[s]);
  }
  return ECD_OK;
}

/* A lattice with its sites in the file, or another file. */
static ecd_code_t read_structure(ecd_yaml_t *yaml, yaml_node_t *node, ecd_crystal_t *crystal) {
  enum { FILE_NAME, LATTICE, SPECIES, FRAC, COUNT };
  static const char *const names[] = {"file", "lattice", "species", "frac"};
  yaml_node_t *value[COUNT];
  ecd_yaml_section(yaml, node, "structure", names, COUNT, value);
  if (value[LATTICE] != NULL && value[SPECIES] != NULL && value[FRAC] != NULL) {
    if (!ecd_yaml_numbers(yaml, value[LATTICE], "lattice", 3, 3, (double *)crystal->lattice))
      return ECD_OK;
    check_cell(yaml, value[LATTICE], crystal->lattice);
    return read_sites(yaml, value[SPECIES], value[FRAC], crystal);
  }
  if (value[FILE_NAME] == NULL || value[LATTICE] != NULL || value[SPECIES] != NULL ||
      value[FRAC] != NULL) {
    ecd_yaml_problem(yaml, node, "structure: expected a file, or lattice, species and frac");
    return ECD_OK;
  }
  const char *name = ecd_yaml_text(yaml, value[FILE_NAME], "file");
  if (name == NULL) return ECD_OK;
  char folder[ECD_PATH_MAX], path[ECD_PATH_MAX];
  const char *slash = strrchr(yaml->path, '/');
  const int length = slash == NULL ? 0 : slash == yaml->path ? 1 : (int)(slash - yaml->path);
  snprintf(folder, sizeof folder, "%.*s", length, yaml->path);
  ecd_error_t why;
  ecd_code_t code = ecd_path_join(path, folder, name, &why);
  if (code == ECD_OK) code = ecd_structure_read(path, crystal, &why);
  if (code == ECD_DATA) ecd_yaml_problem(yaml, value[FILE_NAME], "structure: %.600s", why.text);
  return code == ECD_DATA || code == ECD_OK ? ECD_OK : ecd_fail(yaml->err, code, "%s", why.text);
}

/* F of two lattices: rows' = rows F^T. */
static void deformation_of(const double from[3][3], const double to[3][3], double f[3][3]) {
  double inverse[3][3];
  ecd_cell_inverse(from, inverse);
  for (int i = 0; i < 3; ++i)
    for (int k = 0; k < 3; ++k) {
      f[k][i] = 0;
      for (int j = 0; j < 3; ++j) f[k][i] += inverse[i][j] * to[j][k];
    }
}

/* |F^T F - 1| / 2, largest component; and det F. */
static double strain_size(const double f[3][3], double *determinant) {
  double largest = 0;
  for (int i = 0; i < 3; ++i)
    for (int k = 0; k < 3; ++k) {
      double sum = i == k ? -1 : 0;
      for (int j = 0; j < 3; ++j) sum += f[j][i] * f[j][k];
      largest = fmax(largest, 0.5 * fabs(sum));
    }
  *determinant = ecd_cell_volume(f);
  return largest;
}

enum { NAME, DEFORMATION, LATTICE, VOIGT, STRESS, ENERGY, STRAIN_KEYS };

static void read_deformation(ecd_yaml_t *yaml, const yaml_node_t *node, yaml_node_t **value,
                             const double lattice[3][3], ecd_strain_t *strain) {
  double(*f)[3] = strain->deformation, other[3][3], voigt[6], determinant;
  const bool both = value[DEFORMATION] != NULL && value[LATTICE] != NULL && value[VOIGT] == NULL;
  const int given =
      (value[DEFORMATION] != NULL) + (value[LATTICE] != NULL) + (value[VOIGT] != NULL);
  const yaml_node_t *at = value[DEFORMATION];
  if (given != 1 && !both) {
    ecd_yaml_problem(yaml, node, "strain: expected one of deformation, lattice or voigt, found %d",
                     given);
    return;
  }
  if (value[LATTICE] != NULL) {
    at = value[LATTICE];
    if (!ecd_yaml_numbers(yaml, at, "lattice", 3, 3, &other[0][0])) return;
    deformation_of(lattice, other, f);
    memcpy(other, f, sizeof other);
  }
  if (value[DEFORMATION] != NULL &&
      !ecd_yaml_numbers(yaml, value[DEFORMATION], "deformation", 3, 3, &f[0][0]))
    return;
  for (int i = 0; both && i < 9; ++i)
    if (fabs((&f[0][0])[i] - (&other[0][0])[i]) > 1e-5) {
      ecd_yaml_problem(
          yaml, at, "strain: deformation and lattice disagree: component %d,%d of F is %g and %g",
          i / 3 + 1, i % 3 + 1, (&f[0][0])[i], (&other[0][0])[i]);
      return;
    }
  if (value[VOIGT] != NULL) {
    at = value[VOIGT];
    if (!ecd_yaml_numbers(yaml, at, "voigt", 0, 6, voigt)) return;
    for (int i = 0; i < 3; ++i) f[i][i] = 1 + voigt[i];
    f[1][2] = f[2][1] = voigt[3] / 2;
    f[0][2] = f[2][0] = voigt[4] / 2;
    f[0][1] = f[1][0] = voigt[5] / 2;
  }
  const double size = strain_size(f, &determinant);
  if (!(size <= largest_strain && determinant > 0))
    ecd_yaml_problem(yaml, at,
                     "strain: expected components up to %g, found %g (determinant of F %g); is the "
                     "lattice that of another cell?",
                     largest_strain, size, determinant);
}

static ecd_code_t read_strain(ecd_yaml_t *yaml, yaml_node_t *node, const format_t *format,
                              const double lattice[3][3], ecd_strain_t *strain) {
  static const char *const names[] = {"name",  "deformation", "lattice",
                                      "voigt", "stress",      "energy"};
  yaml_node_t *value[STRAIN_KEYS];
  ecd_yaml_section(yaml, node, "strain", names, STRAIN_KEYS, value);
  strain->line = node->start_mark.line + 1;
  strain->energy = NAN;
  const char *name = value[NAME] != NULL ? ecd_yaml_text(yaml, value[NAME], "name") : "";
  strain->name = strdup(name != NULL ? name : "");
  if (strain->name == NULL) return ecd_fail(yaml->err, ECD_FAILED, "out of memory: strains");
  read_deformation(yaml, node, value, lattice, strain);
  if (value[STRESS] != NULL)
    read_stress(yaml, value[STRESS], "stress", format, strain->stress);
  else
    ecd_yaml_problem(yaml, node, "strain%s%.60s: expected a stress, found none",
                     *strain->name != '\0' ? " " : "", strain->name);
  if (value[ENERGY] != NULL) ecd_yaml_number(yaml, value[ENERGY], "energy", &strain->energy);
  return ECD_OK;
}

static ecd_code_t read_strains(ecd_yaml_t *yaml, yaml_node_t *node, const format_t *format,
                               ecd_elastic_input_t *input) {
  const size_t count = ecd_yaml_length(yaml, node, "strains");
  if (count == 0) {
    ecd_yaml_problem(yaml, node, "strains: expected at least one");
    return ECD_OK;
  }
  ECD_TRY(ecd_alloc((void **)&input->strain, count, sizeof *input->strain, "strains", yaml->err));
  input->strains = count;
  for (size_t s = 0; s < count; ++s)
    ECD_TRY(read_strain(yaml, ecd_yaml_item(yaml, node, s), format, input->crystal.lattice,
                        &input->strain[s]));
  return ECD_OK;
}

static void read_reference(ecd_yaml_t *yaml, yaml_node_t *node, const format_t *format,
                           ecd_elastic_input_t *input) {
  static const char *const names[] = {"stress", "energy"};
  yaml_node_t *value[2];
  ecd_yaml_section(yaml, node, "reference", names, 2, value);
  input->has_reference = value[0] != NULL;
  if (value[0] != NULL) read_stress(yaml, value[0], "reference", format, input->reference_stress);
  if (value[1] != NULL) ecd_yaml_number(yaml, value[1], "energy", &input->reference_energy);
}

static void read_stiffness(ecd_yaml_t *yaml, yaml_node_t *node, const format_t *format,
                           ecd_elastic_input_t *input) {
  double c[6][6];
  if (!ecd_yaml_numbers(yaml, node, "stiffness", 6, 6, &c[0][0])) return;
  bool zero = true;
  for (int i = 0; i < 6; ++i)
    for (int k = 0; k < 6; ++k) {
      input->stiffness[i][k] = format->factor * c[format->order[i]][format->order[k]];
      zero = zero && c[i][k] == 0;
    }
  check_size(yaml, node, "stiffness", 36, (double *)input->stiffness);
  if (zero) ecd_yaml_problem(yaml, node, "stiffness: expected a tensor, found zeros alone");
}

/* What a file is called where it does not say: its name without suffix, or that of its folder. */
static void default_id(const char *path, char id[ECD_ELASTIC_ID]) {
  const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;
  const char *dot = strrchr(name, '.');
  size_t length = dot != NULL && dot != name ? (size_t)(dot - name) : strlen(name);
  if (length == 7 && strncmp(name, "elastic", 7) == 0 && slash != NULL) {
    const char *end = slash;
    for (name = end; name > path && name[-1] != '/';) --name;
    length = (size_t)(end - name);
  }
  snprintf(id, ECD_ELASTIC_ID, "%.*s", (int)length, name);
}

/* An id is a file's name, too. */
static void read_id(ecd_yaml_t *yaml, const yaml_node_t *node, ecd_elastic_input_t *input) {
  const yaml_node_t *at = node != NULL ? node : yaml->root;
  const char *id = node != NULL ? ecd_yaml_text(yaml, node, "id") : input->id;
  if (node == NULL) default_id(input->path, input->id);
  if (id == NULL) return;
  bool bad = *id == '\0' || *id == '.' || strlen(id) >= ECD_ELASTIC_ID;
  for (const char *c = id; *c != '\0'; ++c)
    bad = bad || *c == '/' || (unsigned char)*c < ' ' || *c == 127;
  if (bad)
    ecd_yaml_problem(
        yaml, at,
        "id: expected 1 to %d characters without '/' that do not begin with '.', found "
        "'%.60s'%s",
        ECD_ELASTIC_ID - 1, id, node == NULL ? " from the file's name" : "");
  else if (node != NULL)
    snprintf(input->id, sizeof input->id, "%s", id);
}

enum {
  SCHEMA,
  ID,
  STRUCTURE,
  SYMMETRY,
  IONS,
  SOURCE,
  STRESS_FORMAT,
  REFERENCE,
  STRAINS,
  STIFFNESS_FORMAT,
  STIFFNESS,
  KEYS
};

static void read_head(ecd_yaml_t *yaml, yaml_node_t **value, ecd_elastic_input_t *input) {
  static const char *const schemas[] = {"1"};
  if (value[SCHEMA] != NULL) ecd_yaml_choice(yaml, value[SCHEMA], "schema", schemas, 1);
  read_id(yaml, value[ID], input);
  if (value[IONS] != NULL)
    input->ions = ecd_yaml_choice(yaml, value[IONS], "ions", ecd_ions_names, 2) == 1
                      ? ECD_IONS_CLAMPED
                      : ECD_IONS_RELAXED;
  else
    ecd_yaml_problem(yaml, yaml->root,
                     "ions: expected relaxed (sites relaxed in each deformed cell) or clamped, "
                     "found nothing");
}

/* Which keys go together. */
static void check_keys(ecd_yaml_t *yaml, yaml_node_t *const *value) {
  if (value[STRUCTURE] == NULL)
    ecd_yaml_problem(yaml, yaml->root, "structure: expected the undeformed cell, found nothing");
  if ((value[STRAINS] == NULL) == (value[STIFFNESS] == NULL))
    ecd_yaml_problem(yaml, value[STIFFNESS] != NULL ? value[STIFFNESS] : yaml->root,
                     "expected either strains or a stiffness, found %s",
                     value[STRAINS] == NULL ? "neither" : "both");
  if (value[STIFFNESS] != NULL && value[REFERENCE] != NULL)
    ecd_yaml_problem(yaml, value[REFERENCE], "reference: belongs to strains, not to a stiffness");
  if (value[STIFFNESS] == NULL && value[STIFFNESS_FORMAT] != NULL)
    ecd_yaml_problem(yaml, value[STIFFNESS_FORMAT], "stiffness_format: there is no stiffness");
}

static ecd_code_t read_all(ecd_yaml_t *yaml, ecd_elastic_input_t *input) {
  static const char *const names[KEYS] = {
      "schema",        "id",        "structure", "symmetry",         "ions",     "source",
      "stress_format", "reference", "strains",   "stiffness_format", "stiffness"};
  yaml_node_t *value[KEYS];
  ecd_yaml_section(yaml, yaml->root, "file", names, KEYS, value);
  read_head(yaml, value, input);
  const char *source = value[SOURCE] != NULL ? ecd_yaml_text(yaml, value[SOURCE], "source") : "";
  input->source = strdup(source != NULL ? source : "");
  if (input->source == NULL) return ecd_fail(yaml->err, ECD_FAILED, "out of memory: source");
  check_keys(yaml, value);
  if (value[STRUCTURE] != NULL) ECD_TRY(read_structure(yaml, value[STRUCTURE], &input->crystal));
  const format_t stress = read_format(yaml, value[STRESS_FORMAT], "stress_format", true);
  const format_t stiffness = read_format(yaml, value[STIFFNESS_FORMAT], "stiffness_format", false);
  if (value[REFERENCE] != NULL) read_reference(yaml, value[REFERENCE], &stress, input);
  /* without a cell the strains' own problems could not be told */
  if (value[STRAINS] != NULL && input->crystal.sites > 0 && yaml->problems == 0)
    ECD_TRY(read_strains(yaml, value[STRAINS], &stress, input));
  if (value[STIFFNESS] != NULL) read_stiffness(yaml, value[STIFFNESS], &stiffness, input);
  return yaml->problems > 0 ? ECD_DATA : ECD_OK;
}

ecd_code_t ecd_elastic_input_read(const char *path, ecd_elastic_input_t *input, ecd_error_t *err) {
  char *text;
  size_t length;
  ecd_yaml_t yaml;
  ecd_error_t here;
  memset(input, 0, sizeof *input);
  if (err == NULL) err = &here;
  ECD_TRY(ecd_file_read_text(path, &text, &length, err));
  snprintf(input->path, sizeof input->path, "%s", path);
  input->reference_energy = NAN;
  ecd_code_t code = ecd_yaml_parse(path, text, length, &yaml, err);
  if (code == ECD_OK) {
    code = read_all(&yaml, input);
    ecd_yaml_clear(&yaml);
  }
  free(text);
  if (code != ECD_OK) {
    char id[ECD_ELASTIC_ID];
    memcpy(id, input->id, sizeof id);
    ecd_elastic_input_clear(input);
    memcpy(input->id, id, sizeof id);
  }
  return code;
}

void ecd_elastic_input_clear(ecd_elastic_input_t *input) {
  for (size_t s = 0; s < input->strains; ++s) free(input->strain[s].name);
  free(input->strain);
  free(input->source);
  ecd_crystal_clear(&input->crystal);
  memset(input, 0, sizeof *input);
}
