/* Layout, schema 1 (P parameters, M members of an ensemble one after the other, T tensors, N samples of the training dataset):
     /parameter f32 (M P), fletcher32; /tensor/name, /tensor/offset i64 (T)
     /sample/id, /sample/sha256 (of its charge file), /sample/split i8 (N)
     /forest/...: where the model is a random forest, which has no tensors (store/model_forest.h)
     /feature/name, mean, deviation f64 (F): where the model takes F features of the composition
     /moment1, /moment2 f32 (P less what does not train): checkpoints only
     root attributes: schema, schema_version, program, deck, preparation, target, transform, scaling,
     network (its widths are in the deck), sha256 of the parameter bytes; checkpoints: epoch,
     step_in_epoch, step, loss_sum, weight_sum, best_loss, best_epoch; ensembles: members */
#include "store/model_file.h"

#include "base/file.h"
#include "base/version.h"
#include "deck/deck.h"
#include "deck/keys.h"
#include "store/model_forest.h"
#include "store/names.h"

#include <stdlib.h>
#include <string.h>

enum { MODEL_VERSION = 1 };

static const char *const transforms[] = {"none", "log1p", "sqrt"};

/* Floats of all members. */
static size_t values(const ecd_model_file_t *m) { return m->members * m->parameters; }

/* An attribute that files of earlier versions lack. */
static int64_t integer_or(ecd_h5_t *h5, const char *name, int64_t otherwise) {
  return !h5->failed && H5Aexists(h5->file, name) > 0 ? ecd_h5_get_integer(h5, name) : otherwise;
}

static void put_state(ecd_h5_t *h5, const ecd_model_file_t *m) {
  const hsize_t count = m->moments;
  ecd_h5_put_integer(h5, "has_state", m->has_state);
  if (!m->has_state) return;
  ecd_h5_put_integer(h5, "has_moment1", m->moment1 != NULL);
  ecd_h5_put_integer(h5, "has_moment2", m->moment2 != NULL);
  if (m->moment1 != NULL) ecd_h5_write(h5, "/moment1", H5T_NATIVE_FLOAT, 1, &count, m->moment1);
  if (m->moment2 != NULL) ecd_h5_write(h5, "/moment2", H5T_NATIVE_FLOAT, 1, &count, m->moment2);
  ecd_h5_put_integer(h5, "epoch", m->epoch);
  ecd_h5_put_integer(h5, "step_in_epoch", m->step_in_epoch);
  ecd_h5_put_integer(h5, "step", m->step);
  ecd_h5_put_number(h5, "loss_sum", m->loss_sum);
  ecd_h5_put_number(h5, "weight_sum", m->weight_sum);
  ecd_h5_put_number(h5, "best_loss", m->best_loss);
  ecd_h5_put_integer(h5, "best_epoch", m->best_epoch);
}

static void put_features(ecd_h5_t *h5, const ecd_model_file_t *m) {
  const hsize_t count = m->features;
  char name[ECD_MAGPIE_ALL][ECD_MAGPIE_NAME];
  const char *names[ECD_MAGPIE_ALL];
  if (count == 0) return;
  for (size_t c = 0; c < m->features; ++c) {
    ecd_magpie_name(c, name[c]);
    names[c] = name[c];
  }
  ecd_h5_write_strings(h5, "/feature/name", m->features, names);
  ecd_h5_write(h5, "/feature/mean", H5T_NATIVE_DOUBLE, 1, &count, m->feature_mean);
  ecd_h5_write(h5, "/feature/deviation", H5T_NATIVE_DOUBLE, 1, &count, m->feature_deviation);
}

static void get_features(ecd_h5_t *h5, ecd_model_file_t *m) {
  char *found[ECD_MAGPIE_ALL] = {NULL}, name[ECD_MAGPIE_NAME];
  if (h5->failed || H5Lexists(h5->file, "/feature", H5P_DEFAULT) <= 0) return;
  m->features = ecd_h5_count(h5, "/feature/mean");
  if (m->features > ECD_MAGPIE_ALL) ecd_h5_fail(h5, "/feature/mean: more columns than are known");
  if (h5->failed) return;
  ecd_h5_read_strings(h5, "/feature/name", m->features, found);
  for (size_t c = 0; c < m->features; ++c) {
    ecd_magpie_name(c, name);
    if (!h5->failed && strcmp(found[c], name) != 0)
      ecd_h5_fail(h5, "/feature/name: not the columns that this ecdnet knows");
    free(found[c]);
  }
  ecd_h5_read(h5, "/feature/mean", H5T_NATIVE_DOUBLE, m->features, m->feature_mean);
  ecd_h5_read(h5, "/feature/deviation", H5T_NATIVE_DOUBLE, m->features, m->feature_deviation);
}

