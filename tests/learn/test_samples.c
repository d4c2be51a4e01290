/* Tables of features: what is refused, and how it is named. */
#include "check.h"
#include "learn/samples.h"

int main(void) {
  ecd_error_t err = {0};
  double feature[6] = {1, 2, 3, 4, 5, 6}, target[3] = {1, 2, 3};
  const char *id[3] = {"mp-1", "mp-2", "mp-3"}, *name[2] = {"mean Number", "mode Row"};
  ecd_samples_t samples = {3, 2, feature, target, NULL, NULL};
  CHECK(ecd_samples_check(&samples, &err) == ECD_OK);

  feature[3] = (double)NAN;
  CHECK(ecd_samples_check(&samples, &err) == ECD_DATA);
  CHECK_HAS(err.text, "sample 1, feature 1: expected a finite number, found");
  CHECK_HAS(err.text, "nan");
  samples.id = id;
  samples.feature_name = name;
  CHECK(ecd_samples_check(&samples, &err) == ECD_DATA);
  CHECK_HAS(err.text, "sample mp-2, feature mode Row");
  feature[3] = -(double)INFINITY;
  CHECK(ecd_samples_check(&samples, &err) == ECD_DATA);
  feature[3] = 4;

  target[2] = 1e101;
  CHECK(ecd_samples_check(&samples, &err) == ECD_DATA);
  CHECK_HAS(err.text, "sample mp-3, target: expected a number below 1e+100 in size, found 1e+101");
  target[2] = (double)NAN;
  CHECK(ecd_samples_check(&samples, &err) == ECD_DATA);
  samples.target = NULL;
  CHECK(ecd_samples_check(&samples, &err) == ECD_OK);

  samples.width = 0;
  CHECK(ecd_samples_check(&samples, &err) == ECD_DATA);
  CHECK_HAS(err.text, "no features");
  samples.count = 0;
  CHECK(ecd_samples_check(&samples, &err) == ECD_DATA);
  CHECK_HAS(err.text, "no samples");
  return check_done();
}
