/* GEMM by oneDNN; dnnl_sgemm is row-major and the same in API versions 2 and 3. */
#include "nn/kernels.h"

#include <dnnl.h>

static void gemm(bool ta, bool tb, int64_t m, int64_t n, int64_t k, const float *a, int64_t lda,
                 const float *b, int64_t ldb, float beta, float *c, int64_t ldc) {
  if (m == 0 || n == 0) return;
  if (ecd_k_gemm_is_thin(ta, tb, m, n, k, beta)) {
    ecd_k_gemm_thin(m, n, k, a, lda, b, ldb, c, ldc);
    return;
  }
  const dnnl_status_t status =
      dnnl_sgemm(ta ? 'T' : 'N', tb ? 'T' : 'N', m, n, k, 1.0f, a, lda, b, ldb, beta, c, ldc);
  ECD_CHECK(status == dnnl_success);
}

const ecd_backend_t ecd_backend_dnnl = {.name = "dnnl", .gemm = gemm, ECD_KERNELS};
