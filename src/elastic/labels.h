/* labels.csv of ecdnet elastic: the rows of a call, and those of earlier calls into the same folder for
   other materials. All local. */
#ifndef ECD_ELASTIC_LABELS_H
#define ECD_ELASTIC_LABELS_H

#include "elastic/result.h"

typedef struct ecd_labels ecd_labels_t;

/* path: labels.csv, whose rows are read if it is there; another table than one of ecdnet elastic:
   ECD_DATA. Owned by the caller. */
ecd_code_t ecd_labels_open(const char *path, ecd_labels_t **labels, ecd_error_t *err);
void ecd_labels_destroy(ecd_labels_t **labels);

/* Whether this call has the id already. */
bool ecd_labels_has(const ecd_labels_t *labels, const char *id);
/* The id is this call's: an earlier row of it goes. */
ecd_code_t ecd_labels_take(ecd_labels_t *labels, const char *id, ecd_error_t *err);
/* A row of this call. */
void ecd_labels_add(ecd_labels_t *labels, const ecd_elastic_input_t *input,
                    const ecd_elastic_t *result, const ecd_elastic_settings_t *settings);
/* Writes path: rows of earlier calls, *kept of them, then those of this one. */
ecd_code_t ecd_labels_commit(ecd_labels_t *labels, size_t *kept, ecd_error_t *err);

#endif
