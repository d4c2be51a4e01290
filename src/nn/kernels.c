#include "nn/kernels.h"

#include "nn/exponential.h"

#include <math.h>
#include <string.h>

/* Below this many values a parallel region costs more than it saves. */
enum { PARALLEL_FROM = 1 << 16 };

void ecd_k_bias_act(int64_t rows, int64_t columns, const float *bias, ecd_activation_t act,
                    float *y) {
#pragma omp parallel for schedule(static) if (rows * columns > PARALLEL_FROM)
  for (int64_t i = 0; i < rows; ++i) {
    float *row = y + i * columns;
    if (act == ECD_ACT_RELU) {
#pragma omp simd
      for (int64_t j = 0; j < columns; ++j) {
        const float x = row[j] + bias[j];
        row[j] = x > 0.0f ? x : 0.0f;
      }
    } else if (act == ECD_ACT_SIGMOID) {
      for (int64_t j = 0; j < columns; ++j) row[j] = 1.0f / (1.0f + expf(-(row[j] + bias[j])));
    } else if (act == ECD_ACT_SOFTPLUS) {
#pragma omp simd
      for (int64_t j = 0; j < columns; ++j) row[j] = ecd_softplus(row[j] + bias[j]);
    } else {
#pragma omp simd
      for (int64_t j = 0; j < columns; ++j) row[j] += bias[j];
    }
  }
}

void ecd_k_act_backward(int64_t n, ecd_activation_t act, const float *y, float *dy) {
  if (act == ECD_ACT_RELU) {
#pragma omp parallel for simd schedule(static) if (parallel : n > PARALLEL_FROM)
    for (int64_t i = 0; i < n; ++i) dy[i] = y[i] > 0.0f ? dy[i] : 0.0f;
  } else if (act == ECD_ACT_SIGMOID) {
#pragma omp simd
    for (int64_t i = 0; i < n; ++i) dy[i] *= y[i] * (1.0f - y[i]);
  } else if (act == ECD_ACT_SOFTPLUS) {
#pragma omp parallel for simd schedule(static) if (parallel : n > PARALLEL_FROM)
    for (int64_t i = 0; i < n; ++i) dy[i] *= ecd_softplus_slope(y[i]);
  }
}

void ecd_k_column_sum(int64_t rows, int64_t columns, const float *x, bool accumulate, float *sum) {
  if (!accumulate) memset(sum, 0, (size_t)columns * sizeof *sum);
  for (int64_t i = 0; i < rows; ++i) {
    const float *row = x + i * columns;
#pragma omp simd
    for (int64_t j = 0; j < columns; ++j) sum[j] += row[j];
  }
}

/* Runs body(from, to_offset) over the rows of each window: kernel positions along the last axis are contiguous in
   both arrays, so they are copied as one run. count: positions of the run that lie inside the map. */
typedef struct {
  int64_t map, column, count;
} run_t;

static run_t window_run(const ecd_window_t *w, int64_t p, int64_t row) {
  const int64_t z = p / (w->out[1] * w->out[2]), y = p / w->out[2] % w->out[1], x = p % w->out[2];
  const int64_t kz = row / w->kernel[1], ky = row % w->kernel[1];
  const int64_t az = z * w->stride[0] + kz, ay = y * w->stride[1] + ky, ax = x * w->stride[2];
  run_t run = {.map = (az * w->in[1] + ay) * w->in[2] + ax,
               .column = (p * w->kernel[0] * w->kernel[1] + row) * w->kernel[2],
               .count = w->in[2] - ax < w->kernel[2] ? w->in[2] - ax : w->kernel[2]};
  if (az >= w->in[0] || ay >= w->in[1] || run.count < 0) run.count = 0;
  return run;
}

