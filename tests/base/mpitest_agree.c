/* One rank's error becomes everyone's, with the lowest failing rank's message. */
#include "base/context.h"
#include "check.h"

int main(int argc, char **argv) {
  MPI_Init(&argc, &argv);
  ecd_context_t *ctx;
  ecd_error_t err = {0};
  CHECK(ecd_context_create(&ctx, &err) == ECD_OK);
  CHECK(ctx->threads >= 1 && ctx->node_size >= 1 && ctx->node_count >= 1);
  CHECK(ecd_agree(ctx->world, ECD_OK, &err) == ECD_OK);
  ecd_code_t mine = ECD_OK;
  if (ctx->rank == ctx->size - 1) mine = ecd_fail(&err, ECD_DATA, "bad file on rank %d", ctx->rank);
  CHECK(ecd_agree(ctx->world, mine, &err) == ECD_DATA);
  char expected[64];
  snprintf(expected, sizeof expected, "bad file on rank %d", ctx->size - 1);
  CHECK(err.code == ECD_DATA && strcmp(err.text, expected) == 0);
  mine = ecd_fail(&err, ECD_USAGE, "rank %d", ctx->rank);
  CHECK(ecd_agree(ctx->world, mine, &err) == ECD_USAGE && strcmp(err.text, "rank 0") == 0);
  CHECK(ecd_context_set_threads(ctx, -1, &err) == ECD_USAGE);
  ecd_context_destroy(&ctx);
  const int failed = check_done();
  MPI_Finalize();
  return failed;
}
