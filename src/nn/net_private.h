/* What the network files share: the slab, the dense part, and what a feature extractor provides. */
#ifndef ECD_NN_NET_PRIVATE_H
#define ECD_NN_NET_PRIVATE_H

#include "nn/net.h"
#include "nn/primitives.h"

enum { ECD_TENSORS_MAX = 160 };

/* A convolutional part: prepared inputs -> features (batch, width), channel-major like PyTorch's flatten. */
typedef struct {
  void (*prepare)(const void *self, const ecd_net_sample_t *sample, float *prepared);
  void (*forward)(void *self, size_t batch, const float *const *input, float *features);
  /* Overwrites its part of the gradient slab, calls ready for it. */
  void (*backward)(void *self, size_t batch, const float *const *input, const float *dfeatures,
                   ecd_ready_fn *ready, void *arg);
  /* ecd_net_map; may be NULL. */
  void (*map)(const void *self, size_t b, int axis, float *map);
  /* After the slabs were made or moved; may be NULL. */
  void (*bind)(void *self);
  /* As ecd_net_set_mode; may be NULL. */
  void (*set_mode)(void *self, const ecd_net_mode_t *mode);
  void (*destroy)(void *self);
  double (*multiplies)(const void *self, bool executed, bool training); /* for one sample */
} ecd_extractor_t;

/* A network that is no extractor with dense layers behind it: what net.h says of each. */
typedef struct {
  ecd_code_t (*reserve)(void *self, size_t sample_atoms, size_t batch_atoms, ecd_error_t *err);
  void (*initialize)(void *self, uint64_t seed);
  void (*prepare)(const void *self, const ecd_net_sample_t *sample, float *prepared);
  void (*forward)(void *self, size_t batch, const float *const *input, float *prediction);
  void (*backward)(void *self, size_t batch, const float *const *input, const float *dprediction,
                   ecd_ready_fn *ready, void *arg);
  const float *(*latent)(const void *self, size_t *width);
  double (*multiplies)(const void *self, bool executed, bool training);
  void (*destroy)(void *self); /* with its net */
} ecd_whole_t;

struct ecd_net {
  const ecd_whole_t *whole; /* or NULL */
  ecd_net_mode_t mode;
  const ecd_backend_t *backend;
  size_t max_batch;
  int64_t n; /* volume edge */
  bool part; /* of a larger network, which owns its slabs */
  float *parameters, *gradients;
  size_t count, tensors;
  size_t state, state_tensors; /* with what follows the parameters */
  size_t inherited, frozen;    /* leading values of the slab */
  ecd_tensor_t tensor[ECD_TENSORS_MAX];
  char names[ECD_TENSORS_MAX][32];
  const ecd_extractor_t *extractor;
  void *self; /* the extractor's data */
  ecd_net_needs_t needs;
  size_t input_size;
  int64_t layers,
      width[ECD_DENSE_MAX + 2]; /* dense part: width[0] features, ..., width[layers] = 1 */
  size_t dense_first;           /* tensor number of fc.0.weight */
  int64_t drop_first;           /* dropout's number of layer 0: a part has masks of its own */
  float *activation[ECD_DENSE_MAX + 2]; /* (max_batch, width[l]) */
  float *dactivation[ECD_DENSE_MAX + 2];
};

/* Appends a tensor to the layout; returns its number. shape has rank entries, as stored. */
size_t ecd_net_add_tensor(ecd_net_t *net, const char *name, int rank, const int64_t *shape,
                          bool channels_last);

/* The same for what follows the parameters, which must all be there. */
size_t ecd_net_add_state(ecd_net_t *net, const char *name, int64_t width);

/* Zeroed floats, aligned to 64 bytes. */
ecd_code_t ecd_net_buffer(float **buffer, size_t count, const char *what, ecd_error_t *err);

/* A network without slabs of its own: parameters and gradients are set by the network it is a part of. */
ecd_code_t ecd_net_create_part(const ecd_model_settings_t *settings, int64_t n, size_t max_batch,
                               const ecd_backend_t *backend, ecd_net_t **net, ecd_error_t *err);

/* As ecd_net_backward, from gradients of the latents (batch, width) rather than of predictions; the last layer's are
   zero. */
void ecd_net_backward_latent(ecd_net_t *net, size_t batch, const float *const *input,
                             const float *dlatent, ecd_ready_fn *ready, void *arg);

/* Dropout after a dense layer, x (rows, width), in place; the same for its gradients. */
void ecd_net_drop(const ecd_net_mode_t *mode, int64_t layer, int64_t rows, int64_t width, float *x);

/* A network of graphs (cgcnn_net.c). */
ecd_code_t ecd_cgcnn_net_create(const ecd_model_settings_t *settings, size_t max_batch,
                                const ecd_backend_t *backend, ecd_net_t **net, ecd_error_t *err);

/* Multiplications for one sample. */
double ecd_net_multiplies(const ecd_net_t *net, bool executed, bool training);

/* Adds the extractor's tensors to net, sets extractor, self, input_size and width[0]. */
ecd_code_t ecd_cnn3d_create(const ecd_model_settings_t *settings, ecd_net_t *net, ecd_error_t *err);
ecd_code_t ecd_cnn2d_create(const ecd_model_settings_t *settings, ecd_net_t *net, ecd_error_t *err);
ecd_code_t ecd_magpie_cnn_create(const ecd_model_settings_t *settings, ecd_net_t *net,
                                 ecd_error_t *err);
ecd_code_t ecd_fusion_create(const ecd_model_settings_t *settings, ecd_net_t *net,
                             ecd_error_t *err);

#endif
