#include "base/table.h"

#include "base/file.h"

#include <csv.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct ecd_table {
  char path[ECD_PATH_MAX];
  char *text; /* cells, NUL-terminated, one after the other */
  size_t text_size, text_room;
  size_t *cell; /* offset of each cell in text, header first */
  size_t cells, cell_room;
  size_t *row_line; /* line of each row, header first */
  size_t rows, row_room;
  size_t columns;
};

typedef struct {
  ecd_table_t *table;
  size_t line, row_start_cell;
  ecd_code_t code;
  ecd_error_t *err;
} reader_t;

static bool grow(void **data, size_t *room, size_t need, size_t size) {
  if (need <= *room) return true;
  const size_t larger = need > 2 * *room ? need + 64 : 2 * *room;
  void *moved = realloc(*data, larger * size);
  if (moved == NULL) return false;
  *data = moved;
  *room = larger;
  return true;
}

static void out_of_memory(reader_t *reader) {
  reader->code = ecd_fail(reader->err, ECD_FAILED, "out of memory reading %s", reader->table->path);
}

static void on_cell(void *text, size_t length, void *data) {
  reader_t *reader = data;
  ecd_table_t *table = reader->table;
  if (reader->code != ECD_OK) return;
  if (!grow((void **)&table->text, &table->text_room, table->text_size + length + 1, 1) ||
      !grow((void **)&table->cell, &table->cell_room, table->cells + 1, sizeof *table->cell)) {
    out_of_memory(reader);
    return;
  }
  table->cell[table->cells++] = table->text_size;
  if (length > 0) memcpy(table->text + table->text_size, text, length);
  table->text[table->text_size + length] = '\0';
  table->text_size += length + 1;
}

static void on_row(int ending, void *data) {
  (void)ending;
  reader_t *reader = data;
  ecd_table_t *table = reader->table;
  if (reader->code != ECD_OK) return;
  const size_t cells = table->cells - reader->row_start_cell;
  if (table->rows == 0) table->columns = cells;
  if (cells != table->columns) {
    reader->code =
        ecd_fail(reader->err, ECD_DATA, "%s:%zu: expected %zu cells as in the header, found %zu",
                 table->path, reader->line, table->columns, cells);
    return;
  }
  if (!grow((void **)&table->row_line, &table->row_room, table->rows + 1,
            sizeof *table->row_line)) {
    out_of_memory(reader);
    return;
  }
  table->row_line[table->rows++] = reader->line;
  reader->row_start_cell = table->cells;
}

/* Lines are fed one at a time, so that a row's line number is known. */
static ecd_code_t parse(ecd_table_t *table, const char *text, size_t length, ecd_error_t *err) {
  struct csv_parser parser;
  if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI) != 0)
    return ecd_fail(err, ECD_FAILED, "out of memory reading %s", table->path);
  reader_t reader = {.table = table, .line = 1, .err = err};
  size_t line = 1;
  bool in_row = false;
  for (size_t start = 0; start < length && reader.code == ECD_OK;) {
    const char *end = memchr(text + start, '\n', length - start);
    const size_t size = end == NULL ? length - start : (size_t)(end - text) - start + 1;
    if (!in_row) reader.line = line;
    const size_t rows = table->rows;
    if (csv_parse(&parser, text + start, size, on_cell, on_row, &reader) != size &&
        reader.code == ECD_OK)
      reader.code = ecd_fail(err, ECD_DATA, "%s:%zu: %s", table->path, line,
                             csv_strerror(csv_error(&parser)));
    const bool blank = strspn(text + start, " \t\r\n") >= size;
    in_row = table->rows == rows && (in_row || !blank);
    start += size;
    ++line;
  }
  if (reader.code == ECD_OK && csv_fini(&parser, on_cell, on_row, &reader) != 0 &&
      reader.code == ECD_OK)
    reader.code =
        ecd_fail(err, ECD_DATA, "%s:%zu: a quoted cell does not end", table->path, reader.line);
  csv_free(&parser);
  if (reader.code == ECD_OK && table->rows == 0)
    reader.code =
        ecd_fail(err, ECD_DATA, "%s: empty, where a header row was expected", table->path);
  return reader.code;
}

ecd_code_t ecd_table_read(const char *path, ecd_table_t **table, ecd_error_t *err) {
  *table = NULL;
  char *text;
  size_t length;
  ECD_TRY(ecd_file_read_text(path, &text, &length, err));
  ecd_table_t *made;
  ecd_code_t code = ecd_alloc((void **)&made, 1, sizeof *made, "table", err);
  if (code == ECD_OK) {
    snprintf(made->path, sizeof made->path, "%s", path);
    const size_t mark = length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    code = parse(made, text + mark, length - mark, err);
    if (code == ECD_OK)
      *table = made;
    else
      ecd_table_destroy(&made);
  }
  free(text);
  return code;
}

void ecd_table_destroy(ecd_table_t **table) {
  if (*table == NULL) return;
  free((*table)->text);
  free((*table)->cell);
  free((*table)->row_line);
  free(*table);
  *table = NULL;
}

size_t ecd_table_rows(const ecd_table_t *table) { return table->rows - 1; }

int ecd_table_column(const ecd_table_t *table, const char *name) {
  for (size_t i = 0; i < table->columns; ++i)
    if (strcmp(table->text + table->cell[i], name) == 0) return (int)i;
  return -1;
}

const char *ecd_table_text(const ecd_table_t *table, size_t row, int column) {
  return table->text + table->cell[(row + 1) * table->columns + (size_t)column];
}

size_t ecd_table_line(const ecd_table_t *table, size_t row) { return table->row_line[row + 1]; }

ecd_code_t ecd_table_number(const ecd_table_t *table, size_t row, int column, double *value,
                            ecd_error_t *err) {
  const char *text = ecd_table_text(table, row, column);
  *value = NAN;
  if (text[0] == '\0') return ECD_OK;
  char *end;
  const double number = strtod(text, &end);
  if (*end != '\0' || !isfinite(number))
    return ecd_fail(err, ECD_DATA, "%s:%zu: column %s: expected a number or nothing, found '%s'",
                    table->path, ecd_table_line(table, row), table->text + table->cell[column],
                    text);
  *value = number;
  return ECD_OK;
}

void ecd_table_write_text(FILE *file, const char *text, char separator) {
  const bool quoted = strpbrk(text, ",\"\r\n") != NULL || text[0] == ' ';
  if (quoted)
    csv_fwrite(file, text, strlen(text));
  else
    fputs(text, file);
  fputc(separator, file);
}

void ecd_table_write_number(FILE *file, double value, char separator) {
  if (!isnan(value)) fprintf(file, "%.9g", value);
  fputc(separator, file);
}

void ecd_write_exact(FILE *file, double value) {
  char text[40];
  for (int digits = 15; digits <= 17; ++digits) {
    snprintf(text, sizeof text, "%.*g", digits, value);
    if (strtod(text, NULL) == value) break;
  }
  fputs(text, file);
}

void ecd_table_write_exact(FILE *file, double value, char separator) {
  if (!isnan(value)) ecd_write_exact(file, value);
  fputc(separator, file);
}
