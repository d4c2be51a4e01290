#include "bench/state.h"

#include "base/log.h"
#include "deck/keys.h"
#include "deck/values.h"
#include "train/folder.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DONE_FILE     "piece.json"
#define FAILED_FILE   "failed.json"
#define SETTINGS_FILE "settings.txt"

static bool has(const ecd_bench_t *b, size_t piece, const char *file) {
  char path[ECD_PATH_MAX];
  return ecd_piece_path(b, piece, file, path, NULL) == ECD_OK && ecd_file_exists(path);
}

static void drop(const ecd_bench_t *b, size_t piece, const char *file) {
  char path[ECD_PATH_MAX];
  if (ecd_piece_path(b, piece, file, path, NULL) == ECD_OK) unlink(path);
}

/* ---- settings.txt ---- */

/* Whether the key is of a model that this one does not stand on. */
static bool of_another_model(const char *key, ecd_model_kind_t kind) {
  for (size_t k = 0; ecd_model_names[k] != NULL; ++k) {
    const size_t length = strlen(ecd_model_names[k]);
    if (strncmp(key, "model.", 6) == 0 && strncmp(key + 6, ecd_model_names[k], length) == 0 &&
        key[6 + length] == '.')
      return k != (size_t)kind && kind != ECD_MODEL_FUSION;
  }
  return false;
}

/* Not all keys decide a result: not where files are, how fast it goes, and what the benchmark does
   around it. */
static bool decides(const char *key, ecd_model_kind_t kind) {
  static const char *const not_these[] = {"title",
                                          "output",
                                          "threads",
                                          "prep.*",
                                          "data.file",
                                          "data.memory",
                                          "data.folds_file",
                                          "train.bucket_mb",
                                          "train.checkpoint_every",
                                          "predict.*",
                                          "bench.*",
                                          "train.resume",
                                          "train.checkpoint_share",
                                          "time.*",
                                          "maps.*",
                                          "embed.*",
                                          "elastic.*",
                                          "model.fusion.magpie",
                                          "model.fusion.volume"};
  for (size_t i = 0; i < sizeof not_these / sizeof *not_these; ++i) {
    const char *star = strchr(not_these[i], '*');
    if (star != NULL ? strncmp(key, not_these[i], (size_t)(star - not_these[i])) == 0
                     : strcmp(key, not_these[i]) == 0)
      return false;
  }
  return !of_another_model(key, kind);
}

static ecd_code_t fingerprint_split(const ecd_bench_t *b, size_t piece, char hex[65],
                                    ecd_error_t *err) {
  const ecd_piece_t *p = &b->piece[piece];
  int8_t *split;
  ECD_TRY(ecd_alloc((void **)&split, b->protocol.samples, sizeof *split, "split", err));
  const ecd_code_t code = ecd_protocol_split(&b->protocol, p->holdout, p->target, split, err);
  ecd_sha256(split, b->protocol.samples, hex);
  free(split);
  return code;
}

/* Where the dataset and the training come from: of a trained model its file has both. */
static void describe_origin(const ecd_bench_t *b, size_t piece, const char *split, FILE *file) {
  const ecd_piece_t *p = &b->piece[piece];
  const ecd_trained_t *trained = b->models.model[p->model].trained;
  if (trained != NULL)
    fprintf(file, "sha256 of the model: %s\n", trained->sha256);
  else
    fprintf(file, "dataset: %s\nsplit: %s\n", b->protocol.fingerprint, split);
  if (b->protocol.kind == ECD_PROTOCOL_EXTERNAL)
    fprintf(file, "external dataset: %s\n", b->protocol.external.fingerprint);
  for (int k = 0; k < ECD_PARENTS; ++k) {
    const char *given = b->models.model[p->model].parent_sha256[k];
    if (p->parent[k] != ECD_NO_PIECE)
      fprintf(file, "parent: %s\n", b->piece[p->parent[k]].name);
    else if (given[0] != '\0')
      fprintf(file, "sha256 of the given parent: %s\n", given);
  }
}

/* A line for each setting that decides the piece's result. Owned by the caller. */
static ecd_code_t describe(const ecd_bench_t *b, size_t piece, char **text, ecd_error_t *err) {
  const bool trained = b->models.model[b->piece[piece].model].trained != NULL;
  ecd_piece_deck_t *deck;
  size_t size;
  char split[65];
  ECD_TRY(fingerprint_split(b, piece, split, err));
  ECD_TRY(ecd_alloc((void **)&deck, 1, sizeof *deck, "settings", err));
  ecd_code_t code = ecd_piece_settings(b, piece, deck, err);
  FILE *file = code == ECD_OK ? open_memstream(text, &size) : NULL;
  if (code == ECD_OK && file == NULL) code = ecd_fail(err, ECD_FAILED, "out of memory: settings");
  if (code == ECD_OK) {
    describe_origin(b, piece, split, file);
    for (size_t i = 0; i < ecd_key_count; ++i) {
      const char *key = ecd_keys[i].name;
      if (trained ? strcmp(key, "backend") != 0 : !decides(key, deck->settings.model.kind))
        continue;
      fprintf(file, "%s: ", key);
      ecd_key_write(&ecd_keys[i], &deck->settings, file);
      fputc('\n', file);
    }
    fclose(file);
  }
  free(deck);
  return code;
}

