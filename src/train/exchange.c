#include "train/exchange.h"

#include <stdlib.h>

/* No bucket is larger: MPI counts are ints, and a long sum could not overlap. */
enum { BUCKET_MAX = 1 << 26 };

typedef struct {
  size_t offset, count;
  size_t missing; /* values not yet reported in this step */
} bucket_t;

struct ecd_exchange {
  MPI_Comm comm;
  int size;
  float *slab;
  size_t count, length; /* values in all; in a bucket (the last one may be shorter) */
  size_t buckets, started;
  bucket_t *bucket;     /* [buckets], from the slab's end to its start */
  MPI_Request *request; /* [buckets] */
  int failed;           /* first MPI error */
};

static ecd_code_t make_buckets(ecd_exchange_t *x, ecd_error_t *err) {
  x->buckets = (x->count + x->length - 1) / x->length;
  ECD_TRY(ecd_alloc((void **)&x->bucket, x->buckets, sizeof *x->bucket, "buckets", err));
  ECD_TRY(ecd_alloc((void **)&x->request, x->buckets, sizeof *x->request, "buckets", err));
  for (size_t b = 0; b < x->buckets; ++b) {
    const size_t end = x->count - b * x->length, count = end < x->length ? end : x->length;
    x->bucket[b] = (bucket_t){end - count, count, count};
    x->request[b] = MPI_REQUEST_NULL;
  }
  return ECD_OK;
}

ecd_code_t ecd_exchange_create(MPI_Comm comm, float *slab, size_t count, double bucket_mb,
                               ecd_exchange_t **exchange, ecd_error_t *err) {
  ecd_exchange_t *x;
  ecd_code_t code = ecd_alloc((void **)&x, 1, sizeof *x, "gradient exchange", err);
  *exchange = x;
  if (code == ECD_OK) {
    const double floats = bucket_mb * 1e6 / sizeof(float);
    x->comm = MPI_COMM_NULL;
    x->slab = slab;
    x->count = count;
    x->length = floats < 1 ? 1 : floats > BUCKET_MAX ? BUCKET_MAX : (size_t)floats;
    code = make_buckets(x, err);
  }
  ECD_TRY(ecd_agree(comm, code, err));
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

static void start(ecd_exchange_t *x, size_t b) {
  if (x->size == 1) return;
  const bucket_t *bucket = &x->bucket[b];
  const int result = MPI_Iallreduce(MPI_IN_PLACE, x->slab + bucket->offset, (int)bucket->count,
                                    MPI_FLOAT, MPI_SUM, x->comm, &x->request[b]);
  if (result != MPI_SUCCESS && x->failed == MPI_SUCCESS) x->failed = result;
}

void ecd_exchange_ready(size_t offset, size_t count, void *exchange) {
  ecd_exchange_t *x = exchange;
  size_t end = offset + count;
  ECD_CHECK(end <= x->count);
  while (end > offset) {
    bucket_t *bucket = &x->bucket[(x->count - end) / x->length];
    const size_t from = bucket->offset > offset ? bucket->offset : offset;
    ECD_CHECK(bucket->missing >= end - from);
    bucket->missing -= end - from;
    end = from;
  }
  while (x->started < x->buckets && x->bucket[x->started].missing == 0) start(x, x->started++);
  /* A poke, so that MPI works on what is under way. */
  int flag;
  if (x->size > 1 && x->started > 0)
    MPI_Testall((int)x->started, x->request, &flag, MPI_STATUSES_IGNORE);
}

ecd_code_t ecd_exchange_finish(ecd_exchange_t *x, ecd_done_fn *done, void *arg, ecd_error_t *err) {
  ECD_CHECK(x->started == x->buckets);
  ECD_TRY(ecd_mpi_code(x->failed, "all-reduce of gradients", err));
  for (size_t b = 0; b < x->buckets; ++b) {
    if (x->size > 1) ECD_MPI(MPI_Wait(&x->request[b], MPI_STATUS_IGNORE));
    done(x->bucket[b].offset, x->bucket[b].count, arg);
    x->bucket[b].missing = x->bucket[b].count;
  }
  x->started = 0;
  return ECD_OK;
}
