/* Model files: what is written comes back on every rank; damaged, foreign and newer files are
   refused on all. */
#include "base/file.h"
#include "check.h"
#include "deck/deck.h"
#include "store/h5.h"
#include "store/model_file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { COUNT = 5000, TRAINED = 3000, SAMPLES = 3, TENSORS = 2 };
static ecd_context_t *ctx;
static ecd_error_t err;
static char folder[] = "/tmp/ecdnet-model-XXXXXX", path[64];
static float parameter[COUNT], moment1[COUNT], moment2[COUNT];
static char *id[SAMPLES] = {"mp-1", "a,b", "Kupfer-\xc3\xbc"};
static char *tensor_name[TENSORS] = {"conv1.weight", "fc.0.bias"};
static size_t tensor_offset[TENSORS] = {0, 4000};
static int8_t split[SAMPLES] = {0, 1, -1};

static ecd_model_file_t make(char *deck, const ecd_settings_t *settings, bool with_state) {
  return (ecd_model_file_t){.model = settings->model,
                            .preparation = {.grid = 60, .cell = ECD_CELL_AS_GIVEN, .code = "vasp"},
                            .target = ECD_TARGET_SHEAR,
                            .transform = ECD_TRANSFORM_SQRT,
                            .input_mean = 0.1,
                            .input_deviation = 1.0 / 3,
                            .features = 2,
                            .feature_mean = {1.0 / 7, -3},
                            .feature_deviation = {1, 1e-3},
                            .target_mean = 50,
                            .target_deviation = 7,
                            .deck = deck,
                            .samples = SAMPLES,
                            .id = id,
                            .split = split,
                            .tensors = TENSORS,
                            .members = 1,
                            .parameters = COUNT,
                            .tensor_name = tensor_name,
                            .tensor_offset = tensor_offset,
                            .parameter = parameter,
                            .has_state = with_state,
                            .moments = with_state ? TRAINED : 0,
                            .moment1 = with_state ? moment1 : NULL,
                            .moment2 = with_state ? moment2 : NULL,
                            .epoch = 3,
                            .step_in_epoch = 4,
                            .step = 1234567890123,
                            .loss_sum = 1.0 / 7,
                            .weight_sum = 12,
                            .best_loss = INFINITY,
                            .best_epoch = 2};
}

static void check_same(const ecd_model_file_t *a, const ecd_model_file_t *b) {
  CHECK(memcmp(&a->model, &b->model, sizeof a->model) == 0);
  CHECK(ecd_preparation_match(&a->preparation, "a", &b->preparation, "b", &err) == ECD_OK);
  CHECK(a->target == b->target && a->transform == b->transform);
  CHECK(a->input_mean == b->input_mean && a->input_deviation == b->input_deviation);
  CHECK(a->features == b->features);
  for (size_t c = 0; c < a->features; ++c)
    CHECK(a->feature_mean[c] == b->feature_mean[c] &&
          a->feature_deviation[c] == b->feature_deviation[c]);
  CHECK(a->target_mean == b->target_mean && a->target_deviation == b->target_deviation);
  CHECK(strcmp(a->deck, b->deck) == 0);
  CHECK(a->samples == b->samples && a->tensors == b->tensors && a->parameters == b->parameters);
  for (size_t i = 0; i < SAMPLES; ++i)
    CHECK(strcmp(a->id[i], b->id[i]) == 0 && a->split[i] == b->split[i]);
  for (size_t i = 0; i < TENSORS; ++i)
    CHECK(strcmp(a->tensor_name[i], b->tensor_name[i]) == 0 &&
          a->tensor_offset[i] == b->tensor_offset[i]);
  CHECK(memcmp(a->parameter, b->parameter, sizeof parameter) == 0);
  CHECK(a->has_state == b->has_state);
  CHECK((a->moment1 != NULL) == (b->moment1 != NULL) &&
        (a->moment2 != NULL) == (b->moment2 != NULL));
  if (a->moment1 == NULL || a->moment2 == NULL) return;
  CHECK(a->moments == b->moments);
  CHECK(memcmp(a->moment1, b->moment1, TRAINED * sizeof *moment1) == 0);
  CHECK(memcmp(a->moment2, b->moment2, TRAINED * sizeof *moment2) == 0);
  CHECK(a->epoch == b->epoch && a->step_in_epoch == b->step_in_epoch && a->step == b->step);
  CHECK(a->loss_sum == b->loss_sum && a->weight_sum == b->weight_sum);
  CHECK(a->best_loss == b->best_loss);
}

