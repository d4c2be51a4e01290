#include "base/random.h"

#include <Random123/philox.h>

void ecd_random_bits(uint64_t seed, ecd_random_purpose_t purpose, uint32_t epoch, uint64_t index,
                     uint32_t bits[4]) {
  const philox4x32_ctr_t counter = {
      {(uint32_t)index, (uint32_t)(index >> 32), epoch, (uint32_t)purpose}};
  const philox4x32_key_t key = {{(uint32_t)seed, (uint32_t)(seed >> 32)}};
  const philox4x32_ctr_t out = philox4x32(counter, key);
  for (int i = 0; i < 4; ++i) bits[i] = out.v[i];
}

double ecd_random_uniform(uint64_t seed, ecd_random_purpose_t purpose, uint32_t epoch,
                          uint64_t index) {
  uint32_t bits[4];
  ecd_random_bits(seed, purpose, epoch, index, bits);
  const uint64_t wide = ((uint64_t)bits[0] << 32) | bits[1];
  return (double)(wide >> 11) * 0x1p-53;
}

uint64_t ecd_random_below(uint64_t bound, uint64_t seed, ecd_random_purpose_t purpose,
                          uint32_t epoch, uint64_t index) {
  uint32_t bits[4];
  ecd_random_bits(seed, purpose, epoch, index, bits);
  const uint64_t wide = ((uint64_t)bits[0] << 32) | bits[1];
  return (uint64_t)(((unsigned __int128)wide * bound) >> 64);
}

void ecd_random_permutation(size_t n, uint64_t seed, ecd_random_purpose_t purpose, uint32_t epoch,
                            size_t *order) {
  for (size_t i = 0; i < n; ++i) order[i] = i;
  for (size_t i = n; i > 1; --i) {
    const size_t j = (size_t)ecd_random_below(i, seed, purpose, epoch, i);
    const size_t kept = order[i - 1];
    order[i - 1] = order[j];
    order[j] = kept;
  }
}
