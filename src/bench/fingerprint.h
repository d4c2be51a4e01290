/* What tells one dataset from another. */
#ifndef ECD_BENCH_FINGERPRINT_H
#define ECD_BENCH_FINGERPRINT_H

#include "store/dataset.h"

/* SHA-256, as 64 hex digits, of the ids, formulas, targets and source checksums of the samples with
   chosen[i] (all, if NULL) and of how the volumes were prepared. Local. */
void ecd_fingerprint(const ecd_dataset_t *dataset, const bool *chosen, char hex[65]);

#endif
