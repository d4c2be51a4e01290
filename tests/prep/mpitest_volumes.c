/* ecd_prep_volumes: charge files straight into memory, the same on every rank. */
#include "charge.h"
#include "check.h"
#include "deck/deck.h"
#include "prep/pipeline.h"

#include <petscsys.h>
#include <stdlib.h>
#include <unistd.h>

static ecd_context_t *ctx;
static ecd_error_t err;
static char folder[64];

int main(int argc, char **argv) {
  MPI_Init(&argc, &argv);
  CHECK(ecd_context_create(&ctx, &err) == ECD_OK);
  PetscInitialize(&argc, &argv, NULL, NULL);
  snprintf(folder, sizeof folder, "mpitest_volumes.%d", ctx->size);
  char command[200];
  if (ctx->rank == 0) {
    snprintf(command, sizeof command, "rm -rf '%s' && mkdir '%s'", folder, folder);
    CHECK(system(command) == 0);
    for (int id = 0; id < 4; ++id) write_charge(folder, id, "");
  }
  MPI_Barrier(ctx->world);
  ecd_settings_t *settings;
  CHECK(ecd_settings_create(&settings, &err) == ECD_OK);
  snprintf(command, sizeof command, "prep.files=%s/{id}.CHGCAR", folder);
  CHECK(ecd_deck_override(command, settings, &err) == ECD_OK);
  const ecd_preparation_t want = {12, ECD_FIELD_DENSITY, ECD_CELL_AS_GIVEN, ECD_METHOD_FOURIER,
                                  "t"};
  enum { COUNT = 4 };
  ecd_sample_t samples[COUNT];
  ecd_sources_t sources, twice;
  size_t made;
  float *volumes = malloc(COUNT * 12 * 12 * 12 * sizeof *volumes);
  CHECK(volumes != NULL);
  char *words[] = {settings->prep.files, folder, "nowhere"};
  CHECK(ecd_prep_find(ctx, &settings->prep, 2, words, &twice, &err) == ECD_OK);
  CHECK(twice.count == 8 && strcmp(twice.file[7].id, twice.file[3].id) == 0);
  ecd_sources_keep(&twice, (const bool[]){1, 0, 0, 0, 0, 1, 0, 0});
  CHECK(twice.count == 2 && strcmp(twice.file[1].id, "s1") == 0);
  ecd_sources_clear(&twice);
  CHECK(ecd_prep_find(ctx, &settings->prep, 3, words, &twice, &err) == ECD_DATA);
  CHECK_HAS(err.text, "no charge file matches 'nowhere'");
  ecd_sources_clear(&twice);
  CHECK(ecd_prep_find(ctx, &settings->prep, 1, words, &sources, &err) == ECD_OK);
  CHECK(sources.count == COUNT);
  CHECK(ecd_prep_volumes(ctx, &settings->prep, &want, &sources, samples, volumes, &made, &err) ==
        ECD_OK);
  CHECK(made == COUNT);
  for (size_t i = 0; i < COUNT; ++i) {
    CHECK(samples[i].id[1] == (char)('0' + i) && strcmp(samples[i].formula, "Na") == 0);
    CHECK(isnan(samples[i].bulk) && samples[i].source_grid[2] == 5 && samples[i].cell[1][1] == 5);
    const float *v = volumes + i * 12 * 12 * 12;
    CHECK_NEAR(v[0], 2 + 0.1 * (double)i, 1e-5);
    CHECK_NEAR(v[6 * 144 + 77], 0.1 * (double)i, 1e-5);
    CHECK_NEAR(samples[i].integral_after, 120 * (1 + 0.1 * (double)i), 1e-3);
    ecd_sample_clear(&samples[i]);
  }
  if (ctx->rank == 0) {
    write_charge(folder, 1, "1.0 2.0\n");
    write_charge(folder, 3, "1.0 2.0\n");
    snprintf(command, sizeof command, "%s/s2.CHGCAR", folder);
    CHECK(truncate(command, 900) == 0);
  }
  MPI_Barrier(ctx->world);
  CHECK(ecd_prep_volumes(ctx, &settings->prep, &want, &sources, samples, volumes, &made, &err) ==
        ECD_DATA);
  CHECK(made == 0 && samples[0].id == NULL);
  CHECK_HAS(err.text, "3 of 4 files are bad");
  CHECK_HAS(err.text, "s2.CHGCAR:");
  settings->prep.on_error = ECD_ON_ERROR_SKIP;
  if (ctx->rank == 0) {
    write_charge(folder, 1, "");
    write_charge(folder, 3, "");
  }
  MPI_Barrier(ctx->world);
  CHECK(ecd_prep_volumes(ctx, &settings->prep, &want, &sources, samples, volumes, &made, &err) ==
        ECD_OK);
  CHECK(made == 3 && strcmp(samples[2].id, "s3") == 0 && samples[3].id == NULL);
  for (size_t i = 0; i < made; ++i) {
    CHECK_NEAR(volumes[i * 12 * 12 * 12], 2 + 0.1 * (double)(i < 2 ? i : 3), 1e-5);
    ecd_sample_clear(&samples[i]);
  }
  ecd_sources_clear(&sources);
  free(volumes);
  MPI_Barrier(ctx->world);
  snprintf(command, sizeof command, "rm -rf '%s'", folder);
  if (ctx->rank == 0) CHECK(system(command) == 0);
  ecd_settings_destroy(&settings);
  PetscFinalize();
  ecd_context_destroy(&ctx);
  MPI_Finalize();
  return check_done();
}
