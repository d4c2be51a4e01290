#include "chem/magpie.h"

#include "chem/composition.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { STATISTICS = 6, NORMS = 6, SHELLS = 4, STEPS = 10000000 };
#define BALANCED 1e-4 /* charge that counts as none, for the atoms as written */

static const char *const statistics[STATISTICS] = {"minimum", "maximum", "range",
                                                   "mean",    "avg_dev", "mode"};
static const int powers[NORMS] = {0, 2, 3, 5, 7, 10};
static const char shells[SHELLS] = {'s', 'p', 'd', 'f'};
static const char *const ionic[] = {"compound possible", "max ionic char", "avg ionic char"};

/* Elements of a formula. */
typedef struct {
  int count;
  const ecd_element_t *element[ECD_ELEMENT_COUNT];
  double atoms[ECD_ELEMENT_COUNT], fraction[ECD_ELEMENT_COUNT];
} mixture_t;

void ecd_magpie_name(size_t column, char name[ECD_MAGPIE_NAME]) {
  const size_t norms = ECD_MAGPIE_STATISTICS, valence = norms + NORMS, last = valence + SHELLS;
  if (column < norms)
    snprintf(name, ECD_MAGPIE_NAME, "%s %s", statistics[column % STATISTICS],
             ecd_property_names[column / STATISTICS]);
  else if (column < valence)
    snprintf(name, ECD_MAGPIE_NAME, "%d-norm", powers[column - norms]);
  else if (column < last)
    snprintf(name, ECD_MAGPIE_NAME, "avg %c valence electrons", shells[column - valence]);
  else
    snprintf(name, ECD_MAGPIE_NAME, "%s", column < ECD_MAGPIE_ALL ? ionic[column - last] : "");
}

static void make_mixture(const double count[ECD_ELEMENT_COUNT], mixture_t *mixture) {
  double total = 0;
  mixture->count = 0;
  for (int Z = 1; Z < ECD_ELEMENT_COUNT; ++Z) total += count[Z];
  for (int Z = 1; Z < ECD_ELEMENT_COUNT; ++Z) {
    if (!(count[Z] > 0)) continue;
    mixture->element[mixture->count] = &ecd_element_table[Z];
    mixture->atoms[mixture->count] = count[Z];
    mixture->fraction[mixture->count++] = count[Z] / total;
  }
}

static double mean_of(const mixture_t *mixture, ecd_property_t property) {
  double mean = 0;
  for (int i = 0; i < mixture->count; ++i)
    mean += mixture->fraction[i] * mixture->element[i]->property[property];
  return mean;
}

/* The smallest value of the most abundant elements; counts that differ by rounding are equal. */
static double mode_of(const mixture_t *mixture, ecd_property_t property) {
  double most = 0, mode = INFINITY;
  for (int i = 0; i < mixture->count; ++i) most = fmax(most, mixture->fraction[i]);
  for (int i = 0; i < mixture->count; ++i) {
    const double value = mixture->element[i]->property[property];
    if (mixture->fraction[i] < most * (1 - 1e-12)) continue;
    if (isnan(value)) return NAN;
    mode = fmin(mode, value);
  }
  return mode;
}

static void describe(const mixture_t *mixture, ecd_property_t property, double out[STATISTICS]) {
  double low = INFINITY, high = -INFINITY, deviation = 0;
  const double mean = mean_of(mixture, property);
  for (int i = 0; i < mixture->count; ++i) {
    const double value = mixture->element[i]->property[property];
    low = fmin(low, value);
    high = fmax(high, value);
    deviation += mixture->fraction[i] * fabs(value - mean);
  }
  /* fmin and fmax pass over NaN; the mean does not. */
  out[0] = isnan(mean) ? NAN : low;
  out[1] = isnan(mean) ? NAN : high;
  out[2] = out[1] - out[0];
  out[3] = mean;
  out[4] = deviation;
  out[5] = mode_of(mixture, property);
}

static double norm(const mixture_t *mixture, int power) {
  double sum = 0;
  if (power == 0) return mixture->count;
  for (int i = 0; i < mixture->count; ++i) sum += pow(mixture->fraction[i], power);
  return pow(sum, 1.0 / power);
}

/* The search for charges: element i's possible ones, and what elements i, i + 1, ... can add up to.
   */
typedef struct {
  const mixture_t *mixture;
  double low[ECD_ELEMENT_COUNT + 1], high[ECD_ELEMENT_COUNT + 1];
  long steps; /* left */
} search_t;

/* Whether elements i, i + 1, ... can bring the charge to zero. Branches whose charge the rest
   cannot balance are cut. */
static bool balances(search_t *s, int i, double charge) {
  if (charge + s->low[i] > BALANCED || charge + s->high[i] < -BALANCED || s->steps-- <= 0)
    return false;
  if (i == s->mixture->count) return true;
  const ecd_element_t *e = s->mixture->element[i];
  for (int k = 0; k < e->states; ++k)
    if (balances(s, i + 1, charge + e->state[k] * s->mixture->atoms[i])) return true;
  return false;
}

