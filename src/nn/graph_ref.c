/* Naive loops: the oracle of the vectorised kernels. */
#include "nn/graph.h"

#include <math.h>
#include <string.h>

static float softplus(float x) { return (x > 0.0f ? x : 0.0f) + log1pf(expf(-fabsf(x))); }
static float sigmoid(float x) { return 1.0f / (1.0f + expf(-x)); }

static float normed(const ecd_norm_t *norm, int64_t column, float x) {
  return (x - norm->mean[column]) * norm->scale[column] + norm->bias[column];
}

static void edge_add(int64_t atoms, int64_t degree, int64_t columns, const int32_t *neighbor,
                     const float *own, const float *other, float *edge) {
  for (int64_t e = 0; e < atoms * degree; ++e)
    for (int64_t j = 0; j < columns; ++j)
      edge[e * columns + j] += own[e / degree * columns + j] + other[neighbor[e] * columns + j];
}

static void edge_sum(int64_t graphs, const int64_t *first, int64_t degree, int64_t columns,
                     const int32_t *neighbor, const float *dedge, float *down, float *dother) {
  const int64_t atoms = first[graphs];
  memset(down, 0, (size_t)(atoms * columns) * sizeof *down);
  memset(dother, 0, (size_t)(atoms * columns) * sizeof *dother);
  for (int64_t e = 0; e < atoms * degree; ++e)
    for (int64_t j = 0; j < columns; ++j) {
      down[e / degree * columns + j] += dedge[e * columns + j];
      dother[neighbor[e] * columns + j] += dedge[e * columns + j];
    }
}

static void moments(int64_t rows, int64_t columns, const float *x, double *sums) {
  for (int64_t j = 0; j < columns; ++j) {
    sums[j] = sums[columns + j] = 0;
    for (int64_t i = 0; i < rows; ++i) {
      const double value = (double)x[i * columns + j];
      sums[j] += value;
      sums[columns + j] += value * value;
    }
  }
}

static void moments_backward(int64_t rows, int64_t columns, const float *mean, const float *x,
                             const float *dz, double *sums) {
  for (int64_t j = 0; j < columns; ++j) {
    sums[j] = sums[columns + j] = 0;
    for (int64_t i = 0; i < rows; ++i) {
      const double d = (double)dz[i * columns + j];
      sums[j] += d;
      sums[columns + j] += d * ((double)x[i * columns + j] - (double)mean[j]);
    }
  }
}

static void norm_backward(int64_t rows, int64_t columns, const float *c, const float *mean,
                          const float *x, const float *dz, float *dx) {
  for (int64_t i = 0; i < rows * columns; ++i) {
    const int64_t j = i % columns;
    dx[i] = c[j] * dz[i] + c[columns + j] * (x[i] - mean[j]) + c[2 * columns + j];
  }
}

static void norm_softplus(int64_t rows, int64_t columns, const ecd_norm_t *norm, const float *x,
                          const float *residual, float *y) {
  for (int64_t i = 0; i < rows * columns; ++i)
    y[i] = softplus(residual[i] + normed(norm, i % columns, x[i]));
}

static void gate(int64_t atoms, int64_t degree, int64_t width, const ecd_norm_t *norm,
                 const float *edge, float *sum) {
  for (int64_t i = 0; i < atoms; ++i)
    for (int64_t j = 0; j < width; ++j) {
      double total = 0;
      for (int64_t m = 0; m < degree; ++m) {
        const float *x = edge + (i * degree + m) * 2 * width;
        total += (double)(sigmoid(normed(norm, j, x[j])) *
                          softplus(normed(norm, width + j, x[width + j])));
      }
      sum[i * width + j] = (float)total;
    }
}

static void gate_backward(int64_t atoms, int64_t degree, int64_t width, const ecd_norm_t *norm,
                          const float *edge, const float *dsum, float *dz) {
  for (int64_t e = 0; e < atoms * degree; ++e)
    for (int64_t j = 0; j < width; ++j) {
      const int64_t filter = e * 2 * width + j, core = filter + width;
      const float open = sigmoid(normed(norm, j, edge[filter]));
      const float z = normed(norm, width + j, edge[core]);
      const float d = dsum[e / degree * width + j];
      dz[filter] = d * softplus(z) * open * (1.0f - open);
      dz[core] = d * open * sigmoid(z);
    }
}

static void graph_mean(int64_t graphs, const int64_t *first, int64_t columns, const float *x,
                       float *mean) {
  for (int64_t g = 0; g < graphs; ++g)
    for (int64_t j = 0; j < columns; ++j) {
      double total = 0;
      for (int64_t i = first[g]; i < first[g + 1]; ++i) total += (double)x[i * columns + j];
      mean[g * columns + j] = (float)(total / (double)(first[g + 1] - first[g]));
    }
}

static void graph_mean_backward(int64_t graphs, const int64_t *first, int64_t columns,
                                const float *dmean, float *dx) {
  for (int64_t g = 0; g < graphs; ++g)
    for (int64_t i = first[g]; i < first[g + 1]; ++i)
      for (int64_t j = 0; j < columns; ++j)
        dx[i * columns + j] = dmean[g * columns + j] / (float)(first[g + 1] - first[g]);
}

const ecd_graph_primitives_t ecd_graph_ref = {.edge_add = edge_add,
                                              .edge_sum = edge_sum,
                                              .moments = moments,
                                              .moments_backward = moments_backward,
                                              .norm_backward = norm_backward,
                                              .norm_softplus = norm_softplus,
                                              .gate = gate,
                                              .gate_backward = gate_backward,
                                              .graph_mean = graph_mean,
                                              .graph_mean_backward = graph_mean_backward};
