/* The atom vectors: those of some elements, how many ones there are in all, elements without one.
     usage: test_atoms [FILE]
   FILE holds rows of an atomic number, a comma, and the components that are 1, separated by blanks:
   all of them are compared. */
#include "check.h"
#include "chem/atoms.h"

#include <stdlib.h>

static ecd_error_t err;

static int ones(int Z) {
  float vector[ECD_ATOM_VECTOR];
  int sum = 0;
  CHECK(ecd_cgcnn_atom_vector(Z, vector, &err) == ECD_OK);
  for (int i = 0; i < ECD_ATOM_VECTOR; ++i) {
    CHECK(vector[i] == 0.0f || vector[i] == 1.0f);
    sum += vector[i] == 1.0f;
  }
  return sum;
}

/* The vector of Z has ones at place[count], and nowhere else. */
static void check_vector(int Z, int count, const int *place) {
  float vector[ECD_ATOM_VECTOR];
  CHECK(ecd_cgcnn_atom_vector(Z, vector, &err) == ECD_OK);
  for (int i = 0; i < count; ++i) CHECK(place[i] < ECD_ATOM_VECTOR && vector[place[i]] == 1.0f);
  CHECK(ones(Z) == count);
}

static void check_elements(void) {
  check_vector(1, 9, (const int[]){1, 19, 30, 36, 46, 64, 73, 78, 86});
  check_vector(2, 7, (const int[]){18, 19, 36, 47, 67, 78, 88}); /* no electronegativity */
  check_vector(92, 8, (const int[]){0, 25, 29, 42, 47, 60, 81, 85});
  check_vector(100, 6, (const int[]){0, 25, 42, 47, 60, 81});
  int full = 0, all = 0;
  for (int Z = 1; Z < ECD_ATOM_COUNT; ++Z) {
    const int count = ones(Z);
    full += count == ECD_ATOM_BLOCKS;
    all += count;
  }
  CHECK(full == 69 && all == 850);
}

static void check_missing(void) {
  float vector[ECD_ATOM_VECTOR];
  CHECK(ecd_cgcnn_atom_vector(101, vector, &err) == ECD_DATA);
  CHECK_HAS(err.text, "no atom vector of element Md (atomic number 101)");
  CHECK_HAS(err.text, "from H (1) to Fm (100)");
  CHECK(ecd_cgcnn_atom_vector(0, vector, &err) == ECD_DATA);
  CHECK_HAS(err.text, "element X (atomic number 0)");
}

static int check_file(const char *path) {
  char line[256];
  int rows = 0;
  FILE *file = fopen(path, "r");
  if (file == NULL) return fprintf(stderr, "test_atoms: cannot open %s\n", path), 3;
  while (fgets(line, sizeof line, file) != NULL) {
    int place[ECD_ATOM_BLOCKS + 1], count = 0;
    char *at = line;
    const int Z = (int)strtol(at, &at, 10);
    CHECK(*at == ',');
    for (char *from = at + 1; count <= ECD_ATOM_BLOCKS; from = at, ++count) {
      place[count] = (int)strtol(from, &at, 10);
      if (at == from) break;
    }
    CHECK(count <= ECD_ATOM_BLOCKS);
    check_vector(Z, count, place);
    ++rows;
  }
  fclose(file);
  CHECK(rows == ECD_ATOM_COUNT - 1);
  printf("%s: %d elements: %s\n", path, rows, check_failures == 0 ? "agrees" : "DIFFERS");
  return check_done();
}

int main(int argc, char **argv) {
  check_elements();
  check_missing();
  return argc > 1 ? check_file(argv[1]) : check_done();
}
