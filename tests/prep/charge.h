/* A small charge file for tests. */
#ifndef ECD_TESTS_CHARGE_H
#define ECD_TESTS_CHARGE_H

#include "check.h"

/* folder/sID.CHGCAR: 1 + id / 10 + cos(2 pi x) on an 8 x 6 x 5 grid of an orthorhombic cell; then
   tail. */
static inline void write_charge(const char *folder, int id, const char *tail) {
  char path[128];
  snprintf(path, sizeof path, "%.64s/s%d.CHGCAR", folder, id);
  FILE *file = fopen(path, "w");
  CHECK(file != NULL);
  if (file == NULL) return;
  fprintf(file, "t\n1\n4 0 0\n0 5 0\n0 0 6\nNa\n1\nDirect\n0 0 0\n\n8 6 5\n");
  for (int i = 0; i < 240; ++i)
    fprintf(file, "%.10E\n", 120 * (1 + 0.1 * id + cos(2 * acos(-1) * (i % 8) / 8)));
  fputs(tail, file);
  fclose(file);
}

#endif
