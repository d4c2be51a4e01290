#include "bench/published.h"

#include <string.h>

const ecd_published_t *ecd_published_find(ecd_protocol_kind_t protocol, const char *element,
                                          ecd_target_t target, const char *model) {
  for (size_t i = 0; i < ecd_published_count; ++i) {
    const ecd_published_t *p = &ecd_published_table[i];
    if (p->protocol == protocol && p->target == target && strcmp(p->element, element) == 0 &&
        strcmp(p->model, model) == 0)
      return p;
  }
  return NULL;
}

const char *ecd_published_label(const char *model) {
  for (size_t i = 0; i < ecd_published_count; ++i)
    if (strcmp(ecd_published_table[i].model, model) == 0) return ecd_published_table[i].label;
  return NULL;
}