void ecd_k_im2col(const ecd_window_t *w, const float *x, float *column) {
  const int64_t out = ecd_window_out(w), rows = w->kernel[0] * w->kernel[1], c = w->channels;
  for (int64_t p = 0; p < out; ++p)
    for (int64_t row = 0; row < rows; ++row) {
      const run_t run = window_run(w, p, row);
      float *to = column + run.column * c;
      memcpy(to, x + run.map * c, (size_t)(run.count * c) * sizeof *to);
      memset(to + run.count * c, 0, (size_t)((w->kernel[2] - run.count) * c) * sizeof *to);
    }
}

void ecd_k_col2im(const ecd_window_t *w, const float *column, float *dx) {
  const int64_t out = ecd_window_out(w), rows = w->kernel[0] * w->kernel[1], c = w->channels;
  memset(dx, 0, (size_t)(ecd_window_in(w) * c) * sizeof *dx);
  for (int64_t p = 0; p < out; ++p)
    for (int64_t row = 0; row < rows; ++row) {
      const run_t run = window_run(w, p, row);
      const float *from = column + run.column * c;
      float *to = dx + run.map * c;
#pragma omp simd
      for (int64_t i = 0; i < run.count * c; ++i) to[i] += from[i];
    }
}

static int64_t positions_inside(const ecd_window_t *w, int64_t p) {
  int64_t count = 0;
  for (int64_t row = 0; row < w->kernel[0] * w->kernel[1]; ++row)
    count += window_run(w, p, row).count;
  return count;
}

static void pool_max(const ecd_window_t *w, int64_t p, const float *x, float *y, int32_t *from) {
  const int64_t c = w->channels;
  bool first = true;
  for (int64_t row = 0; row < w->kernel[0] * w->kernel[1]; ++row) {
    const run_t run = window_run(w, p, row);
    for (int64_t q = 0; q < run.count; ++q, first = false) {
      const int64_t base = (run.map + q) * c;
#pragma omp simd
      for (int64_t i = 0; i < c; ++i) {
        const bool larger = first || x[base + i] > y[i];
        y[i] = larger ? x[base + i] : y[i];
        from[i] = larger ? (int32_t)(base + i) : from[i];
      }
    }
  }
}

void ecd_k_pool(const ecd_window_t *w, ecd_pool_mode_t mode, const float *x, float *y,
                int32_t *from) {
  const int64_t out = ecd_window_out(w), rows = w->kernel[0] * w->kernel[1], c = w->channels;
  for (int64_t p = 0; p < out; ++p) {
    if (mode == ECD_POOL_MAX) {
      pool_max(w, p, x, y + p * c, from + p * c);
      continue;
    }
    float *to = y + p * c;
    memset(to, 0, (size_t)c * sizeof *to);
    for (int64_t row = 0; row < rows; ++row) {
      const run_t run = window_run(w, p, row);
      ecd_k_column_sum(run.count, c, x + run.map * c, true, to);
    }
    const float share = 1.0f / (float)positions_inside(w, p);
    for (int64_t i = 0; i < c; ++i) to[i] *= share;
  }
}

void ecd_k_pool_backward(const ecd_window_t *w, ecd_pool_mode_t mode, const float *dy,
                         const int32_t *from, float *dx) {
  const int64_t out = ecd_window_out(w), rows = w->kernel[0] * w->kernel[1], c = w->channels;
  memset(dx, 0, (size_t)(ecd_window_in(w) * c) * sizeof *dx);
  if (mode == ECD_POOL_MAX) {
    for (int64_t i = 0; i < out * c; ++i) dx[from[i]] += dy[i];
    return;
  }
  for (int64_t p = 0; p < out; ++p) {
    const float share = 1.0f / (float)positions_inside(w, p);
    for (int64_t row = 0; row < rows; ++row) {
      const run_t run = window_run(w, p, row);
      for (int64_t q = 0; q < run.count; ++q)
#pragma omp simd
        for (int64_t i = 0; i < c; ++i) dx[(run.map + q) * c + i] += share * dy[p * c + i];
    }
  }
}

