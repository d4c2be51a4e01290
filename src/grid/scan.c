#include "grid/scan.h"

#include "chem/crystal.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
  BUFFER = 1 << 18,
  WORD_MAX = 64 /* no number in any format is longer */
};

ecd_code_t ecd_scan_open(const char *path, ecd_scan_t *scan, ecd_error_t *err) {
  memset(scan, 0, sizeof *scan);
  snprintf(scan->path, sizeof scan->path, "%s", path);
  scan->line = 1;
  ECD_TRY(ecd_stream_open(path, &scan->stream, err));
  const ecd_code_t code = ecd_alloc((void **)&scan->buffer, BUFFER + 1, 1, "read buffer", err);
  if (code != ECD_OK) ecd_scan_close(scan);
  return code;
}

void ecd_scan_close(ecd_scan_t *scan) {
  ecd_stream_close(&scan->stream);
  free(scan->buffer);
  scan->buffer = NULL;
}

/* Moves what is left to the front and fills the rest; a NUL follows the last byte. */
static ecd_code_t refill(ecd_scan_t *scan, ecd_error_t *err) {
  memmove(scan->buffer, scan->buffer + scan->at, scan->end - scan->at);
  scan->end -= scan->at;
  scan->at = 0;
  while (!scan->drained && scan->end < BUFFER) {
    size_t got;
    ECD_TRY(ecd_stream_read(scan->stream, scan->buffer + scan->end, BUFFER - scan->end, &got, err));
    scan->end += got;
    scan->drained = got == 0;
  }
  scan->buffer[scan->end] = '\0';
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

/* 10^e, e in -64 .. 64. */
static const double powers[] = {
    1e-64, 1e-63, 1e-62, 1e-61, 1e-60, 1e-59, 1e-58, 1e-57, 1e-56, 1e-55, 1e-54, 1e-53, 1e-52,
    1e-51, 1e-50, 1e-49, 1e-48, 1e-47, 1e-46, 1e-45, 1e-44, 1e-43, 1e-42, 1e-41, 1e-40, 1e-39,
    1e-38, 1e-37, 1e-36, 1e-35, 1e-34, 1e-33, 1e-32, 1e-31, 1e-30, 1e-29, 1e-28, 1e-27, 1e-26,
    1e-25, 1e-24, 1e-23, 1e-22, 1e-21, 1e-20, 1e-19, 1e-18, 1e-17, 1e-16, 1e-15, 1e-14, 1e-13,
    1e-12, 1e-11, 1e-10, 1e-9,  1e-8,  1e-7,  1e-6,  1e-5,  1e-4,  1e-3,  1e-2,  1e-1,  1e0,
    1e1,   1e2,   1e3,   1e4,   1e5,   1e6,   1e7,   1e8,   1e9,   1e10,  1e11,  1e12,  1e13,
    1e14,  1e15,  1e16,  1e17,  1e18,  1e19,  1e20,  1e21,  1e22,  1e23,  1e24,  1e25,  1e26,
    1e27,  1e28,  1e29,  1e30,  1e31,  1e32,  1e33,  1e34,  1e35,  1e36,  1e37,  1e38,  1e39,
    1e40,  1e41,  1e42,  1e43,  1e44,  1e45,  1e46,  1e47,  1e48,  1e49,  1e50,  1e51,  1e52,
    1e53,  1e54,  1e55,  1e56,  1e57,  1e58,  1e59,  1e60,  1e61,  1e62,  1e63,  1e64};

static double scale10(uint64_t mantissa, int exponent) {
  if (exponent >= -64 && exponent <= 64) return (double)mantissa * powers[exponent + 64];
  return (double)mantissa *
         pow(10.0, exponent); /* exact enough: such values are 0 or refused as float32 */
}

/* Eight ASCII digits at once: their value, if all are digits (Lemire's parse_eight_digits, as in fast_float). */
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

/* Digits into *mantissa (at most 18 significant ones; the rest only move the exponent). Returns how many there were. */
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

/* A number in C or Fortran form; NULL if there is none, else the byte after it. The text is padded by at least 8 readable bytes. */
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
  char word[40];
  size_t length = 0;
  while (length < sizeof word - 1 && p[length] != '\0' && !is_space(p[length])) {
    word[length] = p[length];
    ++length;
  }
  word[length] = '\0';
  ++scan->line; /* the message names the line read last */
  const bool stars = strspn(word, "*") == length && length > 0;
  return ecd_scan_unexpected(
      scan,
      stars ? "a finite number (asterisks: the writer's field was too narrow)" : "a finite number",
      word, err);
}

ecd_code_t ecd_scan_numbers(ecd_scan_t *scan, int64_t count, ecd_scan_sink_fn *sink, void *arg,
                            ecd_error_t *err) {
  for (int64_t i = 0; i < count; ++i) {
    for (;;) {
      if (scan->end - scan->at < 2 * WORD_MAX && !scan->drained) ECD_TRY(refill(scan, err));
      const char c = scan->buffer[scan->at];
      if (scan->at == scan->end || !is_space(c)) break;
      scan->line += c == '\n';
      ++scan->at;
    }
    if (scan->at == scan->end)
      return ecd_fail(err, ECD_DATA,
                      "%s:%zu: expected %lld values, found %lld before the end of the file",
                      scan->path, scan->line, (long long)count, (long long)i);
    double value = 0;
    const char *start = scan->buffer + scan->at, *end = parse_number(start, &value);
    const bool whole = end != NULL && (is_space(*end) || end == scan->buffer + scan->end);
    if (!whole || !(fabs(value) < 1e37)) return bad_word(scan, start, err);
    scan->at += (size_t)(end - start);
    sink(i, value, arg);
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
                  "%s:%zu: expected a grid of 1 to 10^9 points, found %.9g x %.9g x %.9g",
                  scan->path, scan->line - 1, number[0], number[1], number[2]);
}

ecd_code_t ecd_scan_check_cell(const ecd_scan_t *scan, const double lattice[3][3],
                               ecd_error_t *err) {
  const double volume = ecd_cell_volume(lattice);
  if (isfinite(volume) && volume > 1e-3) return ECD_OK;
  return ecd_fail(
      err, ECD_DATA, "%s:%zu: expected a right-handed cell, found one of volume %.6g A^3%s",
      scan->path, scan->line - 1, volume, volume < -1e-3 ? " (left-handed: swap two vectors)" : "");
}
