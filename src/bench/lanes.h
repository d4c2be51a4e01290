/* Sums of doubles in the lanes of the processor's vectors: fast, and always added in one order. */
#ifndef ECD_BENCH_LANES_H
#define ECD_BENCH_LANES_H

#include "nn/vector.h"

#include <stddef.h>

enum { ECD_SUMS = ECD_VECTOR_BYTES / sizeof(double) };

typedef double ecd_sums_t __attribute__((vector_size(ECD_VECTOR_BYTES)));
typedef double ecd_sums_anywhere_t
    __attribute__((vector_size(ECD_VECTOR_BYTES), aligned(sizeof(double)), may_alias));

static inline ecd_sums_t ecd_sums_load(const double *p) { return *(const ecd_sums_anywhere_t *)p; }

/* The first n < ECD_SUMS of them, then zeros. */
static inline ecd_sums_t ecd_sums_load_some(const double *p, size_t n) {
  ecd_sums_t v = {0};
  for (size_t i = 0; i < n; ++i) v[i] = p[i];
  return v;
}

static inline double ecd_sums_total(ecd_sums_t s) {
  double total = 0;
  for (size_t i = 0; i < ECD_SUMS; ++i) total += s[i];
  return total;
}

#endif
