#include "train/maps.h"

#include "base/log.h"
#include "base/version.h"
#include "store/h5.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { AXES = 3, MAPS_VERSION = 1 };
#define MAPS_SCHEMA "ecdnet-maps"

/* Leaves of a fusion's tensors those of its cnn2d, under their own names. */
static ecd_code_t take_volume_parent(ecd_predictor_t *p, ecd_error_t *err) {
  static const char prefix[] = "volume.";
  ecd_model_file_t *m = &p->model;
  size_t first = 0, end = 0, kept = 0;
  for (size_t i = 0; i < m->tensors; ++i) {
    char *name = m->tensor_name[i];
    const size_t next = i + 1 < m->tensors ? m->tensor_offset[i + 1] : m->parameters;
    if (strncmp(name, prefix, sizeof prefix - 1) != 0) {
      free(name);
      m->tensor_name[i] = NULL;
      continue;
    }
    if (kept == 0) first = m->tensor_offset[i];
    end = next;
    memmove(name, name + sizeof prefix - 1, strlen(name) - (sizeof prefix - 1) + 1);
    m->tensor_name[i] = NULL;
    m->tensor_name[kept] = name;
    m->tensor_offset[kept++] = m->tensor_offset[i] - first;
  }
  if (kept == 0)
    return ecd_fail(err, ECD_DATA, "%s: a fusion without the tensors of its cnn2d", p->model_path);
  memmove(m->parameter, m->parameter + first, (end - first) * sizeof *m->parameter);
  m->tensors = kept;
  m->parameters = end - first;
  m->features = 0;
  m->model.kind = ECD_MODEL_CNN2D;
  return ECD_OK;
}

/* ---- maps.materials ---- */

/* Ids with commas between them; spaces around them do not count. */
static ecd_code_t read_named(ecd_predictor_t *p, ecd_error_t *err) {
  const char *list = p->settings->maps.materials;
  size_t most = 1;
  for (const char *at = list; *at != '\0'; ++at) most += *at == ',';
  p->named_text = strdup(list);
  if (p->named_text == NULL) return ecd_fail(err, ECD_FAILED, "out of memory: maps.materials");
  if (list[0] == '\0') return ECD_OK;
  ECD_TRY(ecd_alloc((void **)&p->named, most, sizeof *p->named, "maps.materials", err));
  for (char *at = p->named_text, *next; at != NULL; at = next) {
    next = strchr(at, ',');
    if (next != NULL) *next++ = '\0';
    at += strspn(at, " ");
    for (size_t end = strlen(at); end > 0 && at[end - 1] == ' '; --end) at[end - 1] = '\0';
    if (at[0] != '\0') p->named[p->named_count++] = (ecd_named_t){.id = at};
  }
  return ECD_OK;
}

bool ecd_maps_names(ecd_predictor_t *p, const char *id, bool picked) {
  bool found = false;
  for (size_t i = 0; i < p->named_count; ++i) {
    ecd_named_t *named = &p->named[i];
    if (strcmp(named->id, id) != 0) continue;
    named->there = found = true;
    named->picked |= picked;
  }
  return found && picked;
}

/* Adds start and the ids that were not picked: of samples that are there, or of none. */
static void list_named(const ecd_predictor_t *p, bool there, const char *start, size_t size,
                       char *text) {
  for (size_t i = 0; i < p->named_count; ++i) {
    const ecd_named_t *named = &p->named[i];
    const size_t at = strlen(text);
    if (named->picked || named->there != there) continue;
    snprintf(text + at, size - at, "%s%s", start, named->id);
    start = ", ";
  }
}

ecd_code_t ecd_maps_check_named(const ecd_predictor_t *p, const char *where, ecd_error_t *err) {
  char text[ECD_ERROR_TEXT / 2] = "";
  list_named(p, false, "; no sample ", sizeof text, text);
  list_named(p, true,
             p->wanted == NULL ? "; predict.split does not pick "
                               : "; predict.split and predict.ids do not both pick ",
             sizeof text, text);
  if (text[0] == '\0') return ECD_OK;
  return ecd_fail(err, ECD_DATA, "%s: maps.materials: %s", where, text + strlen("; "));
}

ecd_code_t ecd_maps_prepare(ecd_predictor_t *p, ecd_error_t *err) {
  ECD_TRY(read_named(p, err));
  if (p->model.members > 1)
    ecd_log(p->ctx, "%s is an ensemble: the maps are those of its first network", p->model_path);
  if (p->model.model.kind == ECD_MODEL_FUSION) ECD_TRY(take_volume_parent(p, err));
  if (p->model.model.kind == ECD_MODEL_CNN2D) return ECD_OK;
  return ecd_fail(err, ECD_DATA,
                  "%s: expected a cnn2d or a fusion, which have squeeze-and-excitation blocks, "
                  "found a %s",
                  p->model_path, ecd_model_names[p->model.model.kind]);
}

