/* Datasets: what is written comes back, in shared and in private memory; a corrupt volume is one
   error on all ranks. */
#include "check.h"
#include "base/file.h"
#include "chem/magpie.h"
#include "store/dataset.h"

#include <stdlib.h>
#include <unistd.h>

enum { COUNT = 7, GRID = 6, POINTS = GRID * GRID * GRID };
static ecd_context_t *ctx;
static ecd_error_t err;
static char path[64];

static float value(size_t sample, int point) {
  return (float)(1000 * sample) + 0.5f * (float)point;
}

static ecd_code_t fetch(size_t i, float *volume, void *arg, ecd_error_t *error) {
  (void)error;
  ++*(int *)arg;
  for (int k = 0; k < POINTS; ++k) volume[k] = value(i, k);
  return ECD_OK;
}

static ecd_code_t fetch_fails(size_t i, float *volume, void *arg, ecd_error_t *error) {
  if (i == 4) return ecd_fail(error, ECD_FAILED, "sample 4 is gone");
  return fetch(i, volume, arg, error);
}

static void make_samples(ecd_sample_t *samples) {
  static const char *const ids[COUNT] = {"a", "b", "NaN", "d<&>", "e", "f", "longer-id"};
  for (size_t i = 0; i < COUNT; ++i) {
    ecd_sample_t *s = &samples[i];
    memset(s, 0, sizeof *s);
    CHECK(ecd_crystal_allocate(&s->crystal, i % 3, &err) == ECD_OK);
    for (size_t k = 0; k < i % 3; ++k) s->crystal.Z[k] = (int)(i + k + 1);
    for (size_t k = 0; k < i % 3; ++k) s->crystal.frac[k][2] = 0.25 * (double)k;
    s->id = strdup(ids[i]);
    s->formula = strdup(i == 3 ? "He" : i == 4 ? "X" : "NaN");
    s->path = strdup("p");
    s->sha256 = strdup("00");
    for (int k = 0; k < 3; ++k) s->crystal.lattice[k][k] = s->cell[k][k] = 3 + (double)i;
    s->bulk = i == 2 ? NAN : 100 + (double)i;
    s->shear = 50;
    s->negative = (int64_t)i << 33;
  }
}

static ecd_code_t write_dataset(ecd_fetch_fn *source, int *calls) {
  const ecd_preparation_t p = {GRID, ECD_FIELD_ELF, ECD_CELL_AS_GIVEN, ECD_METHOD_TRICUBIC, "test"};
  ecd_sample_t samples[COUNT];
  make_samples(samples);
  *calls = 0;
  const ecd_code_t code =
      ecd_dataset_write(ctx, path, "deck text", &p, samples, COUNT, source, calls, &err);
  for (size_t i = 0; i < COUNT; ++i) ecd_sample_clear(&samples[i]);
  return code;
}

static void copy(size_t i, const float *raw, float *out, void *arg) {
  (void)i, (void)arg;
  memcpy(out, raw, POINTS * sizeof *raw);
}

static void check_volumes(ecd_dataset_t *d, ecd_memory_t memory) {
  ecd_volumes_t *v;
  CHECK(ecd_volumes_load(ctx, d, memory, POINTS, true, copy, NULL, &v, &err) == ECD_OK);
  for (size_t i = 0; i < COUNT; ++i)
    for (int k = 0; k < POINTS; k += 37) CHECK(ecd_volumes_get(v, i)[k] == value(i, k));
  ecd_volumes_destroy(&v);
}

/* Magpie features by the formula; none of what is no formula. */
static void check_features(const ecd_dataset_t *d) {
  double expected[ECD_MAGPIE_ALL];
  CHECK(ecd_magpie_formula("NaN", expected, &err) == ECD_OK);
  for (int c = 0; c < ECD_MAGPIE_ALL; ++c) {
    CHECK(ecd_dataset_features(d, 0)[c] == expected[c]);
    CHECK(ecd_dataset_features(d, COUNT - 1)[c] == expected[c]);
    CHECK(isnan(ecd_dataset_features(d, 4)[c]));
  }
  CHECK(ecd_dataset_features(d, 3)[0] == 2);
  CHECK(isnan(ecd_dataset_features(d, 3)[6 * ECD_PROPERTY_MELTING_T]));
}

