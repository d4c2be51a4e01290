/* One axis of the cube as channels of a 1x1 convolution. Every pixel's channels are a product of depth scalars, read
   where they lie in the cube, with rows of the weights, so all three axes run through one register-blocked loop. */
#include "nn/kernels.h"

#include <string.h>

#ifdef __AVX512VL__
enum { BLOCK = 6 };
#else
enum { BLOCK = 4 };
#endif
/* Channels of a register, registers of a block of channels, pixels whose gradients stay in the first-level cache. */
enum { LANES = 8, VECTORS = 3, CHUNK = 120 };

typedef float vec_t __attribute__((vector_size(LANES * sizeof(float))));
typedef float vec_anywhere_t
    __attribute__((vector_size(LANES * sizeof(float)), aligned(sizeof(float)), may_alias));

static inline vec_t load(const float *p) { return *(const vec_anywhere_t *)p; }
static inline void store(float *p, vec_t v) { *(vec_anywhere_t *)p = v; }
static inline vec_t relu(vec_t v) { return (vec_t)((__typeof__(v > 0.0f))v & (v > 0.0f)); }

/* Pixels first .. first + count - 1, count <= BLOCK, of 8 * vectors channels from w's, bias's, u's and sum's first on. */
static inline __attribute__((always_inline)) void
forward_block(const int vectors, const ecd_projection_t *p, int64_t first, int64_t count,
              const float *x, const float *w, const float *bias, float *u, float *sum) {
  vec_t s[BLOCK][VECTORS];
  const float *at[BLOCK];
  for (int b = 0; b < BLOCK; ++b) {
    at[b] = x + p->offset[first + (b < count ? b : 0)];
    for (int v = 0; v < vectors; ++v) s[b][v] = load(bias + v * LANES);
  }
  for (int64_t k = 0; k < p->depth; ++k)
    for (int v = 0; v < vectors; ++v) {
      const vec_t row = load(w + k * p->channels + v * LANES);
      for (int b = 0; b < BLOCK; ++b) s[b][v] += at[b][k * p->stride] * row;
    }
  for (int v = 0; v < vectors; ++v) {
    vec_t total = {0};
    for (int b = 0; b < BLOCK; ++b) {
      const vec_t y = relu(s[b][v]);
      if (b < count) store(u + (first + b) * p->channels + v * LANES, y);
      if (b < count) total += y;
    }
    store(sum + v * LANES, load(sum + v * LANES) + total);
  }
}

/* A channel left over by blocks of 8. */
static void forward_channel(const ecd_projection_t *p, const float *x, const float *w, float bias,
                            float *u, float *sum) {
  for (int64_t i = 0; i < p->pixels; ++i) {
    float s = bias;
    for (int64_t k = 0; k < p->depth; ++k)
      s += x[p->offset[i] + k * p->stride] * w[k * p->channels];
    u[i * p->channels] = s > 0.0f ? s : 0.0f;
    *sum += u[i * p->channels];
  }
}

/* How many registers the next block of channels takes; 0: fewer than 8 channels are left. */
static int vectors_left(const ecd_projection_t *p, int64_t channel) {
  const int64_t left = (p->channels - channel) / LANES;
  return left < VECTORS ? (int)left : VECTORS;
}

void ecd_k_project(const ecd_projection_t *p, const float *x, const float *weight,
                   const float *bias, float *u, float *mean) {
  memset(mean, 0, (size_t)p->channels * sizeof *mean);
  int64_t c = 0;
  for (int vectors; (vectors = vectors_left(p, c)) > 0; c += vectors * LANES)
    for (int64_t i = 0; i < p->pixels; i += BLOCK) {
      const int64_t count = p->pixels - i < BLOCK ? p->pixels - i : BLOCK;
      if (vectors == 3) forward_block(3, p, i, count, x, weight + c, bias + c, u + c, mean + c);
      if (vectors == 2) forward_block(2, p, i, count, x, weight + c, bias + c, u + c, mean + c);
      if (vectors == 1) forward_block(1, p, i, count, x, weight + c, bias + c, u + c, mean + c);
    }
  for (; c < p->channels; ++c) forward_channel(p, x, weight + c, bias[c], u + c, mean + c);
  for (c = 0; c < p->channels; ++c) mean[c] /= (float)p->pixels;
}

/* Rows k .. k + count - 1 of dw, count <= BLOCK, from pixels first .. end - 1. */
static inline __attribute__((always_inline)) void
backward_block(const int vectors, const ecd_projection_t *p, int64_t first, int64_t end, int64_t k,
               int64_t count, const float *x, const float *du, float *dw) {
  vec_t s[BLOCK][VECTORS] = {0};
  int64_t shift[BLOCK];
  for (int b = 0; b < BLOCK; ++b) shift[b] = (k + (b < count ? b : 0)) * p->stride;
  for (int64_t i = first; i < end; ++i) {
    const float *at = x + p->offset[i];
    for (int v = 0; v < vectors; ++v) {
      const vec_t row = load(du + i * p->channels + v * LANES);
      for (int b = 0; b < BLOCK; ++b) s[b][v] += at[shift[b]] * row;
    }
  }
  for (int b = 0; b < BLOCK; ++b)
    for (int v = 0; v < vectors && b < count; ++v) {
      float *to = dw + (k + b) * p->channels + v * LANES;
      store(to, load(to) + s[b][v]);
    }
}

static void backward_channel(const ecd_projection_t *p, const float *x, const float *du,
                             float *dw) {
  for (int64_t i = 0; i < p->pixels; ++i)
    for (int64_t k = 0; k < p->depth; ++k)
      dw[k * p->channels] += x[p->offset[i] + k * p->stride] * du[i * p->channels];
}

static void backward_chunk(const ecd_projection_t *p, int vectors, int64_t first, int64_t end,
                           const float *x, const float *du, float *dw) {
  for (int64_t k = 0; k < p->depth; k += BLOCK) {
    const int64_t count = p->depth - k < BLOCK ? p->depth - k : BLOCK;
    if (vectors == 3) backward_block(3, p, first, end, k, count, x, du, dw);
    if (vectors == 2) backward_block(2, p, first, end, k, count, x, du, dw);
    if (vectors == 1) backward_block(1, p, first, end, k, count, x, du, dw);
  }
}

void ecd_k_project_backward(const ecd_projection_t *p, const float *x, const float *du,
                            float *dweight) {
  int64_t c = 0;
  for (int vectors; (vectors = vectors_left(p, c)) > 0; c += vectors * LANES)
    for (int64_t i = 0; i < p->pixels; i += CHUNK)
      backward_chunk(p, vectors, i, p->pixels - i < CHUNK ? p->pixels : i + CHUNK, x, du + c,
                     dweight + c);
  for (; c < p->channels; ++c) backward_channel(p, x, du + c, dweight + c);
}
