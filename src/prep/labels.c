/* Joining files and labels. */
#include "prep/sources.h"

#include "base/table.h"
#include "chem/composition.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { ID, FORMULA, BULK, SHEAR, COLUMNS };
static const char *const names[COLUMNS] = {"id", "formula", "bulk_gpa", "shear_gpa"};

typedef struct {
  ecd_sources_t *sources;
  const ecd_label_options_t *options;
  const ecd_table_t *table;
  int column[COLUMNS];
  size_t *line; /* of each file's label, 0: none */
  size_t problems;
  char text[6000];
} join_t;

static void __attribute__((format(printf, 2, 3))) problem(join_t *j, const char *format, ...) {
  const size_t have = strlen(j->text), room = sizeof j->text - have;
  ++j->problems;
  if (room < 400) return; /* counted, not shown */
  memcpy(j->text + have, "\n  ", 4);
  va_list args;
  va_start(args, format);
  vsnprintf(j->text + have + 3, 390, format, args);
  va_end(args);
}

static int by_id(const void *a, const void *b) {
  return strcmp(((const ecd_source_file_t *)a)->id, ((const ecd_source_file_t *)b)->id);
}

static int by_text(const void *a, const void *b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static ecd_code_t reject(ecd_sources_t *sources, const char *id, const char *path,
                         const char *reason, ecd_error_t *err) {
  ecd_reject_t *larger = realloc(sources->reject, (sources->rejects + 1) * sizeof *sources->reject);
  if (larger == NULL) return ecd_fail(err, ECD_FAILED, "out of memory: list of rejects");
  sources->reject = larger;
  ecd_reject_t *made = &larger[sources->rejects++];
  *made = (ecd_reject_t){strdup(id), strdup(path), strdup(reason)};
  if (made->id != NULL && made->path != NULL && made->reason != NULL) return ECD_OK;
  return ecd_fail(err, ECD_FAILED, "out of memory: list of rejects");
}

static ecd_code_t without_file(join_t *j, const char *id, size_t line, ecd_error_t *err) {
  const ecd_label_options_t *options = j->options;
  if (options->known_count > 0 &&
      bsearch(&id, options->known, options->known_count, sizeof *options->known, by_text) != NULL)
    return ECD_OK;
  if (options->skip) return reject(j->sources, id, "", "labelled, but there is no file", err);
  problem(j, "line %zu: %s is labelled, but there is no file of it", line, id);
  return ECD_OK;
}

static double number(join_t *j, size_t row, int column) {
  ecd_error_t err;
  double value;
  if (ecd_table_number(j->table, row, j->column[column], &value, &err) != ECD_OK)
    problem(j, "line %zu: %s: expected a number or nothing, found '%.40s'",
            ecd_table_line(j->table, row), names[column],
            ecd_table_text(j->table, row, j->column[column]));
  return value;
}

static ecd_code_t join_row(join_t *j, size_t row, ecd_error_t *err) {
  const size_t line = ecd_table_line(j->table, row);
  const ecd_source_file_t key = {.id = (char *)ecd_table_text(j->table, row, j->column[ID])};
  ecd_source_file_t *file = bsearch(&key, j->sources->file, j->sources->count, sizeof key, by_id);
  if (file == NULL) return without_file(j, key.id, line, err);
  size_t *first = &j->line[file - j->sources->file];
  if (*first != 0) {
    problem(j, "line %zu: %s is labelled twice, first on line %zu", line, key.id, *first);
    return ECD_OK;
  }
  *first = line;
  file->bulk = number(j, row, BULK);
  file->shear = number(j, row, SHEAR);
  const char *formula = ecd_table_text(j->table, row, j->column[FORMULA]);
  double count[ECD_ELEMENT_COUNT];
  ecd_error_t why;
  if (formula[0] == '\0') return ECD_OK;
  if (ecd_formula_parse(formula, count, &why) != ECD_OK) problem(j, "line %zu: %s", line, why.text);
  file->formula = strdup(formula);
  return file->formula != NULL ? ECD_OK : ecd_fail(err, ECD_FAILED, "out of memory: labels");
}

/* Files without a label: a problem each, or taken out of the list. */
static ecd_code_t check_unlabelled(join_t *j, ecd_error_t *err) {
  ecd_sources_t *sources = j->sources;
  size_t kept = 0;
  for (size_t i = 0; i < sources->count; ++i) {
    ecd_source_file_t *file = &sources->file[i];
    const bool fine = j->line[i] != 0 || j->options->unlabelled;
    if (!fine && !j->options->skip)
      problem(j, "%s: a file (%s), but no label; prep.unlabelled: true allows it", file->id,
              file->path);
    if (fine || !j->options->skip) {
      const ecd_source_file_t moved = *file;
      memset(file, 0, sizeof *file);
      sources->file[kept++] = moved;
      continue;
    }
    ECD_TRY(reject(sources, file->id, file->path, "no label", err));
    ecd_source_file_clear(file);
  }
  sources->count = kept;
  return kept > 0 ? ECD_OK
                  : ecd_fail(err, ECD_DATA, "%s: labels none of the files", j->options->path);
}

static ecd_code_t join(join_t *j, ecd_error_t *err) {
  for (int c = 0; c < COLUMNS; ++c)
    if ((j->column[c] = ecd_table_column(j->table, names[c])) < 0)
      return ecd_fail(err, ECD_DATA,
                      "%s:1: expected columns id,formula,bulk_gpa,shear_gpa; found no '%s'",
                      j->options->path, names[c]);
  for (size_t row = 0; row < ecd_table_rows(j->table); ++row) ECD_TRY(join_row(j, row, err));
  ECD_TRY(check_unlabelled(j, err));
  if (j->problems == 0) return ECD_OK;
  return ecd_fail(err, ECD_DATA, "%s: %zu problem%s:%s", j->options->path, j->problems,
                  j->problems == 1 ? "" : "s", j->text);
}

ecd_code_t ecd_sources_label(ecd_sources_t *sources, const ecd_label_options_t *options,
                             ecd_error_t *err) {
  if (options->path[0] == '\0')
    return options->unlabelled
               ? ECD_OK
               : ecd_fail(err, ECD_USAGE,
                          "prep.labels: expected a CSV file (or prep.unlabelled: true), found "
                          "nothing");
  ecd_table_t *table;
  join_t j = {.sources = sources, .options = options};
  ECD_TRY(ecd_table_read(options->path, &table, err));
  j.table = table;
  ecd_code_t code = ecd_alloc((void **)&j.line, sources->count, sizeof *j.line, "labels", err);
  if (code == ECD_OK) code = join(&j, err);
  free(j.line);
  ecd_table_destroy(&table);
  return code;
}
