#include "store/model_forest.h"

#include <limits.h>
#include <stdlib.h>

enum { ARRAYS = 7 };

typedef struct {
  const char *name;
  void **data;
  size_t count, size;
  hid_t type;
  MPI_Datatype mpi;
} array_t;

static void list(ecd_model_forest_t *f, array_t array[ARRAYS]) {
  const array_t all[ARRAYS] = {
      {"/forest/offset", (void **)&f->offset, f->trees + 1, 8, H5T_NATIVE_INT64, MPI_INT64_T},
      {"/forest/feature", (void **)&f->feature, f->nodes, 4, H5T_NATIVE_INT32, MPI_INT32_T},
      {"/forest/left", (void **)&f->left, f->nodes, 4, H5T_NATIVE_INT32, MPI_INT32_T},
      {"/forest/right", (void **)&f->right, f->nodes, 4, H5T_NATIVE_INT32, MPI_INT32_T},
      {"/forest/threshold", (void **)&f->threshold, f->nodes, 8, H5T_NATIVE_DOUBLE, MPI_DOUBLE},
      {"/forest/value", (void **)&f->value, f->nodes, 8, H5T_NATIVE_DOUBLE, MPI_DOUBLE},
      {"/forest/importance", (void **)&f->importance, f->width, 8, H5T_NATIVE_DOUBLE, MPI_DOUBLE}};
  for (int a = 0; a < ARRAYS; ++a) array[a] = all[a];
}

void ecd_model_forest_put(ecd_h5_t *h5, const ecd_model_forest_t *forest) {
  ecd_model_forest_t f = *forest;
  array_t array[ARRAYS];
  list(&f, array);
  for (int a = 0; f.trees > 0 && a < ARRAYS; ++a)
    ecd_h5_write(h5, array[a].name, array[a].type, 1, (const hsize_t[]){array[a].count},
                 *array[a].data);
}

void ecd_model_forest_get(ecd_h5_t *h5, ecd_model_forest_t *f) {
  array_t array[ARRAYS];
  if (h5->failed || H5Lexists(h5->file, "/forest", H5P_DEFAULT) <= 0) return;
  const size_t offsets = ecd_h5_count(h5, "/forest/offset");
  f->nodes = ecd_h5_count(h5, "/forest/feature");
  f->width = ecd_h5_count(h5, "/forest/importance");
  if (!h5->failed && (offsets < 2 || offsets > INT_MAX || f->nodes > INT_MAX || f->width > INT_MAX))
    ecd_h5_fail(h5, "/forest: no tree, or more than fit");
  if (h5->failed) return;
  f->trees = offsets - 1;
  list(f, array);
  for (int a = 0; a < ARRAYS; ++a) {
    *array[a].data = malloc((array[a].count + 1) * array[a].size);
    if (*array[a].data == NULL) ecd_h5_fail(h5, "out of memory");
    ecd_h5_read(h5, array[a].name, array[a].type, array[a].count, *array[a].data);
  }
}

ecd_code_t ecd_model_forest_make_room(ecd_model_forest_t *f, ecd_error_t *err) {
  array_t array[ARRAYS];
  list(f, array);
  for (int a = 0; a < ARRAYS; ++a) *array[a].data = NULL;
  for (int a = 0; f->trees > 0 && a < ARRAYS; ++a)
    ECD_TRY(ecd_alloc(array[a].data, array[a].count, array[a].size, "forest", err));
  return ECD_OK;
}

ecd_code_t ecd_model_forest_share(const ecd_context_t *ctx, ecd_model_forest_t *f,
                                  ecd_error_t *err) {
  array_t array[ARRAYS];
  list(f, array);
  for (int a = 0; f->trees > 0 && a < ARRAYS; ++a)
    ECD_MPI(MPI_Bcast(*array[a].data, (int)array[a].count, array[a].mpi, 0, ctx->world));
  return ECD_OK;
}

void ecd_model_forest_clear(ecd_model_forest_t *f) {
  array_t array[ARRAYS];
  list(f, array);
  for (int a = 0; a < ARRAYS; ++a) free(*array[a].data);
  *f = (ecd_model_forest_t){0};
}
