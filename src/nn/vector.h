/* The widest vectors of the target by the compiler's vector extension. */
#ifndef ECD_NN_VECTOR_H
#define ECD_NN_VECTOR_H

#ifdef __AVX512F__
#define ECD_VECTOR_BYTES 64
#elif defined __AVX__
#define ECD_VECTOR_BYTES 32
#else
#define ECD_VECTOR_BYTES 16
#endif

enum { ECD_LANES = ECD_VECTOR_BYTES / sizeof(float) };

typedef float ecd_vec_t __attribute__((vector_size(ECD_VECTOR_BYTES)));
typedef float ecd_vec_anywhere_t
    __attribute__((vector_size(ECD_VECTOR_BYTES), aligned(sizeof(float)), may_alias));

static inline ecd_vec_t ecd_vec_load(const float *p) { return *(const ecd_vec_anywhere_t *)p; }
static inline void ecd_vec_store(float *p, ecd_vec_t v) { *(ecd_vec_anywhere_t *)p = v; }

#endif