/* The file is refused on all ranks with one message that names it and holds the part. */
static void check_refused(const char *part) {
  ecd_model_file_t m;
  err.text[0] = '\0';
  CHECK(ecd_model_file_read(ctx, path, &m, &err) == ECD_DATA);
  CHECK_HAS(err.text, path);
  CHECK_HAS(err.text, part);
  CHECK(m.parameter == NULL && m.id == NULL);
}

/* Turns one bit of the first place that holds these bytes. Rank 0. */
static void flip(const void *bytes, size_t size) {
  if (ctx->rank == 0) {
    char *text;
    size_t length;
    CHECK(ecd_file_read_text(path, &text, &length, &err) == ECD_OK);
    char *found = memmem(text, length, bytes, size);
    CHECK(found != NULL);
    if (found != NULL) {
      found[size / 2] ^= 4;
      FILE *file = fopen(path, "wb");
      CHECK(file != NULL && fwrite(text, 1, length, file) == length);
      fclose(file);
    }
    free(text);
  }
  MPI_Barrier(ctx->world);
}

static void set_attribute(const char *name, int64_t value) {
  if (ctx->rank == 0) {
    const hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    const hid_t attribute = H5Aopen(file, name, H5P_DEFAULT);
    CHECK(H5Awrite(attribute, H5T_NATIVE_INT64, &value) >= 0);
    H5Aclose(attribute);
    H5Fclose(file);
  }
  MPI_Barrier(ctx->world);
}

static void check_damage(ecd_model_file_t *m, char *deck) {
  CHECK(ecd_model_file_write(ctx, path, m, &err) == ECD_OK);
  flip(parameter + 2000, 400);
  check_refused("/parameter");
  CHECK(ecd_model_file_write(ctx, path, m, &err) == ECD_OK);
  flip(moment2 + 2000, 400);
  check_refused("/moment2");
  CHECK(ecd_model_file_write(ctx, path, m, &err) == ECD_OK);
  set_attribute("schema_version", 2);
  check_refused("schema version 2, where this ecdnet knows versions up to 1");
  CHECK(ecd_model_file_write(ctx, path, m, &err) == ECD_OK);
  if (ctx->rank == 0) CHECK(truncate(path, 6000) == 0);
  MPI_Barrier(ctx->world);
  check_refused("damaged or truncated");
  m->deck = "model: {kind: cnn9d}\n";
  CHECK(ecd_model_file_write(ctx, path, m, &err) == ECD_OK);
  check_refused("its deck:1:");
  m->deck = deck;
  if (ctx->rank == 0) {
    FILE *file = fopen(path, "w");
    fputs("no model\n", file);
    fclose(file);
  }
  MPI_Barrier(ctx->world);
  check_refused("not an HDF5 file");
  if (ctx->rank == 0) unlink(path);
  MPI_Barrier(ctx->world);
  check_refused("No such file");
}

/* Three members of an ensemble, one after the other; a file from before there were any. */
static void check_members(const ecd_model_file_t *network) {
  ecd_model_file_t m = *network, back;
  m.members = 3;
  m.parameters = COUNT / 3;
  CHECK(ecd_model_file_write(ctx, path, &m, &err) == ECD_OK);
  CHECK(ecd_model_file_read(ctx, path, &back, &err) == ECD_OK);
  CHECK(back.members == 3 && back.parameters == COUNT / 3);
  CHECK(memcmp(back.parameter, parameter, 3 * (COUNT / 3) * sizeof *parameter) == 0);
  ecd_model_file_clear(&back);
  MPI_Barrier(ctx->world);
  if (ctx->rank == 0) {
    const hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    CHECK(H5Adelete(file, "members") >= 0);
    H5Fclose(file);
  }
  MPI_Barrier(ctx->world);
  CHECK(ecd_model_file_read(ctx, path, &back, &err) == ECD_OK);
  CHECK(back.members == 1 && back.parameters == 3 * (COUNT / 3));
  ecd_model_file_clear(&back);
}

