/* From a tensor to a label: crystals of the literature with their published averages, our own cubic
   ones with theirs; quality, rows, JSON. */
#include "elastic/result.h"
#include "base/table.h"
#include "chem/crystals.h"
#include "check.h"
#include "elastic/laue.h"
#include "elastic/sample.h"

#include <stdlib.h>

static ecd_error_t err;
static ecd_elastic_input_t input;
static ecd_elastic_t result;
static const ecd_elastic_settings_t usual = {
    .symprec = 0.01, .max_residual = 0.05, .max_asymmetry = 0.05};

static ecd_table_t *open_table(const char *name) {
  char path[ECD_PATH_MAX];
  ecd_table_t *table = NULL;
  const char *top = getenv("top_srcdir");
  snprintf(path, sizeof path, "%s/%s", top != NULL ? top : ".", name);
  CHECK(ecd_table_read(path, &table, &err) == ECD_OK);
  return table;
}

static double number(const ecd_table_t *table, size_t row, const char *name) {
  double value = NAN;
  CHECK(ecd_table_number(table, row, ecd_table_column(table, name), &value, &err) == ECD_OK);
  return value;
}

/* Half a unit of the last digit that was printed, and a little. */
static double half_digit(const ecd_table_t *table, size_t row, const char *name) {
  const char *dot = strchr(ecd_table_text(table, row, ecd_table_column(table, name)), '.');
  return 0.6 * (dot != NULL ? pow(10, 1.0 - (double)strlen(dot)) : 1);
}

static void start(int number_of_group) {
  double turn[3][3];
  memset(&input, 0, sizeof input);
  crystal_turn(turn);
  CHECK(crystal_make(number_of_group, turn, false, &input.crystal, &err) == ECD_OK);
  snprintf(input.id, sizeof input.id, "x,y");
  input.source = "a \"test\"";
}

/* A stiffness of the standard axes as that of the crystal as it lies. */
static void place(const double voigt[6][6]) {
  ecd_point_group_t group;
  double kelvin[6][6], back[3][3];
  CHECK(ecd_point_group_find(&input.crystal, 0.01, &group, &err) == ECD_OK);
  for (int i = 0; i < 3; ++i)
    for (int k = 0; k < 3; ++k) back[i][k] = group.axes[k][i];
  ecd_kelvin_from_voigt(voigt, kelvin);
  ecd_stiffness_rotate(kelvin, back, kelvin);
  ecd_voigt_from_kelvin(kelvin, input.stiffness);
}

static void published(void) {
  ecd_table_t *table = open_table("tests/data/elastic/published.csv");
  if (table == NULL) return;
  bool seen[ECD_LAUE_COUNT] = {false};
  CHECK(ecd_table_rows(table) == 28);
  for (size_t row = 0; row < ecd_table_rows(table); ++row) {
    double c[6][6];
    for (int i = 0; i < 6; ++i)
      for (int k = i; k < 6; ++k) {
        char name[16];
        snprintf(name, sizeof name, "c%d%d_gpa", i + 1, k + 1);
        c[i][k] = c[k][i] = number(table, row, name);
      }
    start((int)number(table, row, "space_group"));
    place(c);
    CHECK(ecd_elastic_analyse(&input, &usual, &result, &err) == ECD_OK);
    const double bulk = number(table, row, "bulk_gpa"), shear = number(table, row, "shear_gpa");
    const int before = check_failures;
    CHECK(result.quality == ECD_QUALITY_OK && result.fit.asymmetry < 1e-6);
    CHECK(sample_difference(result.standard, c) < 1e-4 * c[0][0]);
    CHECK_NEAR(result.moduli.bulk.hill, bulk, half_digit(table, row, "bulk_gpa"));
    if (!isnan(shear))
      CHECK_NEAR(result.moduli.shear.hill, shear, half_digit(table, row, "shear_gpa"));
    if (check_failures > before) fprintf(stderr, "that was %s\n", ecd_table_text(table, row, 0));
    seen[result.group.laue] = true;
    ecd_crystal_clear(&input.crystal);
  }
  int classes = 0;
  for (int laue = 0; laue < ECD_LAUE_COUNT; ++laue) classes += seen[laue];
  CHECK(classes == 9); /* all but -1 and 6/m */
  ecd_table_destroy(&table);
}

