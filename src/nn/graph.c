/* Vectorised, threaded kernels. Each value is made by one thread, in one order. */
#include "nn/graph.h"

#include "nn/exponential.h"

#include <string.h>

/* Below this many values a parallel region costs more than it saves; columns of one band of a sum:
   a cache line. */
enum { PARALLEL_FROM = 1 << 14, BAND = 16 };

static void add_row(int64_t columns, const float *x, float *y) {
#pragma omp simd
  for (int64_t j = 0; j < columns; ++j) y[j] += x[j];
}

static void edge_add(int64_t atoms, int64_t degree, int64_t columns, const int32_t *neighbor,
                     const float *own, const float *other, float *edge) {
#pragma omp parallel for schedule(static) if (atoms * degree * columns > PARALLEL_FROM)
  for (int64_t i = 0; i < atoms; ++i)
    for (int64_t e = i * degree; e < (i + 1) * degree; ++e) {
      const float *a = own + i * columns, *b = other + neighbor[e] * columns;
      float *y = edge + e * columns;
#pragma omp simd
      for (int64_t j = 0; j < columns; ++j) y[j] += a[j] + b[j];
    }
}

static void edge_sum(int64_t graphs, const int64_t *first, int64_t degree, int64_t columns,
                     const int32_t *neighbor, const float *dedge, float *down, float *dother) {
#pragma omp parallel for schedule(static) if (first[graphs] * degree * columns > PARALLEL_FROM)
  for (int64_t g = 0; g < graphs; ++g) {
    const size_t bytes = (size_t)((first[g + 1] - first[g]) * columns) * sizeof *down;
    memset(down + first[g] * columns, 0, bytes);
    memset(dother + first[g] * columns, 0, bytes);
    for (int64_t e = first[g] * degree; e < first[g + 1] * degree; ++e) {
      add_row(columns, dedge + e * columns, down + e / degree * columns);
      add_row(columns, dedge + e * columns, dother + neighbor[e] * columns);
    }
  }
}

static int64_t band_width(int64_t columns, int64_t from) {
  return columns - from < BAND ? columns - from : BAND;
}

static void moments(int64_t rows, int64_t columns, const float *x, double *sums) {
#pragma omp parallel for schedule(static) if (rows * columns > PARALLEL_FROM)
  for (int64_t from = 0; from < columns; from += BAND) {
    const int64_t width = band_width(columns, from);
    double sum[BAND] = {0}, square[BAND] = {0};
    for (int64_t i = 0; i < rows; ++i) {
      const float *row = x + i * columns + from;
#pragma omp simd
      for (int64_t j = 0; j < width; ++j) {
        const double value = (double)row[j];
        sum[j] += value;
        square[j] += value * value;
      }
    }
    memcpy(sums + from, sum, (size_t)width * sizeof *sum);
    memcpy(sums + columns + from, square, (size_t)width * sizeof *square);
  }
}

static void moments_backward(int64_t rows, int64_t columns, const float *mean, const float *x,
                             const float *dz, double *sums) {
#pragma omp parallel for schedule(static) if (rows * columns > PARALLEL_FROM)
  for (int64_t from = 0; from < columns; from += BAND) {
    const int64_t width = band_width(columns, from);
    double sum[BAND] = {0}, along[BAND] = {0};
    for (int64_t i = 0; i < rows; ++i) {
      const float *row = x + i * columns + from, *d = dz + i * columns + from;
#pragma omp simd
      for (int64_t j = 0; j < width; ++j) {
        sum[j] += (double)d[j];
        along[j] += (double)d[j] * ((double)row[j] - (double)mean[from + j]);
      }
    }
    memcpy(sums + from, sum, (size_t)width * sizeof *sum);
    memcpy(sums + columns + from, along, (size_t)width * sizeof *along);
  }
}

static void norm_backward(int64_t rows, int64_t columns, const float *c, const float *mean,
                          const float *x, const float *dz, float *dx) {
#pragma omp parallel for schedule(static) if (rows * columns > PARALLEL_FROM)
  for (int64_t i = 0; i < rows; ++i) {
    const float *from = x + i * columns, *d = dz + i * columns;
    float *to = dx + i * columns;
#pragma omp simd
    for (int64_t j = 0; j < columns; ++j)
      to[j] = c[j] * d[j] + c[columns + j] * (from[j] - mean[j]) + c[2 * columns + j];
  }
}

static void norm_softplus(int64_t rows, int64_t columns, const ecd_norm_t *norm, const float *x,
                          const float *residual, float *y) {
  const float *mean = norm->mean, *scale = norm->scale, *bias = norm->bias;
#pragma omp parallel for schedule(static) if (rows * columns > PARALLEL_FROM)
  for (int64_t i = 0; i < rows; ++i) {
    const float *from = x + i * columns, *before = residual + i * columns;
    float *to = y + i * columns;
#pragma omp simd
    for (int64_t j = 0; j < columns; ++j)
      to[j] = ecd_softplus(before[j] + ((from[j] - mean[j]) * scale[j] + bias[j]));
  }
}

