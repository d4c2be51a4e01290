#include "grid/scan.h"

#include "chem/crystal.h"

#include <ctype.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
  BUFFER = 1 << 18,
  PADDING = 16, /* zeros behind the buffer: digits are looked at eight at a time */
  WORD_MAX = 64 /* no number in any format is longer */
};

/* Beyond this a value is no field: the sum of two files would overflow a float. */
static const double VALUE_MAX = 1e37;

ecd_code_t ecd_scan_open(const char *path, ecd_scan_t *scan, ecd_error_t *err) {
  memset(scan, 0, sizeof *scan);
  snprintf(scan->path, sizeof scan->path, "%s", path);
  scan->line = 1;
  ECD_TRY(ecd_stream_open(path, &scan->stream, err));
  const ecd_code_t code =
      ecd_alloc((void **)&scan->buffer, BUFFER + PADDING, 1, "read buffer", err);
  if (code != ECD_OK) ecd_scan_close(scan);
  return code;
}

void ecd_scan_close(ecd_scan_t *scan) {
  ecd_stream_close(&scan->stream);
  free(scan->buffer);
  scan->buffer = NULL;
}

static size_t count_lines(const char *text, size_t length) {
  size_t lines = 0;
  for (size_t i = 0; i < length; ++i) lines += text[i] == '\n';
  return lines;
}

/* "path: what" of a stream's error becomes "path:line: what", with the line the text ends in. */
static ecd_code_t name_line(const ecd_scan_t *scan, ecd_code_t code, ecd_error_t *err) {
  const size_t length = strlen(scan->path);
  if (err == NULL || strncmp(err->text, scan->path, length) != 0) return code;
  char what[256];
  snprintf(what, sizeof what, "%s", err->text + length);
  return ecd_fail(err, code, "%s:%zu%s", scan->path,
                  scan->line + count_lines(scan->buffer, scan->end), what);
}

/* Moves what is left to the front and fills the rest; a NUL follows the last byte. */
static ecd_code_t refill(ecd_scan_t *scan, ecd_error_t *err) {
  memmove(scan->buffer, scan->buffer + scan->at, scan->end - scan->at);
  scan->end -= scan->at;
  scan->at = 0;
  while (!scan->drained && scan->end < BUFFER) {
    size_t got;
    const ecd_code_t code =
        ecd_stream_read(scan->stream, scan->buffer + scan->end, BUFFER - scan->end, &got, err);
    if (code != ECD_OK) return name_line(scan, code, err);
    scan->end += got;
    scan->drained = got == 0;
  }
  memset(scan->buffer + scan->end, 0, PADDING);
  return ECD_OK;
}

ecd_code_t ecd_scan_unexpected(const ecd_scan_t *scan, const char *what, const char *found,
                               ecd_error_t *err) {
  char shown[61];
  size_t length = 0;
  for (; found[length] != '\0' && length < sizeof shown - 1; ++length)
    shown[length] = (char)(isprint((unsigned char)found[length]) ? found[length] : '?');
  shown[length] = '\0';
  return ecd_fail(err, ECD_DATA, "%s:%zu: expected %s, found '%s'", scan->path,
                  scan->line > 1 ? scan->line - 1 : 1, what, shown);
}

ecd_code_t ecd_scan_line(ecd_scan_t *scan, char *text, size_t size, bool *found, ecd_error_t *err) {
  *found = false;
  text[0] = '\0';
  if (scan->end - scan->at < BUFFER / 2 && !scan->drained) ECD_TRY(refill(scan, err));
  if (scan->at == scan->end) return ECD_OK;
  const char *start = scan->buffer + scan->at;
  const size_t room = scan->end - scan->at;
  const char *newline = memchr(start, '\n', room);
  size_t length = newline != NULL ? (size_t)(newline - start) : room;
  scan->at += length + (newline != NULL);
  ++scan->line;
  if (memchr(start, '\0', length) != NULL)
    return ecd_fail(err, ECD_DATA, "%s:%zu: expected text, found binary data", scan->path,
                    scan->line - 1);
  if (length > 0 && start[length - 1] == '\r') --length;
  if (length >= size)
    return ecd_fail(err, ECD_DATA, "%s:%zu: expected a line of at most %zu characters, found %zu",
                    scan->path, scan->line - 1, size - 1, length);
  memcpy(text, start, length);
  text[length] = '\0';
  *found = true;
  return ECD_OK;
}

