/* Numbers against strtod: millions of random ones in the forms that programs write, in one file. */
#include "base/random.h"
#include "check.h"
#include "grid/scan.h"

#include <float.h>
#include <stdlib.h>
#include <unistd.h>

enum { COUNT = 400000 };

static uint64_t bits(uint64_t index, uint64_t below) {
  return ecd_random_below(below, 7, ECD_RANDOM_TEST, 1, index);
}

/* A random number in one of eight forms; its value by strtod is *value. */
static int write_one(FILE *file, uint64_t index, double *value) {
  const double u = ecd_random_uniform(7, ECD_RANDOM_TEST, 0, index);
  const double x = (2 * u - 1) * pow(10, (double)bits(index, 40) - 20);
  char text[64];
  switch (index % 8) {
  case 0:
  case 1:
  case 2:
  case 3:
    snprintf(text, sizeof text, "%.10E", x);
    break;
  case 4:
    snprintf(text, sizeof text, "%.4E", x);
    break;
  case 5:
    snprintf(text, sizeof text, "%.5f", u * 1000);
    break;
  case 6:
    snprintf(text, sizeof text, "%.16e", x);
    break;
  default:
    snprintf(text, sizeof text, "%.17g", x * 1e-15);
  }
  *value = strtod(text, NULL);
  for (char *c = text; index % 16 > 8 && *c != '\0'; ++c) /* Fortran's D */
    if (*c == 'E' || *c == 'e') *c = 'D';
  return fprintf(file, " %s%s", text, index % 5 == 4 ? "\n" : "");
}

static void check_random(const char *path, double factor) {
  static double expected[COUNT];
  static float value[COUNT];
  ecd_error_t err;
  ecd_scan_t scan;
  FILE *file = fopen(path, "w");
  CHECK(file != NULL);
  if (file == NULL) return;
  for (uint64_t i = 0; i < COUNT; ++i) write_one(file, i, &expected[i]);
  fclose(file);
  CHECK(ecd_scan_open(path, &scan, &err) == ECD_OK);
  ecd_scan_expect(&scan, COUNT);
  CHECK(ecd_scan_floats(&scan, 3, factor, value, &err) == ECD_OK); /* in pieces */
  CHECK(ecd_scan_floats(&scan, COUNT - 3, factor, value + 3, &err) == ECD_OK);
  CHECK(scan.line == COUNT / 5 && scan.taken == COUNT);
  ecd_scan_close(&scan);
  int unequal = 0, far = 0;
  for (int i = 0; i < COUNT; ++i) {
    const float right = (float)(expected[i] * factor);
    if (fabsf(right) < FLT_MIN) {
      far += value[i] != 0;
      continue;
    }
    unequal += value[i] != right;
    far += value[i] != right && value[i] != nextafterf(right, value[i]);
  }
  printf("factor %g: %d of %d floats differ from strtod's\n", factor, unequal, COUNT);
  CHECK(far == 0);
  CHECK(unequal <= 1);
}

/* A word across the end of the buffer, one too long, and positions of errors far into a file. */
static void check_edges(const char *path) {
  ecd_error_t err;
  ecd_scan_t scan;
  static float value[200000];
  for (int shift = 0; shift < 3; ++shift) {
    FILE *file = fopen(path, "w");
    for (int i = 0; i < shift; ++i) fputc(' ', file);
    for (int i = 0; i < 100000; ++i) fprintf(file, "%07d\n", i);
    fprintf(file, "%s\n", shift == 0 ? "*******" : shift == 1 ? "1.0x" : "Infinity");
    fclose(file);
    CHECK(ecd_scan_open(path, &scan, &err) == ECD_OK);
    ecd_scan_expect(&scan, 100001);
    CHECK(ecd_scan_floats(&scan, 100001, 1, value, &err) == ECD_DATA);
    CHECK_HAS(err.text, ":100001: expected a finite number (value 100001 of 100001)");
    int wrong = 0;
    for (int i = 0; i < 100000; ++i) wrong += value[i] != (float)i;
    CHECK(wrong == 0);
    ecd_scan_close(&scan);
  }
  FILE *file = fopen(path, "w");
  for (int i = 0; i < 300000; ++i) fputc('1', file);
  fclose(file);
  CHECK(ecd_scan_open(path, &scan, &err) == ECD_OK);
  ecd_scan_expect(&scan, 1);
  CHECK(ecd_scan_floats(&scan, 1, 1, value, &err) == ECD_DATA);
  CHECK_HAS(err.text, ":1: expected a finite number");
  ecd_scan_close(&scan);
}

int main(void) {
  char path[] = "/tmp/ecdnet-scan-XXXXXX";
  const int fd = mkstemp(path);
  if (fd < 0) return 1;
  close(fd);
  check_random(path, 1);
  check_random(path, 1 / 42.042);
  check_edges(path);
  unlink(path);
  return check_done();
}
