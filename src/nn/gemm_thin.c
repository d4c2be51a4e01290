/* c (m, n) = a (m, k) * transposed b (n, k) for few rows m: the forward pass of a dense layer. A library's GEMM
   packs b, which here costs as much as the product; this one reads b in place, once for each 32 rows of a. */
#include "nn/kernels.h"
#include "nn/vector.h"

#include <string.h>

enum { VECTORS = 2, ROWS = VECTORS * ECD_LANES, OUTPUTS = 6 };
/* Long runs of b suit the hardware's prefetch, short sums the rounding error: a panel is summed in parts. */
enum { DEPTH = 2048, PART = 256 };

/* panel (depth, ROWS) = transposed rows of a, the missing ones zero. */
static void pack(int64_t rows, int64_t depth, const float *a, int64_t lda, float *panel) {
  memset(panel, 0, (size_t)(depth * ROWS) * sizeof *panel);
  for (int64_t l = 0; l < depth; ++l)
    for (int64_t i = 0; i < rows; ++i) panel[l * ROWS + i] = a[i * lda + l];
}

/* sum (OUTPUTS, ROWS) += rows of b times the panel. */
static void block(int64_t depth, const float *panel, const float *const b[OUTPUTS],
                  float sum[OUTPUTS * ROWS]) {
  ecd_vec_t s[OUTPUTS][VECTORS] = {0};
  for (int64_t l = 0; l < depth; ++l) {
    ecd_vec_t v[VECTORS];
    for (int x = 0; x < VECTORS; ++x) v[x] = ecd_vec_load(panel + l * ROWS + x * ECD_LANES);
    for (int o = 0; o < OUTPUTS; ++o)
      for (int x = 0; x < VECTORS; ++x) s[o][x] += b[o][l] * v[x];
  }
  for (int o = 0; o < OUTPUTS; ++o)
    for (int x = 0; x < VECTORS; ++x) {
      float *to = sum + o * ROWS + x * ECD_LANES;
      ecd_vec_store(to, ecd_vec_load(to) + s[o][x]);
    }
}

/* Columns first .. first + count - 1 of c, count <= OUTPUTS; the spare outputs of the block repeat the last row of b. */
static void columns(int64_t rows, int64_t depth, const float *panel, int64_t count, const float *b,
                    int64_t ldb, bool add, float *c, int64_t ldc) {
  float sum[OUTPUTS * ROWS] __attribute__((aligned(64))) = {0};
  const float *row[OUTPUTS];
  for (int64_t o = 0; o < OUTPUTS; ++o) row[o] = b + (o < count ? o : count - 1) * ldb;
  for (int64_t l = 0; l < depth; l += PART) {
    block(depth - l < PART ? depth - l : PART, panel + l * ROWS, row, sum);
    for (int o = 0; o < OUTPUTS; ++o) row[o] += PART;
  }
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t o = 0; o < count; ++o)
      c[i * ldc + o] = sum[o * ROWS + i] + (add ? c[i * ldc + o] : 0.0f);
}

void ecd_k_gemm_thin(int64_t m, int64_t n, int64_t k, const float *a, int64_t lda, const float *b,
                     int64_t ldb, float *c, int64_t ldc) {
  float panel[DEPTH * ROWS] __attribute__((aligned(64)));
  for (int64_t i = 0; i < m; i += ROWS)
    for (int64_t l = 0; l < k; l += DEPTH) {
      const int64_t rows = m - i < ROWS ? m - i : ROWS, depth = k - l < DEPTH ? k - l : DEPTH;
      pack(rows, depth, a + i * lda + l, lda, panel);
#pragma omp parallel for schedule(static) if (n * depth > 1 << 14)
      for (int64_t j = 0; j < n; j += OUTPUTS)
        columns(rows, depth, panel, n - j < OUTPUTS ? n - j : OUTPUTS, b + j * ldb + l, ldb, l > 0,
                c + i * ldc + j, ldc);
    }
}

bool ecd_k_gemm_is_thin(bool transpose_a, bool transpose_b, int64_t m, int64_t n, int64_t k,
                        float beta) {
  return !transpose_a && transpose_b && beta == 0.0f && m >= ROWS / 2 && m <= ROWS &&
         n * k >= 1 << 16;
}
