/* Magpie features against rows that matminer computed: test_magpie [REFERENCE.csv], whose columns are
   formula and the features by name, "nan" where there is no value. */
#include "check.h"
#include "base/table.h"
#include "chem/magpie.h"

#include <stdlib.h>

static ecd_error_t err;

static bool same(double found, double expected) {
  if (isnan(expected)) return isnan(found);
  return fabs(found - expected) <= fmax(1e-12, 1e-10 * fabs(expected));
}

static void check_row(const ecd_table_t *table, size_t row, const int column[ECD_MAGPIE_ALL]) {
  double feature[ECD_MAGPIE_ALL];
  const char *formula = ecd_table_text(table, row, ecd_table_column(table, "formula"));
  bool complete = true;
  const ecd_code_t code = ecd_magpie_formula(formula, feature, &err);
  CHECK(code == ECD_OK);
  if (code != ECD_OK) fprintf(stderr, "%s\n", err.text);
  for (size_t c = 0; c < ECD_MAGPIE_ALL; ++c) {
    char name[ECD_MAGPIE_NAME], *end;
    const char *text = ecd_table_text(table, row, column[c]);
    const double expected = text[0] != '\0' ? strtod(text, &end) : NAN;
    ecd_magpie_name(c, name);
    complete = complete && !isnan(expected);
    CHECK(text[0] == '\0' || *end == '\0');
    CHECK(same(feature[c], expected));
    if (!same(feature[c], expected))
      fprintf(stderr, "%s, %s: found %.17g, expected %s\n", formula, name, feature[c], text);
  }
  CHECK((ecd_magpie_complete(formula, &err) == ECD_OK) == complete);
}

static void check_reference(const char *path) {
  ecd_table_t *table;
  int column[ECD_MAGPIE_ALL];
  if (ecd_table_read(path, &table, &err) != ECD_OK) {
    fprintf(stderr, "%s\n", err.text);
    CHECK(!"the reference can be read");
    return;
  }
  CHECK(ecd_table_column(table, "formula") >= 0 && ecd_table_rows(table) > 0);
  for (size_t c = 0; c < ECD_MAGPIE_ALL; ++c) {
    char name[ECD_MAGPIE_NAME];
    ecd_magpie_name(c, name);
    column[c] = ecd_table_column(table, name);
    CHECK(column[c] >= 0);
    if (column[c] < 0) fprintf(stderr, "%s has no column '%s'\n", path, name);
  }
  for (size_t row = 0; check_failures == 0 && row < ecd_table_rows(table); ++row)
    check_row(table, row, column);
  ecd_table_destroy(&table);
}

/* The same composition written otherwise has the same features, but for the counts that charges
   are balanced with. */
static void check_equal(void) {
  double a[ECD_MAGPIE_ALL], b[ECD_MAGPIE_ALL];
  CHECK(ecd_magpie_formula("CaO2H2", a, &err) == ECD_OK);
  CHECK(ecd_magpie_formula("H4(Ca)2O4", b, &err) == ECD_OK);
  for (int c = 0; c < ECD_MAGPIE_ALL; ++c) CHECK(same(a[c], b[c]));
  char name[ECD_MAGPIE_NAME];
  ecd_magpie_name(ECD_MAGPIE_ALL, name);
  CHECK(name[0] == '\0');
}

static void check_errors(void) {
  double feature[ECD_MAGPIE_ALL];
  CHECK(ecd_magpie_formula("MgO+", feature, &err) == ECD_DATA && isnan(feature[0]));
  CHECK_HAS(err.text, "formula 'MgO+': position 4: '+'");
  CHECK(ecd_magpie_formula("RfO2", feature, &err) == ECD_DATA);
  CHECK_HAS(err.text, "formula 'RfO2': the element table lacks MendeleevNumber, AtomicWeight,");
  CHECK_HAS(err.text, "SpaceGroupNumber of Rf");
  for (int c = 0; c < ECD_MAGPIE_ALL; ++c) CHECK(isnan(feature[c]));
  CHECK(ecd_magpie_formula("RfO2", feature, NULL) == ECD_DATA);
  /* A lacking property makes its columns NaN, and no others. */
  CHECK(ecd_magpie_formula("BkO2", feature, &err) == ECD_OK);
  for (int c = 0; c < ECD_MAGPIE_ALL; ++c)
    CHECK(isnan(feature[c]) == (c / 6 == ECD_PROPERTY_COVALENT_RADIUS && c % 6 < 5));
  CHECK(feature[6 * ECD_PROPERTY_COVALENT_RADIUS + 5] == 66); /* mode: oxygen's */
  CHECK(ecd_magpie_complete("BkHeO2", &err) == ECD_DATA);
  CHECK_HAS(err.text,
            "formula 'BkHeO2': the element table lacks MeltingT, Electronegativity of He; "
            "CovalentRadius of Bk");
  CHECK(ecd_magpie_complete("Mg++", &err) == ECD_DATA);
}

/* All elements at once: the search for charges ends. */
static void check_many(void) {
  double count[ECD_ELEMENT_COUNT] = {0}, feature[ECD_MAGPIE_ALL];
  for (int Z = 1; Z <= 103; ++Z) count[Z] = 1 + 0.37 * sqrt(Z);
  CHECK(ecd_magpie_compute(count, feature, &err) == ECD_OK);
  CHECK(feature[132] == 103);
  for (int Z = 1; Z <= 103; ++Z)
    if (ecd_element_table[Z].states == 0) count[Z] = 0;
  CHECK(ecd_magpie_compute(count, feature, &err) == ECD_OK);
  CHECK(feature[142] == 0 || feature[142] == 1);
}

int main(int argc, char **argv) {
  char path[4096];
  const char *source = getenv("top_srcdir");
  snprintf(path, sizeof path, "%s/tests/data/magpie.csv", source != NULL ? source : ".");
  check_reference(argc > 1 ? argv[1] : path);
  check_equal();
  check_errors();
  check_many();
  return check_done();
}
