/* Names of choices in files and messages, and the preparation as attributes. All local. */
#ifndef ECD_STORE_NAMES_H
#define ECD_STORE_NAMES_H

#include "store/dataset.h"
#include "store/h5.h"

const char *ecd_field_name(ecd_field_t field);
const char *ecd_cell_name(ecd_cell_kind_t cell);
const char *ecd_method_name(ecd_method_t method);
/* Index of name in names[count], or -1; name may be NULL. */
int ecd_name_index(const char *name, const char *const *names, int count);
/* Index of a root attribute's text in names[count]; 0 and a failure of the file if it is none. */
int ecd_name_get(ecd_h5_t *h5, const char *attribute, const char *const *names, int count);

void ecd_preparation_put(ecd_h5_t *h5, const ecd_preparation_t *preparation);
void ecd_preparation_get(ecd_h5_t *h5, ecd_preparation_t *preparation);

#endif