static void put_tensors(ecd_h5_t *h5, const ecd_model_file_t *m) {
  int64_t *offset = malloc((m->tensors + 1) * sizeof *offset);
  if (offset == NULL) ecd_h5_fail(h5, "out of memory");
  for (size_t i = 0; offset != NULL && i < m->tensors; ++i)
    offset[i] = (int64_t)m->tensor_offset[i];
  ecd_h5_write(h5, "/tensor/offset", H5T_NATIVE_INT64, 1, (const hsize_t[]){m->tensors}, offset);
  free(offset);
  ecd_h5_write_strings(h5, "/tensor/name", m->tensors, (const char *const *)m->tensor_name);
  ecd_h5_put_integer(h5, "members", (int64_t)m->members);
  ecd_h5_write(h5, "/parameter", H5T_NATIVE_FLOAT, 1, (const hsize_t[]){m->members * m->parameters},
               m->parameter);
}

static ecd_code_t write_file(const char *path, const void *arg, ecd_error_t *err) {
  const ecd_model_file_t *m = arg;
  ecd_h5_t h5;
  char hex[65];
  ECD_TRY(ecd_h5_open(path, true, &h5, err));
  ecd_sha256(m->parameter, values(m) * sizeof *m->parameter, hex);
  ecd_h5_put_text(&h5, "schema", ECD_MODEL_SCHEMA);
  ecd_h5_put_integer(&h5, "schema_version", MODEL_VERSION);
  ecd_h5_put_text(&h5, "program", ecd_version());
  ecd_h5_put_text(&h5, "deck", m->deck);
  ecd_h5_put_text(&h5, "sha256", hex);
  ecd_preparation_put(&h5, &m->preparation);
  ecd_h5_put_text(&h5, "network", ecd_model_names[m->model.kind]);
  ecd_h5_put_text(&h5, "target", ecd_target_names[m->target]);
  ecd_h5_put_text(&h5, "transform", transforms[m->transform]);
  ecd_h5_put_number(&h5, "input_mean", m->input_mean);
  ecd_h5_put_number(&h5, "input_deviation", m->input_deviation);
  ecd_h5_put_number(&h5, "target_mean", m->target_mean);
  ecd_h5_put_number(&h5, "target_deviation", m->target_deviation);
  if (m->tensors > 0) put_tensors(&h5, m);
  ecd_model_forest_put(&h5, &m->forest);
  ecd_h5_write_strings(&h5, "/sample/id", m->samples, (const char *const *)m->id);
  if (m->sha256 != NULL)
    ecd_h5_write_strings(&h5, "/sample/sha256", m->samples, (const char *const *)m->sha256);
  if (m->parents_sha256[0] != '\0') ecd_h5_put_text(&h5, "parents_sha256", m->parents_sha256);
  ecd_h5_write(&h5, "/sample/split", H5T_NATIVE_INT8, 1, (const hsize_t[]){m->samples}, m->split);
  put_features(&h5, m);
  put_state(&h5, m);
  return ecd_h5_close(&h5, ECD_FAILED, err);
}

ecd_code_t ecd_model_file_write(const ecd_context_t *ctx, const char *path,
                                const ecd_model_file_t *model, ecd_error_t *err) {
  ecd_code_t code = ECD_OK;
  if (ctx->rank == 0) {
    code = ecd_make_parent_folder(path, err);
    if (code == ECD_OK) code = ecd_file_replace(path, write_file, model, err);
  }
  return ecd_agree(ctx->world, code, err);
}

static void *read_array(ecd_h5_t *h5, const char *name, hid_t type, size_t count, size_t size) {
  void *data = h5->failed ? NULL : malloc((count + 1) * size);
  if (data == NULL)
    ecd_h5_fail(h5, "out of memory");
  else
    ecd_h5_read(h5, name, type, count, data);
  return data;
}

