/* Gradient exchange: all-reduces buckets of the gradient slab while the rest of backward still
   runs. */
#ifndef ECD_TRAIN_EXCHANGE_H
#define ECD_TRAIN_EXCHANGE_H

#include "base/error.h"

#include <stddef.h>

typedef struct ecd_exchange ecd_exchange_t;

/* slab: count gradients, borrowed; it is cut from its end into buckets of bucket_mb. Collective. */
ecd_code_t ecd_exchange_create(MPI_Comm comm, float *slab, size_t count, double bucket_mb,
                               ecd_exchange_t **exchange, ecd_error_t *err);
void ecd_exchange_destroy(ecd_exchange_t **exchange); /* collective */

/* An ecd_ready_fn: a part of the slab is final on this rank. Buckets are summed in one order on all
   ranks, the last of the slab first, each as soon as it and those before it are whole; ranks may
   report other parts than their neighbours (a rank without samples does). Each value is reported
   once. Local. */
void ecd_exchange_ready(size_t offset, size_t count, void *exchange);

/* Waits for the buckets in order; done(offset, count, arg) is called for each when its sum is
   there. All values must have been reported; the exchange is then ready for the next step.
   Collective. */
typedef void ecd_done_fn(size_t offset, size_t count, void *arg);
ecd_code_t ecd_exchange_finish(ecd_exchange_t *exchange, ecd_done_fn *done, void *arg,
                               ecd_error_t *err);

#endif
