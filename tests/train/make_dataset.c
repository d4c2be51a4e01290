/* Writes a small dataset for the tests: smooth periodic fields whose amplitude and width decide
   the targets.
     usage: make_dataset OUT.h5 COUNT GRID [nan=INDEX] [unknown=INDEX] [first=NUMBER] [code=NAME]
            [cell=as_given] [field=elf] [method=tricubic] [formulas=salts]
   nan: that sample's volume holds a NaN; unknown: that sample has no targets; first: number of the
   first id; formulas: of two elements whose Magpie features are all known, else of one element each. */
#include "base/context.h"
#include "base/random.h"
#include "deck/deck.h"
#include "store/dataset.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  int64_t grid;
  long nan, first;
  bool salts;
} field_t;

static double number(long sample, int which) {
  return ecd_random_uniform(7, ECD_RANDOM_TEST, (uint32_t)which, (uint64_t)sample);
}

static ecd_code_t fetch(size_t i, float *volume, void *arg, ecd_error_t *err) {
  (void)err;
  const field_t *f = arg;
  const long sample = f->first + (long)i;
  const double tau = 2 * acos(-1.0), height = 0.2 + number(sample, 0),
               width = 0.5 + number(sample, 1);
  const int64_t n = f->grid;
  for (int64_t k = 0; k < n * n * n; ++k) {
    const double x = tau * (double)(k / (n * n)) / (double)n,
                 y = tau * (double)(k / n % n) / (double)n, z = tau * (double)(k % n) / (double)n;
    volume[k] = (float)(height * exp(-width * (3 - cos(x) - cos(y) - cos(z))) - 0.001 +
                        0.01 * number(sample, 2) * cos(2 * x) * cos(y) * cos(3 * z));
  }
  if (f->nan == (long)i) volume[n] = NAN;
  return ECD_OK;
}

static ecd_code_t describe(ecd_sample_t *s, long number_of, bool known, bool salt,
                           ecd_error_t *err) {
  static const char *const metals[] = {"Na", "K", "Mg", "Ca", "Ti", "Fe", "Cu", "Zn", "Al", "Ga"};
  static const char *const others[] = {"O", "S", "Cl2", "F2", "Si3"};
  char text[32];
  static const double cell[3][3] = {{4, 0, 0}, {0, 4, 0}, {0, 0, 4}};
  ECD_TRY(ecd_crystal_allocate(&s->crystal, 1, err));
  s->crystal.Z[0] = 1 + (int)(number_of % 90);
  memcpy(s->crystal.lattice, cell, sizeof cell);
  memcpy(s->cell, cell, sizeof cell);
  snprintf(text, sizeof text, "s-%04ld", number_of);
  s->id = strdup(text);
  if (salt) snprintf(text, sizeof text, "%s%s", metals[number_of % 10], others[number_of / 10 % 5]);
  s->formula = strdup(salt ? text : ecd_element_symbol(s->crystal.Z[0]));
  s->path = strdup("made by tests");
  s->sha256 = strdup("");
  s->integral_before = s->integral_after = 1;
  s->bulk = known ? 40 + 150 * number(number_of, 0) - 30 * number(number_of, 1) : NAN;
  s->shear = known ? 0.6 * s->bulk : NAN;
  return ECD_OK;
}

static ecd_code_t make(const ecd_context_t *ctx, int argc, char **argv, ecd_error_t *err) {
  ecd_settings_t *settings;
  ecd_sample_t *samples;
  char *deck = NULL;
  const size_t count = (size_t)atol(argv[2]);
  field_t field = {.grid = atol(argv[3]), .nan = -1};
  long unknown = -1;
  ecd_preparation_t p = {.grid = field.grid, .method = ECD_METHOD_FOURIER, .code = "vasp"};
  for (int i = 4; i < argc; ++i) {
    const char *value = strchr(argv[i], '=');
    if (value == NULL) return ecd_fail(err, ECD_USAGE, "expected name=value, found %s", argv[i]);
    ++value;
    if (strncmp(argv[i], "nan=", 4) == 0) field.nan = atol(value);
    if (strncmp(argv[i], "first=", 6) == 0) field.first = atol(value);
    if (strncmp(argv[i], "unknown=", 8) == 0) unknown = atol(value);
    if (strncmp(argv[i], "code=", 5) == 0) snprintf(p.code, sizeof p.code, "%s", value);
    if (strcmp(argv[i], "formulas=salts") == 0) field.salts = true;
    if (strcmp(argv[i], "cell=as_given") == 0) p.cell = ECD_CELL_AS_GIVEN;
    if (strcmp(argv[i], "field=elf") == 0) p.field = ECD_FIELD_ELF;
    if (strcmp(argv[i], "method=tricubic") == 0) p.method = ECD_METHOD_TRICUBIC;
  }
  ECD_TRY(ecd_settings_create(&settings, err));
  ECD_TRY(ecd_deck_text(settings, &deck, err));
  ECD_TRY(ecd_alloc((void **)&samples, count, sizeof *samples, "samples", err));
  for (size_t i = 0; i < count; ++i)
    ECD_TRY(describe(&samples[i], field.first + (long)i, unknown != (long)i, field.salts, err));
  const ecd_code_t code =
      ecd_dataset_write(ctx, argv[1], deck, &p, samples, count, fetch, &field, err);
  for (size_t i = 0; i < count; ++i) ecd_sample_clear(&samples[i]);
  free(samples);
  free(deck);
  ecd_settings_destroy(&settings);
  return code;
}

int main(int argc, char **argv) {
  ecd_context_t *ctx;
  ecd_error_t err = {0};
  if (argc < 4) return 2;
  MPI_Init(&argc, &argv);
  ecd_code_t code = ecd_context_create(&ctx, &err);
  if (code == ECD_OK) code = make(ctx, argc, argv, &err);
  if (code != ECD_OK) fprintf(stderr, "make_dataset: %s\n", err.text);
  ecd_context_destroy(&ctx);
  MPI_Finalize();
  return (int)code;
}
