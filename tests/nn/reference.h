/* Reading reference files (HDF5). A missing dataset fails a check. */
#ifndef ECD_TESTS_REFERENCE_H
#define ECD_TESTS_REFERENCE_H

#include "check.h"

#include <hdf5.h>
#include <stdlib.h>

/* Dimensions of a dataset, at most 5; returns the number of its values. */
static size_t shape(hid_t file, const char *name, hsize_t dims[5]) {
  const hid_t set = H5Dopen2(file, name, H5P_DEFAULT), space = H5Dget_space(set);
  size_t count = 1;
  const int rank = H5Sget_simple_extent_dims(space, dims, NULL);
  for (int i = 0; i < rank; ++i) count *= dims[i];
  H5Sclose(space);
  H5Dclose(set);
  return count;
}

/* All its values, owned by the caller; size: bytes of one in memory. */
static void *values(hid_t file, const char *name, hid_t type, size_t size) {
  hsize_t dims[5];
  const size_t count = shape(file, name, dims);
  void *out = malloc(count * size);
  const hid_t set = H5Dopen2(file, name, H5P_DEFAULT);
  CHECK(out != NULL && H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, out) >= 0);
  H5Dclose(set);
  return out;
}

static double *doubles(hid_t file, const char *name) {
  return values(file, name, H5T_NATIVE_DOUBLE, sizeof(double));
}

#endif