/* c11, c12, c44 and the averages, each rounded to 0.01 GPa. */
static void bundled(void) {
  ecd_table_t *table = open_table("input/fcc-open/labels.csv");
  if (table == NULL) return;
  size_t unstable = 0;
  CHECK(ecd_table_rows(table) >= 150);
  for (size_t row = 0; row < ecd_table_rows(table); ++row) {
    double c[6][6] = {{0}};
    for (int i = 0; i < 3; ++i) {
      for (int k = 0; k < 3; ++k) c[i][k] = number(table, row, i == k ? "c11_gpa" : "c12_gpa");
      c[i + 3][i + 3] = number(table, row, "c44_gpa");
    }
    ecd_moduli_t moduli;
    CHECK(ecd_moduli_compute(c, &moduli, &err) == ECD_OK);
    unstable += !moduli.stable;
    CHECK_NEAR(moduli.bulk.hill, number(table, row, "bulk_gpa"), 0.016);
    CHECK_NEAR(moduli.shear.hill, number(table, row, "shear_gpa"), 0.016);
  }
  CHECK(unstable == 0);
  ecd_table_destroy(&table);
}

static char *text_of_row(const ecd_elastic_settings_t *settings) {
  static char *text;
  static size_t size;
  FILE *file = open_memstream(&text, &size);
  ecd_elastic_write_row(file, &input, &result, settings);
  fclose(file);
  return text;
}

static void expect_row(const ecd_elastic_settings_t *settings, const char *start_of_row) {
  char *row = text_of_row(settings);
  if (strncmp(row, start_of_row, strlen(start_of_row)) != 0)
    fprintf(stderr, "%sexpected %s\n", row, start_of_row);
  CHECK(strncmp(row, start_of_row, strlen(start_of_row)) == 0);
  int cells = 1;
  const char *rest = strstr(row, "SiO2");
  for (size_t k = 0; rest != NULL && k < strlen(rest); ++k) cells += rest[k] == ',';
  CHECK(cells == 28);
  free(row);
}

static void analyse(ecd_quality_t expected) {
  CHECK(ecd_elastic_analyse(&input, &usual, &result, &err) == ECD_OK);
  CHECK(result.quality == expected);
}

static void qualities(void) {
  double c[6][6] = {{0}};
  ecd_elastic_settings_t keep = usual;
  keep.keep_doubtful = true;
  start(225);
  for (int i = 0; i < 3; ++i) {
    for (int k = 0; k < 3; ++k) c[i][k] = i == k ? 300 : 90;
    c[i + 3][i + 3] = 105; /* isotropic: the same however the crystal lies */
  }
  place(c);
  analyse(ECD_QUALITY_OK);
  CHECK(strcmp(result.formula, "SiO") == 0);
  CHECK_NEAR(ecd_elastic_label(&result, &usual, ECD_TARGET_BULK), 160, 1e-9);
  CHECK_NEAR(ecd_elastic_label(&result, &usual, ECD_TARGET_SHEAR), 105, 1e-9);
  input.stiffness[0][3] = 60;
  analyse(ECD_QUALITY_ASYMMETRIC);
  CHECK(isnan(ecd_elastic_label(&result, &usual, ECD_TARGET_BULK)));
  CHECK_NEAR(ecd_elastic_label(&result, &keep, ECD_TARGET_BULK), 160, 1e-9);
  memcpy(input.stiffness, c, sizeof c);
  for (int i = 3; i < 6; ++i) input.stiffness[i][i] = -500;
  analyse(ECD_QUALITY_UNSTABLE);
  CHECK(isnan(ecd_elastic_label(&result, &keep, ECD_TARGET_SHEAR)));
  ecd_crystal_clear(&input.crystal);
}

