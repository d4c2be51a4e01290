#include "train/journal.h"

#include "base/file.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

ecd_code_t ecd_journal_cut(const char *path, int64_t epochs, ecd_error_t *err) {
  char *text = NULL;
  size_t length;
  ecd_output_t *output;
  if (epochs > 0 && ecd_file_exists(path)) ECD_TRY(ecd_file_read_text(path, &text, &length, err));
  ecd_code_t code = ecd_output_open(path, &output, err);
  if (code == ECD_OK) {
    const char *line = text, *end;
    for (int64_t e = 0; e < epochs && line != NULL && (end = strchr(line, '\n')) != NULL; ++e) {
      fwrite(line, 1, (size_t)(end - line) + 1, ecd_output_stream(output));
      line = end + 1;
    }
    code = ecd_output_commit(&output, err);
  }
  free(text);
  return code;
}

/* Owned by the caller; NULL when out of memory. */
static char *line_of(const ecd_record_t *r) {
  static const char *const phases[ECD_PHASES] = {"forward", "backward", "exchange",
                                                 "update",  "test",     "checkpoint"};
  cJSON *json = cJSON_CreateObject();
  cJSON_AddNumberToObject(json, "epoch", (double)r->epoch);
  cJSON_AddNumberToObject(json, "train_loss", r->train_loss);
  cJSON_AddNumberToObject(json, "train_loss_scaled", r->loss);
  cJSON_AddNumberToObject(json, "validation_loss", r->validation_loss); /* NaN: null */
  cJSON_AddNumberToObject(json, "test_loss", r->test_loss);
  cJSON_AddStringToObject(json, "error", r->error);
  cJSON_AddNumberToObject(json, "lr", r->lr);
  cJSON_AddNumberToObject(json, "samples_per_s", r->samples_per_s);
  cJSON_AddNumberToObject(json, "ranks", r->ranks);
  cJSON_AddNumberToObject(json, "threads", r->threads);
  cJSON *seconds = cJSON_AddObjectToObject(json, "seconds");
  for (int p = 0; p < ECD_PHASES; ++p) cJSON_AddNumberToObject(seconds, phases[p], r->seconds[p]);
  char *text = cJSON_PrintUnformatted(json);
  cJSON_Delete(json);
  return text;
}

ecd_code_t ecd_journal_add(const char *path, const ecd_record_t *record, ecd_error_t *err) {
  char *text = line_of(record);
  if (text == NULL) return ecd_fail(err, ECD_FAILED, "out of memory: a line of %s", path);
  FILE *file = fopen(path, "a");
  bool good = file != NULL && fprintf(file, "%s\n", text) > 0 && fflush(file) == 0;
  good = good && (fsync(fileno(file)) == 0 || errno == EINVAL || errno == ENOTSUP);
  const int why = errno;
  good = (file == NULL || fclose(file) == 0) && good;
  free(text);
  return good ? ECD_OK : ecd_fail(err, ECD_FAILED, "cannot write %s: %s", path, strerror(why));
}
