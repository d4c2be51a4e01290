#include "elastic/labels.h"

#include "base/table.h"

#include <stdlib.h>
#include <string.h>

struct ecd_labels {
  char path[ECD_PATH_MAX];
  ecd_table_t *earlier; /* NULL: none */
  int columns;
  char **id; /* [count], of this call */
  size_t count;
  FILE *rows; /* of this call, into text */
  char *text;
  size_t size;
};

/* The table of an earlier call, if it is one. */
static ecd_code_t read_earlier(ecd_labels_t *labels, ecd_error_t *err) {
  char *header = NULL, *text = NULL;
  size_t size, length;
  if (!ecd_file_exists(labels->path)) return ECD_OK;
  FILE *memory = open_memstream(&header, &size);
  if (memory == NULL) return ecd_fail(err, ECD_FAILED, "out of memory: labels");
  ecd_elastic_write_header(memory);
  fclose(memory);
  for (const char *c = header; *c != '\0'; ++c) labels->columns += *c == ',' || *c == '\n';
  ecd_code_t code = ecd_file_read_text(labels->path, &text, &length, err);
  if (code == ECD_OK && strncmp(text, header, strlen(header)) != 0)
    code = ecd_fail(err, ECD_DATA,
                    "%s: expected the table of an earlier ecdnet elastic, to add to it, found "
                    "another one; choose another output",
                    labels->path);
  if (code == ECD_OK) code = ecd_table_read(labels->path, &labels->earlier, err);
  free(header);
  free(text);
  return code;
}

ecd_code_t ecd_labels_open(const char *path, ecd_labels_t **labels, ecd_error_t *err) {
  ECD_TRY(ecd_alloc((void **)labels, 1, sizeof **labels, "labels", err));
  snprintf((*labels)->path, sizeof(*labels)->path, "%s", path);
  (*labels)->rows = open_memstream(&(*labels)->text, &(*labels)->size);
  const ecd_code_t code = (*labels)->rows == NULL
                              ? ecd_fail(err, ECD_FAILED, "out of memory: labels")
                              : read_earlier(*labels, err);
  if (code != ECD_OK) ecd_labels_destroy(labels);
  return code;
}

void ecd_labels_destroy(ecd_labels_t **labels) {
  if (*labels == NULL) return;
  ecd_table_destroy(&(*labels)->earlier);
  for (size_t i = 0; i < (*labels)->count; ++i) free((*labels)->id[i]);
  free((*labels)->id);
  if ((*labels)->rows != NULL) fclose((*labels)->rows);
  free((*labels)->text);
  free(*labels);
  *labels = NULL;
}

bool ecd_labels_has(const ecd_labels_t *labels, const char *id) {
  for (size_t i = 0; i < labels->count; ++i)
    if (strcmp(labels->id[i], id) == 0) return true;
  return false;
}

ecd_code_t ecd_labels_take(ecd_labels_t *labels, const char *id, ecd_error_t *err) {
  char **larger = realloc(labels->id, (labels->count + 1) * sizeof *larger);
  if (larger == NULL) return ecd_fail(err, ECD_FAILED, "out of memory: ids");
  labels->id = larger;
  if ((labels->id[labels->count] = strdup(id)) == NULL)
    return ecd_fail(err, ECD_FAILED, "out of memory: ids");
  ++labels->count;
  return ECD_OK;
}

void ecd_labels_add(ecd_labels_t *labels, const ecd_elastic_input_t *input,
                    const ecd_elastic_t *result, const ecd_elastic_settings_t *settings) {
  ecd_elastic_write_row(labels->rows, input, result, settings);
}

/* Rows of other materials, as they were. */
static size_t write_earlier(const ecd_labels_t *labels, FILE *file) {
  const size_t rows = labels->earlier != NULL ? ecd_table_rows(labels->earlier) : 0;
  size_t kept = 0;
  for (size_t row = 0; row < rows; ++row) {
    if (ecd_labels_has(labels, ecd_table_text(labels->earlier, row, 0))) continue;
    for (int k = 0; k < labels->columns; ++k)
      ecd_table_write_text(file, ecd_table_text(labels->earlier, row, k),
                           k + 1 == labels->columns ? '\n' : ',');
    ++kept;
  }
  return kept;
}

ecd_code_t ecd_labels_commit(ecd_labels_t *labels, size_t *kept, ecd_error_t *err) {
  ecd_output_t *output;
  if (fflush(labels->rows) != 0) return ecd_fail(err, ECD_FAILED, "out of memory: labels");
  ECD_TRY(ecd_output_open(labels->path, &output, err));
  FILE *file = ecd_output_stream(output);
  ecd_elastic_write_header(file);
  *kept = write_earlier(labels, file);
  fwrite(labels->text, 1, labels->size, file);
  return ecd_output_commit(&output, err);
}
