/* Reading reference files (HDF5). One that lacks something, or holds it in another shape, ends the
   program: exit code 3, "FILE: no dataset NAME". */
#ifndef ECD_TESTS_REFERENCE_H
#define ECD_TESTS_REFERENCE_H

#include "check.h"

#include <hdf5.h>
#include <stdlib.h>

/* HDF5 itself then prints nothing. */
static hid_t open_reference(const char *program, const char *path) {
  H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
  const hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
  if (file >= 0) return file;
  fprintf(stderr, "%s: cannot open %s\n", program, path);
  exit(3);
}

_Noreturn static void refuse(hid_t file, const char *what, const char *name) {
  char path[4096] = "";
  H5Fget_name(file, path, sizeof path);
  fprintf(stderr, "%s: %s %s\n", path, what, name);
  exit(3);
}

static hid_t open_set(hid_t file, const char *name) {
  const hid_t set = H5Dopen2(file, name, H5P_DEFAULT);
  if (set < 0) refuse(file, "no dataset", name);
  return set;
}

/* Dimensions of a dataset, at most 5, the rest 1; returns the number of its values. */
static size_t shape(hid_t file, const char *name, hsize_t dims[5]) {
  const hid_t set = open_set(file, name), space = H5Dget_space(set);
  size_t count = 1;
  for (int i = 0; i < 5; ++i) dims[i] = 1;
  if (H5Sget_simple_extent_ndims(space) > 5) refuse(file, "more than 5 dimensions:", name);
  const int rank = H5Sget_simple_extent_dims(space, dims, NULL);
  for (int i = 0; i < rank; ++i) count *= dims[i];
  H5Sclose(space);
  H5Dclose(set);
  if (count == 0) refuse(file, "no values in", name);
  return count;
}

/* All its values, which must be count, owned by the caller; size: bytes of one in memory. */
static void *values(hid_t file, const char *name, size_t count, hid_t type, size_t size) {
  hsize_t dims[5];
  if (shape(file, name, dims) != count)
    refuse(file, "another number of values than expected:", name);
  void *out = malloc(count * size);
  const hid_t set = open_set(file, name);
  if (out == NULL || H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, out) < 0)
    refuse(file, "cannot read", name);
  H5Dclose(set);
  return out;
}

static double *doubles(hid_t file, const char *name, size_t count) {
  return values(file, name, count, H5T_NATIVE_DOUBLE, sizeof(double));
}

static float *floats(hid_t file, const char *name, size_t count) {
  return values(file, name, count, H5T_NATIVE_FLOAT, sizeof(float));
}

#endif
