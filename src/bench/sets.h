/* Sets of test samples: those that the deck's split holds out, or those that contain an element. */
#ifndef ECD_BENCH_SETS_H
#define ECD_BENCH_SETS_H

#include "base/error.h"
#include "deck/settings.h"
#include "store/dataset.h"

#include <stddef.h>
#include <stdint.h>

typedef struct {
  char name[8];       /* symbol of the element, or "split" */
  int8_t *split;      /* [samples], of train/split.h */
  size_t train, test; /* samples */
} ecd_set_t;

typedef struct {
  size_t count;
  ecd_set_t *set; /* [count] */
} ecd_sets_t;

/* split[samples]: of the deck. element "": the deck's split as the only set. Else a list of symbols
   (commas or blanks between them), or "all": those that least samples at least contain, the most
   frequent first; test: the samples with the element, train: the others, but those whose split is
   ECD_UNUSED stay so. ECD_USAGE: a word that is no element; ECD_DATA: an element that no sample
   contains, or all do; none for "all"; a sample whose elements are not known. Local; owned by the
   caller. */
ecd_code_t ecd_sets_make(const char *element, size_t least, const ecd_sample_t *const *sample,
                         const int8_t *split, size_t samples, ecd_sets_t *sets, ecd_error_t *err);
void ecd_sets_clear(ecd_sets_t *sets);

#endif
