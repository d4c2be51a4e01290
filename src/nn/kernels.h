/* Vectorised kernels around the GEMM, shared by the blas and dnnl backends. Same meaning as in primitives.h. */
#ifndef ECD_NN_KERNELS_H
#define ECD_NN_KERNELS_H

#include "nn/primitives.h"

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
void ecd_k_plane_bias_relu(int64_t channels, int64_t area, const float *bias, float *u,
                           float *mean);
void ecd_k_tile(int64_t channels, int64_t h, int64_t w, int64_t k, const float *u,
                const float *scale, float *tile);
void ecd_k_tile_scale_backward(int64_t channels, int64_t h, int64_t w, int64_t k,
                               const float *dtile, const float *u, float *dscale);
void ecd_k_tile_backward(int64_t channels, int64_t h, int64_t w, int64_t k, const float *dtile,
                         const float *u, const float *scale, const float *dmean, float *du,
                         float *dbias);
void ecd_k_add(int64_t n, const float *x, float *y);
void ecd_k_adam(int64_t n, float rate, float root, float beta1, float beta2, float epsilon,
                const float *g, float *p, float *m, float *v);
void ecd_k_sgd(int64_t n, float lr, float momentum, const float *g, float *p, float *v);

/* Designated initialisers of everything but name and gemm. */
#define ECD_KERNELS                                                                                \
  .bias_act = ecd_k_bias_act, .act_backward = ecd_k_act_backward, .column_sum = ecd_k_column_sum,  \
  .im2col = ecd_k_im2col, .col2im = ecd_k_col2im, .pool = ecd_k_pool,                              \
  .pool_backward = ecd_k_pool_backward, .plane_bias_relu = ecd_k_plane_bias_relu,                  \
  .tile = ecd_k_tile, .tile_scale_backward = ecd_k_tile_scale_backward,                            \
  .tile_backward = ecd_k_tile_backward, .add = ecd_k_add, .adam = ecd_k_adam, .sgd = ecd_k_sgd

#endif
