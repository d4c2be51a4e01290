/* A thin layer over HDF5 for small data. Errors stick: after the first failure calls do nothing,
   and ecd_h5_close reports it. All local. */
#ifndef ECD_STORE_H5_H
#define ECD_STORE_H5_H

#include "base/error.h"

#include <hdf5.h>

typedef struct {
  hid_t file;
  const char *path; /* borrowed */
  bool failed;
  char what[256]; /* the first thing that failed, with HDF5's innermost reason */
} ecd_h5_t;

/* For reading, or (create) for writing anew. A missing file, or one that is no HDF5: ECD_DATA with
   the reason. */
ecd_code_t ecd_h5_open(const char *path, bool create, ecd_h5_t *h5, ecd_error_t *err);
/* Closes; a failure on the way becomes code (ECD_DATA when reading) and a message. */
ecd_code_t ecd_h5_close(ecd_h5_t *h5, ecd_code_t code, ecd_error_t *err);
void ecd_h5_fail(ecd_h5_t *h5, const char *what);

/* Datasets: rank dims, memory type = file type. With checksum (fletcher32). */
void ecd_h5_write(ecd_h5_t *h5, const char *name, hid_t type, int rank, const hsize_t *dims,
                  const void *data);
/* Reads a dataset that must have exactly count values. */
void ecd_h5_read(ecd_h5_t *h5, const char *name, hid_t type, size_t count, void *data);
/* Number of values; 0 and failure if it is missing. */
size_t ecd_h5_count(ecd_h5_t *h5, const char *name);
/* Fixed-length UTF-8 strings. */
void ecd_h5_write_strings(ecd_h5_t *h5, const char *name, size_t count, const char *const *text);
/* Fills text[count] with strings that the caller owns. */
void ecd_h5_read_strings(ecd_h5_t *h5, const char *name, size_t count, char **text);

/* Attributes of the root group. */
void ecd_h5_put_text(ecd_h5_t *h5, const char *name, const char *text);
char *ecd_h5_get_text(ecd_h5_t *h5, const char *name); /* owned by the caller; NULL on failure */
void ecd_h5_put_number(ecd_h5_t *h5, const char *name, double value);
double ecd_h5_get_number(ecd_h5_t *h5, const char *name);
void ecd_h5_put_integer(ecd_h5_t *h5, const char *name, int64_t value);
int64_t ecd_h5_get_integer(ecd_h5_t *h5, const char *name);
/* The unit of a dataset. */
void ecd_h5_put_unit(ecd_h5_t *h5, const char *dataset, const char *unit);

/* ECD_DATA unless the file's root says this schema and a version that we know. */
ecd_code_t ecd_h5_check_schema(ecd_h5_t *h5, const char *schema, int64_t newest, ecd_error_t *err);

#endif
