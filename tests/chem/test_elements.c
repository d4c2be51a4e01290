/* The table of the elements: its columns, and what it has of which element. */
#include "check.h"
#include "chem/elements.h"

static double of(const char *symbol, ecd_property_t property) {
  return ecd_element_table[ecd_element_number(symbol)].property[property];
}

static void check_columns(void) {
  CHECK(strcmp(ecd_property_names[ECD_PROPERTY_NUMBER], "Number") == 0);
  CHECK(strcmp(ecd_property_names[ECD_PROPERTY_ATOMIC_WEIGHT], "AtomicWeight") == 0);
  CHECK(strcmp(ecd_property_names[ECD_PROPERTY_ELECTRONEGATIVITY], "Electronegativity") == 0);
  CHECK(strcmp(ecd_property_names[ECD_PROPERTY_NS_VALENCE], "NsValence") == 0);
  CHECK(strcmp(ecd_property_names[ECD_PROPERTY_NF_VALENCE], "NfValence") == 0);
  CHECK(strcmp(ecd_property_names[ECD_PROPERTY_SPACE_GROUP], "SpaceGroupNumber") == 0);
  CHECK(of("Fe", ECD_PROPERTY_MELTING_T) == 1811 && of("Fe", ECD_PROPERTY_ND_VALENCE) == 6);
  CHECK(of("U", ECD_PROPERTY_NF_VALENCE) == 3 && of("Cl", ECD_PROPERTY_ELECTRONEGATIVITY) == 3.16);
  CHECK(of("Na", ECD_PROPERTY_GS_VOLUME) == 29.2433333333 && of("C", ECD_PROPERTY_COLUMN) == 14);
}

static void check_rows(void) {
  for (int Z = 1; Z < ECD_ELEMENT_COUNT; ++Z) {
    const ecd_element_t *e = &ecd_element_table[Z];
    bool complete = true;
    for (int k = 0; k < ECD_PROPERTY_COUNT; ++k) complete = complete && !isnan(e->property[k]);
    CHECK(e->property[ECD_PROPERTY_NUMBER] == Z);
    CHECK(ecd_element_known(Z) == (Z <= 103));
    CHECK(!complete || (ecd_element_known(Z) && !isnan(e->pauling)));
    CHECK(e->states >= 0 && e->states <= ECD_STATES_MAX);
    for (int k = 0; k < e->states; ++k) CHECK(e->state[k] >= -4 && e->state[k] <= 8);
  }
  const ecd_element_t *mn = &ecd_element_table[25];
  CHECK(mn->states == 3 && mn->state[0] == 2 && mn->state[1] == 4 && mn->state[2] == 7);
  CHECK(ecd_element_table[17].state[0] == -1);
  CHECK(isnan(of("He", ECD_PROPERTY_MELTING_T)) && ecd_element_table[2].states == 0);
  CHECK(!ecd_element_known(0) && !ecd_element_known(-1) && !ecd_element_known(119));
}

int main(void) {
  check_columns();
  check_rows();
  return check_done();
}
