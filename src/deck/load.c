#include "deck/load.h"

#include "base/file.h"
#include "deck/deck.h"

#include <stdlib.h>

ecd_code_t ecd_deck_load(const ecd_context_t *ctx, const char *path, ecd_settings_t *settings,
                         ecd_error_t *err) {
  char *text = NULL;
  size_t length = 0;
  ecd_code_t code = ctx->rank == 0 ? ecd_file_read_text(path, &text, &length, err) : ECD_OK;
  if (code == ECD_DATA) code = err->code = ECD_USAGE;
  ECD_TRY(ecd_agree(ctx->world, code, err));
  unsigned long size = length;
  ECD_MPI(MPI_Bcast(&size, 1, MPI_UNSIGNED_LONG, 0, ctx->world));
  if (ctx->rank != 0) code = ecd_alloc((void **)&text, size + 1, 1, "deck", err);
  code = ecd_agree(ctx->world, code, err);
  if (code == ECD_OK)
    code =
        ecd_mpi_code(MPI_Bcast(text, (int)size, MPI_CHAR, 0, ctx->world), "sharing the deck", err);
  if (code == ECD_OK) code = ecd_deck_parse(text, size, path, settings, err);
  free(text);
  return code;
}
