/* Chemical formulas as people write them. */
#include "chem/crystal.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* "2", "0.5"; 1 where no number stands. */
static double take_count(const char **text) {
  if (!isdigit((unsigned char)**text)) return 1;
  double count = 0, place = 1;
  for (; isdigit((unsigned char)**text); ++*text) count = 10 * count + (**text - '0');
  if (**text != '.') return count;
  for (++*text; isdigit((unsigned char)**text); ++*text) count += (place /= 10) * (**text - '0');
  return count;
}

static int take_element(const char **text) {
  char symbol[3] = {**text, '\0', '\0'};
  if (!isupper((unsigned char)symbol[0])) return 0;
  symbol[1] = islower((unsigned char)(*text)[1]) ? (*text)[1] : '\0';
  const int Z = ecd_element_number(symbol);
  if (Z > 0) *text += symbol[1] != '\0' ? 2 : 1;
  return Z;
}

/* Elements and groups in parentheses up to the end or a closing parenthesis. */
static bool take_group(const char **text, int depth, double count[ECD_ELEMENT_COUNT]) {
  if (depth > 8) return false;
  while (**text != '\0' && **text != ')') {
    if (**text == '(') {
      double inner[ECD_ELEMENT_COUNT] = {0};
      ++*text;
      if (!take_group(text, depth + 1, inner) || **text != ')') return false;
      ++*text;
      const double factor = take_count(text);
      for (int Z = 0; Z < ECD_ELEMENT_COUNT; ++Z) count[Z] += factor * inner[Z];
    } else {
      const int Z = take_element(text);
      if (Z == 0) return false;
      count[Z] += take_count(text);
    }
  }
  return true;
}

bool ecd_formula_parse(const char *text, double count[ECD_ELEMENT_COUNT]) {
  double total = 0;
  memset(count, 0, ECD_ELEMENT_COUNT * sizeof *count);
  if (!take_group(&text, 0, count) || *text != '\0') return false;
  for (int Z = 0; Z < ECD_ELEMENT_COUNT; ++Z) total += count[Z];
  return total > 0;
}

bool ecd_formula_fits(const char *formula, const ecd_crystal_t *crystal) {
  double count[ECD_ELEMENT_COUNT], have[ECD_ELEMENT_COUNT] = {0}, total = 0;
  if (!ecd_formula_parse(formula, count)) return false;
  for (size_t s = 0; s < crystal->sites; ++s) {
    if (crystal->Z[s] <= 0 || crystal->Z[s] >= ECD_ELEMENT_COUNT) return true;
    have[crystal->Z[s]] += 1;
  }
  if (crystal->sites == 0) return true;
  for (int Z = 0; Z < ECD_ELEMENT_COUNT; ++Z) total += count[Z];
  for (int Z = 0; Z < ECD_ELEMENT_COUNT; ++Z)
    if (fabs(count[Z] / total - have[Z] / (double)crystal->sites) > 1e-3) return false;
  return true;
}
