/* Naive loops: the oracle of the other backends. */
#include "nn/primitives.h"

#include <math.h>
#include <string.h>

static void gemm(bool ta, bool tb, int64_t m, int64_t n, int64_t k, const float *a, int64_t lda,
                 const float *b, int64_t ldb, float beta, float *c, int64_t ldc) {
  for (int64_t i = 0; i < m; ++i)
    for (int64_t j = 0; j < n; ++j) {
      double sum = 0;
      for (int64_t l = 0; l < k; ++l)
        sum += (double)(ta ? a[l * lda + i] : a[i * lda + l]) *
               (double)(tb ? b[j * ldb + l] : b[l * ldb + j]);
      c[i * ldc + j] = (float)(sum + (beta == 0.0f ? 0.0 : (double)beta * (double)c[i * ldc + j]));
    }
}

static void gemm_sparse(bool ta, int64_t m, int64_t n, int64_t k, const float *a, int64_t lda,
                        const float *b, int64_t ldb, bool accumulate, float *c, int64_t ldc,
                        float *work) {
  (void)work;
  gemm(ta, false, m, n, k, a, lda, b, ldb, accumulate ? 1.0f : 0.0f, c, ldc);
}

static float activate(ecd_activation_t act, float x) {
  if (act == ECD_ACT_RELU) return x > 0.0f ? x : 0.0f;
  if (act == ECD_ACT_SIGMOID) return 1.0f / (1.0f + expf(-x));
  if (act == ECD_ACT_SOFTPLUS) return (x > 0.0f ? x : 0.0f) + log1pf(expf(-fabsf(x)));
  return x;
}

static void bias_act(int64_t rows, int64_t columns, const float *bias, ecd_activation_t act,
                     float *y) {
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < columns; ++j)
      y[i * columns + j] = activate(act, y[i * columns + j] + bias[j]);
}

static void act_backward(int64_t n, ecd_activation_t act, const float *y, float *dy) {
  for (int64_t i = 0; i < n; ++i) {
    if (act == ECD_ACT_RELU && !(y[i] > 0.0f)) dy[i] = 0.0f;
    if (act == ECD_ACT_SIGMOID) dy[i] *= y[i] * (1.0f - y[i]);
    if (act == ECD_ACT_SOFTPLUS) dy[i] *= -expm1f(-y[i]);
  }
}

static void column_sum(int64_t rows, int64_t columns, const float *x, bool accumulate, float *sum) {
  for (int64_t j = 0; j < columns; ++j) {
    double total = accumulate ? (double)sum[j] : 0.0;
    for (int64_t i = 0; i < rows; ++i) total += (double)x[i * columns + j];
    sum[j] = (float)total;
  }
}

/* Input position of kernel position q at output position p, or -1 past the end. */
static int64_t source(const ecd_window_t *w, int64_t p, int64_t q) {
  int64_t at[3];
  for (int axis = 2; axis >= 0; --axis) {
    at[axis] = p % w->out[axis] * w->stride[axis] + q % w->kernel[axis];
    if (at[axis] >= w->in[axis]) return -1;
    p /= w->out[axis];
    q /= w->kernel[axis];
  }
  return (at[0] * w->in[1] + at[1]) * w->in[2] + at[2];
}

static void im2col(const ecd_window_t *w, const float *x, float *column) {
  const int64_t out = ecd_window_out(w), kernel = ecd_window_kernel(w), c = w->channels;
  for (int64_t p = 0; p < out; ++p)
    for (int64_t q = 0; q < kernel; ++q) {
      const int64_t from = source(w, p, q);
      for (int64_t i = 0; i < c; ++i)
        column[(p * kernel + q) * c + i] = from < 0 ? 0.0f : x[from * c + i];
    }
}

static void col2im(const ecd_window_t *w, const float *column, float *dx) {
  const int64_t out = ecd_window_out(w), kernel = ecd_window_kernel(w), c = w->channels;
  memset(dx, 0, (size_t)(ecd_window_in(w) * c) * sizeof *dx);
  for (int64_t p = 0; p < out; ++p)
    for (int64_t q = 0; q < kernel; ++q) {
      const int64_t to = source(w, p, q);
      for (int64_t i = 0; to >= 0 && i < c; ++i) dx[to * c + i] += column[(p * kernel + q) * c + i];
    }
}

static int64_t inside(const ecd_window_t *w, int64_t p) {
  int64_t count = 0;
  for (int64_t q = 0; q < ecd_window_kernel(w); ++q) count += source(w, p, q) >= 0;
  return count;
}

static void pool(const ecd_window_t *w, ecd_pool_mode_t mode, const float *x, float *y,
                 int32_t *from) {
  const int64_t c = w->channels;
  for (int64_t p = 0; p < ecd_window_out(w); ++p)
    for (int64_t i = 0; i < c; ++i) {
      int64_t best = -1;
      float sum = 0.0f;
      for (int64_t q = 0; q < ecd_window_kernel(w); ++q) {
        const int64_t at = source(w, p, q);
        if (at < 0) continue;
        if (best < 0 || x[at * c + i] > x[best]) best = at * c + i;
        sum += x[at * c + i];
      }
      if (mode == ECD_POOL_MAX) from[p * c + i] = (int32_t)best;
      y[p * c + i] = mode == ECD_POOL_MAX ? x[best] : sum / (float)inside(w, p);
    }
}

