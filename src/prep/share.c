#include "prep/share.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Texts end with a NUL; an absent one is the single byte 1. */
static void put_text(FILE *file, const char *text) {
  if (text != NULL)
    fwrite(text, 1, strlen(text) + 1, file);
  else
    fwrite("\1", 1, 2, file);
}

static bool get_text(const char **from, char **text) {
  const bool absent = strcmp(*from, "\1") == 0;
  *text = absent ? NULL : strdup(*from);
  *from += strlen(*from) + 1;
  return absent || *text != NULL;
}

static void get_number(const char **from, double *number) {
  memcpy(number, *from, sizeof *number);
  *from += sizeof *number;
}

static ecd_code_t pack(const ecd_sources_t *sources, char **bytes, int64_t *size,
                       ecd_error_t *err) {
  size_t length = 0;
  FILE *file = open_memstream(bytes, &length);
  if (file == NULL) return ecd_fail(err, ECD_FAILED, "out of memory: sharing the list of files");
  for (size_t i = 0; i < sources->count; ++i) {
    const ecd_source_file_t *s = &sources->file[i];
    put_text(file, s->id);
    put_text(file, s->path);
    put_text(file, s->plus);
    put_text(file, s->formula);
    fwrite(&s->bulk, sizeof s->bulk, 1, file);
    fwrite(&s->shear, sizeof s->shear, 1, file);
  }
  const bool failed = ferror(file) != 0;
  if (fclose(file) != 0 || failed || length > INT_MAX)
    return ecd_fail(err, ECD_FAILED, "out of memory: sharing the list of files");
  *size = (int64_t)length;
  return ECD_OK;
}

static ecd_code_t unpack(const char *from, size_t count, ecd_sources_t *sources, ecd_error_t *err) {
  ECD_TRY(ecd_alloc((void **)&sources->file, count, sizeof *sources->file, "list of files", err));
  sources->count = count;
  bool good = true;
  for (size_t i = 0; good && i < count; ++i) {
    ecd_source_file_t *s = &sources->file[i];
    good = get_text(&from, &s->id) && get_text(&from, &s->path) && get_text(&from, &s->plus) &&
           get_text(&from, &s->formula);
    get_number(&from, &s->bulk);
    get_number(&from, &s->shear);
  }
  return good ? ECD_OK : ecd_fail(err, ECD_FAILED, "out of memory: list of files");
}

ecd_code_t ecd_sources_share(const ecd_context_t *ctx, ecd_sources_t *sources, ecd_error_t *err) {
  char *bytes = NULL;
  int64_t head[2] = {(int64_t)sources->count, 0};
  ecd_code_t code = ctx->rank == 0 ? pack(sources, &bytes, &head[1], err) : ECD_OK;
  code = ecd_agree(ctx->world, code, err);
  if (code == ECD_OK)
    code = ecd_mpi_code(MPI_Bcast(head, 2, MPI_INT64_T, 0, ctx->world), "list of files", err);
  if (code == ECD_OK && ctx->rank > 0)
    code = ecd_alloc((void **)&bytes, (size_t)head[1] + 1, 1, "list of files", err);
  code = ecd_agree(ctx->world, code, err);
  if (code == ECD_OK)
    code =
        ecd_mpi_code(MPI_Bcast(bytes, (int)head[1], MPI_CHAR, 0, ctx->world), "list of files", err);
  if (code == ECD_OK && ctx->rank > 0) code = unpack(bytes, (size_t)head[0], sources, err);
  free(bytes);
  return ecd_agree(ctx->world, code, err);
}
