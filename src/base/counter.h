/* Integers on one rank that all ranks of a communicator read and change one-sidedly. */
#ifndef ECD_BASE_COUNTER_H
#define ECD_BASE_COUNTER_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

typedef struct ecd_counters ecd_counters_t;

/* count integers on rank 0 of comm, all 0. Collective. */
ecd_code_t ecd_counters_create(MPI_Comm comm, size_t count, ecd_counters_t **counters,
                               ecd_error_t *err);
void ecd_counters_destroy(ecd_counters_t **counters); /* collective */

/* Each atomic and local: the rank that holds the integers takes no part. */
ecd_code_t ecd_counters_add(ecd_counters_t *counters, size_t which, int64_t add, int64_t *before,
                            ecd_error_t *err);
ecd_code_t ecd_counters_set(ecd_counters_t *counters, size_t which, int64_t value,
                            ecd_error_t *err);
ecd_code_t ecd_counters_get(ecd_counters_t *counters, size_t which, int64_t *value,
                            ecd_error_t *err);

#endif
