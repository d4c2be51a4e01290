/* Reduced chemical formulas. */
#include "chem/crystal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Formulas name the least electronegative element first, as chemists write them; an element of
   unknown electronegativity comes before all others. */
static double affinity(int Z) {
  const double known = ecd_element_table[Z].property[ECD_PROPERTY_ELECTRONEGATIVITY];
  return isnan(known) ? 0 : known;
}

static size_t greatest_divisor(size_t a, size_t b) {
  while (b != 0) {
    const size_t rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

void ecd_crystal_formula(const ecd_crystal_t *crystal, char *text, size_t size) {
  size_t count[ECD_ELEMENT_COUNT] = {0}, divisor = 0;
  for (size_t s = 0; s < crystal->sites; ++s)
    ++count[crystal->Z[s] < ECD_ELEMENT_COUNT ? crystal->Z[s] : 0];
  for (int Z = 0; Z < ECD_ELEMENT_COUNT; ++Z) divisor = greatest_divisor(count[Z], divisor);
  text[0] = '\0';
  for (;;) {
    int next = -1;
    for (int Z = 0; Z < ECD_ELEMENT_COUNT; ++Z)
      if (count[Z] > 0 && (next < 0 || affinity(Z) < affinity(next))) next = Z;
    if (next < 0) return;
    const size_t have = strlen(text), number = count[next] / divisor;
    if (number > 1)
      snprintf(text + have, size - have, "%s%zu", ecd_element_symbol(next), number);
    else
      snprintf(text + have, size - have, "%s", ecd_element_symbol(next));
    count[next] = 0;
  }
}