static void test_round_trip(void) {
  int calls, all;
  CHECK(write_dataset(fetch, &calls) == ECD_OK);
  MPI_Allreduce(&calls, &all, 1, MPI_INT, MPI_SUM, ctx->world);
  CHECK(all == COUNT);
  ecd_dataset_t *d;
  CHECK(ecd_dataset_open(ctx, path, &d, &err) == ECD_OK);
  CHECK(ecd_dataset_size(d) == COUNT && strcmp(ecd_dataset_deck(d), "deck text") == 0);
  const ecd_preparation_t *p = ecd_dataset_preparation(d);
  CHECK(p->grid == GRID && p->field == ECD_FIELD_ELF && p->method == ECD_METHOD_TRICUBIC);
  CHECK(p->cell == ECD_CELL_AS_GIVEN && strcmp(p->code, "test") == 0);
  const ecd_sample_t *s = ecd_dataset_sample(d, 5);
  CHECK(strcmp(s->id, "f") == 0 && strcmp(s->formula, "NaN") == 0 && s->bulk == 105);
  CHECK(s->negative == (int64_t)5 << 33 && s->crystal.sites == 2 && s->crystal.Z[1] == 7);
  CHECK(s->crystal.frac[1][2] == 0.25 && s->cell[2][2] == 8 && s->crystal.lattice[0][0] == 8);
  CHECK(isnan(ecd_dataset_sample(d, 2)->bulk));
  check_features(d);
  check_volumes(d, ECD_MEMORY_SHARED);
  check_volumes(d, ECD_MEMORY_PRIVATE);
  setenv("ECDNET_SHM_LIMIT", "100", 1); /* too little: a warning, and a copy a rank */
  check_volumes(d, ECD_MEMORY_SHARED);
  unsetenv("ECDNET_SHM_LIMIT");
  ecd_dataset_close(&d);
}

/* A failing rank leaves the old file as it was, and no temporary one. */
static void test_failing_write(void) {
  int calls;
  char temporary[80];
  snprintf(temporary, sizeof temporary, "%s.tmp", path);
  CHECK(write_dataset(fetch_fails, &calls) == ECD_FAILED);
  CHECK(strcmp(err.text, "sample 4 is gone") == 0);
  CHECK(!ecd_file_exists(temporary));
  ecd_dataset_t *d;
  CHECK(ecd_dataset_open(ctx, path, &d, &err) == ECD_OK);
  ecd_dataset_close(&d);
}

/* Changes the byte of sample 4's volume that holds value(4, 100). */
static void corrupt(void) {
  const float wanted[2] = {value(4, 100), value(4, 101)};
  float found[2];
  FILE *file = fopen(path, "r+b");
  CHECK(file != NULL);
  long at = 0;
  for (; fseek(file, at, SEEK_SET) == 0 && fread(found, sizeof found, 1, file) == 1; ++at)
    if (memcmp(found, wanted, sizeof found) == 0) break;
  CHECK(memcmp(found, wanted, sizeof found) == 0);
  fseek(file, at + 1, SEEK_SET);
  fputc(0x55, file);
  fclose(file);
}

static void test_corrupt(void) {
  MPI_Barrier(ctx->world);
  if (ctx->rank == 0) corrupt();
  MPI_Barrier(ctx->world);
  ecd_dataset_t *d;
  ecd_volumes_t *v;
  CHECK(ecd_dataset_open(ctx, path, &d, &err) == ECD_OK);
  for (ecd_memory_t m = ECD_MEMORY_SHARED; m <= ECD_MEMORY_PRIVATE; ++m) {
    err.text[0] = '\0';
    CHECK(ecd_volumes_load(ctx, d, m, POINTS, true, copy, NULL, &v, &err) == ECD_DATA);
    CHECK(v == NULL);
    CHECK_HAS(err.text, "the volume of sample 'e' (index 4) is corrupt");
  }
  ecd_dataset_close(&d);
}

static void test_match(void) {
  const ecd_preparation_t a = {60, ECD_FIELD_DENSITY, ECD_CELL_AS_GIVEN, ECD_METHOD_FOURIER,
                               "vasp"};
  ecd_preparation_t b = a;
  CHECK(ecd_preparation_match(&a, "A", &b, "B", &err) == ECD_OK);
  strcpy(b.code, "gpaw");
  CHECK(ecd_preparation_match(&a, "A", &b, "B", &err) == ECD_DATA);
  CHECK_HAS(err.text, "vasp in A, gpaw in B");
  b = a;
  b.grid = 30;
  CHECK(ecd_preparation_match(&a, "A", &b, "B", &err) == ECD_DATA);
  CHECK_HAS(err.text, "grid: 60 in A, 30 in B");
}

int main(int argc, char **argv) {
  MPI_Init(&argc, &argv);
  CHECK(ecd_context_create(&ctx, &err) == ECD_OK);
  snprintf(path, sizeof path, "mpitest_dataset.%d.h5", ctx->size);
  test_round_trip();
  test_failing_write();
  test_corrupt();
  test_match();
  MPI_Barrier(ctx->world);
  if (ctx->rank == 0) {
    unlink(path);
    snprintf(path, sizeof path, "mpitest_dataset.%d.xdmf", ctx->size);
    unlink(path);
  }
  ecd_context_destroy(&ctx);
  MPI_Finalize();
  return check_done();
}
