/* Random numbers: known answers of Philox4x32-10 (Random123's kat_vectors), uniformity, permutations. */
#include "base/random.h"
#include "check.h"

#include <stdint.h>

int main(void) {
  /* kat_vectors: philox4x32 10, counter and key all zero. */
  uint32_t bits[4];
  ecd_random_bits(0, (ecd_random_purpose_t)0, 0, 0, bits);
  CHECK(bits[0] == 0x6627e8d5u && bits[1] == 0xe169c58du && bits[2] == 0xbc57ac4cu &&
        bits[3] == 0x9b00dbd8u);

  enum { N = 20000 };
  double sum = 0, squares = 0;
  for (uint64_t i = 0; i < N; ++i) {
    const double u = ecd_random_uniform(7, ECD_RANDOM_TEST, 1, i);
    CHECK(u >= 0 && u < 1);
    sum += u;
    squares += u * u;
  }
  CHECK_NEAR(sum / N, 0.5, 0.01);
  CHECK_NEAR(squares / N, 1.0 / 3, 0.01);

  size_t order[100], other[100], seen[100] = {0};
  ecd_random_permutation(100, 3, ECD_RANDOM_SHUFFLE, 0, order);
  ecd_random_permutation(100, 3, ECD_RANDOM_SHUFFLE, 1, other);
  for (int i = 0; i < 100; ++i) ++seen[order[i]];
  for (int i = 0; i < 100; ++i) CHECK(seen[i] == 1);
  CHECK(memcmp(order, other, sizeof order) != 0);
  ecd_random_permutation(100, 3, ECD_RANDOM_SHUFFLE, 0, other);
  CHECK(memcmp(order, other, sizeof order) == 0);
  return check_done();
}