ecd_code_t ecd_scan_need_line(ecd_scan_t *scan, const char *what, char *text, size_t size,
                              ecd_error_t *err) {
  bool found;
  ECD_TRY(ecd_scan_line(scan, text, size, &found, err));
  if (found) return ECD_OK;
  return ecd_fail(err, ECD_DATA, "%s:%zu: expected %s, found the end of the file", scan->path,
                  scan->line, what);
}

/* 10^0 .. 10^64; exact up to 10^22. */
static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10,
                                1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21,
                                1e22, 1e23, 1e24, 1e25, 1e26, 1e27, 1e28, 1e29, 1e30, 1e31, 1e32,
                                1e33, 1e34, 1e35, 1e36, 1e37, 1e38, 1e39, 1e40, 1e41, 1e42, 1e43,
                                1e44, 1e45, 1e46, 1e47, 1e48, 1e49, 1e50, 1e51, 1e52, 1e53, 1e54,
                                1e55, 1e56, 1e57, 1e58, 1e59, 1e60, 1e61, 1e62, 1e63, 1e64};
enum { POWER_MAX = sizeof powers / sizeof *powers - 1 };

/* Rounded as strtod would for up to 15 digits and |exponent| <= 22: both factors are exact then. */
static double scale10(uint64_t mantissa, int exponent) {
  const double m = (double)mantissa;
  if (exponent < 0 && exponent >= -POWER_MAX) return m / powers[-exponent];
  if (exponent >= 0 && exponent <= POWER_MAX) return m * powers[exponent];
  return m * pow(10.0, exponent); /* exact enough: such values are 0 or refused as float32 */
}

/* Eight ASCII digits at once: their value, if all are digits (Lemire's parse_eight_digits, as in
   fast_float). */
static bool eight_digits(const char *text, uint64_t *value) {
  uint64_t chunk;
  memcpy(&chunk, text, sizeof chunk);
  const uint64_t high = chunk & 0xF0F0F0F0F0F0F0F0u,
                 low = (chunk + 0x0606060606060606u) & 0xF0F0F0F0F0F0F0F0u;
  if (high != 0x3030303030303030u || low != 0x3030303030303030u) return false;
  chunk -= 0x3030303030303030u;
  chunk = chunk * 10 + (chunk >> 8);
  const uint64_t mask = 0x000000FF000000FFu;
  *value =
      ((chunk & mask) * 0x000F424000000064u + ((chunk >> 16) & mask) * 0x0000271000000001u) >> 32;
  return true;
}

/* Digits into *mantissa (at most 18 significant ones; the rest only move the exponent). Returns how
   many there were. */
static int take_digits(const char **text, uint64_t *mantissa, int *dropped) {
  const char *p = *text;
  uint64_t m = *mantissa, eight;
  *dropped = 0;
  while (m < 10000000000u && eight_digits(p, &eight)) {
    m = m * 100000000u + eight;
    p += 8;
  }
  for (; *p >= '0' && *p <= '9'; ++p) {
    if (m < 100000000000000000u)
      m = m * 10 + (uint64_t)(*p - '0');
    else
      ++*dropped;
  }
  const int count = (int)(p - *text);
  *text = p;
  *mantissa = m;
  return count;
}

/* A number in C or Fortran form; NULL if there is none, else the byte after it. The text is padded
   by at least 8 readable bytes. */
static const char *parse_number(const char *p, double *value) {
  const bool negative = *p == '-';
  p += *p == '-' || *p == '+';
  uint64_t mantissa = 0;
  int dropped, exponent = 0;
  int digits = take_digits(&p, &mantissa, &dropped);
  exponent += dropped;
  if (*p == '.') {
    ++p;
    const int decimals = take_digits(&p, &mantissa, &dropped);
    digits += decimals;
    exponent -= decimals - dropped;
  }
  if (digits == 0) return NULL;
  const bool letter = *p == 'E' || *p == 'e' || *p == 'D' || *p == 'd';
  if (letter || *p == '+' || *p == '-') {
    p += letter;
    const bool down = *p == '-';
    p += *p == '-' || *p == '+';
    int power = 0, count = 0;
    for (; *p >= '0' && *p <= '9'; ++p, ++count)
      if (power < 10000) power = power * 10 + (*p - '0');
    if (count == 0) return NULL;
    exponent += down ? -power : power;
  }
  const double magnitude = mantissa == 0 ? 0.0 : scale10(mantissa, exponent);
  *value = negative ? -magnitude : magnitude;
  return p;
}

