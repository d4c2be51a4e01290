/* Volumes moved without changing the material: periodic shifts, and the 48 operations of the cube,
   which take the axes and directions of the cell's vectors otherwise. All local. */
#ifndef ECD_TRAIN_AUGMENT_H
#define ECD_TRAIN_AUGMENT_H

#include "deck/settings.h"

#include <stddef.h>

typedef struct {
  int axis[3];      /* axis of the source that becomes axis k */
  bool reversed[3]; /* ... from its end */
  size_t shift[3];  /* points, added in the source */
} ecd_motion_t;

/* The motion of a sample in an epoch: a function of seed, epoch and sample alone. */
ecd_motion_t ecd_motion_choose(ecd_augment_t augment, size_t n, uint64_t seed, uint32_t epoch,
                               uint64_t sample);

/* to (n, n, n) = from (n, n, n) moved; they do not overlap. */
void ecd_motion_apply(const ecd_motion_t *motion, size_t n, const float *from, float *to);

#endif
