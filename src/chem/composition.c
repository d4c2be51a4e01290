#include "chem/composition.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 16, DIGITS_MAX = 24 };
#define COUNT_MAX 1e6
#define CHARGE    "a charge mark; write the formula without charges"

typedef struct {
  const char *text, *at;
  ecd_error_t *err;
} parser_t;

/* Bytes of the UTF-8 character. */
static int character_bytes(const char *at) {
  int bytes = at[0] != '\0';
  while (bytes > 0 && bytes < 4 && ((unsigned char)at[bytes] & 0xc0) == 0x80) ++bytes;
  return bytes;
}

/* Position of a place in characters, from 1. */
static int position(const parser_t *p, const char *place) {
  int count = 1;
  for (const char *at = p->text; at < place; at += character_bytes(at)) ++count;
  return count;
}

/* "formula 'Na+': position 3: '+': what" */
static ecd_code_t fail_at(const parser_t *p, const char *place, int bytes, const char *what) {
  if (bytes == 0) return ecd_fail(p->err, ECD_DATA, "formula '%.80s': it ends: %s", p->text, what);
  return ecd_fail(p->err, ECD_DATA, "formula '%.80s': position %d: '%.*s': %s", p->text,
                  position(p, place), bytes, place, what);
}

static bool starts_with(const char *text, const char *start) {
  return strncmp(text, start, strlen(start)) == 0;
}

static bool is_one_of(const char *at, const char *const *characters) {
  for (; *characters != NULL; ++characters)
    if (starts_with(at, *characters)) return true;
  return false;
}

/* Third byte of the characters that begin with these two, 0 of others. */
static unsigned char third_byte(const char *at, const char *first_two) {
  return starts_with(at, first_two) ? (unsigned char)at[2] : 0;
}

/* + - ^, the minus sign, superscript digits, plus and minus. */
static bool is_charge(const char *at) {
  static const char *const marks[] = {"+",        "-",        "^",        "\342\210\222",
                                      "\302\271", "\302\262", "\302\263", NULL};
  const unsigned char superscript = third_byte(at, "\342\201"); /* U+2070, U+2074 to U+207B */
  return is_one_of(at, marks) || superscript == 0xb0 ||
         (superscript >= 0xb4 && superscript <= 0xbb);
}

static bool is_subscript_digit(const char *at) {
  const unsigned char subscript = third_byte(at, "\342\202"); /* U+2080 to U+2089 */
  return subscript >= 0x80 && subscript <= 0x89;
}

/* A known symbol near to two letters: the same in other case, or the first one with the same
   initial; NULL if there is none. */
static const char *near_symbol(char first, char second) {
  const char initial = (char)toupper((unsigned char)first),
             next = (char)tolower((unsigned char)second);
  const char pair[3] = {initial, isalpha((unsigned char)second) ? next : '\0', '\0'},
             single[2] = {initial, '\0'};
  int Z = ecd_element_number(pair);
  if (Z == 0) Z = ecd_element_number(single);
  for (int k = 1; Z == 0 && k < ECD_ELEMENT_COUNT; ++k)
    if (ecd_element_symbol(k)[0] == initial) Z = k;
  return Z > 0 ? ecd_element_symbol(Z) : NULL;
}

static ecd_code_t fail_symbol(const parser_t *p, int bytes) {
  char what[80] = "no element has this symbol";
  const char *near = near_symbol(p->at[0], p->at[1]);
  if (near != NULL)
    snprintf(what, sizeof what, "no element has this symbol; did you mean '%s'?", near);
  return fail_at(p, p->at, bytes, what);
}

/* Anything that begins neither an element nor a group. */
static ecd_code_t fail_other(const parser_t *p) {
  const char c = p->at[0];
  const int bytes = character_bytes(p->at);
  if (is_charge(p->at)) return fail_at(p, p->at, bytes, CHARGE);
  if (is_subscript_digit(p->at)) return fail_at(p, p->at, bytes, "a subscript; write plain digits");
  if (c == '.')
    return fail_at(p, p->at, 1,
                   "a decimal point needs digits on both sides; write * between parts");
  if (islower((unsigned char)c)) return fail_symbol(p, 1);
  const size_t digits = strspn(p->at, "0123456789");
  if (digits > 0 && is_charge(p->at + digits)) /* Fe(2+) */
    return fail_at(p, p->at, (int)digits + character_bytes(p->at + digits), CHARGE);
  if (digits > 0)
    return fail_at(p, p->at, 1, "expected an element; a count stands after what it counts");
  return fail_at(p, p->at, bytes, "expected an element symbol or an opening bracket");
}

/* "CuSO4.5H2O": 4.5 oxygen, or 5 H2O? digits: the length of the number; from: where it begins. */
static bool may_be_hydrate(const char *from, size_t digits) {
  const char *point = memchr(from, '.', digits);
  return point != NULL && strtol(from, NULL, 10) > 0 && strcmp(from + digits, "H2O") == 0;
}

