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

static float activate(ecd_activation_t act, float x) {
  if (act == ECD_ACT_RELU) return x > 0.0f ? x : 0.0f;
  if (act == ECD_ACT_SIGMOID) return 1.0f / (1.0f + expf(-x));
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

static void plane_bias_relu(int64_t channels, int64_t area, const float *bias, float *u,
                            float *mean) {
  for (int64_t c = 0; c < channels; ++c) {
    double sum = 0;
    for (int64_t i = 0; i < area; ++i) {
      u[c * area + i] = activate(ECD_ACT_RELU, u[c * area + i] + bias[c]);
      sum += (double)u[c * area + i];
    }
    mean[c] = (float)(sum / (double)area);
  }
}

/* Place in the tile array of u's point (c, y, x), or -1 outside the tiled part. */
static int64_t tile_index(int64_t channels, int64_t h, int64_t w, int64_t k, int64_t c, int64_t y,
                          int64_t x) {
  if (y / k >= h / k || x / k >= w / k) return -1;
  const int64_t position = y / k * (w / k) + x / k;
  return ((position * channels + c) * k + y % k) * k + x % k;
}

static void tile(int64_t channels, int64_t h, int64_t w, int64_t k, const float *u,
                 const float *scale, float *out) {
  for (int64_t i = 0; i < channels * h * w; ++i) {
    const int64_t c = i / (h * w), at = tile_index(channels, h, w, k, c, i / w % h, i % w);
    if (at >= 0) out[at] = scale[c] * u[i];
  }
}

static void tile_scale_backward(int64_t channels, int64_t h, int64_t w, int64_t k,
                                const float *dtile, const float *u, float *dscale) {
  for (int64_t c = 0; c < channels; ++c) {
    double sum = 0;
    for (int64_t i = 0; i < h * w; ++i) {
      const int64_t at = tile_index(channels, h, w, k, c, i / w, i % w);
      if (at >= 0) sum += (double)dtile[at] * (double)u[c * h * w + i];
    }
    dscale[c] = (float)sum;
  }
}

static void tile_backward(int64_t channels, int64_t h, int64_t w, int64_t k, const float *dtile,
                          const float *u, const float *scale, const float *dmean, float *du,
                          float *dbias) {
  for (int64_t c = 0; c < channels; ++c) {
    double sum = 0;
    for (int64_t i = 0; i < h * w; ++i) {
      const int64_t at = tile_index(channels, h, w, k, c, i / w, i % w), p = c * h * w + i;
      const float d = (at >= 0 ? scale[c] * dtile[at] : 0.0f) + dmean[c] / (float)(h * w);
      du[p] = u[p] > 0.0f ? d : 0.0f;
      sum += (double)du[p];
    }
    dbias[c] += (float)sum;
  }
}

static void add(int64_t n, const float *x, float *y) {
  for (int64_t i = 0; i < n; ++i) y[i] += x[i];
}

static void adam(int64_t n, float rate, float root, float beta1, float beta2, float epsilon,
                 const float *g, float *p, float *m, float *v) {
  for (int64_t i = 0; i < n; ++i) {
    m[i] = beta1 * m[i] + (1.0f - beta1) * g[i];
    v[i] = beta2 * v[i] + (1.0f - beta2) * g[i] * g[i];
    p[i] -= rate * m[i] / (sqrtf(v[i]) * root + epsilon);
  }
}

static void sgd(int64_t n, float lr, float momentum, const float *g, float *p, float *v) {
  for (int64_t i = 0; i < n; ++i) {
    if (v != NULL) v[i] = momentum * v[i] + g[i];
    p[i] -= lr * (v != NULL ? v[i] : g[i]);
  }
}

const ecd_backend_t ecd_backend_ref = {.name = "ref",
                                       .gemm = gemm,
                                       .bias_act = bias_act,
                                       .act_backward = act_backward,
                                       .column_sum = column_sum,
                                       .im2col = im2col,
                                       .col2im = col2im,
                                       .pool = pool,
                                       .pool_backward = pool_backward,
                                       .plane_bias_relu = plane_bias_relu,
                                       .tile = tile,
                                       .tile_scale_backward = tile_scale_backward,
                                       .tile_backward = tile_backward,
                                       .add = add,
                                       .adam = adam,
                                       .sgd = sgd};
