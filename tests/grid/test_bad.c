/* Malformed files: each in tests/data/bad gives ECD_DATA and the message that its manifest names;
   and good files with bytes changed at random give an error or a grid, never a crash (run under the
   sanitizers in CI). */
#include "base/random.h"
#include "reference.h"

#include <ctype.h>

static ecd_error_t err;
static ecd_grid_t grid;

static void check_zeroed(void) {
  CHECK(grid.value == NULL && grid.crystal.Z == NULL && grid.crystal.frac == NULL);
  ecd_grid_clear(&grid);
}

/* name TAB field TAB line TAB part of the message */
static void check_entry(char *entry) {
  char *rest = NULL;
  const char *name = strtok_r(entry, "\t", &rest), *field = strtok_r(NULL, "\t", &rest);
  const char *line = strtok_r(NULL, "\t", &rest), *part = strtok_r(NULL, "\n", &rest);
  CHECK(part != NULL);
  if (part == NULL) return;
  char data[512], place[600];
  snprintf(data, sizeof data, "bad/%s", name);
  err.text[0] = '\0';
  const ecd_field_t kind = strcmp(field, "elf") == 0 ? ECD_FIELD_ELF : ECD_FIELD_DENSITY;
  const ecd_code_t code = read_data(data, kind, 0, &grid, &err);
  if (code != ECD_DATA) fprintf(stderr, "%s: code %d\n", name, (int)code);
  CHECK(code == ECD_DATA);
  CHECK_HAS(err.text, part);
  snprintf(place, sizeof place, "%s:%s: ", name, line);
  if (atoi(line) > 0) CHECK_HAS(err.text, place);
  snprintf(place, sizeof place, "%s:", name);
  CHECK_HAS(err.text, place);
  check_zeroed();
}

static int check_manifest(void) {
  char path[4096], line[512];
  snprintf(path, sizeof path, "%s/tests/data/bad/manifest.tsv", getenv("top_srcdir"));
  FILE *file = fopen(path, "r");
  if (file == NULL) return 0;
  int entries = 0;
  while (fgets(line, sizeof line, file) != NULL) {
    if (line[0] == '#') continue;
    check_entry(line);
    ++entries;
  }
  fclose(file);
  return entries;
}

static void check_no_files(void) {
  const ecd_grid_options_t options = {.field = ECD_FIELD_DENSITY};
  CHECK(ecd_grid_read("/tmp", &options, &grid, &err) == ECD_DATA);
  CHECK_HAS(err.text, "/tmp: a directory, where a file was expected");
  check_zeroed();
  CHECK(ecd_grid_read("/nowhere/CHGCAR", &options, &grid, &err) == ECD_DATA);
  CHECK_HAS(err.text, "/nowhere/CHGCAR: cannot open: No such file or directory");
  check_zeroed();
}

static uint64_t random_below(uint64_t below, uint64_t index) {
  return below == 0 ? 0 : ecd_random_below(below, 11, ECD_RANDOM_TEST, 0, index);
}

/* Changes, removes, repeats or inserts bytes; returns the new size. */
static size_t mutate(char *text, size_t size, size_t room, uint64_t *index) {
  static const char telling[] = "0123456789 \n\t.-+EeDd*xNIi#/\0\r";
  const size_t at = (size_t)random_below(size + 1, (*index)++);
  const size_t count = 1 + (size_t)random_below(8, (*index)++), left = size - at;
  switch (random_below(6, (*index)++)) {
  case 0: /* truncate */
    return at;
  case 1: /* remove */
    if (count > left) return size;
    memmove(text + at, text + at + count, left - count);
    return size - count;
  case 2: /* repeat a piece */
    if (size + count > room || count > left) return size;
    memmove(text + at + count, text + at, left);
    return size + count;
  case 3: /* flip a bit */
    if (left > 0) text[at] = (char)(text[at] ^ (1 << random_below(8, (*index)++)));
    return size;
  default: /* a byte that means something */
    if (left > 0) text[at] = telling[random_below(sizeof telling - 1, (*index)++)];
    return size;
  }
}

static void fuzz(const char *name, ecd_format_t format, int cases) {
  enum { ROOM = 16384 };
  char path[4096], good[ROOM], text[ROOM];
  snprintf(path, sizeof path, "%s/tests/data/%s", getenv("top_srcdir"), name);
  FILE *file = fopen(path, "rb");
  CHECK(file != NULL);
  if (file == NULL) return;
  const size_t whole = fread(good, 1, ROOM, file);
  fclose(file);
  uint64_t index = 1000000u * (uint64_t)format;
  int refused = 0;
  for (int i = 0; i < cases; ++i) {
    memcpy(text, good, whole);
    size_t size = whole;
    for (uint64_t changes = 1 + random_below(4, index++); changes > 0; --changes)
      size = mutate(text, size, ROOM, &index);
    const ecd_grid_options_t options = {
        .format = format, .field = (ecd_field_t)(i % 3), .block = i % 4 == 3 ? 2 : 0};
    err.text[0] = '\0';
    const ecd_code_t code = read_bytes(text, size, &options, &grid, &err);
    CHECK(code == ECD_OK || code == ECD_DATA || code == ECD_FAILED);
    CHECK((code == ECD_OK) == (err.text[0] == '\0'));
    refused += code != ECD_OK;
    if (code != ECD_OK) check_zeroed();
    ecd_grid_clear(&grid);
  }
  printf("%s: %d of %d changed files refused\n", name, refused, cases);
  CHECK(refused > cases / 4 && refused <= cases);
}

int main(void) {
  const int entries = check_manifest();
  printf("%d malformed files\n", entries);
  CHECK(entries >= 40);
  check_no_files();
  fuzz("grid/pymatgen.CHGCAR", ECD_FORMAT_VASP, 2000);
  fuzz("grid/ase.cube", ECD_FORMAT_CUBE, 1000);
  fuzz("grid/spec.xsf", ECD_FORMAT_XSF, 1000);
  fuzz("grid/ase.CHGCAR", ECD_FORMAT_AUTO, 500);
  fuzz("grid/ase.cube.gz", ECD_FORMAT_CUBE, 500);
  return check_done();
}