static ecd_code_t one_block(ecd_predictor_t *p, size_t first, size_t count, ecd_feed_fn *feed,
                            void *arg, float *map, ecd_error_t *err) {
  const size_t n = (size_t)p->model.preparation.grid;
  const float *input[ECD_INFERENCE_BLOCK];
  float output[ECD_INFERENCE_BLOCK];
  ECD_TRY(feed(first, count, input, arg, err));
  ecd_net_forward(p->net, count, input, output);
  for (size_t k = 0; k < count; ++k)
    for (size_t a = 0; a < AXES; ++a)
      ecd_net_map(p->net, k, (int)a, map + ((first + k) * AXES + a) * n * n);
  return ECD_OK;
}

/* Rank 0 gets the maps of all ranks: each has some, the others zeros. */
static ecd_code_t gather(const ecd_predictor_t *p, size_t count, float *map, ecd_error_t *err) {
  const size_t n = (size_t)p->model.preparation.grid, size = AXES * n * n;
  for (size_t i = 0; i < count; ++i) {
    float *one = map + i * size;
    ECD_MPI(MPI_Reduce(p->ctx->rank == 0 ? MPI_IN_PLACE : one, one, (int)size, MPI_FLOAT, MPI_SUM,
                       0, p->ctx->world));
  }
  return ECD_OK;
}

ecd_code_t ecd_maps_collect(ecd_predictor_t *p, size_t at, size_t count, ecd_feed_fn *feed,
                            void *arg, ecd_error_t *err) {
  const size_t n = (size_t)p->model.preparation.grid, size = AXES * n * n;
  const size_t block = ECD_INFERENCE_BLOCK;
  float *map = realloc(p->map, (at + count) * size * sizeof *map);
  ecd_code_t code =
      map != NULL ? ECD_OK : ecd_fail(err, ECD_FAILED, "out of memory: maps of the materials");
  ECD_TRY(ecd_agree(p->ctx->world, code, err));
  p->map = map;
  memcpy(ecd_net_parameters(p->net), p->model.parameter,
         p->model.parameters * sizeof *p->model.parameter);
  map += at * size;
  memset(map, 0, count * size * sizeof *map);
  for (size_t first = block * (size_t)p->ctx->rank; code == ECD_OK && first < count;
       first += block * (size_t)p->ctx->size)
    code = one_block(p, first, count - first < block ? count - first : block, feed, arg, map, err);
  ECD_TRY(ecd_agree(p->ctx->world, code, err));
  return gather(p, count, map, err);
}

static ecd_code_t write_file(const char *path, const void *arg, ecd_error_t *err) {
  const ecd_predictor_t *p = arg;
  const hsize_t n = (hsize_t)p->model.preparation.grid;
  const char **text;
  ecd_h5_t h5;
  ECD_TRY(ecd_alloc((void **)&text, p->count, sizeof *text, "names", err));
  ecd_code_t code = ecd_h5_open(path, true, &h5, err);
  if (code == ECD_OK) {
    ecd_h5_put_text(&h5, "schema", MAPS_SCHEMA);
    ecd_h5_put_integer(&h5, "schema_version", MAPS_VERSION);
    ecd_h5_put_text(&h5, "program", ecd_version());
    ecd_h5_put_text(&h5, "model", p->model_path);
    for (size_t i = 0; i < p->count; ++i) text[i] = p->sample[i]->id;
    ecd_h5_write_strings(&h5, "/id", p->count, text);
    for (size_t i = 0; i < p->count; ++i) text[i] = p->sample[i]->formula;
    ecd_h5_write_strings(&h5, "/formula", p->count, text);
    ecd_h5_write(&h5, "/map", H5T_NATIVE_FLOAT, 4, (const hsize_t[]){p->count, AXES, n, n}, p->map);
    code = ecd_h5_close(&h5, ECD_FAILED, err);
  }
  free(text);
  return code;
}

ecd_code_t ecd_maps_write(const ecd_predictor_t *p, const char *folder, ecd_error_t *err) {
  char path[ECD_PATH_MAX];
  ECD_TRY(ecd_path_join(path, folder, "maps.h5", err));
  const ecd_code_t code = p->ctx->rank == 0 ? ecd_file_replace(path, write_file, p, err) : ECD_OK;
  ECD_TRY(ecd_agree(p->ctx->world, code, err));
  ecd_log(p->ctx, "maps of %zu materials in %s", p->count, path);
  return ECD_OK;
}
