/* The table of primitives that a backend fills in. Arrays are row-major float32; no kernel allocates.
   Feature maps of convolutions are channels-last: (positions, channels). */
#ifndef ECD_NN_PRIMITIVES_H
#define ECD_NN_PRIMITIVES_H

#include "nn/backend.h"
#include "nn/graph.h"

#include <stddef.h>
#include <stdint.h>

typedef enum { ECD_ACT_NONE, ECD_ACT_RELU, ECD_ACT_SIGMOID, ECD_ACT_SOFTPLUS } ecd_activation_t;
typedef enum { ECD_POOL_MAX, ECD_POOL_AVERAGE } ecd_pool_mode_t;

/* A sliding window over a channels-last map (d, h, w, c); 2D maps have d = 1. Windows that reach past the end
   (ceil-mode pooling) are cut off there. */
typedef struct {
  int64_t in[3], kernel[3], stride[3], out[3], channels;
} ecd_window_t;

/* One axis of a cube as channels: pixel i's channel k is at offset[i] + k * stride. */
typedef struct {
  int64_t pixels, depth, channels,
      stride; /* depth: length of the axis; channels: those after the convolution */
  const int32_t *offset;
} ecd_projection_t;

struct ecd_backend {
  const char *name;
  /* c (m, n) = op(a) (m, k) * op(b) (k, n) + beta * c; leading dimensions of the arrays as stored. */
  void (*gemm)(bool transpose_a, bool transpose_b, int64_t m, int64_t n, int64_t k, const float *a,
               int64_t lda, const float *b, int64_t ldb, float beta, float *c, int64_t ldc);
  /* As gemm, with b as stored and op(a) mostly zeros, whose products are skipped; accumulate: beta = 1, else 0.
     work: ecd_sparse_work(m, k) floats. */
  void (*gemm_sparse)(bool transpose_a, int64_t m, int64_t n, int64_t k, const float *a,
                      int64_t lda, const float *b, int64_t ldb, bool accumulate, float *c,
                      int64_t ldc, float *work);
  /* y (rows, columns) = act(y + bias); bias (columns). */
  void (*bias_act)(int64_t rows, int64_t columns, const float *bias, ecd_activation_t act,
                   float *y);
  /* dy *= act'(at output y), n values. */
  void (*act_backward)(int64_t n, ecd_activation_t act, const float *y, float *dy);
  /* sum (columns) = or += sum over rows of x (rows, columns). */
  void (*column_sum)(int64_t rows, int64_t columns, const float *x, bool accumulate, float *sum);
  /* column (out positions, kernel positions * channels) from x (in positions, channels), and its adjoint
     (dx is overwritten). */
  void (*im2col)(const ecd_window_t *w, const float *x, float *column);
  void (*col2im)(const ecd_window_t *w, const float *column, float *dx);
  /* y (out positions, channels); from[i] = input index of the maximum (max only; first on ties). */
  void (*pool)(const ecd_window_t *w, ecd_pool_mode_t mode, const float *x, float *y,
               int32_t *from);
  /* dx is overwritten. */
  void (*pool_backward)(const ecd_window_t *w, ecd_pool_mode_t mode, const float *dy,
                        const int32_t *from, float *dx);
  /* u (pixels, channels) = relu(bias + x's rows times weight (depth, channels)), mean (channels) over the pixels. */
  void (*project)(const ecd_projection_t *p, const float *x, const float *weight, const float *bias,
                  float *u, float *mean);
  /* dweight (depth, channels) += gradient, of du (pixels, channels) before the ReLU. */
  void (*project_backward)(const ecd_projection_t *p, const float *x, const float *du,
                           float *dweight);
  /* du (rows, columns) = du + dmean (columns) where the ReLU's output u > 0, else 0; dbias (columns) += its sum. */
  void (*relu_mean_backward)(int64_t rows, int64_t columns, const float *u, const float *dmean,
                             float *du, float *dbias);
  /* y (rows, columns) = x * scale (columns). */
  void (*scale_columns)(int64_t rows, int64_t columns, const float *scale, const float *x,
                        float *y);
  /* dx += dy * scale; dscale (columns) = sum over rows of dy * x. */
  void (*scale_columns_backward)(int64_t rows, int64_t columns, const float *scale, const float *x,
                                 const float *dy, float *dx, float *dscale);
  /* y += x, n values. */
  void (*add)(int64_t n, const float *x, float *y);
  /* Adam: rate = lr / (1 - beta1^t), root = 1 / sqrt(1 - beta2^t); keep = 1 - lr * weight decay. */
  void (*adam)(int64_t n, float rate, float root, float beta1, float beta2, float epsilon,
               float keep, const float *g, float *p, float *m, float *v);
  /* With d = g + decay * p: v = momentum * v + d; p -= lr * v (v NULL: p -= lr * d). */
  void (*sgd)(int64_t n, float lr, float momentum, float decay, const float *g, float *p, float *v);
  const ecd_graph_primitives_t *graph;
};

extern const ecd_backend_t ecd_backend_ref;
extern const ecd_backend_t ecd_backend_blas;
extern const ecd_backend_t ecd_backend_dnnl; /* only where ECD_HAVE_DNNL */

/* Floats of gemm_sparse's work array. */
size_t ecd_sparse_work(int64_t m, int64_t k);

/* Output positions of each axis: floor, or ceil for windows that may be cut off. */
int64_t ecd_window_count(int64_t in, int64_t kernel, int64_t stride, bool ceil_mode);
static inline int64_t ecd_window_in(const ecd_window_t *w) {
  return w->in[0] * w->in[1] * w->in[2];
}
static inline int64_t ecd_window_out(const ecd_window_t *w) {
  return w->out[0] * w->out[1] * w->out[2];
}
static inline int64_t ecd_window_kernel(const ecd_window_t *w) {
  return w->kernel[0] * w->kernel[1] * w->kernel[2];
}

#endif
