/* Integers shared one-sidedly, and contexts of parts of the ranks. */
#include "base/context.h"
#include "base/counter.h"
#include "base/log.h"
#include "check.h"

#include <stdlib.h>

static ecd_error_t err;

static void check_counters(const ecd_context_t *ctx) {
  enum { TURNS = 50 };
  ecd_counters_t *counters;
  int64_t before, value, last = -1, mine = 0, all;
  CHECK(ecd_counters_create(ctx->world, 3, &counters, &err) == ECD_OK);
  for (;;) { /* each place is given once, in rising order on every rank */
    CHECK(ecd_counters_add(counters, 1, 1, &before, &err) == ECD_OK);
    CHECK(before > last);
    last = before;
    if (before >= TURNS) break;
    mine += before;
  }
  MPI_Allreduce(&mine, &all, 1, MPI_INT64_T, MPI_SUM, ctx->world);
  CHECK(all == TURNS * (TURNS - 1) / 2);
  MPI_Barrier(ctx->world);
  CHECK(ecd_counters_get(counters, 1, &value, &err) == ECD_OK && value == TURNS + ctx->size);
  if (ctx->rank == ctx->size - 1) CHECK(ecd_counters_set(counters, 2, -7, &err) == ECD_OK);
  MPI_Barrier(ctx->world);
  CHECK(ecd_counters_get(counters, 2, &value, &err) == ECD_OK && value == -7);
  CHECK(ecd_counters_get(counters, 0, &value, &err) == ECD_OK && value == 0);
  ecd_counters_destroy(&counters);
  CHECK(counters == NULL);
}

static void check_part(const ecd_context_t *ctx) {
  MPI_Comm comm;
  ecd_context_t *part;
  MPI_Comm_split(ctx->world, ctx->rank > 0, ctx->rank, &comm);
  CHECK(ecd_context_part(ctx, comm, &part, &err) == ECD_OK);
  MPI_Comm_free(&comm);
  CHECK(part->size == (ctx->rank == 0 ? 1 : ctx->size - 1));
  CHECK(part->rank == (ctx->rank == 0 ? 0 : ctx->rank - 1));
  CHECK(part->threads == ctx->threads && !part->terminal && part->node_size <= part->size);
  /* Lines of the part's first rank go where it is told. */
  char *text = NULL;
  size_t length = 0;
  part->log = open_memstream(&text, &length);
  ecd_log(part, "part %d", ctx->rank > 0);
  ecd_warn(part, "of %d", part->size);
  fclose(part->log);
  char expected[64] = "";
  if (part->rank == 0)
    snprintf(expected, sizeof expected, "part %d\nwarning: of %d\n", ctx->rank > 0, part->size);
  CHECK(strcmp(text, expected) == 0);
  free(text);
  /* An error of one part is not the other's. */
  ecd_code_t code = ctx->rank == 0 ? ecd_fail(&err, ECD_DATA, "mine") : ECD_OK;
  CHECK(ecd_agree(part->world, code, &err) == (ctx->rank == 0 ? ECD_DATA : ECD_OK));
  ecd_context_destroy(&part);
}

int main(int argc, char **argv) {
  MPI_Init(&argc, &argv);
  ecd_context_t *ctx;
  CHECK(ecd_context_create(&ctx, &err) == ECD_OK);
  check_counters(ctx);
  check_part(ctx);
  ecd_context_destroy(&ctx);
  const int failed = check_done();
  MPI_Finalize();
  return failed;
}
