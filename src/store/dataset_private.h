/* What the dataset files share. */
#ifndef ECD_STORE_DATASET_PRIVATE_H
#define ECD_STORE_DATASET_PRIVATE_H

#include "store/dataset.h"
#include "store/h5.h"

#include <math.h>

#define ECD_DATASET_SCHEMA "ecdnet-dataset"
enum { ECD_DATASET_VERSION = 1 };

static inline double ecd_vector_length(const double v[3]) {
  return sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
}

#endif
