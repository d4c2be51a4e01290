/* Vectors of 16 floats by the compiler's vector extension: one register with AVX-512, several without. */
#ifndef ECD_NN_VECTOR_H
#define ECD_NN_VECTOR_H

#include <stdint.h>

enum { ECD_LANES = 16 };

typedef float ecd_vec_t __attribute__((vector_size(ECD_LANES * sizeof(float))));
typedef float ecd_vec_anywhere_t
    __attribute__((vector_size(ECD_LANES * sizeof(float)), aligned(sizeof(float)), may_alias));

static inline ecd_vec_t ecd_vec_load(const float *p) { return *(const ecd_vec_anywhere_t *)p; }
static inline void ecd_vec_store(float *p, ecd_vec_t v) { *(ecd_vec_anywhere_t *)p = v; }
static inline ecd_vec_t ecd_vec_all(float x) { return x - (ecd_vec_t){0}; }

#endif
