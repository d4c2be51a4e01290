/* Gradient exchange: all-reduces buckets of the gradient slab while the rest of backward still runs. */
#ifndef ECD_TRAIN_EXCHANGE_H
#define ECD_TRAIN_EXCHANGE_H

#include "base/error.h"

#include <stddef.h>

typedef struct ecd_exchange ecd_exchange_t;

/* slab: count gradients; buckets of at least bucket_mb. Collective (duplicates comm). */
ecd_code_t ecd_exchange_create(MPI_Comm comm, float *slab, size_t count, double bucket_mb,
                               ecd_exchange_t **exchange, ecd_error_t *err);
void ecd_exchange_destroy(ecd_exchange_t **exchange); /* collective */

/* An ecd_ready_fn: a part of the slab is final on this rank. Starts the sum of each bucket that is full. All
   ranks must report the same parts in the same order. */
void ecd_exchange_ready(size_t offset, size_t count, void *exchange);

/* Waits for the buckets in order; done(offset, count, arg) is called for each when its sum is there. Collective. */
typedef void ecd_done_fn(size_t offset, size_t count, void *arg);
ecd_code_t ecd_exchange_finish(ecd_exchange_t *exchange, ecd_done_fn *done, void *arg,
                               ecd_error_t *err);

#endif
