/* How many ranks share a grid, and how much disk is free. */
#include "check.h"
#include "prep/plan.h"
#include "prep/resample.h"

#include <stdlib.h>

int main(void) {
  const ecd_preparation_t fourier = {60, ECD_FIELD_DENSITY, ECD_CELL_AS_GIVEN, ECD_METHOD_FOURIER,
                                     "test"};
  const int64_t small[3] = {48, 48, 48}, large[3] = {512, 512, 512};
  CHECK(ecd_plan_group(small, &fourier, 0, 64, 1e12) == 1);
  CHECK(ecd_plan_group(large, &fourier, 0, 64, 1e12) == 8);
  CHECK(ecd_plan_group(large, &fourier, 0, 3, 1e12) == 3);
  CHECK(ecd_plan_group(large, &fourier, 5, 64, 1e12) == 5);
  CHECK(ecd_plan_group(small, &fourier, 5, 2, 1e12) == 2);
  /* Little memory: more ranks, until a rank's need fits. */
  const double budget = 1.1e9;
  const int group = ecd_plan_group(large, &fourier, 0, 64, budget);
  CHECK(group > 8);
  CHECK(ecd_resample_memory(large, 60, ECD_METHOD_FOURIER, group) <= budget);
  CHECK(ecd_resample_memory(large, 60, ECD_METHOD_FOURIER, group - 1) > budget);
  for (int ranks = 2; ranks < 16; ++ranks)
    CHECK(ecd_resample_memory(large, 60, ECD_METHOD_FOURIER, ranks) <
          ecd_resample_memory(large, 60, ECD_METHOD_FOURIER, ranks == 2 ? 2 : ranks - 1) + 1);
  CHECK(ecd_resample_memory(large, 60, ECD_METHOD_TRILINEAR, 1) >= 4 * 512.0 * 512 * 512);

  CHECK(ecd_disk_free("no/such/folder/dataset.h5") > 0);
  CHECK(ecd_disk_free("/dataset.h5") > 0);
  setenv("ECDNET_DISK_LIMIT", "1234", 1);
  CHECK(ecd_disk_free("dataset.h5") <= 1234);
  return check_done();
}