/* "2", "0.5"; 1 where no number stands. */
static ecd_code_t take_count(parser_t *p, bool leads, double *count) {
  const char *from = p->at;
  *count = 1;
  if (!isdigit((unsigned char)*from)) return ECD_OK;
  size_t length = strspn(from, "0123456789");
  if (from[length] == '.' && isdigit((unsigned char)from[length + 1]))
    length += 1 + strspn(from + length + 1, "0123456789");
  char digits[DIGITS_MAX + 1] = "";
  if (length <= DIGITS_MAX) memcpy(digits, from, length);
  const int shown = length <= DIGITS_MAX ? (int)length : DIGITS_MAX;
  *count = strtod(digits, NULL);
  if (length > DIGITS_MAX || *count > COUNT_MAX)
    return fail_at(p, from, shown, "expected a count of at most 1000000, of at most 24 digits");
  if (*count == 0) return fail_at(p, from, shown, "a count of zero");
  if (!leads && may_be_hydrate(from, length))
    return fail_at(p, from, shown,
                   "a decimal count, or a hydrate? Write * for the hydrate (CuSO4*5H2O), brackets "
                   "for the count ((CuSO4.5)H2O)");
  p->at += length;
  return ECD_OK;
}

static ecd_code_t take_element(parser_t *p, double count[ECD_ELEMENT_COUNT]) {
  const bool two = islower((unsigned char)p->at[1]);
  const char symbol[3] = {p->at[0], two ? p->at[1] : '\0', '\0'};
  const int Z = ecd_element_number(symbol);
  if (Z == 0) return fail_symbol(p, two ? 2 : 1);
  double number;
  p->at += two ? 2 : 1;
  ECD_TRY(take_count(p, false, &number));
  count[Z] += number;
  return ECD_OK;
}

/* Closing bracket of an opening one, 0 if it is none. */
static char closing(char c) { return c == '(' ? ')' : c == '[' ? ']' : c == '{' ? '}' : '\0'; }

/* Also the middle dot, the bullet and the dot operator. */
static bool at_separator(const parser_t *p) {
  static const char *const separators[] = {"*", "\302\267", "\342\200\242", "\342\213\205", NULL};
  return is_one_of(p->at, separators);
}

static bool at_end_of_group(const parser_t *p) {
  return *p->at == '\0' || strchr(")]}", *p->at) != NULL || at_separator(p);
}

static ecd_code_t take_group(parser_t *p, int depth, double count[ECD_ELEMENT_COUNT]);

/* A group in brackets, and how often it occurs. */
static ecd_code_t take_bracket(parser_t *p, int depth, double count[ECD_ELEMENT_COUNT]) {
  const char *open = p->at;
  double inner[ECD_ELEMENT_COUNT] = {0}, factor;
  if (depth >= DEPTH_MAX) return fail_at(p, open, 1, "brackets nested too deeply (at most 16)");
  ++p->at;
  if (*p->at == closing(*open)) return fail_at(p, open, 2, "nothing in the brackets");
  ECD_TRY(take_group(p, depth + 1, inner));
  if (*p->at == '\0') return fail_at(p, open, 1, "this bracket is not closed");
  if (*p->at != closing(*open)) {
    char what[64];
    snprintf(what, sizeof what, "expected '%c' for the '%c' of position %d", closing(*open), *open,
             position(p, open));
    return fail_at(p, p->at, character_bytes(p->at), what);
  }
  ++p->at;
  ECD_TRY(take_count(p, false, &factor));
  for (int Z = 0; Z < ECD_ELEMENT_COUNT; ++Z) count[Z] += factor * inner[Z];
  return ECD_OK;
}

/* Elements and brackets up to the end, a closing bracket or a separator; one at least. */
static ecd_code_t take_group(parser_t *p, int depth, double count[ECD_ELEMENT_COUNT]) {
  do {
    if (closing(*p->at) != '\0')
      ECD_TRY(take_bracket(p, depth, count));
    else if (isupper((unsigned char)*p->at))
      ECD_TRY(take_element(p, count));
    else if (*p->at == '\0')
      return fail_at(p, p->at, 0, "expected an element symbol");
    else
      return fail_other(p);
  } while (!at_end_of_group(p));
  return ECD_OK;
}

/* "5H2O" after a separator. */
static ecd_code_t take_part(parser_t *p, double count[ECD_ELEMENT_COUNT]) {
  double inner[ECD_ELEMENT_COUNT] = {0}, factor;
  ECD_TRY(take_count(p, true, &factor));
  ECD_TRY(take_group(p, 0, inner));
  for (int Z = 0; Z < ECD_ELEMENT_COUNT; ++Z) count[Z] += factor * inner[Z];
  return ECD_OK;
}

ecd_code_t ecd_formula_parse(const char *text, double count[ECD_ELEMENT_COUNT], ecd_error_t *err) {
  parser_t p = {text, text, err};
  memset(count, 0, ECD_ELEMENT_COUNT * sizeof *count);
  if (*text == '\0') return ecd_fail(err, ECD_DATA, "expected a formula, found nothing");
  ECD_TRY(take_group(&p, 0, count));
  while (at_separator(&p)) {
    p.at += character_bytes(p.at);
    ECD_TRY(take_part(&p, count));
  }
  if (*p.at == '\0') return ECD_OK;
  return fail_at(&p, p.at, 1, "no bracket is open here");
}

bool ecd_formula_fits(const char *formula, const ecd_crystal_t *crystal) {
  double count[ECD_ELEMENT_COUNT], have[ECD_ELEMENT_COUNT] = {0}, total = 0;
  if (ecd_formula_parse(formula, count, NULL) != ECD_OK) return false;
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
