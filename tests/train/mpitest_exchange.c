/* Sums of gradients: right, the same bits on all ranks, whatever parts and order each rank reports.
   */
#include "check.h"
#include "train/exchange.h"

#include <stdlib.h>

enum { COUNT = 5003 };
static int rank, size;
static ecd_error_t err;

typedef struct {
  size_t calls, values, end;
} seen_t;

static void done(size_t offset, size_t count, void *arg) {
  seen_t *seen = arg;
  CHECK(offset + count == seen->end); /* from the slab's end to its start */
  seen->end = offset;
  ++seen->calls;
  seen->values += count;
}

static float value(int of, size_t i) { return (float)(of + 1) * 0.1f + (float)(i % 17) * 0.3f; }

/* Rank 0 reports large parts from the end, rank 1 single values, rank 2 parts in another order. */
static void report(ecd_exchange_t *x, float *slab) {
  for (size_t i = 0; i < COUNT; ++i) slab[i] = value(rank, i);
  if (rank == 1) {
    for (size_t i = COUNT; i > 0; --i) ecd_exchange_ready(i - 1, 1, x);
  } else if (rank == 2) {
    ecd_exchange_ready(0, 1000, x);
    ecd_exchange_ready(3000, COUNT - 3000, x);
    ecd_exchange_ready(1000, 2000, x);
  } else {
    ecd_exchange_ready(2500, COUNT - 2500, x);
    ecd_exchange_ready(1, 2499, x);
    ecd_exchange_ready(0, 1, x);
  }
}

static void check_buckets(double bucket_mb, size_t buckets) {
  ecd_exchange_t *x;
  float slab[COUNT], first[COUNT];
  CHECK(ecd_exchange_create(MPI_COMM_WORLD, slab, COUNT, bucket_mb, &x, &err) == ECD_OK);
  for (int step = 0; step < 3; ++step) {
    seen_t seen = {0, 0, COUNT};
    report(x, slab);
    CHECK(ecd_exchange_finish(x, done, &seen, &err) == ECD_OK);
    CHECK(seen.calls == buckets && seen.values == COUNT && seen.end == 0);
    for (size_t i = 0; i < COUNT; ++i) {
      double sum = 0;
      for (int r = 0; r < size; ++r) sum += (double)value(r, i);
      CHECK_NEAR((double)slab[i], sum, 1e-5);
    }
    if (step == 0) memcpy(first, slab, sizeof slab);
    CHECK(memcmp(first, slab, sizeof slab) == 0);
    memcpy(first, slab, sizeof slab);
    MPI_Bcast(first, COUNT, MPI_FLOAT, 0, MPI_COMM_WORLD);
    CHECK(memcmp(first, slab, sizeof slab) == 0);
  }
  ecd_exchange_destroy(&x);
  CHECK(x == NULL);
}

int main(int argc, char **argv) {
  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  check_buckets(1, 1);
  check_buckets(0.004, 6); /* 1000 values each, the last 3 */
  check_buckets(1e-5, 2502);
  const int failed = check_done();
  MPI_Finalize();
  return failed;
}