/* The first lines that differ, without their ends. */
static void first_difference(const char *a, const char *b, int length[2], const char *line[2]) {
  const char *text[2] = {a, b};
  do {
    for (int i = 0; i < 2; ++i) {
      line[i] = text[i];
      length[i] = (int)strcspn(text[i], "\n");
      text[i] += length[i] + (text[i][length[i]] == '\n');
    }
  } while (length[0] == length[1] && strncmp(line[0], line[1], (size_t)length[0]) == 0 &&
           (*text[0] != '\0' || *text[1] != '\0'));
}

static ecd_code_t check_settings(const ecd_bench_t *b, size_t piece, ecd_error_t *err) {
  char path[ECD_PATH_MAX], *now = NULL, *then = NULL;
  const char *line[2];
  int length[2];
  size_t size;
  ECD_TRY(ecd_piece_path(b, piece, SETTINGS_FILE, path, err));
  if (!ecd_file_exists(path)) return ECD_OK;
  ecd_code_t code = describe(b, piece, &now, err);
  if (code == ECD_OK) code = ecd_file_read_text(path, &then, &size, err);
  if (code == ECD_OK && strcmp(now, then) != 0) {
    first_difference(then, now, length, line);
    code = ecd_fail(err, ECD_USAGE,
                    "%s: this piece was made with other settings: expected '%.*s', found '%.*s'; "
                    "take another output folder, or remove %s/pieces",
                    path, length[1], line[1], length[0], line[0], b->settings->output);
  }
  free(now);
  free(then);
  return code;
}

static ecd_code_t write_settings(const ecd_bench_t *b, size_t piece, ecd_error_t *err) {
  char path[ECD_PATH_MAX], *text = NULL;
  ecd_output_t *output;
  ECD_TRY(ecd_piece_path(b, piece, SETTINGS_FILE, path, err));
  ECD_TRY(describe(b, piece, &text, err));
  ecd_code_t code = ecd_output_open(path, &output, err);
  if (code == ECD_OK) {
    fputs(text, ecd_output_stream(output));
    code = ecd_output_commit(&output, err);
  }
  free(text);
  return code;
}

/* ---- States ---- */

static ecd_piece_state_t look(const ecd_bench_t *b, size_t piece) {
  if (has(b, piece, DONE_FILE) && has(b, piece, ecd_piece_predictions(b))) return ECD_PIECE_DONE;
  return has(b, piece, FAILED_FILE) ? ECD_PIECE_FAILED : ECD_PIECE_OPEN;
}

/* Rank 0. */
static ecd_code_t scan(ecd_bench_t *b, bool retry, ecd_error_t *err) {
  for (size_t i = 0; i < b->count; ++i) {
    ECD_TRY(check_settings(b, i, err));
    b->piece[i].state = look(b, i);
    if (retry && b->piece[i].state == ECD_PIECE_FAILED) b->piece[i].state = ECD_PIECE_OPEN;
  }
  for (size_t i = 0; i < b->count; ++i) {
    const ecd_piece_t *p = &b->piece[i];
    for (int k = 0; k < ECD_PARENTS; ++k)
      if (p->parent[k] != ECD_NO_PIECE && p->state == ECD_PIECE_OPEN &&
          !has(b, p->parent[k], "model.h5") && b->piece[p->parent[k]].state == ECD_PIECE_DONE)
        b->piece[p->parent[k]].state = ECD_PIECE_OPEN;
  }
  return ECD_OK;
}

ecd_code_t ecd_state_scan(const ecd_context_t *ctx, ecd_bench_t *b, bool retry, ecd_error_t *err) {
  ECD_TRY(ecd_agree(ctx->world, ctx->rank == 0 ? scan(b, retry, err) : ECD_OK, err));
  for (size_t i = 0; i < b->count; ++i) {
    int state = (int)b->piece[i].state;
    ECD_MPI(MPI_Bcast(&state, 1, MPI_INT, 0, ctx->world));
    b->piece[i].state = (ecd_piece_state_t)state;
  }
  return ECD_OK;
}

static cJSON *read_json(const ecd_bench_t *b, size_t piece, const char *file) {
  char path[ECD_PATH_MAX], *text = NULL;
  size_t size;
  if (!has(b, piece, file) || ecd_piece_path(b, piece, file, path, NULL) != ECD_OK ||
      ecd_file_read_text(path, &text, &size, NULL) != ECD_OK)
    return NULL;
  cJSON *json = cJSON_Parse(text);
  free(text);
  return json;
}

