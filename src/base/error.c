#include "base/error.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

ecd_code_t ecd_fail(ecd_error_t *err, ecd_code_t code, const char *format, ...) {
  if (err != NULL) {
    va_list args;
    va_start(args, format);
    vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    err->code = code;
  }
  return code;
}

ecd_code_t ecd_fail_in(ecd_error_t *err, const char *format, ...) {
  ECD_CHECK(err != NULL);
  char prefix[1024];
  va_list args;
  va_start(args, format);
  vsnprintf(prefix, sizeof prefix, format, args);
  va_end(args);
  const size_t add = strlen(prefix) + 2, have = strlen(err->text);
  const size_t keep = have + add < sizeof err->text ? have : sizeof err->text - add - 1;
  memmove(err->text + add, err->text, keep);
  memcpy(err->text, prefix, add - 2);
  memcpy(err->text + add - 2, ": ", 2);
  err->text[add + keep] = '\0';
  return err->code;
}

ecd_code_t ecd_agree(MPI_Comm comm, ecd_code_t mine, ecd_error_t *err) {
  int rank, size;
  ECD_MPI(MPI_Comm_rank(comm, &rank));
  ECD_MPI(MPI_Comm_size(comm, &size));
  const int failing = mine == ECD_OK ? size : rank;
  int first;
  ECD_MPI(MPI_Allreduce(&failing, &first, 1, MPI_INT, MPI_MIN, comm));
  if (first == size) return ECD_OK;
  ecd_error_t none = {.code = mine}; /* a caller without err still takes part */
  ecd_error_t *message = err != NULL ? err : &none;
  int code = (int)mine;
  ECD_MPI(MPI_Bcast(&code, 1, MPI_INT, first, comm));
  ECD_MPI(MPI_Bcast(message->text, ECD_ERROR_TEXT, MPI_CHAR, first, comm));
  message->code = (ecd_code_t)code;
  return message->code;
}

ecd_code_t ecd_mpi_code(int mpi_result, const char *what, ecd_error_t *err) {
  if (mpi_result == MPI_SUCCESS) return ECD_OK;
  char text[MPI_MAX_ERROR_STRING] = "unknown error";
  int length;
  MPI_Error_string(mpi_result, text, &length);
  return ecd_fail(err, ECD_FAILED, "MPI: %s: %s", what, text);
}

ecd_code_t ecd_alloc(void **ptr, size_t count, size_t size, const char *what, ecd_error_t *err) {
  *ptr = NULL;
  if (count == 0) return ECD_OK;
  if (size <= SIZE_MAX / count) *ptr = calloc(count, size);
  if (*ptr != NULL) return ECD_OK;
  return ecd_fail(err, ECD_FAILED, "out of memory: %s needs %.3g GB", what,
                  (double)count * (double)size * 1e-9);
}

void ecd_bug(const char *condition, const char *file, int line) {
  fprintf(stderr, "ecdnet: bug: %s does not hold at %s:%d; please report it\n", condition, file,
          line);
  int running = 0;
  MPI_Initialized(&running);
  if (running) MPI_Abort(MPI_COMM_WORLD, ECD_FAILED);
  abort();
}