/* One strain e_xx of the isotropic tensor above, in a cube that lies straight. */
static void strains(void) {
  ecd_strain_t strain = {.name = "only", .line = 7, .energy = NAN};
  ecd_elastic_settings_t keep = usual;
  keep.keep_doubtful = true;
  start(225);
  ecd_crystal_clear(&input.crystal);
  CHECK(crystal_make(225, NULL, false, &input.crystal, &err) == ECD_OK);
  input.strain = &strain;
  input.strains = 1;
  input.has_reference = true;
  for (int i = 0; i < 3; ++i) {
    strain.deformation[i][i] = i == 0 ? 1.0001 : 1;
    strain.stress[i][i] = i == 0 ? 0.03 : 0.009;
  }
  CHECK(ecd_elastic_analyse(&input, &usual, &result, &err) == ECD_DATA);
  CHECK(result.quality == ECD_QUALITY_UNDER_DETERMINED);
  CHECK_HAS(err.text, "the strains do not determine c44 of Laue class m-3m");
  CHECK(isnan(ecd_elastic_label(&result, &keep, ECD_TARGET_BULK)));
  strain.deformation[1][2] = strain.deformation[2][1] = 0.0001;
  strain.stress[1][2] = strain.stress[2][1] = 0.021;
  analyse(ECD_QUALITY_OK);
  CHECK_NEAR(result.moduli.bulk.hill, 160, 0.1);
  CHECK_NEAR(result.moduli.shear.hill, 105, 0.1);
  CHECK_NEAR(result.fit.stiffness[3][3], 105, 0.1);
  strain.stress[2][2] = 0.013; /* of a cube both should be one */
  analyse(ECD_QUALITY_POOR_FIT);
  CHECK_NEAR(result.fit.residual, 0.06, 0.02);
  CHECK(isnan(ecd_elastic_label(&result, &usual, ECD_TARGET_BULK)));
  CHECK_NEAR(ecd_elastic_label(&result, &keep, ECD_TARGET_BULK), 173, 0.5);

  char *text;
  size_t size;
  FILE *file = open_memstream(&text, &size);
  ecd_elastic_print(file, &input, &result);
  fclose(file);
  CHECK_HAS(text, "Laue class m-3m (cubic), ions relaxed: poor_fit\n");
  CHECK_HAS(text, "fit: 1 strains up to 0.0002, 3 unknowns");
  CHECK_HAS(text, "worst only, line 7: ");
  CHECK_HAS(text, "reference stress given");
  free(text);
  file = open_memstream(&text, &size);
  CHECK(ecd_elastic_write_json(file, &input, &result, &usual, &err) == ECD_OK);
  fclose(file);
  CHECK_HAS(text, "\"id\": \"x,y\"");
  CHECK_HAS(text, "\"source\": \"a \\\"test\\\"\"");
  CHECK_HAS(text, "\"quality\": \"poor_fit\"");
  CHECK_HAS(text, "\"asymmetry\": null");
  CHECK_HAS(text, "\"energy_residual\": null");
  CHECK_HAS(text, "\"ions\": \"relaxed\"");
  free(text);
  ecd_crystal_clear(&input.crystal);
}

/* A row of labels.csv for each quality. */
static void rows(void) {
  start(2);
  for (int i = 0; i < 6; ++i) input.stiffness[i][i] = i < 3 ? 100 : 50;
  input.crystal.Z[2] = 8; /* Si O3 */
  input.crystal.Z[3] = 8;
  input.crystal.Z[1] = 8;
  input.crystal.Z[0] = 14;
  input.ions = ECD_IONS_CLAMPED;
  CHECK(ecd_elastic_analyse(&input, &usual, &result, &err) == ECD_OK);
  snprintf(result.formula, sizeof result.formula, "SiO2");
  expect_row(&usual, "\"x,y\",SiO2,33.3333333,50,ok,-1,clamped,,100,0,0,0,0,0,100,");
  result.quality = ECD_QUALITY_UNSTABLE;
  expect_row(&usual, "\"x,y\",SiO2,,,unstable,-1,clamped,,100,0,");
  result.quality = ECD_QUALITY_UNDER_DETERMINED;
  expect_row(&usual, "\"x,y\",SiO2,,,under_determined,-1,clamped,,,,,,,,,,,,,,,,,,,,,,\n");
  ecd_crystal_clear(&input.crystal);
}

static void no_symmetry(void) {
  start(225);
  memcpy(input.crystal.frac[1], input.crystal.frac[0], sizeof input.crystal.frac[0]);
  snprintf(input.path, sizeof input.path, "some.yaml");
  CHECK(ecd_elastic_analyse(&input, &usual, &result, &err) == ECD_DATA);
  CHECK(result.quality == ECD_QUALITY_OK);
  CHECK_HAS(err.text, "some.yaml: spglib finds no symmetry");
  ecd_crystal_clear(&input.crystal);
}

int main(void) {
  published();
  bundled();
  qualities();
  strains();
  rows();
  no_symmetry();
  return check_done();
}
