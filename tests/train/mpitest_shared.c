/* Trainings that share one copy of a dataset's volumes are those that read it for themselves, bit for bit; volumes of
   another dataset or transform are not taken. */
#include "base/file.h"
#include "check.h"
#include "base/random.h"
#include "deck/deck.h"
#include "train/ensemble.h"

#include <stdlib.h>
#include <unistd.h>

enum { COUNT = 14, GRID = 12, POINTS = GRID * GRID * GRID };
static ecd_context_t *ctx;
static ecd_error_t err;
static char folder[64], path[ECD_PATH_MAX];

static double number(size_t i, int k) {
  return ecd_random_uniform(3, ECD_RANDOM_TEST, (uint32_t)i, (uint64_t)k);
}

static ecd_code_t fetch(size_t i, float *volume, void *arg, ecd_error_t *error) {
  (void)arg, (void)error;
  for (int k = 0; k < POINTS; ++k) volume[k] = (float)(number(i, k) * (1 + (double)i));
  return ECD_OK;
}

static void write_dataset(void) {
  static const char *const formulas[] = {"NaCl", "Mg2Si", "GaN", "CaO", "KF", "Al2O3", "TiC"};
  const ecd_preparation_t p = {.grid = GRID, .code = "test"};
  ecd_sample_t samples[COUNT];
  for (size_t i = 0; i < COUNT; ++i) {
    ecd_sample_t *s = &samples[i];
    char id[8];
    snprintf(id, sizeof id, "s%02zu", i);
    memset(s, 0, sizeof *s);
    CHECK(ecd_crystal_allocate(&s->crystal, 1, &err) == ECD_OK);
    for (int k = 0; k < 3; ++k) s->crystal.lattice[k][k] = s->cell[k][k] = 4;
    s->id = strdup(id);
    s->formula = strdup(formulas[i % 7]);
    s->path = strdup("");
    s->sha256 = strdup("");
    s->bulk = s->shear = 50 + 10 * (double)i + 20 * number(i, POINTS);
  }
  CHECK(ecd_dataset_write(ctx, path, "", &p, samples, COUNT, fetch, NULL, &err) == ECD_OK);
  for (size_t i = 0; i < COUNT; ++i) ecd_sample_clear(&samples[i]);
}

/* Trains in OUTPUT/name with the overrides; its predictions, owned by the caller. */
static char *train(const char *name, const char *const *change,
                   const ecd_shared_volumes_t *shared) {
  static const char *const deck[] = {"model.cnn2d.squeeze=4",
                                     "model.cnn2d.excite=2",
                                     "model.cnn2d.conv1_filters=5",
                                     "model.cnn2d.conv1_kernel=2",
                                     "model.cnn2d.conv2_filters=6",
                                     "model.cnn2d.conv2_kernel=3",
                                     "model.cnn2d.dense=[8]",
                                     "model.cnn3d.conv1_kernel=2",
                                     "model.cnn3d.conv1_filters=5",
                                     "model.cnn3d.conv2_kernel=2",
                                     "model.cnn3d.conv2_filters=6",
                                     "model.cnn3d.dense=[8]",
                                     "model.magpie_cnn.dense=[8]",
                                     "model.fusion.dense=[8]",
                                     "model.fusion.magpie_epochs=1",
                                     "model.fusion.volume_epochs=1",
                                     "train.epochs=2",
                                     "train.batch=5",
                                     "model.magpie_cnn.conv1_filters=4",
                                     "model.magpie_cnn.conv2_filters=4",
                                     NULL};
  ecd_settings_t *s;
  char assignment[ECD_PATH_MAX + 32], file[ECD_PATH_MAX], *text = NULL;
  size_t length;
  CHECK(ecd_settings_create(&s, &err) == ECD_OK);
  for (int i = 0; deck[i] != NULL; ++i) CHECK(ecd_deck_override(deck[i], s, &err) == ECD_OK);
  for (int i = 0; change[i] != NULL; ++i) CHECK(ecd_deck_override(change[i], s, &err) == ECD_OK);
  snprintf(assignment, sizeof assignment, "output=%s/%s", folder, name);
  CHECK(ecd_deck_override(assignment, s, &err) == ECD_OK);
  snprintf(assignment, sizeof assignment, "data.file=%s", path);
  CHECK(ecd_deck_override(assignment, s, &err) == ECD_OK);
  const ecd_code_t code = ecd_ensemble_run(ctx, s, shared, &err);
  CHECK(code == ECD_OK);
  if (code != ECD_OK) fprintf(stderr, "%s: %s\n", name, err.text);
  ecd_settings_destroy(&s);
  snprintf(file, sizeof file, "%s/%s/predictions.csv", folder, name);
  CHECK(ecd_file_read_text(file, &text, &length, &err) == ECD_OK);
  MPI_Barrier(ctx->world);
  return text;
}

