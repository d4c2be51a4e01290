#include "bench/fingerprint.h"

#include "base/file.h"

#include <stdio.h>
#include <stdlib.h>

void ecd_fingerprint(const ecd_dataset_t *dataset, const bool *chosen, char hex[65]) {
  const ecd_preparation_t *p = ecd_dataset_preparation(dataset);
  char *text = NULL;
  size_t size = 0;
  FILE *file = open_memstream(&text, &size);
  ECD_CHECK(file != NULL);
  fprintf(file, "%lld %d %d %d %s\n", (long long)p->grid, (int)p->field, (int)p->cell,
          (int)p->method, p->code);
  for (size_t i = 0; i < ecd_dataset_size(dataset); ++i) {
    const ecd_sample_t *s = ecd_dataset_sample(dataset, i);
    if (chosen == NULL || chosen[i])
      fprintf(file, "%s\n%s\n%.17g %.17g\n%s\n", s->id, s->formula, s->bulk, s->shear, s->sha256);
  }
  fclose(file);
  ecd_sha256(text, size, hex);
  free(text);
}