static void gate_row(int64_t width, const ecd_norm_t *norm, const float *edge, float *sum) {
  const float *mean = norm->mean, *scale = norm->scale, *bias = norm->bias;
#pragma omp simd
  for (int64_t j = 0; j < width; ++j) {
    const int64_t k = width + j;
    const float filter = (edge[j] - mean[j]) * scale[j] + bias[j];
    const float core = (edge[k] - mean[k]) * scale[k] + bias[k];
    const float tail = ecd_exp(filter > 0.0f ? -filter : filter);
    sum[j] += ecd_sigmoid_of_tail(filter, tail) * ecd_softplus(core);
  }
}

static void gate(int64_t atoms, int64_t degree, int64_t width, const ecd_norm_t *norm,
                 const float *edge, float *sum) {
#pragma omp parallel for schedule(static) if (atoms * degree * width > PARALLEL_FROM)
  for (int64_t i = 0; i < atoms; ++i) {
    memset(sum + i * width, 0, (size_t)width * sizeof *sum);
    for (int64_t e = i * degree; e < (i + 1) * degree; ++e)
      gate_row(width, norm, edge + e * 2 * width, sum + i * width);
  }
}

static void gate_backward_row(int64_t width, const ecd_norm_t *norm, const float *edge,
                              const float *dsum, float *dz) {
  const float *mean = norm->mean, *scale = norm->scale, *bias = norm->bias;
#pragma omp simd
  for (int64_t j = 0; j < width; ++j) {
    const int64_t k = width + j;
    const float filter = (edge[j] - mean[j]) * scale[j] + bias[j];
    const float core = (edge[k] - mean[k]) * scale[k] + bias[k];
    const float tail = ecd_exp(filter > 0.0f ? -filter : filter);
    const float core_tail = ecd_exp(core > 0.0f ? -core : core);
    const float value = (core > 0.0f ? core : 0.0f) + ecd_log1p(core_tail);
    dz[j] = dsum[j] * value * tail / ((1.0f + tail) * (1.0f + tail));
    dz[k] = dsum[j] * ecd_sigmoid_of_tail(filter, tail) * ecd_sigmoid_of_tail(core, core_tail);
  }
}

static void gate_backward(int64_t atoms, int64_t degree, int64_t width, const ecd_norm_t *norm,
                          const float *edge, const float *dsum, float *dz) {
#pragma omp parallel for schedule(static) if (atoms * degree * width > PARALLEL_FROM)
  for (int64_t i = 0; i < atoms; ++i)
    for (int64_t e = i * degree; e < (i + 1) * degree; ++e)
      gate_backward_row(width, norm, edge + e * 2 * width, dsum + i * width, dz + e * 2 * width);
}

static void graph_mean(int64_t graphs, const int64_t *first, int64_t columns, const float *x,
                       float *mean) {
#pragma omp parallel for schedule(static) if (first[graphs] * columns > PARALLEL_FROM)
  for (int64_t g = 0; g < graphs; ++g) {
    float *to = mean + g * columns;
    memset(to, 0, (size_t)columns * sizeof *to);
    for (int64_t i = first[g]; i < first[g + 1]; ++i) add_row(columns, x + i * columns, to);
    const float share = 1.0f / (float)(first[g + 1] - first[g]);
    for (int64_t j = 0; j < columns; ++j) to[j] *= share;
  }
}

static void graph_mean_backward(int64_t graphs, const int64_t *first, int64_t columns,
                                const float *dmean, float *dx) {
#pragma omp parallel for schedule(static) if (first[graphs] * columns > PARALLEL_FROM)
  for (int64_t g = 0; g < graphs; ++g) {
    const float share = 1.0f / (float)(first[g + 1] - first[g]);
    for (int64_t i = first[g]; i < first[g + 1]; ++i)
      for (int64_t j = 0; j < columns; ++j) dx[i * columns + j] = share * dmean[g * columns + j];
  }
}

const ecd_graph_primitives_t ecd_graph_kernels = {.edge_add = edge_add,
                                                  .edge_sum = edge_sum,
                                                  .moments = moments,
                                                  .moments_backward = moments_backward,
                                                  .norm_backward = norm_backward,
                                                  .norm_softplus = norm_softplus,
                                                  .gate = gate,
                                                  .gate_backward = gate_backward,
                                                  .graph_mean = graph_mean,
                                                  .graph_mean_backward = graph_mean_backward};
