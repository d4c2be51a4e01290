#include "learn/samples.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>

static const double TARGET_MAX = 1e100;

/* "sample mp-12" or "sample 3" into text. */
static const char *name(const char *what, const char *const *names, size_t i, char text[256]) {
  if (names != NULL && names[i] != NULL)
    snprintf(text, 256, "%s %.200s", what, names[i]);
  else
    snprintf(text, 256, "%s %zu", what, i);
  return text;
}

static ecd_code_t check_row(const ecd_samples_t *samples, size_t i, ecd_error_t *err) {
  char sample[256], feature[256];
  const double *row = samples->feature + i * samples->width;
  for (size_t f = 0; f < samples->width; ++f)
    if (!isfinite(row[f]))
      return ecd_fail(err, ECD_DATA, "%s, %s: expected a finite number, found %g",
                      name("sample", samples->id, i, sample),
                      name("feature", samples->feature_name, f, feature), row[f]);
  if (samples->target == NULL || fabs(samples->target[i]) < TARGET_MAX) return ECD_OK;
  return ecd_fail(err, ECD_DATA, "%s, target: expected a number below %g in size, found %g",
                  name("sample", samples->id, i, sample), TARGET_MAX, samples->target[i]);
}

ecd_code_t ecd_samples_check(const ecd_samples_t *samples, ecd_error_t *err) {
  if (samples->count == 0) return ecd_fail(err, ECD_DATA, "no samples: expected at least 1");
  if (samples->width == 0)
    return ecd_fail(err, ECD_DATA, "samples have no features: expected at least 1");
  for (size_t i = 0; i < samples->count; ++i) ECD_TRY(check_row(samples, i, err));
  return ECD_OK;
}
