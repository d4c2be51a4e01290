#include "base/counter.h"

#include <stdlib.h>
#include <string.h>

struct ecd_counters {
  MPI_Win window;
  int64_t *value; /* rank 0's */
};

static ecd_code_t make_window(MPI_Comm comm, size_t count, ecd_counters_t *c, ecd_error_t *err) {
  int rank;
  ECD_MPI(MPI_Comm_rank(comm, &rank));
  const size_t bytes = rank == 0 ? count * sizeof *c->value : 0;
  ECD_MPI(MPI_Win_allocate((MPI_Aint)bytes, (int)sizeof *c->value, MPI_INFO_NULL, comm, &c->value,
                           &c->window));
  if (bytes > 0) memset(c->value, 0, bytes);
  ECD_MPI(MPI_Barrier(comm));
  ECD_MPI(MPI_Win_lock_all(0, c->window));
  return ECD_OK;
}

ecd_code_t ecd_counters_create(MPI_Comm comm, size_t count, ecd_counters_t **counters,
                               ecd_error_t *err) {
  ecd_counters_t *c;
  *counters = NULL;
  ECD_TRY(ecd_agree(comm, ecd_alloc((void **)&c, 1, sizeof *c, "counters", err), err));
  const ecd_code_t code = make_window(comm, count, c, err);
  if (code == ECD_OK)
    *counters = c;
  else
    free(c);
  return code;
}

void ecd_counters_destroy(ecd_counters_t **counters) {
  if (*counters == NULL) return;
  MPI_Win_unlock_all((*counters)->window);
  MPI_Win_free(&(*counters)->window);
  free(*counters);
  *counters = NULL;
}

static ecd_code_t fetch(ecd_counters_t *c, size_t which, int64_t value, MPI_Op op, int64_t *before,
                        ecd_error_t *err) {
  ECD_MPI(MPI_Fetch_and_op(&value, before, MPI_INT64_T, 0, (MPI_Aint)which, op, c->window));
  ECD_MPI(MPI_Win_flush(0, c->window));
  return ECD_OK;
}

ecd_code_t ecd_counters_add(ecd_counters_t *counters, size_t which, int64_t add, int64_t *before,
                            ecd_error_t *err) {
  return fetch(counters, which, add, MPI_SUM, before, err);
}

ecd_code_t ecd_counters_set(ecd_counters_t *counters, size_t which, int64_t value,
                            ecd_error_t *err) {
  int64_t before;
  return fetch(counters, which, value, MPI_REPLACE, &before, err);
}

ecd_code_t ecd_counters_get(ecd_counters_t *counters, size_t which, int64_t *value,
                            ecd_error_t *err) {
  return fetch(counters, which, 0, MPI_NO_OP, value, err);
}
