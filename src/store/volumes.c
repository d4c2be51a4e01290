/* Prepared samples in memory: one copy a node in a shared window, or one a rank. */
#include "store/dataset.h"

#include "base/log.h"

#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

struct ecd_volumes {
  MPI_Win window; /* MPI_WIN_NULL: private */
  float *data;
  size_t stride;
};

/* Free bytes where MPI keeps shared windows. ECDNET_SHM_LIMIT (bytes) lowers it: for administrators
   and tests. */
static double shared_memory_free(void) {
  struct statvfs info;
  double bytes =
      statvfs("/dev/shm", &info) == 0 ? (double)info.f_bavail * (double)info.f_frsize : 1e300;
  const char *limit = getenv("ECDNET_SHM_LIMIT");
  if (limit != NULL && atof(limit) < bytes) bytes = atof(limit);
  return bytes;
}

static ecd_code_t make_shared(const ecd_context_t *ctx, size_t bytes, ecd_volumes_t *v,
                              ecd_error_t *err) {
  void *base;
  MPI_Aint size;
  int unit;
  ECD_MPI(MPI_Win_allocate_shared(ctx->node_rank == 0 ? (MPI_Aint)bytes : 0, 1, MPI_INFO_NULL,
                                  ctx->node, &base, &v->window));
  ECD_MPI(MPI_Win_shared_query(v->window, 0, &size, &unit, &base));
  v->data = base;
  ECD_MPI(MPI_Win_lock_all(MPI_MODE_NOCHECK, v->window));
  return ECD_OK;
}

/* Samples first, first + step, ... of the dataset. */
static ecd_code_t fill(ecd_dataset_t *dataset, size_t first, size_t step, bool read,
                       ecd_prepare_fn *prepare, void *arg, ecd_volumes_t *v, ecd_error_t *err) {
  const size_t n = (size_t)ecd_dataset_preparation(dataset)->grid;
  float *raw = NULL;
  if (read) ECD_TRY(ecd_alloc((void **)&raw, n * n * n, sizeof *raw, "volume", err));
  ecd_code_t code = ECD_OK;
  for (size_t i = first; code == ECD_OK && i < ecd_dataset_size(dataset); i += step) {
    if (read) code = ecd_dataset_read_volume(dataset, i, raw, err);
    if (code == ECD_OK) prepare(i, raw, v->data + i * v->stride, arg);
  }
  free(raw);
  return code;
}

ecd_code_t ecd_volumes_load(const ecd_context_t *ctx, ecd_dataset_t *dataset, ecd_memory_t memory,
                            size_t stride, bool read, ecd_prepare_fn *prepare, void *arg,
                            ecd_volumes_t **volumes, ecd_error_t *err) {
  ecd_volumes_t *v;
  *volumes = NULL;
  const size_t bytes = ecd_dataset_size(dataset) * stride * sizeof(float);
  ecd_code_t code = ecd_alloc((void **)&v, 1, sizeof *v, "volumes", err);
  int fits = (double)bytes <= 0.95 * shared_memory_free(), everywhere = 0;
  if (code == ECD_OK) {
    v->window = MPI_WIN_NULL;
    v->stride = stride;
  }
  code = ecd_agree(ctx->world, code, err);
  if (code != ECD_OK) {
    free(v);
    return code;
  }
  ECD_MPI(MPI_Allreduce(&fits, &everywhere, 1, MPI_INT, MPI_MIN, ctx->world));
  if (memory == ECD_MEMORY_SHARED && !everywhere)
    ecd_warn(ctx,
             "the dataset needs %.3g GB of shared memory, but /dev/shm has %.3g GB free on a node: "
             "each rank keeps "
             "its own copy instead (enlarge /dev/shm, or use fewer ranks a node)",
             (double)bytes * 1e-9, shared_memory_free() * 1e-9);
  const bool shared = memory == ECD_MEMORY_SHARED && everywhere;
  code = shared ? make_shared(ctx, bytes, v, err)
                : ecd_alloc((void **)&v->data, ecd_dataset_size(dataset) * stride, sizeof *v->data,
                            "volumes", err);
  code = ecd_agree(ctx->world, code, err);
  if (code == ECD_OK)
    code = fill(dataset, shared ? (size_t)ctx->node_rank : 0, shared ? (size_t)ctx->node_size : 1,
                read, prepare, arg, v, err);
  if (shared && v->window != MPI_WIN_NULL) MPI_Win_sync(v->window);
  code = ecd_agree(ctx->world, code, err); /* also the barrier after which all samples are there */
  if (shared && v->window != MPI_WIN_NULL) MPI_Win_sync(v->window);
  if (code == ECD_OK)
    *volumes = v;
  else
    ecd_volumes_destroy(&v);
  return code;
}

const float *ecd_volumes_get(const ecd_volumes_t *volumes, size_t i) {
  return volumes->data + i * volumes->stride;
}

void ecd_volumes_destroy(ecd_volumes_t **volumes) {
  ecd_volumes_t *v = *volumes;
  if (v == NULL) return;
  if (v->window != MPI_WIN_NULL) {
    MPI_Win_unlock_all(v->window);
    MPI_Win_free(&v->window);
  } else {
    free(v->data);
  }
  free(v);
  *volumes = NULL;
}
