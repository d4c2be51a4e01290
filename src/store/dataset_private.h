/* What the dataset files share. */
#ifndef ECD_STORE_DATASET_PRIVATE_H
#define ECD_STORE_DATASET_PRIVATE_H

#include "chem/magpie.h"
#include "store/dataset.h"
#include "store/h5.h"

#include <math.h>

#define ECD_DATASET_SCHEMA "ecdnet-dataset"
enum { ECD_DATASET_VERSION = 1 };

/* Features of samples[count] into features (count, ECD_MAGPIE_ALL); NaN where a formula is none or the
   table of the elements has no value. Local. */
void ecd_features_compute(const ecd_sample_t *samples, size_t count, double *features);
/* A warning that names materials whose features are not complete, and why. Local. */
void ecd_features_warn(const ecd_context_t *ctx, const ecd_sample_t *samples, size_t count,
                       const double *features);
/* /feature/magpie and /feature/magpie_names. Local. */
void ecd_features_write(ecd_h5_t *h5, size_t count, const double *features);
void ecd_features_read(ecd_h5_t *h5, const ecd_sample_t *samples, size_t count, double *features);

static inline double ecd_vector_length(const double v[3]) {
  return sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
}

#endif
