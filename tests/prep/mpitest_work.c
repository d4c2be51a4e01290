/* Groups of several sizes in one run: every volume is made once, bitwise as by one rank; bad files
   are no errors. */
#include "charge.h"
#include "check.h"
#include "deck/deck.h"
#include "prep/resample.h"
#include "prep/work.h"

#include <petscsys.h>
#include <stdlib.h>
#include <string.h>

enum { COUNT = 9, GRID = 10, POINTS = GRID * GRID * GRID, BAD = 4 };
static ecd_context_t *ctx;
static ecd_error_t err;
static const double identity[3][3] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
static const ecd_preparation_t want = {GRID, ECD_FIELD_DENSITY, ECD_CELL_AS_GIVEN,
                                       ECD_METHOD_TRICUBIC, "t"};

typedef struct {
  const ecd_sources_t *sources;
  int calls[COUNT];
  bool fail; /* to store sample 2 */
} stored_t;

static ecd_code_t check_volume(size_t i, const ecd_material_t *m, const float *volume, void *arg,
                               ecd_error_t *error) {
  stored_t *stored = arg;
  static float alone[POINTS];
  ecd_resample_report_t report;
  ecd_grid_t grid;
  const ecd_grid_options_t options = {ECD_FORMAT_AUTO, ECD_FIELD_DENSITY, 0};
  if (stored->fail && i == 2) return ecd_fail(error, ECD_FAILED, "no room");
  ++stored->calls[i];
  CHECK(m->state == ECD_MATERIAL_DONE && m->ranks >= 1);
  CHECK(ecd_grid_read(stored->sources->file[i].path, &options, &grid, error) == ECD_OK);
  CHECK(ecd_resample(MPI_COMM_SELF, &grid, identity, want.method, GRID, alone, &report, error) ==
        ECD_OK);
  CHECK(memcmp(alone, volume, sizeof alone) == 0);
  ecd_grid_clear(&grid);
  return ECD_OK;
}

/* Runs with groups of 1 .. size ranks; returns the code. */
static ecd_code_t run(const ecd_settings_t *settings, const ecd_sources_t *sources,
                      stored_t *stored, ecd_material_t *materials) {
  ecd_plan_t plan;
  memset(materials, 0, COUNT * sizeof *materials);
  CHECK(ecd_plan_make(ctx, &settings->prep, &want, sources, NULL, materials, &plan, &err) ==
        ECD_OK);
  CHECK(plan.open == COUNT && plan.bad == 0 && plan.finished == 0);
  for (int i = 0; i < COUNT; ++i) plan.item[i].group = 1 + i % ctx->size;
  const ecd_work_t work = {&settings->prep, &want, sources, &plan, check_volume, stored};
  const ecd_code_t code = ecd_work_run(ctx, &work, materials, &err);
  ecd_plan_clear(&plan);
  return code;
}

int main(int argc, char **argv) {
  MPI_Init(&argc, &argv);
  CHECK(ecd_context_create(&ctx, &err) == ECD_OK);
  PetscInitialize(&argc, &argv, NULL, NULL);
  char folder[64], command[200];
  snprintf(folder, sizeof folder, "mpitest_work.%d", ctx->size);
  snprintf(command, sizeof command, "rm -rf '%s' && mkdir '%s'", folder, folder);
  if (ctx->rank == 0) CHECK(system(command) == 0);
  for (int id = 0; ctx->rank == 0 && id < COUNT; ++id)
    write_charge(folder, id, id == BAD ? "1.0 2.0 3.0\n" : "");
  MPI_Barrier(ctx->world);
  ecd_settings_t *settings;
  ecd_sources_t sources;
  ecd_material_t materials[COUNT];
  CHECK(ecd_settings_create(&settings, &err) == ECD_OK);
  CHECK(ecd_sources_find(folder, "", &sources, &err) == ECD_OK && sources.count == COUNT);

  stored_t stored = {.sources = &sources};
  CHECK(run(settings, &sources, &stored, materials) == ECD_OK);
  MPI_Allreduce(MPI_IN_PLACE, stored.calls, COUNT, MPI_INT, MPI_SUM, ctx->world);
  for (int i = 0; i < COUNT; ++i) CHECK(stored.calls[i] == (i != BAD));
  CHECK(ecd_materials_share(ctx, materials, COUNT, &err) == ECD_OK);
  for (int i = 0; i < COUNT; ++i) {
    CHECK(materials[i].state == (i == BAD ? ECD_MATERIAL_BAD : ECD_MATERIAL_DONE));
    if (i == BAD) CHECK_HAS(materials[i].reason, "s4.CHGCAR:");
    if (i != BAD) CHECK(materials[i].ranks == (i % ctx->size == 0 ? 1 : ctx->size));
    if (i != BAD) CHECK(strcmp(materials[i].sample.path, sources.file[i].path) == 0);
    ecd_material_clear(&materials[i]);
  }
  /* A failure on one rank ends the work on all, with its message. */
  stored.fail = true;
  CHECK(run(settings, &sources, &stored, materials) == ECD_FAILED);
  CHECK_HAS(err.text, "no room");
  for (int i = 0; i < COUNT; ++i) ecd_material_clear(&materials[i]);
  MPI_Barrier(ctx->world);
  snprintf(command, sizeof command, "rm -rf '%s'", folder);
  if (ctx->rank == 0) CHECK(system(command) == 0);
  ecd_sources_clear(&sources);
  ecd_settings_destroy(&settings);
  PetscFinalize();
  ecd_context_destroy(&ctx);
  MPI_Finalize();
  return check_done();
}
