/* What the models that are not networks learn from: a table of features, one row a sample. */
#ifndef ECD_LEARN_SAMPLES_H
#define ECD_LEARN_SAMPLES_H

#include "base/error.h"

#include <stddef.h>

/* All borrowed. */
typedef struct {
  size_t count, width;
  const double *feature;           /* (count, width) */
  const double *target;            /* [count]; NULL to predict */
  const char *const *id;           /* [count], for messages; NULL: samples are numbered from 0 */
  const char *const *feature_name; /* [width], for messages; NULL: numbered from 0 */
} ecd_samples_t;

/* Local. ECD_DATA, with sample and feature, unless there are samples and features and every value
   is finite (targets: and below 1e100, so that sums of squares are finite too). */
ecd_code_t ecd_samples_check(const ecd_samples_t *samples, ecd_error_t *err);

#endif