static void get_state(ecd_h5_t *h5, ecd_model_file_t *m) {
  m->has_state = ecd_h5_get_integer(h5, "has_state") != 0;
  if (!m->has_state) return;
  const bool first = ecd_h5_get_integer(h5, "has_moment1") != 0;
  const bool second = ecd_h5_get_integer(h5, "has_moment2") != 0;
  if (first) m->moments = ecd_h5_count(h5, "/moment1");
  if (first) m->moment1 = read_array(h5, "/moment1", H5T_NATIVE_FLOAT, m->moments, sizeof(float));
  if (second) m->moment2 = read_array(h5, "/moment2", H5T_NATIVE_FLOAT, m->moments, sizeof(float));
  m->epoch = ecd_h5_get_integer(h5, "epoch");
  m->step_in_epoch = ecd_h5_get_integer(h5, "step_in_epoch");
  m->step = ecd_h5_get_integer(h5, "step");
  m->loss_sum = ecd_h5_get_number(h5, "loss_sum");
  m->weight_sum = ecd_h5_get_number(h5, "weight_sum");
  m->best_loss = ecd_h5_get_number(h5, "best_loss");
  m->best_epoch = integer_or(h5, "best_epoch", 0);
}

static void get_samples(ecd_h5_t *h5, ecd_model_file_t *m) {
  m->samples = ecd_h5_count(h5, "/sample/id");
  m->id = calloc(m->samples + 1, sizeof *m->id);
  if (m->id == NULL) ecd_h5_fail(h5, "out of memory");
  if (h5->failed) return;
  ecd_h5_read_strings(h5, "/sample/id", m->samples, m->id);
  if (!h5->failed && H5Lexists(h5->file, "/sample/sha256", H5P_DEFAULT) > 0) {
    m->sha256 = calloc(m->samples + 1, sizeof *m->sha256);
    if (m->sha256 == NULL) ecd_h5_fail(h5, "out of memory");
    if (!h5->failed) ecd_h5_read_strings(h5, "/sample/sha256", m->samples, m->sha256);
  }
  m->split = read_array(h5, "/sample/split", H5T_NATIVE_INT8, m->samples, sizeof *m->split);
}

static void get_parents(ecd_h5_t *h5, ecd_model_file_t *m) {
  if (h5->failed || H5Aexists(h5->file, "parents_sha256") <= 0) return;
  char *text = ecd_h5_get_text(h5, "parents_sha256");
  if (text != NULL) snprintf(m->parents_sha256, sizeof m->parents_sha256, "%s", text);
  free(text);
}

static void get_tensors(ecd_h5_t *h5, ecd_model_file_t *m) {
  m->tensors = ecd_h5_count(h5, "/tensor/offset");
  const int64_t members = integer_or(h5, "members", 1);
  const size_t count = ecd_h5_count(h5, "/parameter");
  if (members < 1 || count % (size_t)members != 0)
    ecd_h5_fail(h5, "/parameter: not as long as its members need");
  m->members = h5->failed ? 0 : (size_t)members;
  m->parameters = h5->failed ? 0 : count / m->members;
  m->tensor_name = calloc(m->tensors + 1, sizeof *m->tensor_name);
  m->tensor_offset = calloc(m->tensors + 1, sizeof *m->tensor_offset);
  if (m->tensor_name == NULL || m->tensor_offset == NULL) ecd_h5_fail(h5, "out of memory");
  if (h5->failed) return;
  int64_t *offset = read_array(h5, "/tensor/offset", H5T_NATIVE_INT64, m->tensors, sizeof *offset);
  for (size_t i = 0; offset != NULL && i < m->tensors; ++i) m->tensor_offset[i] = (size_t)offset[i];
  free(offset);
  ecd_h5_read_strings(h5, "/tensor/name", m->tensors, m->tensor_name);
  m->parameter = read_array(h5, "/parameter", H5T_NATIVE_FLOAT, values(m), sizeof *m->parameter);
}

/* The network as the deck describes it. */
static ecd_code_t read_network(const char *path, ecd_model_file_t *m, ecd_error_t *err) {
  ecd_settings_t *settings;
  ECD_TRY(ecd_settings_create(&settings, err));
  const ecd_code_t code = ecd_deck_parse(m->deck, strlen(m->deck), "its deck", settings, err);
  if (code == ECD_OK) m->model = settings->model;
  ecd_settings_destroy(&settings);
  if (code == ECD_OK) return ECD_OK;
  ecd_fail_in(err, "%s", path);
  return err->code = ECD_DATA;
}

