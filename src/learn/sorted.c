#include "learn/tree.h"

#include <stdlib.h>

enum { COUNT_MAX = 1 << 30 }; /* twice as many nodes still have 31-bit numbers */

typedef struct {
  double value;
  uint32_t sample;
} sort_key_t;

static int by_value(const void *a, const void *b) {
  const sort_key_t *x = a, *y = b;
  if (x->value != y->value) return x->value < y->value ? -1 : 1;
  return x->sample < y->sample ? -1 : x->sample > y->sample;
}

static void sort_feature(const ecd_samples_t *samples, size_t f, sort_key_t *key,
                         ecd_sorted_t *sorted) {
  const size_t n = samples->count;
  for (size_t i = 0; i < n; ++i) {
    const double value = samples->feature[i * samples->width + f];
    key[i] = (sort_key_t){value, (uint32_t)i};
    sorted->column[f * n + i] = value;
  }
  qsort(key, n, sizeof *key, by_value);
  for (size_t i = 0; i < n; ++i) sorted->order[f * n + i] = key[i].sample;
}

static ecd_code_t sort_all(const ecd_samples_t *samples, int threads, ecd_sorted_t *sorted,
                           ecd_error_t *err) {
  sort_key_t *key;
  ECD_TRY(ecd_alloc((void **)&key, samples->count * (size_t)threads, sizeof *key, "sorting", err));
#pragma omp parallel for num_threads(threads) schedule(static)
  for (int t = 0; t < threads; ++t)
    for (size_t f = (size_t)t; f < samples->width; f += (size_t)threads)
      sort_feature(samples, f, key + (size_t)t * samples->count, sorted);
  free(key);
  return ECD_OK;
}

ecd_code_t ecd_sorted_create(const ecd_samples_t *samples, int threads, ecd_sorted_t **sorted,
                             ecd_error_t *err) {
  *sorted = NULL;
  if (samples->count > COUNT_MAX)
    return ecd_fail(err, ECD_DATA, "forest: %zu samples: expected at most %d", samples->count,
                    COUNT_MAX);
  ecd_sorted_t *s;
  ECD_TRY(ecd_alloc((void **)&s, 1, sizeof *s, "forest", err));
  const size_t values = samples->count * samples->width;
  s->count = samples->count;
  s->width = samples->width;
  s->target = samples->target;
  ecd_code_t code = ecd_alloc((void **)&s->column, values, sizeof *s->column, "features", err);
  if (code == ECD_OK)
    code = ecd_alloc((void **)&s->order, values, sizeof *s->order, "sorted features", err);
  if (code == ECD_OK) code = sort_all(samples, threads, s, err);
  if (code != ECD_OK) ecd_sorted_destroy(&s);
  *sorted = s;
  return code;
}

void ecd_sorted_destroy(ecd_sorted_t **sorted) {
  if (*sorted == NULL) return;
  free((*sorted)->column);
  free((*sorted)->order);
  free(*sorted);
  *sorted = NULL;
}
