/* Reads text files of numbers fast: a buffer over a stream, lines for headers, numbers for data.
   All local. */
#ifndef ECD_GRID_SCAN_H
#define ECD_GRID_SCAN_H

#include "base/file.h"

typedef struct {
  ecd_stream_t *stream;
  char *buffer;
  size_t at, end;        /* next byte, bytes in the buffer */
  bool drained;          /* the stream has no more */
  size_t line;           /* of the next byte, from 1 */
  int64_t wanted, taken; /* values of the present block: all, read so far */
  char path[ECD_PATH_MAX];
} ecd_scan_t;

ecd_code_t ecd_scan_open(const char *path, ecd_scan_t *scan, ecd_error_t *err);
void ecd_scan_close(ecd_scan_t *scan);

/* Next line without its ending into text[size]; at the end of the file *found = false and "".
   Binary bytes and lines longer than size are ECD_DATA. */
ecd_code_t ecd_scan_line(ecd_scan_t *scan, char *text, size_t size, bool *found, ecd_error_t *err);
/* The same, where the end of the file is an error: "expected WHAT, found the end of the file". */
ecd_code_t ecd_scan_need_line(ecd_scan_t *scan, const char *what, char *text, size_t size,
                              ecd_error_t *err);

/* A block of count values begins: for the messages of ecd_scan_floats. */
void ecd_scan_expect(ecd_scan_t *scan, int64_t count);

/* The next count values of the block, in free format, times factor into value[count] (NULL: they
   are skipped). Fortran forms: .5D-3, 0.1E+02, -0.123-101. Rounded to float32 correctly but for
   about one number in 10^8; below its normal range 0. A word that is no finite number, or too few:
   ECD_DATA with file and line. */
ecd_code_t ecd_scan_floats(ecd_scan_t *scan, int64_t count, double factor, float *value,
                           ecd_error_t *err);

/* count numbers from one header line; extra words are fine. */
ecd_code_t ecd_scan_line_numbers(const ecd_scan_t *scan, const char *text, const char *what,
                                 int count, double *value, ecd_error_t *err);

/* ECD_DATA "file:line: expected WHAT, found 'FOUND'" for the line read last. */
ecd_code_t ecd_scan_unexpected(const ecd_scan_t *scan, const char *what, const char *found,
                               ecd_error_t *err);

/* Fills n[3] from three numbers: integers with 1 <= product < 10^9 points, else ECD_DATA. */
ecd_code_t ecd_scan_grid_size(const ecd_scan_t *scan, const double number[3], int64_t n[3],
                              ecd_error_t *err);

/* The cell must be right-handed, not flat (volume above 1e-3 A^3 and 1e-6 of the box of its edges)
   and finite. */
ecd_code_t ecd_scan_check_cell(const ecd_scan_t *scan, const double lattice[3][3],
                               ecd_error_t *err);

#endif