static bool is_space(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

static ecd_code_t bad_word(ecd_scan_t *scan, const char *p, ecd_error_t *err) {
  char word[40], what[128];
  size_t length = 0;
  while (length < sizeof word - 1 && p[length] != '\0' && !is_space(p[length])) {
    word[length] = p[length];
    ++length;
  }
  word[length] = '\0';
  snprintf(what, sizeof what, "a finite number (value %lld of %lld)%s", (long long)scan->taken + 1,
           (long long)scan->wanted,
           word[0] == '*' ? " (asterisks: the writer's field was too narrow)" : "");
  ++scan->line; /* the message names the line read last */
  return ecd_scan_unexpected(scan, what, length > 0 ? word : "binary data", err);
}

void ecd_scan_expect(ecd_scan_t *scan, int64_t count) {
  scan->wanted = count;
  scan->taken = 0;
}

ecd_code_t ecd_scan_floats(ecd_scan_t *scan, int64_t count, double factor, float *value,
                           ecd_error_t *err) {
  const int64_t goal = scan->taken + count;
  while (scan->taken < goal) {
    if (!scan->drained && scan->end - scan->at < 2 * WORD_MAX) ECD_TRY(refill(scan, err));
    const char *p = scan->buffer + scan->at, *const end = scan->buffer + scan->end;
    const char *const stop = scan->drained ? end : end - WORD_MAX; /* no word is cut before it */
    while (scan->taken < goal) {
      for (; is_space(*p); ++p) scan->line += *p == '\n';
      if (p >= stop) break;
      double number = 0;
      const char *after = parse_number(p, &number);
      const bool whole =
          after != NULL && (is_space(*after) || after == end) && after - p <= WORD_MAX;
      const double scaled = number * factor, size = fabs(scaled);
      if (!whole || !(size < VALUE_MAX)) return bad_word(scan, p, err);
      if (value != NULL) *value++ = size < FLT_MIN ? 0 : (float)scaled;
      p = after;
      ++scan->taken;
    }
    scan->at = (size_t)(p - scan->buffer);
    if (scan->taken < goal && scan->drained)
      return ecd_fail(err, ECD_DATA,
                      "%s:%zu: expected %lld values, found %lld before the end of the file",
                      scan->path, scan->line, (long long)scan->wanted, (long long)scan->taken);
  }
  return ECD_OK;
}

ecd_code_t ecd_scan_line_numbers(const ecd_scan_t *scan, const char *text, const char *what,
                                 int count, double *value, ecd_error_t *err) {
  char padded[2048 + 16] = {0};
  snprintf(padded, sizeof padded - 16, "%s", text);
  const char *p = padded;
  for (int i = 0; i < count; ++i) {
    while (is_space(*p)) ++p;
    const char *end = parse_number(p, &value[i]);
    if (end == NULL || (*end != '\0' && !is_space(*end)) || !isfinite(value[i]))
      return ecd_scan_unexpected(scan, what, text, err);
    p = end;
  }
  return ECD_OK;
}

ecd_code_t ecd_scan_grid_size(const ecd_scan_t *scan, const double number[3], int64_t n[3],
                              ecd_error_t *err) {
  double points = 1;
  for (int i = 0; i < 3; ++i) {
    points *= number[i];
    n[i] = number[i] >= 1 && number[i] <= 1e9 ? (int64_t)number[i] : 0;
    if ((double)n[i] != number[i]) points = 0;
  }
  if (points >= 1 && points < 1e9) return ECD_OK;
  return ecd_fail(err, ECD_DATA,
                  "%s:%zu: expected a grid of 1 to 999999999 points, found %.9g x %.9g x %.9g",
                  scan->path, scan->line - 1, number[0], number[1], number[2]);
}

static double norm(const double v[3]) { return sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]); }

ecd_code_t ecd_scan_check_cell(const ecd_scan_t *scan, const double lattice[3][3],
                               ecd_error_t *err) {
  const double volume = ecd_cell_volume(lattice);
  const double box = norm(lattice[0]) * norm(lattice[1]) * norm(lattice[2]);
  if (isfinite(box) && volume > 1e-3 && volume > 1e-6 * box) return ECD_OK;
  return ecd_fail(
      err, ECD_DATA, "%s:%zu: expected a right-handed cell, found one of volume %.6g A^3%s",
      scan->path, scan->line - 1, volume, volume < -1e-3 ? " (left-handed: swap two vectors)" : "");
}