static ecd_code_t read_file(const char *path, ecd_model_file_t *m, ecd_error_t *err) {
  ecd_h5_t h5;
  ECD_TRY(ecd_h5_open(path, false, &h5, err));
  ecd_code_t code = ecd_h5_check_schema(&h5, ECD_MODEL_SCHEMA, MODEL_VERSION, err);
  if (code != ECD_OK) {
    ecd_h5_close(&h5, ECD_DATA, NULL);
    return code;
  }
  ecd_preparation_get(&h5, &m->preparation);
  m->target = (ecd_target_t)ecd_name_get(&h5, "target", ecd_target_names, 2);
  m->transform = (ecd_transform_t)ecd_name_get(&h5, "transform", transforms, 3);
  m->input_mean = ecd_h5_get_number(&h5, "input_mean");
  m->input_deviation = ecd_h5_get_number(&h5, "input_deviation");
  m->target_mean = ecd_h5_get_number(&h5, "target_mean");
  m->target_deviation = ecd_h5_get_number(&h5, "target_deviation");
  m->deck = ecd_h5_get_text(&h5, "deck");
  get_samples(&h5, m);
  get_parents(&h5, m);
  ecd_model_forest_get(&h5, &m->forest);
  if (m->forest.trees == 0) get_tensors(&h5, m);
  get_features(&h5, m);
  get_state(&h5, m);
  char hex[65] = "", *stored = ecd_h5_get_text(&h5, "sha256");
  if (!h5.failed) ecd_sha256(m->parameter, values(m) * sizeof *m->parameter, hex);
  const bool intact = stored != NULL && strcmp(hex, stored) == 0;
  free(stored);
  code = ecd_h5_close(&h5, ECD_DATA, err);
  if (code == ECD_OK && !intact)
    code = ecd_fail(err, ECD_DATA, "%s: the parameters do not match their checksum", path);
  return code == ECD_OK ? read_network(path, m, err) : code;
}

/* In pieces that an int can count. */
static ecd_code_t share(const ecd_context_t *ctx, void *data, size_t bytes, ecd_error_t *err) {
  const size_t piece = (size_t)1 << 29;
  for (size_t at = 0; at < bytes; at += piece)
    ECD_MPI(MPI_Bcast((char *)data + at, (int)(bytes - at < piece ? bytes - at : piece), MPI_BYTE,
                      0, ctx->world));
  return ECD_OK;
}

/* What the other ranks need to know to make room. */
typedef struct {
  ecd_model_file_t plain; /* its pointers mean nothing elsewhere */
  bool moment1, moment2;
  size_t text; /* bytes of all texts */
} header_t;

/* All texts one after the other, each with its NUL: the deck, the ids, the tensors' names. */
static size_t text_size(const ecd_model_file_t *m) {
  size_t size = strlen(m->deck) + 1;
  for (size_t i = 0; i < m->samples; ++i) size += strlen(m->id[i]) + 1;
  for (size_t i = 0; m->sha256 != NULL && i < m->samples; ++i) size += strlen(m->sha256[i]) + 1;
  for (size_t i = 0; i < m->tensors; ++i) size += strlen(m->tensor_name[i]) + 1;
  return size;
}

static char *put_text(char *at, const char *text) {
  const size_t size = strlen(text) + 1;
  memcpy(at, text, size);
  return at + size;
}

static void pack_texts(const ecd_model_file_t *m, char *text) {
  text = put_text(text, m->deck);
  for (size_t i = 0; i < m->samples; ++i) text = put_text(text, m->id[i]);
  for (size_t i = 0; m->sha256 != NULL && i < m->samples; ++i) text = put_text(text, m->sha256[i]);
  for (size_t i = 0; i < m->tensors; ++i) text = put_text(text, m->tensor_name[i]);
}

static ecd_code_t take_text(char **text, const char **at, ecd_error_t *err) {
  const size_t size = strlen(*at) + 1;
  ECD_TRY(ecd_alloc((void **)text, size, 1, "text", err));
  memcpy(*text, *at, size);
  *at += size;
  return ECD_OK;
}

static ecd_code_t unpack_texts(ecd_model_file_t *m, const char *text, ecd_error_t *err) {
  ECD_TRY(take_text(&m->deck, &text, err));
  for (size_t i = 0; i < m->samples; ++i) ECD_TRY(take_text(&m->id[i], &text, err));
  for (size_t i = 0; m->sha256 != NULL && i < m->samples; ++i)
    ECD_TRY(take_text(&m->sha256[i], &text, err));
  for (size_t i = 0; i < m->tensors; ++i) ECD_TRY(take_text(&m->tensor_name[i], &text, err));
  return ECD_OK;
}

