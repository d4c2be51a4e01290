#include "chem/elements.h"

#include <math.h>
#include <string.h>

const char *ecd_element_symbol(int Z) {
  return ecd_element_table[Z > 0 && Z < ECD_ELEMENT_COUNT ? Z : 0].symbol;
}

int ecd_element_number(const char *symbol) {
  for (int Z = 1; Z < ECD_ELEMENT_COUNT; ++Z)
    if (strcmp(symbol, ecd_element_table[Z].symbol) == 0) return Z;
  return 0;
}

bool ecd_element_known(int Z) {
  return Z > 0 && Z < ECD_ELEMENT_COUNT &&
         !isnan(ecd_element_table[Z].property[ECD_PROPERTY_ATOMIC_WEIGHT]);
}
