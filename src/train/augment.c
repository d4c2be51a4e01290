#include "train/augment.h"

#include "base/random.h"

#include <string.h>

enum { CUBE = 48 };

static const int orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};

ecd_motion_t ecd_motion_choose(ecd_augment_t augment, size_t n, uint64_t seed, uint32_t epoch,
                               uint64_t sample) {
  ecd_motion_t m = {.axis = {0, 1, 2}};
  if (augment == ECD_AUGMENT_CUBE || augment == ECD_AUGMENT_BOTH) {
    const uint64_t g = ecd_random_below(CUBE, seed, ECD_RANDOM_AUGMENT, epoch, 4 * sample);
    memcpy(m.axis, orders[g / 8], sizeof m.axis);
    for (int k = 0; k < 3; ++k) m.reversed[k] = (g >> k & 1) != 0;
  }
  if (augment == ECD_AUGMENT_SHIFT || augment == ECD_AUGMENT_BOTH)
    for (uint64_t k = 0; k < 3; ++k)
      m.shift[k] = ecd_random_below(n, seed, ECD_RANDOM_AUGMENT, epoch, 4 * sample + 1 + k);
  return m;
}

/* Point i of a reversed axis is point -i of the lattice: the origin stays a point of the grid. */
static size_t source(const ecd_motion_t *m, size_t n, int k, size_t i) {
  return (m->shift[k] + (m->reversed[k] ? n - i : i)) % n;
}

void ecd_motion_apply(const ecd_motion_t *m, size_t n, const float *from, float *to) {
  const size_t stride[3] = {n * n, n, 1};
  const size_t last = stride[m->axis[2]];
  /* The last axis runs from its first source point to the end of the period, then from the other. */
  const size_t begin = source(m, n, 2, 0);
  const ptrdiff_t step = m->reversed[2] ? -(ptrdiff_t)last : (ptrdiff_t)last;
  const size_t before = m->reversed[2] ? begin + 1 : n - begin;
  const size_t again = m->reversed[2] ? n - 1 : 0;
  for (size_t i = 0; i < n; ++i)
    for (size_t j = 0; j < n; ++j, to += n) {
      const float *row =
          from + source(m, n, 0, i) * stride[m->axis[0]] + source(m, n, 1, j) * stride[m->axis[1]];
      const float *first = row + begin * last, *rest = row + again * last;
      for (size_t k = 0; k < before; ++k) to[k] = first[(ptrdiff_t)k * step];
      for (size_t k = before; k < n; ++k) to[k] = rest[(ptrdiff_t)(k - before) * step];
    }
}
