/* The article's results, from data/published.csv, compiled in. All local. */
#ifndef ECD_BENCH_PUBLISHED_H
#define ECD_BENCH_PUBLISHED_H

#include "deck/settings.h"

#include <stddef.h>

typedef struct {
  ecd_protocol_kind_t protocol;
  const char *element; /* "" unless loeo */
  ecd_target_t target;
  const char *model; /* a value of model.kind */
  const char *label; /* as the article calls it */
  double r2, rmse;   /* RMSE in GPa */
} ecd_published_t;

extern const ecd_published_t ecd_published_table[];
extern const size_t ecd_published_count;

/* NULL where the article has none. */
const ecd_published_t *ecd_published_find(ecd_protocol_kind_t protocol, const char *element,
                                          ecd_target_t target, const char *model);
/* What the article calls a model; NULL: not in it. */
const char *ecd_published_label(const char *model);

#endif