/* At most CHUNK rows and BAND columns; their sum is added to dbias at once, which keeps its rounding error small. */
enum { CHUNK = 64, BAND = 32 };

static void relu_mean_chunk(int64_t rows, int64_t columns, int64_t stride, const float *u,
                            const float *dmean, float *du, float *dbias) {
  float sum[BAND] = {0};
  for (int64_t i = 0; i < rows; ++i, u += stride, du += stride)
#pragma omp simd
    for (int64_t j = 0; j < columns; ++j) {
      const float d = u[j] > 0.0f ? du[j] + dmean[j] : 0.0f;
      du[j] = d;
      sum[j] += d;
    }
  for (int64_t j = 0; j < columns; ++j) dbias[j] += sum[j];
}

void ecd_k_relu_mean_backward(int64_t rows, int64_t columns, const float *u, const float *dmean,
                              float *du, float *dbias) {
  for (int64_t i = 0; i < rows; i += CHUNK)
    for (int64_t j = 0; j < columns; j += BAND)
      relu_mean_chunk(rows - i < CHUNK ? rows - i : CHUNK, columns - j < BAND ? columns - j : BAND,
                      columns, u + i * columns + j, dmean + j, du + i * columns + j, dbias + j);
}

void ecd_k_scale_columns(int64_t rows, int64_t columns, const float *scale, const float *x,
                         float *y) {
  for (int64_t i = 0; i < rows; ++i, x += columns, y += columns)
#pragma omp simd
    for (int64_t j = 0; j < columns; ++j) y[j] = scale[j] * x[j];
}

void ecd_k_scale_columns_backward(int64_t rows, int64_t columns, const float *scale, const float *x,
                                  const float *dy, float *dx, float *dscale) {
  memset(dscale, 0, (size_t)columns * sizeof *dscale);
  for (int64_t i = 0; i < rows; ++i, x += columns, dy += columns, dx += columns)
#pragma omp simd
    for (int64_t j = 0; j < columns; ++j) {
      dx[j] += scale[j] * dy[j];
      dscale[j] += dy[j] * x[j];
    }
}

void ecd_k_add(int64_t n, const float *x, float *y) {
#pragma omp simd
  for (int64_t i = 0; i < n; ++i) y[i] += x[i];
}

void ecd_k_adam(int64_t n, float rate, float root, float beta1, float beta2, float epsilon,
                float keep, const float *g, float *p, float *m, float *v) {
  const float rest1 = 1.0f - beta1, rest2 = 1.0f - beta2;
#pragma omp parallel for simd schedule(static) if (parallel : n > PARALLEL_FROM)
  for (int64_t i = 0; i < n; ++i) {
    const float first = beta1 * m[i] + rest1 * g[i];
    const float second = beta2 * v[i] + rest2 * g[i] * g[i];
    m[i] = first;
    v[i] = second;
    p[i] = keep * p[i] - rate * first / (sqrtf(second) * root + epsilon);
  }
}

void ecd_k_sgd(int64_t n, float lr, float momentum, float decay, const float *g, float *p,
               float *v) {
  if (v == NULL) {
#pragma omp parallel for simd schedule(static) if (parallel : n > PARALLEL_FROM)
    for (int64_t i = 0; i < n; ++i) p[i] -= lr * (g[i] + decay * p[i]);
    return;
  }
#pragma omp parallel for simd schedule(static) if (parallel : n > PARALLEL_FROM)
  for (int64_t i = 0; i < n; ++i) {
    v[i] = momentum * v[i] + (g[i] + decay * p[i]);
    p[i] -= lr * v[i];
  }
}

int64_t ecd_window_count(int64_t in, int64_t kernel, int64_t stride, bool ceil_mode) {
  if (in < kernel) return ceil_mode && in > 0 ? 1 : 0;
  return (in - kernel + (ceil_mode ? stride - 1 : 0)) / stride + 1;
}
