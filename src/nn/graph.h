/* The primitives of graph networks, a second table inside a backend's. Arrays are row-major
   float32; nothing is allocated. A batch is a list of graphs one after another: graph i has the
   atoms first[i] .. first[i + 1] - 1. Each atom has `degree` edges, to the atoms neighbor (atoms,
   degree), numbered through the batch and within the same graph. */
#ifndef ECD_NN_GRAPH_H
#define ECD_NN_GRAPH_H

#include <stddef.h>
#include <stdint.h>

/* A batch norm with its statistics at hand: (x - mean) * scale + bias, each (columns). */
typedef struct {
  const float *mean, *scale, *bias;
} ecd_norm_t;

typedef struct {
  /* edge (atoms, degree, columns) += own (atoms, columns) of the atom + other (atoms, columns) of
     the neighbour. */
  void (*edge_add)(int64_t atoms, int64_t degree, int64_t columns, const int32_t *neighbor,
                   const float *own, const float *other, float *edge);
  /* Its adjoint: down, dother (atoms, columns) = the sums of dedge over an atom's edges, and over
     those that lead to it. */
  void (*edge_sum)(int64_t graphs, const int64_t *first, int64_t degree, int64_t columns,
                   const int32_t *neighbor, const float *dedge, float *down, float *dother);
  /* sums (2, columns): of x (rows, columns) and of its squares, in an order that no thread count
     changes. */
  void (*moments)(int64_t rows, int64_t columns, const float *x, double *sums);
  /* sums (2, columns): of dz (rows, columns) and of dz * (x - mean), likewise. */
  void (*moments_backward)(int64_t rows, int64_t columns, const float *mean, const float *x,
                           const float *dz, double *sums);
  /* dx = c[0] * dz + c[1] * (x - mean) + c[2], with c (3, columns); dx may be dz. */
  void (*norm_backward)(int64_t rows, int64_t columns, const float *c, const float *mean,
                        const float *x, const float *dz, float *dx);
  /* y = softplus(residual + norm(x)), each (rows, columns). */
  void (*norm_softplus)(int64_t rows, int64_t columns, const ecd_norm_t *norm, const float *x,
                        const float *residual, float *y);
  /* sum (atoms, width) over an atom's edges of sigmoid(z, first half) * softplus(z, second half),
     where z = norm(edge) (atoms, degree, 2 * width). */
  void (*gate)(int64_t atoms, int64_t degree, int64_t width, const ecd_norm_t *norm,
               const float *edge, float *sum);
  /* dz (atoms, degree, 2 * width) = the gate's gradient for dsum (atoms, width). */
  void (*gate_backward)(int64_t atoms, int64_t degree, int64_t width, const ecd_norm_t *norm,
                        const float *edge, const float *dsum, float *dz);
  /* mean (graphs, columns) of each graph's x (atoms, columns); dx of dmean. No graph is empty. */
  void (*graph_mean)(int64_t graphs, const int64_t *first, int64_t columns, const float *x,
                     float *mean);
  void (*graph_mean_backward)(int64_t graphs, const int64_t *first, int64_t columns,
                              const float *dmean, float *dx);
} ecd_graph_primitives_t;

extern const ecd_graph_primitives_t ecd_graph_ref;     /* naive loops */
extern const ecd_graph_primitives_t ecd_graph_kernels; /* vectorised, threaded */

#endif
