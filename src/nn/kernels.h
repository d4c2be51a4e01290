/* Vectorised kernels around the GEMM, shared by the blas and dnnl backends. Same meaning as in primitives.h. */
#ifndef ECD_NN_KERNELS_H
#define ECD_NN_KERNELS_H

#include "nn/primitives.h"

void ecd_k_gemm_sparse(bool transpose_a, int64_t m, int64_t n, int64_t k, const float *a,
                       int64_t lda, const float *b, int64_t ldb, bool accumulate, float *c,
                       int64_t ldc, float *work);
/* c (m, n) = a (m, k) * transposed b (n, k), and whether a GEMM is of that kind with m so small that this is faster
   than a library's. */
void ecd_k_gemm_thin(int64_t m, int64_t n, int64_t k, const float *a, int64_t lda, const float *b,
                     int64_t ldb, float *c, int64_t ldc);
bool ecd_k_gemm_is_thin(bool transpose_a, bool transpose_b, int64_t m, int64_t n, int64_t k,
                        float beta);
void ecd_k_bias_act(int64_t rows, int64_t columns, const float *bias, ecd_activation_t act,
                    float *y);
void ecd_k_act_backward(int64_t n, ecd_activation_t act, const float *y, float *dy);
void ecd_k_column_sum(int64_t rows, int64_t columns, const float *x, bool accumulate, float *sum);
void ecd_k_im2col(const ecd_window_t *w, const float *x, float *column);
void ecd_k_col2im(const ecd_window_t *w, const float *column, float *dx);
void ecd_k_pool(const ecd_window_t *w, ecd_pool_mode_t mode, const float *x, float *y,
                int32_t *from);
void ecd_k_pool_backward(const ecd_window_t *w, ecd_pool_mode_t mode, const float *dy,
                         const int32_t *from, float *dx);
void ecd_k_project(const ecd_projection_t *p, const float *x, const float *weight,
                   const float *bias, float *u, float *mean);
void ecd_k_project_backward(const ecd_projection_t *p, const float *x, const float *du,
                            float *dweight);
void ecd_k_relu_mean_backward(int64_t rows, int64_t columns, const float *u, const float *dmean,
                              float *du, float *dbias);
void ecd_k_scale_columns(int64_t rows, int64_t columns, const float *scale, const float *x,
                         float *y);
void ecd_k_scale_columns_backward(int64_t rows, int64_t columns, const float *scale, const float *x,
                                  const float *dy, float *dx, float *dscale);
void ecd_k_add(int64_t n, const float *x, float *y);
void ecd_k_adam(int64_t n, float rate, float root, float beta1, float beta2, float epsilon,
                float keep, const float *g, float *p, float *m, float *v);
void ecd_k_sgd(int64_t n, float lr, float momentum, float decay, const float *g, float *p,
               float *v);

/* Designated initialisers of everything but name and gemm. */
#define ECD_KERNELS                                                                                \
  .gemm_sparse = ecd_k_gemm_sparse, .bias_act = ecd_k_bias_act,                                    \
  .act_backward = ecd_k_act_backward, .column_sum = ecd_k_column_sum, .im2col = ecd_k_im2col,      \
  .col2im = ecd_k_col2im, .pool = ecd_k_pool, .pool_backward = ecd_k_pool_backward,                \
  .project = ecd_k_project, .project_backward = ecd_k_project_backward,                            \
  .relu_mean_backward = ecd_k_relu_mean_backward, .scale_columns = ecd_k_scale_columns,            \
  .scale_columns_backward = ecd_k_scale_columns_backward, .add = ecd_k_add, .adam = ecd_k_adam,    \
  .sgd = ecd_k_sgd, .graph = &ecd_graph_kernels

#endif