static void check_same(const char *const *change, const ecd_shared_volumes_t *shared) {
  char *alone = train("alone", change, NULL), *together = train("together", change, shared);
  CHECK(alone != NULL && together != NULL && strcmp(alone, together) == 0);
  free(alone);
  free(together);
}

static void check_find(const ecd_dataset_t *dataset, const ecd_shared_volumes_t *shared) {
  const ecd_shared_volumes_t other = {"other.h5", shared->transform, shared->volumes};
  CHECK(ecd_shared_volumes_find(shared, dataset, ECD_TRANSFORM_LOG1P) == shared->volumes);
  CHECK(ecd_shared_volumes_find(shared, dataset, ECD_TRANSFORM_SQRT) == NULL);
  CHECK(ecd_shared_volumes_find(&other, dataset, ECD_TRANSFORM_LOG1P) == NULL);
  CHECK(ecd_shared_volumes_find(NULL, dataset, ECD_TRANSFORM_LOG1P) == NULL);
}

static void check_all(void) {
  static const char *const changes[][5] = {
      {"model.kind=cnn2d", NULL},
      {"model.kind=cnn3d", "train.augment=both", "data.validation_fraction=0.3", NULL},
      {"model.kind=cnn3d", "data.transform=sqrt", NULL}, /* is not shared */
      {"model.kind=fusion", "train.ensemble=2", NULL},
      {"model.kind=fusion", "model.fusion.finetune=true", "train.augment=shift", NULL},
      {"model.kind=magpie_cnn", NULL}};
  ecd_dataset_t *dataset;
  ecd_volumes_t *volumes;
  CHECK(ecd_dataset_open(ctx, path, &dataset, &err) == ECD_OK);
  CHECK(ecd_shared_volumes_load(ctx, dataset, ECD_TRANSFORM_LOG1P, &volumes, &err) == ECD_OK);
  const ecd_shared_volumes_t shared = {path, ECD_TRANSFORM_LOG1P, volumes};
  check_find(dataset, &shared);
  for (size_t i = 0; i < sizeof changes / sizeof *changes; ++i) check_same(changes[i], &shared);
  ecd_volumes_destroy(&volumes);
  ecd_dataset_close(&dataset);
}

int main(int argc, char **argv) {
  MPI_Init(&argc, &argv);
  CHECK(ecd_context_create(&ctx, &err) == ECD_OK);
  snprintf(folder, sizeof folder, "/tmp/ecdnet-shared-XXXXXX");
  if (ctx->rank == 0) CHECK(mkdtemp(folder) != NULL);
  MPI_Bcast(folder, sizeof folder, MPI_CHAR, 0, ctx->world);
  snprintf(path, sizeof path, "%s/d.h5", folder);
  write_dataset();
  check_all();
  MPI_Barrier(ctx->world);
  char command[128];
  snprintf(command, sizeof command, "rm -r %s", folder);
  if (ctx->rank == 0) CHECK(system(command) == 0);
  ecd_context_destroy(&ctx);
  MPI_Finalize();
  return check_done();
}
