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

/* What a network is given of one sample, scaled; what it does not need may be NULL. */
typedef struct {
  const float *volume;   /* (n, n, n) */
  const float *features; /* [needs.features] */
} ecd_net_sample_t;

typedef struct {
  bool volume;
  size_t features; /* the first columns of chem/magpie.h; 0: none */
} ecd_net_needs_t;

/* settings: kind and widths; n: volume edge; max_batch: most samples one call gets. All buffers are allocated here.
   Impossible shapes (kernel larger than the grid...): ECD_USAGE naming the deck key. */
ecd_code_t ecd_net_create(const ecd_model_settings_t *settings, int64_t n, size_t max_batch,
                          const ecd_backend_t *backend, ecd_net_t **net, ecd_error_t *err);
void ecd_net_destroy(ecd_net_t **net);

ecd_net_needs_t ecd_net_needs(const ecd_net_t *net);
size_t ecd_net_parameter_count(const ecd_net_t *net);
/* The first values of the slab that come from trained parents (fusion; else 0), and those of them
   that training leaves alone: they have no gradients. */
size_t ecd_net_inherited(const ecd_net_t *net);
size_t ecd_net_frozen(const ecd_net_t *net);
float *ecd_net_parameters(ecd_net_t *net); /* slab [count] */
float *ecd_net_gradients(ecd_net_t *net);  /* slab [count], same layout */
size_t ecd_net_tensor_count(const ecd_net_t *net);
const ecd_tensor_t *ecd_net_tensor(const ecd_net_t *net, size_t i);

/* Glorot-uniform weights, zero biases, a function of seed alone. */
void ecd_net_initialize(ecd_net_t *net, uint64_t seed);

/* Floats of one prepared input, and the preparation of one sample into it: a gather in GEMM order for cnn3d, the
   identity for cnn2d, an image for magpie_cnn, the latents of frozen parents for fusion (whose parameters must be set
   before). Sample and prepared do not overlap. One call at a time. */
size_t ecd_net_input_size(const ecd_net_t *net);
void ecd_net_prepare(const ecd_net_t *net, const ecd_net_sample_t *sample, float *prepared);

/* input[batch]: pointers to prepared inputs. prediction[batch]. */
void ecd_net_forward(ecd_net_t *net, size_t batch, const float *const *input, float *prediction);

/* After forward with the same arguments: gradients of sum_b dprediction[b] * prediction[b], overwriting the gradient slab.
   ready(offset, count, arg) is called (if not NULL) whenever a contiguous part of the slab is final, last layer first, while the rest is still
   computed; parts cover the slab behind what is frozen exactly once. */
typedef void ecd_ready_fn(size_t offset, size_t count, void *arg);
void ecd_net_backward(ecd_net_t *net, size_t batch, const float *const *input,
                      const float *dprediction, ecd_ready_fn *ready, void *arg);

/* Input of the last dense layer after forward: (batch, width), borrowed. */
const float *ecd_net_latent(const ecd_net_t *net, size_t *width);

/* Floating-point operations (multiply and add = 2) of a training step and of inference for one sample: as the layers are written, and as executed. */
typedef struct {
  double train_nominal, train_executed, infer_nominal, infer_executed;
} ecd_net_flops_t;
ecd_net_flops_t ecd_net_flops(const ecd_net_t *net);

#endif
