/* Reduced chemical formulas. */
#include "chem/crystal.h"

#include <stdio.h>
#include <string.h>

enum { KNOWN = 103, ELEMENTS = 118 };

/* Pauling electronegativity by atomic number (values as in Magpie, Ward et al., npj Comput. Mater.
   2016, 2, 16028); 0 = unknown. Formulas name the least electronegative element first, as chemists
   write them. */
static const float electronegativity[KNOWN + 1] = {
    0,     2.2f,  0,     0.98f, 1.57f, 2.04f, 2.55f, 3.04f, 3.44f, 3.98f, 0,     0.93f, 1.31f,
    1.61f, 1.9f,  2.19f, 2.58f, 3.16f, 0,     0.82f, 1.0f,  1.36f, 1.54f, 1.63f, 1.66f, 1.55f,
    1.83f, 1.88f, 1.91f, 1.9f,  1.65f, 1.81f, 2.01f, 2.18f, 2.55f, 2.96f, 3.0f,  0.82f, 0.95f,
    1.22f, 1.33f, 1.6f,  2.16f, 1.9f,  2.2f,  2.28f, 2.2f,  1.93f, 1.69f, 1.78f, 1.96f, 2.05f,
    2.1f,  2.66f, 2.6f,  0.79f, 0.89f, 1.1f,  1.12f, 1.13f, 1.14f, 1.16f, 1.17f, 1.19f, 1.2f,
    1.21f, 1.22f, 1.23f, 1.24f, 1.25f, 1.26f, 1.27f, 1.3f,  1.5f,  2.36f, 1.9f,  2.2f,  2.2f,
    2.28f, 2.54f, 2.0f,  1.62f, 2.33f, 2.02f, 2.0f,  2.2f,  0,     0.7f,  0.9f,  1.1f,  1.3f,
    1.5f,  1.38f, 1.36f, 1.28f, 1.3f,  1.3f,  1.3f,  1.3f,  1.3f,  1.3f,  1.3f,  1.3f,  0};

static float affinity(int Z) { return Z <= KNOWN ? electronegativity[Z] : 0.0f; }

static size_t greatest_divisor(size_t a, size_t b) {
  while (b != 0) {
    const size_t rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

void ecd_crystal_formula(const ecd_crystal_t *crystal, char *text, size_t size) {
  size_t count[ELEMENTS + 1] = {0}, divisor = 0;
  for (size_t s = 0; s < crystal->sites; ++s)
    ++count[crystal->Z[s] <= ELEMENTS ? crystal->Z[s] : 0];
  for (int Z = 0; Z <= ELEMENTS; ++Z) divisor = greatest_divisor(count[Z], divisor);
  text[0] = '\0';
  for (;;) {
    int next = -1;
    for (int Z = 0; Z <= ELEMENTS; ++Z)
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
