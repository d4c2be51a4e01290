#include "train/exchange.h"

#include <stdlib.h>

/* No bucket is larger: MPI counts are ints, and a long sum could not overlap. */
enum { BUCKET_MAX = 1 << 26 };

typedef struct {
  size_t offset, count;
} bucket_t;

struct ecd_exchange {
  MPI_Comm comm;
  int size;
  float *slab;
  size_t least;     /* floats that make a bucket full */
  bucket_t open;    /* the part that is collected, not yet sent */
  bucket_t *bucket; /* started */
  MPI_Request *request;
  size_t started, room;
  int failed; /* first MPI error */
};

ecd_code_t ecd_exchange_create(MPI_Comm comm, float *slab, size_t count, double bucket_mb,
                               ecd_exchange_t **exchange, ecd_error_t *err) {
  ecd_exchange_t *x;
  ECD_TRY(ecd_alloc((void **)&x, 1, sizeof *x, "gradient exchange", err));
  *exchange = x;
  x->comm = MPI_COMM_NULL;
  x->slab = slab;
  const double floats = bucket_mb * 1e6 / sizeof(float);
  x->least = floats < 1 ? 1 : floats > BUCKET_MAX ? BUCKET_MAX : (size_t)floats;
  x->room =
      count / x->least + count / BUCKET_MAX + 128; /* parts that do not touch also end a bucket */
  ECD_TRY(ecd_alloc((void **)&x->bucket, x->room, sizeof *x->bucket, "buckets", err));
  ECD_TRY(ecd_alloc((void **)&x->request, x->room, sizeof(MPI_Request), "buckets", err));
  ECD_MPI(MPI_Comm_dup(comm, &x->comm));
  ECD_MPI(MPI_Comm_size(comm, &x->size));
  return ECD_OK;
}

void ecd_exchange_destroy(ecd_exchange_t **exchange) {
  ecd_exchange_t *x = *exchange;
  if (x == NULL) return;
  if (x->comm != MPI_COMM_NULL) MPI_Comm_free(&x->comm);
  free(x->bucket);
  free(x->request);
  free(x);
  *exchange = NULL;
}

static void start(ecd_exchange_t *x, size_t offset, size_t count) {
  ECD_CHECK(x->started < x->room);
  x->bucket[x->started] = (bucket_t){offset, count};
  x->request[x->started] = MPI_REQUEST_NULL;
  if (x->size > 1) {
    const int result = MPI_Iallreduce(MPI_IN_PLACE, x->slab + offset, (int)count, MPI_FLOAT,
                                      MPI_SUM, x->comm, &x->request[x->started]);
    if (result != MPI_SUCCESS && x->failed == MPI_SUCCESS) x->failed = result;
  }
  ++x->started;
}

static void flush(ecd_exchange_t *x) {
  while (x->open.count > 0) {
    const size_t count = x->open.count < BUCKET_MAX ? x->open.count : BUCKET_MAX;
    start(x, x->open.offset, count);
    x->open.offset += count;
    x->open.count -= count;
  }
}

void ecd_exchange_ready(size_t offset, size_t count, void *exchange) {
  ecd_exchange_t *x = exchange;
  if (x->open.count > 0 && offset + count != x->open.offset) flush(x);
  if (x->open.count == 0)
    x->open = (bucket_t){offset, count};
  else
    x->open = (bucket_t){offset, count + x->open.count};
  if (x->open.count >= x->least) flush(x);
  /* A poke, so that MPI works on what is under way. */
  int flag;
  if (x->size > 1 && x->started > 0)
    MPI_Testall((int)x->started, x->request, &flag, MPI_STATUSES_IGNORE);
}

ecd_code_t ecd_exchange_finish(ecd_exchange_t *x, ecd_done_fn *done, void *arg, ecd_error_t *err) {
  flush(x);
  const size_t started = x->started;
  x->started = 0;
  for (size_t i = 0; i < started; ++i) {
    if (x->size > 1) ECD_MPI(MPI_Wait(&x->request[i], MPI_STATUS_IGNORE));
    done(x->bucket[i].offset, x->bucket[i].count, arg);
  }
  return ecd_mpi_code(x->failed, "all-reduce of gradients", err);
}
