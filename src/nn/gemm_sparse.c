/* Product with a mostly zero left matrix: gradients behind a max pool or a ReLU. The nonzeros of each row are listed once;
   panels of b, packed to stay in the first-level cache, are then multiplied by the listed values only. */
#include "nn/kernels.h"
#include "nn/vector.h"

#include <string.h>

enum { VECTORS = 6, COLUMNS = VECTORS * ECD_LANES, DEPTH = 64 };

typedef struct {
  float value;
  int32_t offset; /* of its row in the packed panel */
} entry_t;

/* Nonzeros of op(a), by blocks of `depth` columns and rows in each block. */
typedef struct {
  int64_t m, k, blocks, depth;
  int32_t *start; /* (blocks * m + 1) */
  entry_t *entry;
} list_t;

static list_t plan(int64_t m, int64_t k, float *work) {
  const int64_t blocks = (k + DEPTH - 1) / DEPTH;
  return (list_t){.m = m,
                  .k = k,
                  .blocks = blocks,
                  .depth = (k + blocks - 1) / blocks,
                  .start = (int32_t *)(void *)work,
                  .entry = (entry_t *)(void *)(work + (blocks * m + 2) / 2 * 2)};
}

size_t ecd_sparse_work(int64_t m, int64_t k) {
  const int64_t blocks = (k + DEPTH - 1) / DEPTH;
  return (size_t)((blocks * m + 2) / 2 * 2 + 2 * (m * k + 1));
}

static void fill(const list_t *list, bool transpose, const float *a, int64_t lda) {
  const int64_t across = transpose ? lda : 1, down = transpose ? 1 : lda;
  int32_t count = 0, *start = list->start;
  for (int64_t from = 0; from < list->k; from += list->depth) {
    const int64_t depth = list->k - from < list->depth ? list->k - from : list->depth;
    for (int64_t i = 0; i < list->m; ++i) {
      const float *row = a + i * down + from * across;
      *start++ = count;
      for (int64_t l = 0; l < depth; ++l) {
        const float value = row[l * across];
        list->entry[count] = (entry_t){.value = value, .offset = (int32_t)(l * COLUMNS)};
        count += value != 0.0f;
      }
    }
  }
  *start = count;
}

static void pack(int64_t rows, int64_t columns, const float *b, int64_t ldb, float *panel) {
  for (int64_t l = 0; l < rows; ++l, b += ldb, panel += COLUMNS) {
    if (columns == COLUMNS) {
      for (int x = 0; x < VECTORS; ++x)
        ecd_vec_store(panel + x * ECD_LANES, ecd_vec_load(b + x * ECD_LANES));
    } else {
      memcpy(panel, b, (size_t)columns * sizeof *panel);
      memset(panel + columns, 0, (size_t)(COLUMNS - columns) * sizeof *panel);
    }
  }
}

static void multiply_row(const entry_t *entry, const entry_t *end, const float *panel, bool add,
                         float *c) {
  ecd_vec_t sum[VECTORS];
  for (int x = 0; x < VECTORS; ++x) sum[x] = add ? ecd_vec_load(c + x * ECD_LANES) : (ecd_vec_t){0};
  for (; entry < end; ++entry)
    for (int x = 0; x < VECTORS; ++x)
      sum[x] += entry->value * ecd_vec_load(panel + entry->offset + x * ECD_LANES);
  for (int x = 0; x < VECTORS; ++x) ecd_vec_store(c + x * ECD_LANES, sum[x]);
}

static void multiply_part(const entry_t *entry, const entry_t *end, const float *panel, bool add,
                          int64_t columns, float *c) {
  float row[COLUMNS] = {0};
  if (add) memcpy(row, c, (size_t)columns * sizeof *row);
  multiply_row(entry, end, panel, add, row);
  memcpy(c, row, (size_t)columns * sizeof *row);
}

static void multiply_columns(const list_t *list, int64_t columns, const float *b, int64_t ldb,
                             bool accumulate, float *c, int64_t ldc) {
  float panel[DEPTH * COLUMNS] __attribute__((aligned(64)));
  for (int64_t block = 0; block < list->blocks; ++block) {
    const int64_t from = block * list->depth, left = list->k - from;
    pack(left < list->depth ? left : list->depth, columns, b + from * ldb, ldb, panel);
    const int32_t *start = list->start + block * list->m;
    const bool add = accumulate || block > 0;
    for (int64_t i = 0; i < list->m; ++i) {
      const entry_t *entry = list->entry + start[i], *end = list->entry + start[i + 1];
      if (columns == COLUMNS)
        multiply_row(entry, end, panel, add, c + i * ldc);
      else
        multiply_part(entry, end, panel, add, columns, c + i * ldc);
    }
  }
}

void ecd_k_gemm_sparse(bool transpose_a, int64_t m, int64_t n, int64_t k, const float *a,
                       int64_t lda, const float *b, int64_t ldb, bool accumulate, float *c,
                       int64_t ldc, float *work) {
  const list_t list = plan(m, k, work);
  fill(&list, transpose_a, a, lda);
#pragma omp parallel for schedule(static) if (m * n > 1 << 16)
  for (int64_t j = 0; j < n; j += COLUMNS)
    multiply_columns(&list, n - j < COLUMNS ? n - j : COLUMNS, b + j, ldb, accumulate, c + j, ldc);
}
