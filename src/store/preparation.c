/* How volumes were prepared: comparing and naming. */
#include "store/dataset.h"
#include "store/names.h"

#include <stdlib.h>
#include <string.h>

static const char *const fields[] = {"density", "elf", "raw"};
static const char *const cells[] = {"conventional", "as_given"};
static const char *const methods[] = {"fourier", "tricubic", "trilinear"};

const char *ecd_field_name(ecd_field_t field) { return fields[field]; }
const char *ecd_cell_name(ecd_cell_kind_t cell) { return cells[cell]; }
const char *ecd_method_name(ecd_method_t method) { return methods[method]; }

int ecd_name_index(const char *name, const char *const *names, int count) {
  for (int i = 0; i < count; ++i)
    if (name != NULL && strcmp(name, names[i]) == 0) return i;
  return -1;
}

void ecd_preparation_put(ecd_h5_t *h5, const ecd_preparation_t *p) {
  ecd_h5_put_integer(h5, "grid", p->grid);
  ecd_h5_put_text(h5, "field", fields[p->field]);
  ecd_h5_put_text(h5, "cell", cells[p->cell]);
  ecd_h5_put_text(h5, "method", methods[p->method]);
  ecd_h5_put_text(h5, "code", p->code);
}

int ecd_name_get(ecd_h5_t *h5, const char *attribute, const char *const *names, int count) {
  char *text = ecd_h5_get_text(h5, attribute);
  const int found = ecd_name_index(text, names, count);
  if (found < 0) ecd_h5_fail(h5, attribute);
  free(text);
  return found < 0 ? 0 : found;
}

void ecd_preparation_get(ecd_h5_t *h5, ecd_preparation_t *p) {
  memset(p, 0, sizeof *p);
  p->grid = ecd_h5_get_integer(h5, "grid");
  p->field = (ecd_field_t)ecd_name_get(h5, "field", fields, 3);
  p->cell = (ecd_cell_kind_t)ecd_name_get(h5, "cell", cells, 2);
  p->method = (ecd_method_t)ecd_name_get(h5, "method", methods, 3);
  char *code = ecd_h5_get_text(h5, "code");
  if (code != NULL) strncpy(p->code, code, sizeof p->code - 1);
  free(code);
}

void ecd_preparation_to_deck(const ecd_preparation_t *p, ecd_prep_settings_t *settings) {
  settings->grid = p->grid;
  settings->field = p->field;
  settings->cell = p->cell;
  settings->method = p->method;
  settings->code = (char *)p->code;
}

ecd_code_t ecd_preparation_match(const ecd_preparation_t *a, const char *a_name,
                                 const ecd_preparation_t *b, const char *b_name, ecd_error_t *err) {
  const char *what = NULL, *in_a = NULL, *in_b = NULL;
  if (a->grid != b->grid)
    return ecd_fail(err, ECD_DATA,
                    "volumes were prepared differently: grid: %lld in %s, %lld in %s",
                    (long long)a->grid, a_name, (long long)b->grid, b_name);
  if (a->field != b->field) what = "field", in_a = fields[a->field], in_b = fields[b->field];
  if (a->cell != b->cell) what = "cell", in_a = cells[a->cell], in_b = cells[b->cell];
  if (a->method != b->method) what = "method", in_a = methods[a->method], in_b = methods[b->method];
  if (strcmp(a->code, b->code) != 0) what = "DFT code (prep.code)", in_a = a->code, in_b = b->code;
  if (what == NULL) return ECD_OK;
  return ecd_fail(err, ECD_DATA, "volumes were prepared differently: %s: %s in %s, %s in %s", what,
                  in_a, a_name, in_b, b_name);
}
