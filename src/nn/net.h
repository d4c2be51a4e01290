/* A network: explicit forward and backward over plain arrays. Local; no MPI. */
#ifndef ECD_NN_NET_H
#define ECD_NN_NET_H

#include "nn/backend.h"

#include <stddef.h>
#include <stdint.h>

typedef struct ecd_net ecd_net_t;

typedef struct {
  const char *name;     /* PyTorch-like, e.g. "conv1.weight", "x.se1.bias", "fc.12.weight" */
  size_t offset, count; /* in floats, in the slab */
  int rank;
  bool channels_last; /* stored (out, k..., in) where PyTorch has (out, in, k...) */
  int64_t shape[5];   /* as stored in the slab */
} ecd_tensor_t;

/* One crystal as a graph; at least one atom. Borrowed. */
typedef struct {
  size_t atoms;
  const float *atom;       /* (atoms, atom features) */
  const int32_t *neighbor; /* (atoms, neighbors): atoms of this crystal, from 0 */
  const double *distance;  /* (atoms, neighbors), A */
} ecd_graph_t;

/* What a network is given of one sample, scaled; what it does not need may be NULL. */
typedef struct {
  const float *volume;   /* (n, n, n) */
  const float *features; /* [needs.features] */
  const ecd_graph_t *graph;
} ecd_net_sample_t;

typedef struct {
  bool volume;
  size_t features;  /* the first columns of chem/magpie.h; 0: none */
  size_t neighbors; /* of an atom of a graph; 0: no graph */
  double radius;    /* A: within which they are searched */
} ecd_net_needs_t;

/* Adds sums[count] up over the ranks, in place, alike on all of them. It has no way to fail: keep
   an error in arg. */
typedef void ecd_reduce_fn(double *sums, size_t count, void *arg);

/* How the next forward goes. All zero, as after creation: evaluation. */
typedef struct {
  bool training; /* batch norms take the batch's statistics and add them to the running ones */
  /* Of batch norms in training; NULL: this rank is all there is. Every rank then calls forward and
     backward together, also without samples. */
  ecd_reduce_fn *reduce;
  void *reduce_arg;
  /* In training a share of the values after each hidden dense layer is dropped, the others grow
     likewise. Which: a function of seed, step, and the sample's number in the whole batch, first +
     its number here. */
  double dropout;
  uint64_t seed;
  uint32_t step;
  size_t first;
} ecd_net_mode_t;

/* settings: kind and widths; n: volume edge; max_batch: most samples one call gets. All buffers are allocated here.
   Impossible shapes (kernel larger than the grid...): ECD_USAGE naming the deck key. A network of graphs: call
   ecd_net_reserve before anything else. */
ecd_code_t ecd_net_create(const ecd_model_settings_t *settings, int64_t n, size_t max_batch,
                          const ecd_backend_t *backend, ecd_net_t **net, ecd_error_t *err);
void ecd_net_destroy(ecd_net_t **net);

/* Networks of graphs: room for samples of as many atoms, and for batches of as many in sum, never
   less than before; sets the size of an input. Others: nothing to do. After a failure the network
   can only be destroyed. */
ecd_code_t ecd_net_reserve(ecd_net_t *net, size_t sample_atoms, size_t batch_atoms,
                           ecd_error_t *err);

/* Of a network that is made by settings; a model that is none: nothing. */
ecd_net_needs_t ecd_model_needs(const ecd_model_settings_t *settings);
ecd_net_needs_t ecd_net_needs(const ecd_net_t *net);
size_t ecd_net_parameter_count(const ecd_net_t *net);
/* The first values of the slab that come from trained parents (fusion; else 0), and those of them
   that training leaves alone: they have no gradients. */
size_t ecd_net_inherited(const ecd_net_t *net);
size_t ecd_net_frozen(const ecd_net_t *net);
float *ecd_net_parameters(ecd_net_t *net); /* slab [state count], parameters first */
float *ecd_net_gradients(ecd_net_t *net);  /* slab [count], same layout */
size_t ecd_net_tensor_count(const ecd_net_t *net);
const ecd_tensor_t *ecd_net_tensor(const ecd_net_t *net, size_t i);
/* What a trained network is: the parameters, and behind them in the slab what training changes
   otherwise (running statistics of batch norms). Its tensors: those above, then the others. */
size_t ecd_net_state_count(const ecd_net_t *net);
size_t ecd_net_state_tensor_count(const ecd_net_t *net);

/* Glorot-uniform weights, zero biases (cgcnn: nn/cgcnn.h), a function of seed alone. */
void ecd_net_initialize(ecd_net_t *net, uint64_t seed);

/* Floats of one prepared input, and the preparation of one sample into it: a gather in GEMM order for cnn3d, the
   identity for cnn2d, an image for magpie_cnn, the packed graph for cgcnn, the latents of frozen parents for fusion (whose parameters must be set
   before). Sample and prepared do not overlap. With frozen parents one call at a time. */
size_t ecd_net_input_size(const ecd_net_t *net);
void ecd_net_prepare(const ecd_net_t *net, const ecd_net_sample_t *sample, float *prepared);

void ecd_net_set_mode(ecd_net_t *net, const ecd_net_mode_t *mode);

/* input[batch]: pointers to prepared inputs, those of graphs aligned to 8 bytes. prediction[batch]. */
void ecd_net_forward(ecd_net_t *net, size_t batch, const float *const *input, float *prediction);

/* After forward with the same arguments: gradients of sum_b dprediction[b] * prediction[b], overwriting the gradient slab.
   ready(offset, count, arg) is called (if not NULL) whenever a contiguous part of the slab is final, last layer first, while the rest is still
   computed; parts cover the slab behind what is frozen exactly once. */
typedef void ecd_ready_fn(size_t offset, size_t count, void *arg);
void ecd_net_backward(ecd_net_t *net, size_t batch, const float *const *input,
                      const float *dprediction, ecd_ready_fn *ready, void *arg);

/* Input of the last dense layer after forward: (batch, width), borrowed. */
const float *ecd_net_latent(const ecd_net_t *net, size_t *width);

/* map (n, n): the mean over the channels of the squeeze-and-excitation block's output, of sample b of
   the last forward, in the planes across axis 0, 1 or 2 (rows and columns are the other two, in
   order). Only of a cnn2d. */
void ecd_net_map(const ecd_net_t *net, size_t b, int axis, float *map);

/* Floating-point operations (multiply and add = 2) of a training step and of inference for one sample: as the layers are written, and as executed. */
/* Of graphs: for one of as many atoms as a sample was reserved. */
typedef struct {
  double train_nominal, train_executed, infer_nominal, infer_executed;
} ecd_net_flops_t;
ecd_net_flops_t ecd_net_flops(const ecd_net_t *net);

#endif
