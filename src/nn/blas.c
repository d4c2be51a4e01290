/* GEMM by CBLAS. */
#include "nn/kernels.h"

#include <cblas.h>

static void gemm(bool ta, bool tb, int64_t m, int64_t n, int64_t k, const float *a, int64_t lda,
                 const float *b, int64_t ldb, float beta, float *c, int64_t ldc) {
  if (m == 0 || n == 0) return;
  if (ecd_k_gemm_is_thin(ta, tb, m, n, k, beta)) {
    ecd_k_gemm_thin(m, n, k, a, lda, b, ldb, c, ldc);
    return;
  }
  cblas_sgemm(CblasRowMajor, ta ? CblasTrans : CblasNoTrans, tb ? CblasTrans : CblasNoTrans, (int)m,
              (int)n, (int)k, 1.0f, a, (int)lda, b, (int)ldb, beta, c, (int)ldc);
}

const ecd_backend_t ecd_backend_blas = {.name = "blas", .gemm = gemm, ECD_KERNELS};