static int64_t count_lines(const ecd_bench_t *b, size_t piece, const char *file) {
  char path[ECD_PATH_MAX], *text = NULL;
  size_t size;
  int64_t lines = 0;
  if (!has(b, piece, file) || ecd_piece_path(b, piece, file, path, NULL) != ECD_OK ||
      ecd_file_read_text(path, &text, &size, NULL) != ECD_OK)
    return 0;
  for (size_t i = 0; i < size; ++i) lines += text[i] == '\n';
  free(text);
  return lines;
}

ecd_piece_record_t ecd_state_read(const ecd_bench_t *b, size_t piece) {
  ecd_piece_record_t r = {.seconds = NAN};
  cJSON *done = read_json(b, piece, DONE_FILE), *failed = read_json(b, piece, FAILED_FILE);
  const cJSON *seconds = cJSON_GetObjectItem(done, "seconds"),
              *ranks = cJSON_GetObjectItem(done, "ranks"),
              *message = cJSON_GetObjectItem(failed, "message");
  if (cJSON_IsNumber(seconds)) r.seconds = seconds->valuedouble;
  if (cJSON_IsNumber(ranks)) r.ranks = ranks->valueint;
  if (cJSON_IsString(message)) snprintf(r.message, sizeof r.message, "%s", message->valuestring);
  r.epochs = count_lines(b, piece, "train.jsonl");
  cJSON_Delete(done);
  cJSON_Delete(failed);
  return r;
}

ecd_code_t ecd_state_begin(const ecd_bench_t *b, size_t piece, ecd_error_t *err) {
  char folder[ECD_PATH_MAX];
  ECD_TRY(ecd_piece_path(b, piece, "", folder, err));
  ECD_TRY(ecd_make_folder(folder, err));
  if (has(b, piece, FAILED_FILE)) {
    ecd_state_clean(b, piece, true);
    drop(b, piece, FAILED_FILE);
  }
  return write_settings(b, piece, err);
}

static ecd_code_t write_json(const ecd_bench_t *b, size_t piece, const char *file, cJSON *json,
                             ecd_error_t *err) {
  char path[ECD_PATH_MAX], *text = cJSON_Print(json);
  ecd_output_t *output;
  cJSON_Delete(json);
  ecd_code_t code = text != NULL ? ecd_piece_path(b, piece, file, path, err)
                                 : ecd_fail(err, ECD_FAILED, "out of memory: %s", file);
  if (code == ECD_OK) code = ecd_output_open(path, &output, err);
  if (code == ECD_OK) {
    fprintf(ecd_output_stream(output), "%s\n", text);
    code = ecd_output_commit(&output, err);
  }
  free(text);
  return code;
}

ecd_code_t ecd_state_done(const ecd_bench_t *b, size_t piece, double seconds, int ranks,
                          ecd_error_t *err) {
  cJSON *json = cJSON_CreateObject();
  cJSON_AddNumberToObject(json, "seconds", seconds);
  cJSON_AddNumberToObject(json, "ranks", ranks);
  return write_json(b, piece, DONE_FILE, json, err);
}

ecd_code_t ecd_state_failed(const ecd_bench_t *b, size_t piece, const ecd_error_t *why,
                            ecd_error_t *err) {
  cJSON *json = cJSON_CreateObject();
  cJSON_AddNumberToObject(json, "code", (double)why->code);
  cJSON_AddStringToObject(json, "message", why->text);
  return write_json(b, piece, FAILED_FILE, json, err);
}

/* What a folder of a training holds beside its results; a kill may leave .tmp and .old. */
static void clean_folder(const ecd_bench_t *b, size_t piece, const char *folder, bool model) {
  static const char *const files[] = {ECD_CHECKPOINT_LAST, ECD_CHECKPOINT_BEST, "model.h5"};
  static const char *const endings[] = {".tmp", ".old", ""};
  for (size_t k = 0; k < sizeof files / sizeof *files; ++k)
    for (size_t e = 0; e < sizeof endings / sizeof *endings; ++e) {
      const bool result = k == 2 && endings[e][0] == '\0';
      char file[120];
      snprintf(file, sizeof file, "%s%s%s", folder, files[k], endings[e]);
      if (!result || model) drop(b, piece, file);
    }
}

void ecd_state_clean(const ecd_bench_t *b, size_t piece, bool model) {
  const ecd_settings_t *s = b->models.model[b->piece[piece].model].settings;
  clean_folder(b, piece, "", model);
  clean_folder(b, piece, "parents/magpie_cnn/", model);
  clean_folder(b, piece, "parents/cnn2d/", model);
  for (int64_t k = 1; s->train.ensemble > 1 && k <= s->train.ensemble; ++k) {
    char folder[40];
    snprintf(folder, sizeof folder, "members/%lld/", (long long)k);
    clean_folder(b, piece, folder, true); /* model.h5 of the piece holds them all */
  }
}
