/* Counter-based random numbers (Philox4x32-10, Random123): a function of (seed, purpose, epoch, index)
   alone, never of rank, thread or time. All local. */
#ifndef ECD_BASE_RANDOM_H
#define ECD_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* What the numbers are for; distinct purposes give independent streams. Values are fixed for ever. */
typedef enum {
  ECD_RANDOM_INIT = 1,    /* initial weights; epoch = tensor number */
  ECD_RANDOM_SHUFFLE = 2, /* order of samples in an epoch */
  ECD_RANDOM_SPLIT = 3,   /* folds and held-out splits */
  ECD_RANDOM_AUGMENT = 4,
  ECD_RANDOM_DROPOUT = 5,
  ECD_RANDOM_REPEAT = 6,     /* seeds of repeats */
  ECD_RANDOM_BOOTSTRAP = 10, /* samples of a tree; epoch = tree */
  ECD_RANDOM_FEATURE = 11,   /* order of features at a node; epoch = tree */
  ECD_RANDOM_MAP = 20,       /* initial map of an embedding */
  ECD_RANDOM_TEST = 100      /* tests and timing volumes */
} ecd_random_purpose_t;

/* 128 random bits. */
void ecd_random_bits(uint64_t seed, ecd_random_purpose_t purpose, uint32_t epoch, uint64_t index,
                     uint32_t bits[4]);

/* Uniform in [0, 1), 53 bits. */
double ecd_random_uniform(uint64_t seed, ecd_random_purpose_t purpose, uint32_t epoch,
                          uint64_t index);

/* Uniform in {0 .. bound-1}, bound > 0, without bias beyond 2^-64. */
uint64_t ecd_random_below(uint64_t bound, uint64_t seed, ecd_random_purpose_t purpose,
                          uint32_t epoch, uint64_t index);

/* Fisher-Yates permutation of 0 .. n-1 into order[n]. */
void ecd_random_permutation(size_t n, uint64_t seed, ecd_random_purpose_t purpose, uint32_t epoch,
                            size_t *order);

#endif
