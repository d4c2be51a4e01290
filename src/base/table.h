/* Comma-separated values (RFC 4180, parsed by libcsv): a header row, then rows. All local. */
#ifndef ECD_BASE_TABLE_H
#define ECD_BASE_TABLE_H

#include "base/error.h"

#include <stddef.h>
#include <stdio.h>

typedef struct ecd_table ecd_table_t;

/* Reads path (UTF-8, a byte-order mark is dropped, cells are trimmed, blank lines skipped). Every row must
   have as many cells as the header: ECD_DATA with file and line otherwise. Owned by the caller. */
ecd_code_t ecd_table_read(const char *path, ecd_table_t **table, ecd_error_t *err);
void ecd_table_destroy(ecd_table_t **table);

size_t ecd_table_rows(const ecd_table_t *table); /* without the header */
/* Column of the header cell that equals name, or -1. */
int ecd_table_column(const ecd_table_t *table, const char *name);
/* Text of a cell, borrowed; "" if empty. */
const char *ecd_table_text(const ecd_table_t *table, size_t row, int column);
/* Line of the file (from 1) on which a row begins. */
size_t ecd_table_line(const ecd_table_t *table, size_t row);
/* A finite number, or NaN where the cell is empty; anything else: ECD_DATA with file, line and column name. */
ecd_code_t ecd_table_number(const ecd_table_t *table, size_t row, int column, double *value,
                            ecd_error_t *err);

/* Writes one cell to an open file, quoted where needed; separator ',' or '\n' follows it. */
void ecd_table_write_text(FILE *file, const char *text, char separator);
/* Shortest of %.15g to %.17g that reads back the same. */
void ecd_write_exact(FILE *file, double value);
/* %.9g; NaN is an empty cell. */
void ecd_table_write_number(FILE *file, double value, char separator);
/* As ecd_write_exact; NaN is an empty cell. */
void ecd_table_write_exact(FILE *file, double value, char separator);

#endif
