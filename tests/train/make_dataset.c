/* Writes a small dataset for the tests: smooth periodic fields whose amplitude and width decide
   the targets.
     usage: make_dataset OUT.h5 COUNT GRID [nan=INDEX] [unknown=INDEX] [first=NUMBER] [code=NAME]
            [cell=as_given] [field=elf] [method=tricubic] [formulas=salts] [crystals=several]
            [mendelevium=INDEX] [twins=INDEX]
   nan: that sample's volume holds a NaN; unknown: that sample has no targets; first: number of the
   first id; formulas: of two elements whose Magpie features are all known, else of one element each;
   crystals: of one to six sites of different elements in a skewed cell, else of one in a cube;
   mendelevium: that sample's first site is of the element 101; twins: its first two are in one place. */
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
  long unknown, mendelevium, twins;
  bool salts, several;
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

/* Sites that are well apart: along the diagonal, each a little off it. */
static ecd_code_t several_sites(long sample, ecd_crystal_t *crystal, ecd_error_t *err) {
  const size_t sites = 1 + (size_t)(sample * 5 % 6);
  const double scale = 0.8 + 0.5 * number(sample, 3) + 0.1 * (double)sites;
  const double cell[3][3] = {{3.6, 0.3, 0}, {1.4, 3.9, 0.2}, {-0.9, 0.8, 4.4}};
  ECD_TRY(ecd_crystal_allocate(crystal, sites, err));
  for (int k = 0; k < 9; ++k) crystal->lattice[k / 3][k % 3] = scale * cell[k / 3][k % 3];
  for (size_t i = 0; i < sites; ++i) {
    crystal->Z[i] = 1 + (int)((sample * 7 + (long)(i * i) * 13) % 94);
    for (int k = 0; k < 3; ++k)
      crystal->frac[i][k] =
          ((double)i + 0.4 * number(sample, 10 + 3 * (int)i + k)) / (double)sites - 0.5;
  }
  return ECD_OK;
}

static ecd_code_t one_site(long sample, ecd_crystal_t *crystal, ecd_error_t *err) {
  static const double cell[3][3] = {{4, 0, 0}, {0, 4, 0}, {0, 0, 4}};
  ECD_TRY(ecd_crystal_allocate(crystal, 1, err));
  crystal->Z[0] = 1 + (int)(sample % 90);
  memcpy(crystal->lattice, cell, sizeof cell);
  return ECD_OK;
}

static ecd_code_t describe(const field_t *f, long index, ecd_sample_t *s, ecd_error_t *err) {
  static const char *const metals[] = {"Na", "K", "Mg", "Ca", "Ti", "Fe", "Cu", "Zn", "Al", "Ga"};
  static const char *const others[] = {"O", "S", "Cl2", "F2", "Si3"};
  const long sample = f->first + index;
  char text[64];
  ECD_TRY(f->several ? several_sites(sample, &s->crystal, err)
                     : one_site(sample, &s->crystal, err));
  if (f->mendelevium == index) s->crystal.Z[0] = 101;
  if (f->twins == index && s->crystal.sites > 1)
    memcpy(s->crystal.frac[1], s->crystal.frac[0], sizeof s->crystal.frac[0]);
  memcpy(s->cell, s->crystal.lattice, sizeof s->cell);
  snprintf(text, sizeof text, "s-%04ld", sample);
  s->id = strdup(text);
  ecd_crystal_formula(&s->crystal, text, sizeof text);
  if (f->salts) snprintf(text, sizeof text, "%s%s", metals[sample % 10], others[sample / 10 % 5]);
  s->formula = strdup(text);
  s->path = strdup("made by tests");
  s->sha256 = strdup("");
  s->integral_before = s->integral_after = 1;
  s->bulk = f->unknown == index ? NAN : 40 + 150 * number(sample, 0) - 30 * number(sample, 1);
  s->shear = 0.6 * s->bulk;
  return ECD_OK;
}

static ecd_code_t make(const ecd_context_t *ctx, int argc, char **argv, ecd_error_t *err) {
  ecd_settings_t *settings;
  ecd_sample_t *samples;
  char *deck = NULL;
  const size_t count = (size_t)atol(argv[2]);
  field_t field = {.grid = atol(argv[3]), .nan = -1, .unknown = -1, .mendelevium = -1, .twins = -1};
  ecd_preparation_t p = {.grid = field.grid, .method = ECD_METHOD_FOURIER, .code = "vasp"};
  for (int i = 4; i < argc; ++i) {
    const char *value = strchr(argv[i], '=');
    if (value == NULL) return ecd_fail(err, ECD_USAGE, "expected name=value, found %s", argv[i]);
    ++value;
    if (strncmp(argv[i], "nan=", 4) == 0) field.nan = atol(value);
    if (strncmp(argv[i], "first=", 6) == 0) field.first = atol(value);
    if (strncmp(argv[i], "unknown=", 8) == 0) field.unknown = atol(value);
    if (strncmp(argv[i], "mendelevium=", 12) == 0) field.mendelevium = atol(value);
    if (strncmp(argv[i], "twins=", 6) == 0) field.twins = atol(value);
    if (strncmp(argv[i], "code=", 5) == 0) snprintf(p.code, sizeof p.code, "%s", value);
    if (strcmp(argv[i], "formulas=salts") == 0) field.salts = true;
    if (strcmp(argv[i], "crystals=several") == 0) field.several = true;
    if (strcmp(argv[i], "cell=as_given") == 0) p.cell = ECD_CELL_AS_GIVEN;
    if (strcmp(argv[i], "field=elf") == 0) p.field = ECD_FIELD_ELF;
    if (strcmp(argv[i], "method=tricubic") == 0) p.method = ECD_METHOD_TRICUBIC;
  }
  ECD_TRY(ecd_settings_create(&settings, err));
  ECD_TRY(ecd_deck_text(settings, &deck, err));
  ECD_TRY(ecd_alloc((void **)&samples, count, sizeof *samples, "samples", err));
  for (size_t i = 0; i < count; ++i) ECD_TRY(describe(&field, (long)i, &samples[i], err));
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