/* On every rank but the one that read the file. */
static ecd_code_t make_room(const header_t *h, ecd_model_file_t *m, ecd_error_t *err) {
  const size_t count = h->plain.moments;
  *m = h->plain;
  m->deck = NULL;
  m->id = m->tensor_name = m->sha256 = NULL;
  m->split = NULL;
  m->tensor_offset = NULL;
  m->parameter = m->moment1 = m->moment2 = NULL;
  ECD_TRY(ecd_model_forest_make_room(&m->forest, err));
  ECD_TRY(ecd_alloc((void **)&m->id, m->samples, sizeof *m->id, "model", err));
  if (h->plain.sha256 != NULL)
    ECD_TRY(ecd_alloc((void **)&m->sha256, m->samples, sizeof *m->sha256, "model", err));
  ECD_TRY(ecd_alloc((void **)&m->tensor_name, m->tensors, sizeof *m->tensor_name, "model", err));
  ECD_TRY(ecd_alloc((void **)&m->split, m->samples, sizeof *m->split, "model", err));
  ECD_TRY(
      ecd_alloc((void **)&m->tensor_offset, m->tensors, sizeof *m->tensor_offset, "model", err));
  ECD_TRY(ecd_alloc((void **)&m->parameter, values(m), sizeof *m->parameter, "model", err));
  if (h->moment1)
    ECD_TRY(ecd_alloc((void **)&m->moment1, count, sizeof *m->moment1, "moments", err));
  if (h->moment2)
    ECD_TRY(ecd_alloc((void **)&m->moment2, count, sizeof *m->moment2, "moments", err));
  return ECD_OK;
}

static ecd_code_t share_arrays(const ecd_context_t *ctx, const header_t *h, ecd_model_file_t *m,
                               char *text, ecd_error_t *err) {
  const size_t bytes = m->moments * sizeof *m->moment1;
  ECD_TRY(share(ctx, text, h->text, err));
  ECD_TRY(share(ctx, m->split, m->samples * sizeof *m->split, err));
  ECD_TRY(share(ctx, m->tensor_offset, m->tensors * sizeof *m->tensor_offset, err));
  ECD_TRY(share(ctx, m->parameter, values(m) * sizeof *m->parameter, err));
  if (h->moment1) ECD_TRY(share(ctx, m->moment1, bytes, err));
  if (h->moment2) ECD_TRY(share(ctx, m->moment2, bytes, err));
  ECD_TRY(ecd_model_forest_share(ctx, &m->forest, err));
  return ctx->rank != 0 ? unpack_texts(m, text, err) : ECD_OK;
}

/* Room is made, and agreed on, before anything long is sent. */
static ecd_code_t share_all(const ecd_context_t *ctx, ecd_model_file_t *m, ecd_error_t *err) {
  header_t h = {.plain = *m};
  char *text = NULL;
  if (ctx->rank == 0) {
    h.moment1 = m->moment1 != NULL;
    h.moment2 = m->moment2 != NULL;
    h.text = text_size(m);
  }
  ECD_TRY(share(ctx, &h, sizeof h, err));
  ecd_code_t code = ecd_alloc((void **)&text, h.text, 1, "texts of the model", err);
  if (code == ECD_OK && ctx->rank == 0) pack_texts(m, text);
  if (code == ECD_OK && ctx->rank != 0) code = make_room(&h, m, err);
  code = ecd_agree(ctx->world, code, err);
  if (code == ECD_OK) code = share_arrays(ctx, &h, m, text, err);
  free(text);
  return ecd_agree(ctx->world, code, err);
}

ecd_code_t ecd_model_file_read(const ecd_context_t *ctx, const char *path, ecd_model_file_t *model,
                               ecd_error_t *err) {
  memset(model, 0, sizeof *model);
  ecd_code_t code = ctx->rank == 0 ? read_file(path, model, err) : ECD_OK;
  code = ecd_agree(ctx->world, code, err);
  if (code == ECD_OK) code = share_all(ctx, model, err);
  if (code != ECD_OK) ecd_model_file_clear(model);
  return code;
}

bool ecd_model_file_has_samples(const ecd_model_file_t *m, size_t samples, const char *const *id) {
  bool same = m->samples == samples;
  for (size_t i = 0; same && i < samples; ++i) same = strcmp(m->id[i], id[i]) == 0;
  return same;
}

void ecd_model_file_clear(ecd_model_file_t *m) {
  for (size_t i = 0; m->id != NULL && i < m->samples; ++i) free(m->id[i]);
  for (size_t i = 0; m->sha256 != NULL && i < m->samples; ++i) free(m->sha256[i]);
  for (size_t i = 0; m->tensor_name != NULL && i < m->tensors; ++i) free(m->tensor_name[i]);
  free(m->id);
  free(m->sha256);
  free(m->tensor_name);
  free(m->deck);
  free(m->split);
  free(m->tensor_offset);
  free(m->parameter);
  free(m->moment1);
  free(m->moment2);
  ecd_model_forest_clear(&m->forest);
  memset(m, 0, sizeof *m);
}