/* A formula of so many elements that STEPS do not decide counts as not balanced. */
static bool can_balance(const mixture_t *mixture) {
  search_t s = {.mixture = mixture, .steps = STEPS};
  if (mixture->count == 1) return true;
  for (int i = mixture->count - 1; i >= 0; --i) {
    const ecd_element_t *e = mixture->element[i];
    if (e->states == 0) return false;
    double low = INFINITY, high = -INFINITY;
    for (int k = 0; k < e->states; ++k) {
      low = fmin(low, e->state[k] * mixture->atoms[i]);
      high = fmax(high, e->state[k] * mixture->atoms[i]);
    }
    s.low[i] = s.low[i + 1] + low;
    s.high[i] = s.high[i + 1] + high;
  }
  return balances(&s, 0, 0);
}

static void describe_ionic(const mixture_t *mixture, double out[3]) {
  double largest = 0, mean = 0;
  for (int i = 0; i < mixture->count; ++i)
    for (int k = i + 1; k < mixture->count; ++k) {
      const double difference = mixture->element[i]->pauling - mixture->element[k]->pauling,
                   character = -expm1(-0.25 * difference * difference);
      largest = fmax(largest, character);
      mean += mixture->fraction[i] * mixture->fraction[k] * character;
    }
  out[0] = can_balance(mixture);
  out[1] = isnan(mean) ? NAN : largest;
  out[2] = mean;
}

/* "MeltingT, Electronegativity of He": what the table lacks of Z; false if it lacks nothing. */
static bool list_missing(int Z, char *text, size_t size) {
  size_t have = 0;
  for (int k = 0; k < ECD_PROPERTY_COUNT; ++k) {
    if (!isnan(ecd_element_table[Z].property[k]) || have >= size) continue;
    have += (size_t)snprintf(text + have, size - have, "%s%s", have > 0 ? ", " : "",
                             ecd_property_names[k]);
  }
  if (have > 0 && have < size) snprintf(text + have, size - have, " of %s", ecd_element_symbol(Z));
  return have > 0;
}

ecd_code_t ecd_magpie_compute(const double count[ECD_ELEMENT_COUNT], double feature[ECD_MAGPIE_ALL],
                              ecd_error_t *err) {
  char missing[512];
  mixture_t mixture;
  for (int c = 0; c < ECD_MAGPIE_ALL; ++c) feature[c] = NAN;
  for (int Z = 0; Z < ECD_ELEMENT_COUNT; ++Z)
    if (count[Z] > 0 && !ecd_element_known(Z)) {
      list_missing(Z, missing, sizeof missing);
      return ecd_fail(err, ECD_DATA, "the element table lacks %s", missing);
    }
  make_mixture(count, &mixture);
  ECD_CHECK(mixture.count > 0);
  double *out = feature;
  for (int k = 0; k < ECD_PROPERTY_COUNT; ++k, out += STATISTICS)
    describe(&mixture, (ecd_property_t)k, out);
  for (int k = 0; k < NORMS; ++k) *out++ = norm(&mixture, powers[k]);
  for (int k = 0; k < SHELLS; ++k)
    *out++ = mean_of(&mixture, (ecd_property_t)(ECD_PROPERTY_NS_VALENCE + k));
  describe_ionic(&mixture, out);
  return ECD_OK;
}

ecd_code_t ecd_magpie_formula(const char *formula, double feature[ECD_MAGPIE_ALL],
                              ecd_error_t *err) {
  double count[ECD_ELEMENT_COUNT];
  for (int c = 0; c < ECD_MAGPIE_ALL; ++c) feature[c] = NAN;
  ECD_TRY(ecd_formula_parse(formula, count, err));
  const ecd_code_t code = ecd_magpie_compute(count, feature, err);
  if (code != ECD_OK && err != NULL) ecd_fail_in(err, "formula '%.80s'", formula);
  return code;
}

ecd_code_t ecd_magpie_complete(const char *formula, ecd_error_t *err) {
  double count[ECD_ELEMENT_COUNT];
  char text[2048] = "", missing[512];
  ECD_TRY(ecd_formula_parse(formula, count, err));
  for (int Z = 1; Z < ECD_ELEMENT_COUNT; ++Z) {
    if (!(count[Z] > 0) || !list_missing(Z, missing, sizeof missing)) continue;
    const size_t have = strlen(text);
    snprintf(text + have, sizeof text - have, "%s%s", have > 0 ? "; " : "", missing);
  }
  if (text[0] == '\0') return ECD_OK;
  return ecd_fail(err, ECD_DATA, "formula '%.80s': the element table lacks %s", formula, text);
}