static void pool_backward(const ecd_window_t *w, ecd_pool_mode_t mode, const float *dy,
                          const int32_t *from, float *dx) {
  const int64_t c = w->channels;
  memset(dx, 0, (size_t)(ecd_window_in(w) * c) * sizeof *dx);
  for (int64_t p = 0; p < ecd_window_out(w); ++p)
    for (int64_t i = 0; i < c; ++i) {
      if (mode == ECD_POOL_MAX) {
        dx[from[p * c + i]] += dy[p * c + i];
        continue;
      }
      for (int64_t q = 0; q < ecd_window_kernel(w); ++q) {
        const int64_t at = source(w, p, q);
        if (at >= 0) dx[at * c + i] += dy[p * c + i] / (float)inside(w, p);
      }
    }
}

static void project(const ecd_projection_t *p, const float *x, const float *weight,
                    const float *bias, float *u, float *mean) {
  for (int64_t c = 0; c < p->channels; ++c) {
    double total = 0;
    for (int64_t i = 0; i < p->pixels; ++i) {
      double sum = (double)bias[c];
      for (int64_t k = 0; k < p->depth; ++k)
        sum += (double)x[p->offset[i] + k * p->stride] * (double)weight[k * p->channels + c];
      u[i * p->channels + c] = activate(ECD_ACT_RELU, (float)sum);
      total += (double)u[i * p->channels + c];
    }
    mean[c] = (float)(total / (double)p->pixels);
  }
}

static void project_backward(const ecd_projection_t *p, const float *x, const float *du,
                             float *dweight) {
  for (int64_t k = 0; k < p->depth; ++k)
    for (int64_t c = 0; c < p->channels; ++c) {
      double sum = 0;
      for (int64_t i = 0; i < p->pixels; ++i)
        sum += (double)x[p->offset[i] + k * p->stride] * (double)du[i * p->channels + c];
      dweight[k * p->channels + c] += (float)sum;
    }
}

static void relu_mean_backward(int64_t rows, int64_t columns, const float *u, const float *dmean,
                               float *du, float *dbias) {
  for (int64_t j = 0; j < columns; ++j) {
    double sum = 0;
    for (int64_t i = j; i < rows * columns; i += columns) {
      du[i] = u[i] > 0.0f ? du[i] + dmean[j] : 0.0f;
      sum += (double)du[i];
    }
    dbias[j] += (float)sum;
  }
}

static void scale_columns(int64_t rows, int64_t columns, const float *scale, const float *x,
                          float *y) {
  for (int64_t i = 0; i < rows * columns; ++i) y[i] = scale[i % columns] * x[i];
}

static void scale_columns_backward(int64_t rows, int64_t columns, const float *scale,
                                   const float *x, const float *dy, float *dx, float *dscale) {
  for (int64_t j = 0; j < columns; ++j) {
    double sum = 0;
    for (int64_t i = j; i < rows * columns; i += columns) {
      dx[i] += scale[j] * dy[i];
      sum += (double)dy[i] * (double)x[i];
    }
    dscale[j] = (float)sum;
  }
}

static void add(int64_t n, const float *x, float *y) {
  for (int64_t i = 0; i < n; ++i) y[i] += x[i];
}

static void adam(int64_t n, float rate, float root, float beta1, float beta2, float epsilon,
                 float keep, const float *g, float *p, float *m, float *v) {
  for (int64_t i = 0; i < n; ++i) {
    m[i] = beta1 * m[i] + (1.0f - beta1) * g[i];
    v[i] = beta2 * v[i] + (1.0f - beta2) * g[i] * g[i];
    p[i] = keep * p[i] - rate * m[i] / (sqrtf(v[i]) * root + epsilon);
  }
}

static void sgd(int64_t n, float lr, float momentum, float decay, const float *g, float *p,
                float *v) {
  for (int64_t i = 0; i < n; ++i) {
    const float d = g[i] + decay * p[i];
    if (v != NULL) v[i] = momentum * v[i] + d;
    p[i] -= lr * (v != NULL ? v[i] : d);
  }
}

const ecd_backend_t ecd_backend_ref = {.name = "ref",
                                       .gemm = gemm,
                                       .gemm_sparse = gemm_sparse,
                                       .bias_act = bias_act,
                                       .act_backward = act_backward,
                                       .column_sum = column_sum,
                                       .im2col = im2col,
                                       .col2im = col2im,
                                       .pool = pool,
                                       .pool_backward = pool_backward,
                                       .project = project,
                                       .project_backward = project_backward,
                                       .relu_mean_backward = relu_mean_backward,
                                       .scale_columns = scale_columns,
                                       .scale_columns_backward = scale_columns_backward,
                                       .add = add,
                                       .adam = adam,
                                       .sgd = sgd,
                                       .graph = &ecd_graph_ref};
