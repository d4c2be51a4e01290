/* The crystal graph convolutional network of T. Xie and J. C. Grossman, PRL 120, 145301 (2018), as
   its public code computes it. Knows nothing of MPI: where the statistics of a batch norm run over
   several ranks, the caller's function adds them up. */
#ifndef ECD_NN_CGCNN_H
#define ECD_NN_CGCNN_H

#include "nn/net.h"

typedef struct ecd_cgcnn ecd_cgcnn_t;

typedef struct {
  int64_t atom_features, neighbors; /* of a graph: values an atom, edges an atom */
  int64_t embedding, convolutions, hidden;
  double radius,
      step; /* A: edges see Gaussians of deviation step / sqrt(2), at 0, step, ... radius */
} ecd_cgcnn_settings_t;

/* The article's: 92, 12; 64, 3, 128; 8 A, 0.2 A. */
extern const ecd_cgcnn_settings_t ecd_cgcnn_defaults;

/* Settings that make no network: ECD_USAGE naming the value. Room for batches of graphs and atoms
   is made at once. */
ecd_code_t ecd_cgcnn_create(const ecd_cgcnn_settings_t *settings, size_t graphs, size_t atoms,
                            const ecd_backend_t *backend, ecd_cgcnn_t **cgcnn, ecd_error_t *err);
void ecd_cgcnn_destroy(ecd_cgcnn_t **cgcnn);

/* Room for batches of as many graphs and atoms in sum, never less than before. Call it between a
   backward and a forward. After a failure the network can only be destroyed. */
ecd_code_t ecd_cgcnn_reserve(ecd_cgcnn_t *cgcnn, size_t graphs, size_t atoms, ecd_error_t *err);

/* Its parameters and running statistics as a net, borrowed: what net.h says of the slabs and the
   tensors works on it. Names are the public code's. */
ecd_net_t *ecd_cgcnn_net(ecd_cgcnn_t *cgcnn);

/* As the public code begins: weights and biases of the linear layers uniform within 1 / sqrt(inputs)
   (with Glorot's twice as large weights its SGD does not start); batch norms that scale by 1; running
   means 0, variances 1. A function of seed alone. */
void ecd_cgcnn_initialize(ecd_cgcnn_t *cgcnn, uint64_t seed);

/* Values of the layer before the last after forward: (graphs, hidden), borrowed. */
const float *ecd_cgcnn_latent(const ecd_cgcnn_t *cgcnn);

/* prediction[graphs]. training: batch norms use this batch's statistics and add them to the running
   ones; else they use the running ones, and reduce is not called. Every rank calls forward and
   backward together, also with no graphs, and gets the same calls of reduce: two a convolution.
   reduce NULL: this rank is all there is. graph[graphs]: in the order that suits the caller. */
void ecd_cgcnn_forward(ecd_cgcnn_t *cgcnn, size_t graphs, const ecd_graph_t *const *graph,
                       bool training, ecd_reduce_fn *reduce, void *reduce_arg, float *prediction);

/* After a forward in training: this rank's part of the gradients of the sum over all ranks of
   dprediction[graphs] * prediction, overwriting the gradient slab; the ranks' parts add up to the
   gradients. ready: as in net.h. That of convs.*.fc_full.bias is 0: the batch norm behind it takes
   every constant away. */
void ecd_cgcnn_backward(ecd_cgcnn_t *cgcnn, const float *dprediction, ecd_reduce_fn *reduce,
                        void *reduce_arg, ecd_ready_fn *ready, void *ready_arg);

#endif
