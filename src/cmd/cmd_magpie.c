#include "chem/magpie.h"
#include "base/file.h"
#include "base/log.h"
#include "base/table.h"
#include "cmd/cmd.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  const char *text; /* borrowed */
  size_t line;      /* of the file, 0: from the command line */
} formula_t;

typedef struct {
  char *text; /* of the file */
  formula_t *formula;
  double *feature; /* (count, ECD_MAGPIE_ALL) */
  size_t count, bad;
  char problems[4000];
} list_t;

/* Cuts blanks at both ends. */
static char *trim(char *line) {
  while (isspace((unsigned char)*line)) ++line;
  size_t length = strlen(line);
  while (length > 0 && isspace((unsigned char)line[length - 1])) line[--length] = '\0';
  return line;
}

static void split_lines(list_t *list) {
  const bool marked = strncmp(list->text, "\xef\xbb\xbf", 3) == 0; /* byte-order mark */
  char *next = list->text + (marked ? 3 : 0);
  for (size_t line = 1; next != NULL; ++line) {
    char *at = strsep(&next, "\n");
    at = trim(at);
    if (*at != '\0' && *at != '#') list->formula[list->count++] = (formula_t){at, line};
  }
}

static ecd_code_t collect(const ecd_words_t *words, list_t *list, ecd_error_t *err) {
  size_t most = (size_t)words->count + 1, length = 0;
  if (words->file[0] != '\0') {
    ECD_TRY(ecd_file_read_text(words->file, &list->text, &length, err));
    for (const char *at = list->text; (at = strchr(at, '\n')) != NULL; ++at) ++most;
  }
  ECD_TRY(ecd_alloc((void **)&list->formula, most, sizeof *list->formula, "formulas", err));
  for (int i = 0; i < words->count; ++i)
    list->formula[list->count++] = (formula_t){words->word[i], 0};
  if (list->text != NULL) split_lines(list);
  if (list->count == 0) return ecd_fail(err, ECD_DATA, "%s: no formula in it", words->file);
  return ecd_alloc((void **)&list->feature, list->count * ECD_MAGPIE_ALL, sizeof *list->feature,
                   "features", err);
}

static void note_problem(list_t *list, const char *file, size_t line, const char *what) {
  const size_t have = strlen(list->problems), room = sizeof list->problems - have;
  ++list->bad;
  if (room < 800) return; /* counted, not shown */
  if (line > 0)
    snprintf(list->problems + have, room, "\n  %.200s:%zu: %.500s", file, line, what);
  else
    snprintf(list->problems + have, room, "\n  %.500s", what);
}

static ecd_code_t compute(const ecd_words_t *words, list_t *list, ecd_error_t *err) {
  for (size_t i = 0; i < list->count; ++i) {
    const formula_t *f = &list->formula[i];
    if (ecd_magpie_formula(f->text, list->feature + i * ECD_MAGPIE_ALL, err) != ECD_OK)
      note_problem(list, words->file, f->line, err->text);
  }
  if (list->bad == 0) return ECD_OK;
  return ecd_fail(err, ECD_DATA, "magpie: %zu of %zu formulas are bad:%s", list->bad, list->count,
                  list->problems);
}

static ecd_code_t print(const ecd_context_t *ctx, const list_t *list, ecd_error_t *err) {
  char name[ECD_MAGPIE_NAME];
  printf("formula");
  for (size_t c = 0; c < ECD_MAGPIE_ALL; ++c) {
    ecd_magpie_name(c, name);
    printf(",%s", name);
  }
  putchar('\n');
  for (size_t i = 0; i < list->count; ++i) {
    ecd_table_write_text(stdout, list->formula[i].text, ',');
    for (size_t c = 0; c < ECD_MAGPIE_ALL; ++c)
      ecd_table_write_exact(stdout, list->feature[i * ECD_MAGPIE_ALL + c],
                            c + 1 < ECD_MAGPIE_ALL ? ',' : '\n');
    if (ecd_magpie_complete(list->formula[i].text, err) != ECD_OK) ecd_warn(ctx, "%s", err->text);
  }
  if (fflush(stdout) == 0 && !ferror(stdout)) return ECD_OK;
  return ecd_fail(err, ECD_FAILED, "magpie: cannot write to standard output");
}

ecd_code_t ecd_cmd_magpie(ecd_context_t *ctx, ecd_settings_t *settings, const ecd_words_t *words,
                          ecd_error_t *err) {
  (void)settings;
  if (words->count == 0 && words->file[0] == '\0')
    return ecd_fail(err, ECD_USAGE, "magpie: expected formulas, or --file LIST.txt");
  list_t *list;
  ecd_code_t code = ECD_OK;
  if (ctx->rank == 0) {
    code = ecd_alloc((void **)&list, 1, sizeof *list, "formulas", err);
    if (code == ECD_OK) {
      code = collect(words, list, err);
      if (code == ECD_OK) code = compute(words, list, err);
      if (code == ECD_OK) code = print(ctx, list, err);
      free(list->text);
      free(list->formula);
      free(list->feature);
      free(list);
    }
  }
  return ecd_agree(ctx->world, code, err);
}