/* Two trees: one that is split once, one leaf. */
static void check_forest(const ecd_model_file_t *network) {
  int64_t offset[] = {0, 3, 4};
  int32_t feature[] = {1, -1, -1, -1}, left[] = {1, -1, -1, -1}, right[] = {2, -1, -1, -1};
  double threshold[] = {1.0 / 3, 0, 0, 0}, value[] = {2, 1, 1.0 / 7, 1.5}, importance[] = {0, 1};
  ecd_model_file_t m = *network, back;
  m.tensors = m.parameters = m.members = 0;
  m.parameter = NULL;
  m.forest =
      (ecd_model_forest_t){2, 4, 2, offset, feature, left, right, threshold, value, importance};
  CHECK(ecd_model_file_write(ctx, path, &m, &err) == ECD_OK);
  CHECK(ecd_model_file_read(ctx, path, &back, &err) == ECD_OK);
  const ecd_model_forest_t *f = &back.forest;
  CHECK(f->trees == 2 && f->nodes == 4 && f->width == 2);
  CHECK(memcmp(f->offset, offset, sizeof offset) == 0);
  CHECK(memcmp(f->feature, feature, sizeof feature) == 0);
  CHECK(memcmp(f->left, left, sizeof left) == 0 && memcmp(f->right, right, sizeof right) == 0);
  CHECK(memcmp(f->threshold, threshold, sizeof threshold) == 0);
  CHECK(memcmp(f->value, value, sizeof value) == 0);
  CHECK(memcmp(f->importance, importance, sizeof importance) == 0);
  CHECK(back.tensors == 0 && back.parameters == 0 && back.samples == SAMPLES);
  CHECK(strcmp(back.id[2], id[2]) == 0 && back.split[2] == -1);
  ecd_model_file_clear(&back);
  MPI_Barrier(ctx->world);
  flip(value, sizeof value);
  check_refused("/forest/value");
}

int main(int argc, char **argv) {
  MPI_Init(&argc, &argv);
  CHECK(ecd_context_create(&ctx, &err) == ECD_OK);
  if (ctx->rank == 0) CHECK(mkdtemp(folder) != NULL);
  MPI_Bcast(folder, sizeof folder, MPI_CHAR, 0, ctx->world);
  snprintf(path, sizeof path, "%s/deep/model.h5", folder);
  for (int i = 0; i < COUNT; ++i) {
    parameter[i] = (float)i * 0.37f - 1;
    moment1[i] = (float)i * 0.11f;
    moment2[i] = (float)i * 0.77f + 3;
  }
  ecd_settings_t *settings;
  char *deck;
  CHECK(ecd_settings_create(&settings, &err) == ECD_OK);
  CHECK(ecd_deck_override("model.cnn3d.dense=[7, 5]", settings, &err) == ECD_OK);
  CHECK(ecd_deck_override("model.kind=cnn3d", settings, &err) == ECD_OK);
  CHECK(ecd_deck_text(settings, &deck, &err) == ECD_OK);
  for (int with_state = 0; with_state < 2; ++with_state) {
    ecd_model_file_t m = make(deck, settings, with_state), back;
    CHECK(ecd_model_file_write(ctx, path, &m, &err) == ECD_OK);
    CHECK(ecd_model_file_read(ctx, path, &back, &err) == ECD_OK);
    check_same(&m, &back);
    ecd_model_file_clear(&back);
    MPI_Barrier(ctx->world);
  }
  ecd_model_file_t m = make(deck, settings, false);
  check_members(&m);
  check_forest(&m);
  m = make(deck, settings, true);
  CHECK(ecd_model_file_write(ctx, "/proc/none/model.h5", &m, &err) == ECD_FAILED);
  CHECK_HAS(err.text, "/proc/none");
  check_damage(&m, deck);
  if (ctx->rank == 0) {
    *strrchr(path, '/') = '\0';
    rmdir(path);
    rmdir(folder);
  }
  free(deck);
  ecd_settings_destroy(&settings);
  ecd_context_destroy(&ctx);
  const int failed = check_done();
  MPI_Finalize();
  return failed;
}
