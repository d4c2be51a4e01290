/* CSV tables: quoting, missing numbers, ragged rows, line numbers. */
#include "base/table.h"
#include "check.h"

#include <stdlib.h>
#include <unistd.h>

static ecd_error_t err;

static ecd_code_t read_text(const char *text, ecd_table_t **table) {
  char path[] = "/tmp/ecdnet-table-XXXXXX";
  const int fd = mkstemp(path);
  FILE *file = fdopen(fd, "w");
  fputs(text, file);
  fclose(file);
  const ecd_code_t code = ecd_table_read(path, table, &err);
  unlink(path);
  return code;
}

/* What is written reads back the same, in no more digits than that takes. */
static void check_exact(void) {
  const double values[] = {0.1, 1.0 / 3, 6.02214076e23, -1e-300, 2, 0.30000000000000004};
  char text[200] = "";
  FILE *file = fmemopen(text, sizeof text, "w");
  for (size_t i = 0; i < sizeof values / sizeof *values; ++i)
    ecd_table_write_exact(file, values[i], ',');
  ecd_table_write_exact(file, NAN, '\n');
  fclose(file);
  CHECK(strncmp(text, "0.1,", 4) == 0 && strstr(text, ",2,") != NULL);
  const char *at = text;
  for (size_t i = 0; i < sizeof values / sizeof *values; ++i, at = strchr(at, ',') + 1)
    CHECK(strtod(at, NULL) == values[i]);
  CHECK(strcmp(at, "\n") == 0);
}

int main(void) {
  check_exact();
  ecd_table_t *table;
  CHECK(read_text(
            "\xef\xbb\xbfid,formula,bulk\r\na,NaN,1.5\r\n\"b,\n1\",\"say \"\"x\"\"\",\nc, z ,-2e1",
            &table) == ECD_OK);
  CHECK(ecd_table_rows(table) == 3 && ecd_table_column(table, "bulk") == 2 &&
        ecd_table_column(table, "no") == -1);
  CHECK(strcmp(ecd_table_text(table, 0, 1), "NaN") == 0);
  CHECK(strcmp(ecd_table_text(table, 1, 0), "b,\n1") == 0 &&
        strcmp(ecd_table_text(table, 1, 1), "say \"x\"") == 0);
  CHECK(strcmp(ecd_table_text(table, 2, 1), "z") == 0);
  double value;
  CHECK(ecd_table_number(table, 0, 2, &value, &err) == ECD_OK && value == 1.5);
  CHECK(ecd_table_number(table, 1, 2, &value, &err) == ECD_OK && isnan(value));
  CHECK(ecd_table_number(table, 2, 2, &value, &err) == ECD_OK && value == -20);
  CHECK(ecd_table_line(table, 1) == 3 && ecd_table_line(table, 2) == 5);
  CHECK(ecd_table_number(table, 0, 1, &value, &err) == ECD_DATA);
  CHECK_HAS(err.text, ":2: column formula: expected a number or nothing, found 'NaN'");
  ecd_table_destroy(&table);
  CHECK(read_text("a,b\n1,2\n3\n", &table) == ECD_DATA && table == NULL);
  CHECK_HAS(err.text, ":3: expected 2 cells as in the header, found 1");
  CHECK(read_text("", &table) == ECD_DATA);
  CHECK_HAS(err.text, "empty");
  CHECK(read_text("a,b\n\"1,2\n", &table) == ECD_DATA);
  return check_done();
}
