/* ecd_prep_volumes: charge files straight into memory, the same on every rank. */
#include "check.h"
#include "deck/deck.h"
#include "prep/pipeline.h"

#include <petscsys.h>
#include <stdlib.h>
#include <unistd.h>

static ecd_context_t *ctx;
static ecd_error_t err;
static char folder[64];

/* 1 + a / 10 + cos(2 pi x) on an 8 x 6 x 5 grid of an orthorhombic cell. */
static void write_charge(int id, const char *tail) {
  char path[128];
  snprintf(path, sizeof path, "%s/s%d.CHGCAR", folder, id);
  FILE *file = fopen(path, "w");
  CHECK(file != NULL);
  if (file == NULL) return;
  fprintf(file, "t\n1\n4 0 0\n0 5 0\n0 0 6\nNa\n1\nDirect\n0 0 0\n\n8 6 5\n");
  for (int i = 0; i < 240; ++i)
    fprintf(file, "%.10E\n", 120 * (1 + 0.1 * id + cos(2 * acos(-1) * (i % 8) / 8)));
  fputs(tail, file);
  fclose(file);
}

int main(int argc, char **argv) {
  MPI_Init(&argc, &argv);
  CHECK(ecd_context_create(&ctx, &err) == ECD_OK);
  PetscInitialize(&argc, &argv, NULL, NULL);
  snprintf(folder, sizeof folder, "mpitest_volumes.%d", ctx->size);
  char command[200];
  if (ctx->rank == 0) {
    snprintf(command, sizeof command, "rm -rf '%s' && mkdir '%s'", folder, folder);
    CHECK(system(command) == 0);
    for (int id = 0; id < 4; ++id) write_charge(id, "");
  }
  MPI_Barrier(ctx->world);
  ecd_settings_t *settings;
  CHECK(ecd_settings_create(&settings, &err) == ECD_OK);
  snprintf(command, sizeof command, "prep.files=%s/{id}.CHGCAR", folder);
  CHECK(ecd_deck_override(command, settings, &err) == ECD_OK);
  const ecd_preparation_t want = {12, ECD_FIELD_DENSITY, ECD_CELL_AS_GIVEN, ECD_METHOD_FOURIER,
                                  "t"};
  ecd_sample_t *samples;
  float *volumes;
  size_t count;
  CHECK(ecd_prep_volumes(ctx, &settings->prep, &want, &samples, &volumes, &count, &err) == ECD_OK);
  CHECK(count == 4);
  for (size_t i = 0; i < count; ++i) {
    CHECK(samples[i].id[1] == (char)('0' + i) && strcmp(samples[i].formula, "Na") == 0);
    CHECK(isnan(samples[i].bulk) && samples[i].source_grid[2] == 5 && samples[i].cell[1][1] == 5);
    const float *v = volumes + i * 12 * 12 * 12;
    CHECK_NEAR(v[0], 2 + 0.1 * (double)i, 1e-5);
    CHECK_NEAR(v[6 * 144 + 77], 0.1 * (double)i, 1e-5);
    CHECK_NEAR(samples[i].integral_after, 120 * (1 + 0.1 * (double)i), 1e-3);
    ecd_sample_clear(&samples[i]);
  }
  free(samples);
  free(volumes);
  if (ctx->rank == 0) {
    write_charge(1, "1.0 2.0\n");
    write_charge(3, "1.0 2.0\n");
    snprintf(command, sizeof command, "%s/s2.CHGCAR", folder);
    CHECK(truncate(command, 900) == 0);
  }
  MPI_Barrier(ctx->world);
  CHECK(ecd_prep_volumes(ctx, &settings->prep, &want, &samples, &volumes, &count, &err) ==
        ECD_DATA);
  CHECK(samples == NULL && volumes == NULL);
  CHECK_HAS(err.text, "3 of 4 files are bad");
  CHECK_HAS(err.text, "s2.CHGCAR:");
  MPI_Barrier(ctx->world);
  snprintf(command, sizeof command, "rm -rf '%s'", folder);
  if (ctx->rank == 0) CHECK(system(command) == 0);
  ecd_settings_destroy(&settings);
  PetscFinalize();
  ecd_context_destroy(&ctx);
  MPI_Finalize();
  return check_done();
}
