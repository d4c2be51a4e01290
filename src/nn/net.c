/* Slab, dense part, initial weights. */
#include "nn/net_private.h"

#include "base/random.h"
#include "chem/magpie.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

ecd_code_t ecd_net_buffer(float **buffer, size_t count, const char *what, ecd_error_t *err) {
  const size_t bytes = (count * sizeof **buffer + 127) / 64 * 64;
  *buffer = aligned_alloc(64, bytes);
  if (*buffer == NULL)
    return ecd_fail(err, ECD_FAILED, "out of memory: %s needs %.3g GB", what, (double)bytes * 1e-9);
  memset(*buffer, 0, bytes);
  return ECD_OK;
}

static size_t add(ecd_net_t *net, const char *name, int rank, const int64_t *shape,
                  bool channels_last) {
  ECD_CHECK(net->state_tensors < ECD_TENSORS_MAX);
  const size_t i = net->state_tensors++;
  snprintf(net->names[i], sizeof net->names[i], "%s", name);
  ecd_tensor_t *t = &net->tensor[i];
  *t = (ecd_tensor_t){.name = net->names[i],
                      .offset = net->state,
                      .count = 1,
                      .rank = rank,
                      .channels_last = channels_last};
  for (int k = 0; k < rank; ++k) {
    t->shape[k] = shape[k];
    t->count *= (size_t)shape[k];
  }
  net->state += t->count;
  return i;
}

size_t ecd_net_add_tensor(ecd_net_t *net, const char *name, int rank, const int64_t *shape,
                          bool channels_last) {
  ECD_CHECK(net->tensors == net->state_tensors);
  const size_t i = add(net, name, rank, shape, channels_last);
  net->tensors = net->state_tensors;
  net->count = net->state;
  return i;
}

size_t ecd_net_add_state(ecd_net_t *net, const char *name, int64_t width) {
  return add(net, name, 1, &width, false);
}

static void add_dense(ecd_net_t *net, const ecd_int_list_t *hidden) {
  net->layers = hidden->count + 1;
  for (int l = 0; l < hidden->count; ++l) net->width[l + 1] = hidden->item[l];
  net->width[net->layers] = 1;
  net->dense_first = net->tensors;
  for (int64_t l = 0; l < net->layers; ++l) {
    char name[32];
    snprintf(name, sizeof name, "fc.%d.weight", (int)(2 * l));
    ecd_net_add_tensor(net, name, 2, (const int64_t[]){net->width[l + 1], net->width[l]}, false);
    snprintf(name, sizeof name, "fc.%d.bias", (int)(2 * l));
    ecd_net_add_tensor(net, name, 1, (const int64_t[]){net->width[l + 1]}, false);
  }
}

/* The convolutional part; *hidden: widths of the dense part that follows. */
static ecd_code_t add_extractor(const ecd_model_settings_t *settings, ecd_net_t *net,
                                const ecd_int_list_t **hidden, ecd_error_t *err) {
  switch (settings->kind) {
  case ECD_MODEL_CNN2D:
    *hidden = &settings->cnn2d.dense;
    return ecd_cnn2d_create(settings, net, err);
  case ECD_MODEL_CNN3D:
    *hidden = &settings->cnn3d.dense;
    return ecd_cnn3d_create(settings, net, err);
  case ECD_MODEL_MAGPIE_CNN:
    *hidden = &settings->magpie_cnn.dense;
    return ecd_magpie_cnn_create(settings, net, err);
  case ECD_MODEL_FUSION:
    *hidden = &settings->fusion.dense;
    return ecd_fusion_create(settings, net, err);
  case ECD_MODEL_CGCNN:
  case ECD_MODEL_RF:
    break;
  }
  return ecd_fail(err, ECD_USAGE, "model.kind: expected a network, found number %d",
                  (int)settings->kind);
}

static ecd_code_t make(const ecd_model_settings_t *settings, ecd_net_t *net, ecd_error_t *err) {
  const ecd_int_list_t *hidden = NULL;
  ECD_TRY(add_extractor(settings, net, &hidden, err));
  add_dense(net, hidden);
  for (int64_t l = 0; l <= net->layers; ++l) {
    const size_t size = net->max_batch * (size_t)net->width[l];
    ECD_TRY(ecd_net_buffer(&net->activation[l], size, "activations", err));
    ECD_TRY(ecd_net_buffer(&net->dactivation[l], size, "activation gradients", err));
  }
  if (net->part) return ECD_OK;
  ECD_TRY(ecd_net_buffer(&net->parameters, net->state, "parameters", err));
  ECD_TRY(ecd_net_buffer(&net->gradients, net->count, "gradients", err));
  if (net->extractor->bind != NULL) net->extractor->bind(net->self);
  return ECD_OK;
}

static ecd_code_t create(bool part, const ecd_model_settings_t *settings, int64_t n,
                         size_t max_batch, const ecd_backend_t *backend, ecd_net_t **net,
                         ecd_error_t *err) {
  ECD_TRY(ecd_alloc((void **)net, 1, sizeof **net, "network", err));
  (*net)->part = part;
  (*net)->backend = backend;
  (*net)->n = n;
  (*net)->needs = ecd_model_needs(settings);
  (*net)->max_batch = max_batch > 0 ? max_batch : 1;
  const ecd_code_t code = make(settings, *net, err);
  if (code != ECD_OK) ecd_net_destroy(net);
  return code;
}

ecd_code_t ecd_net_create(const ecd_model_settings_t *settings, int64_t n, size_t max_batch,
                          const ecd_backend_t *backend, ecd_net_t **net, ecd_error_t *err) {
  if (settings->kind == ECD_MODEL_CGCNN)
    return ecd_cgcnn_net_create(settings, max_batch, backend, net, err);
  return create(false, settings, n, max_batch, backend, net, err);
}

ecd_code_t ecd_net_create_part(const ecd_model_settings_t *settings, int64_t n, size_t max_batch,
                               const ecd_backend_t *backend, ecd_net_t **net, ecd_error_t *err) {
  return create(true, settings, n, max_batch, backend, net, err);
}

void ecd_net_destroy(ecd_net_t **net) {
  if (*net == NULL) return;
  if ((*net)->whole != NULL) {
    (*net)->whole->destroy((*net)->self);
    *net = NULL;
    return;
  }
  if ((*net)->self != NULL) (*net)->extractor->destroy((*net)->self);
  for (int l = 0; l < ECD_DENSE_MAX + 2; ++l) {
    free((*net)->activation[l]);
    free((*net)->dactivation[l]);
  }
  if (!(*net)->part) {
    free((*net)->parameters);
    free((*net)->gradients);
  }
  free(*net);
  *net = NULL;
}

ecd_code_t ecd_net_reserve(ecd_net_t *net, size_t sample_atoms, size_t batch_atoms,
                           ecd_error_t *err) {
  if (net->whole == NULL) return ECD_OK;
  return net->whole->reserve(net->self, sample_atoms, batch_atoms, err);
}

void ecd_net_set_mode(ecd_net_t *net, const ecd_net_mode_t *mode) {
  net->mode = *mode;
  if (net->extractor != NULL && net->extractor->set_mode != NULL)
    net->extractor->set_mode(net->self, mode);
}

ecd_net_needs_t ecd_model_needs(const ecd_model_settings_t *s) {
  ecd_net_needs_t needs = {.volume = s->kind == ECD_MODEL_CNN2D || s->kind == ECD_MODEL_CNN3D ||
                                     s->kind == ECD_MODEL_FUSION};
  if (s->kind == ECD_MODEL_MAGPIE_CNN || s->kind == ECD_MODEL_FUSION)
    needs.features = ECD_MAGPIE_STATISTICS;
  if (s->kind == ECD_MODEL_CGCNN)
    needs = (ecd_net_needs_t){.neighbors = (size_t)s->cgcnn.neighbors, .radius = s->cgcnn.radius};
  return needs;
}

ecd_net_needs_t ecd_net_needs(const ecd_net_t *net) { return net->needs; }
size_t ecd_net_inherited(const ecd_net_t *net) { return net->inherited; }
size_t ecd_net_frozen(const ecd_net_t *net) { return net->frozen; }
size_t ecd_net_parameter_count(const ecd_net_t *net) { return net->count; }
float *ecd_net_parameters(ecd_net_t *net) { return net->parameters; }
float *ecd_net_gradients(ecd_net_t *net) { return net->gradients; }
size_t ecd_net_tensor_count(const ecd_net_t *net) { return net->tensors; }
const ecd_tensor_t *ecd_net_tensor(const ecd_net_t *net, size_t i) { return &net->tensor[i]; }
size_t ecd_net_state_count(const ecd_net_t *net) { return net->state; }
size_t ecd_net_state_tensor_count(const ecd_net_t *net) { return net->state_tensors; }
size_t ecd_net_input_size(const ecd_net_t *net) { return net->input_size; }

/* Number of the element in PyTorch's layout, so that the storage order does not change the weights. */
static size_t torch_index(const ecd_tensor_t *t, size_t i) {
  if (!t->channels_last) return i;
  const size_t in = (size_t)t->shape[t->rank - 1], window = t->count / in / (size_t)t->shape[0];
  return (i / (in * window) * in + i % in) * window + i / in % window;
}

static void initialize_tensor(const ecd_tensor_t *t, uint32_t number, uint64_t seed, float *w) {
  const double fan_out = (double)t->shape[0], fan_in = (double)t->count / fan_out;
  int64_t in = t->channels_last ? t->shape[t->rank - 1] : t->shape[1];
  const double window = fan_in / (double)in;
  const double limit = sqrt(6.0 / (fan_in + fan_out * window));
#pragma omp parallel for schedule(static)
  for (size_t i = 0; i < t->count; ++i) {
    const double u = ecd_random_uniform(seed, ECD_RANDOM_INIT, number, torch_index(t, i));
    w[i] = (float)(limit * (2.0 * u - 1.0));
  }
}

void ecd_net_initialize(ecd_net_t *net, uint64_t seed) {
  if (net->whole != NULL) {
    net->whole->initialize(net->self, seed);
    return;
  }
  for (size_t i = 0; i < net->tensors; ++i) {
    const ecd_tensor_t *t = &net->tensor[i];
    if (t->rank == 1)
      memset(net->parameters + t->offset, 0, t->count * sizeof(float));
    else
      initialize_tensor(t, (uint32_t)i, seed, net->parameters + t->offset);
  }
}

void ecd_net_prepare(const ecd_net_t *net, const ecd_net_sample_t *sample, float *prepared) {
  if (net->whole != NULL)
    net->whole->prepare(net->self, sample, prepared);
  else
    net->extractor->prepare(net->self, sample, prepared);
}

static float *weight(const ecd_net_t *net, float *slab, int64_t layer) {
  return slab + net->tensor[net->dense_first + 2 * (size_t)layer].offset;
}

static float *bias(const ecd_net_t *net, float *slab, int64_t layer) {
  return slab + net->tensor[net->dense_first + 2 * (size_t)layer + 1].offset;
}

void ecd_net_drop(const ecd_net_mode_t *mode, int64_t layer, int64_t rows, int64_t width,
                  float *x) {
  if (!mode->training || !(mode->dropout > 0)) return;
  const double below = mode->dropout * 4294967296.0;
  const float grow = (float)(1 / (1 - mode->dropout));
#pragma omp parallel for schedule(static)
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < width; j += 4) {
      uint32_t bits[4];
      const uint64_t place = (uint64_t)layer << 24 | (uint64_t)j / 4;
      ecd_random_bits(mode->seed, ECD_RANDOM_DROPOUT, mode->step,
                      ((uint64_t)mode->first + (uint64_t)i) << 32 | place, bits);
      for (int64_t k = j; k < width && k < j + 4; ++k)
        x[i * width + k] *= (double)bits[k - j] < below ? 0.0f : grow;
    }
}

/* Of the values, or their gradients, behind dense layer `layer`. */
static void drop(const ecd_net_t *net, int64_t layer, int64_t rows, float *x) {
  ecd_net_drop(&net->mode, net->drop_first + layer, rows, net->width[layer], x);
}

void ecd_net_forward(ecd_net_t *net, size_t batch, const float *const *input, float *prediction) {
  ECD_CHECK(batch <= net->max_batch);
  if (net->whole != NULL) {
    net->whole->forward(net->self, batch, input, prediction);
    return;
  }
  if (batch == 0) return;
  const ecd_backend_t *be = net->backend;
  const int64_t rows = (int64_t)batch;
  net->extractor->forward(net->self, batch, input, net->activation[0]);
  for (int64_t l = 0; l < net->layers; ++l) {
    const int64_t in = net->width[l], out = net->width[l + 1];
    be->gemm(false, true, rows, out, in, net->activation[l], in, weight(net, net->parameters, l),
             in, 0.0f, net->activation[l + 1], out);
    be->bias_act(rows, out, bias(net, net->parameters, l),
                 l + 1 < net->layers ? ECD_ACT_RELU : ECD_ACT_NONE, net->activation[l + 1]);
    if (l + 1 < net->layers) drop(net, l + 1, rows, net->activation[l + 1]);
  }
  memcpy(prediction, net->activation[net->layers], batch * sizeof *prediction);
}

static void no_samples(ecd_net_t *net, ecd_ready_fn *ready, void *arg) {
  memset(net->gradients, 0, net->count * sizeof *net->gradients);
  for (size_t i = net->tensors; ready != NULL && i > 0; --i)
    if (net->tensor[i - 1].offset >= net->frozen)
      ready(net->tensor[i - 1].offset, net->tensor[i - 1].count, arg);
}

/* From the gradient of activation[layers] down. */
static void backward(ecd_net_t *net, int64_t layers, size_t batch, const float *const *input,
                     ecd_ready_fn *ready, void *arg) {
  const ecd_backend_t *be = net->backend;
  const int64_t rows = (int64_t)batch;
  for (int64_t l = layers - 1; l >= 0; --l) {
    const int64_t in = net->width[l], out = net->width[l + 1];
    const float *dy = net->dactivation[l + 1];
    float *dw = weight(net, net->gradients, l), *db = bias(net, net->gradients, l);
    be->gemm(true, false, out, in, rows, dy, out, net->activation[l], in, 0.0f, dw, in);
    be->column_sum(rows, out, dy, false, db);
    if (ready != NULL) ready((size_t)(dw - net->gradients), (size_t)(out * in + out), arg);
    be->gemm(false, false, rows, in, out, dy, out, weight(net, net->parameters, l), in, 0.0f,
             net->dactivation[l], in);
    if (l == 0) break;
    drop(net, l, rows, net->dactivation[l]);
    be->act_backward(rows * in, ECD_ACT_RELU, net->activation[l], net->dactivation[l]);
  }
  net->extractor->backward(net->self, batch, input, net->dactivation[0], ready, arg);
}

void ecd_net_backward(ecd_net_t *net, size_t batch, const float *const *input,
                      const float *dprediction, ecd_ready_fn *ready, void *arg) {
  if (net->whole != NULL) {
    net->whole->backward(net->self, batch, input, dprediction, ready, arg);
    return;
  }
  if (batch == 0) {
    no_samples(net, ready, arg);
    return;
  }
  memcpy(net->dactivation[net->layers], dprediction, batch * sizeof *dprediction);
  backward(net, net->layers, batch, input, ready, arg);
}

void ecd_net_backward_latent(ecd_net_t *net, size_t batch, const float *const *input,
                             const float *dlatent, ecd_ready_fn *ready, void *arg) {
  const int64_t last = net->layers - 1, width = net->width[last], rows = (int64_t)batch;
  float *dw = weight(net, net->gradients, last);
  memset(dw, 0, (size_t)(width + 1) * sizeof *dw);
  if (ready != NULL) ready((size_t)(dw - net->gradients), (size_t)(width + 1), arg);
  memcpy(net->dactivation[last], dlatent, (size_t)(rows * width) * sizeof *dlatent);
  if (last > 0) {
    drop(net, last, rows, net->dactivation[last]);
    net->backend->act_backward(rows * width, ECD_ACT_RELU, net->activation[last],
                               net->dactivation[last]);
  }
  backward(net, last, batch, input, ready, arg);
}

const float *ecd_net_latent(const ecd_net_t *net, size_t *width) {
  if (net->whole != NULL) return net->whole->latent(net->self, width);
  *width = (size_t)net->width[net->layers - 1];
  return net->activation[net->layers - 1];
}

void ecd_net_map(const ecd_net_t *net, size_t b, int axis, float *map) {
  ECD_CHECK(net->extractor != NULL && net->extractor->map != NULL);
  net->extractor->map(net->self, b, axis, map);
}

double ecd_net_multiplies(const ecd_net_t *net, bool executed, bool training) {
  if (net->whole != NULL) return net->whole->multiplies(net->self, executed, training);
  double dense = 0;
  for (int64_t l = 0; l < net->layers; ++l)
    dense += (double)net->width[l] * (double)net->width[l + 1];
  return (training ? 3 : 1) * dense + net->extractor->multiplies(net->self, executed, training);
}

ecd_net_flops_t ecd_net_flops(const ecd_net_t *net) {
  return (ecd_net_flops_t){.train_nominal = 2 * ecd_net_multiplies(net, false, true),
                           .train_executed = 2 * ecd_net_multiplies(net, true, true),
                           .infer_nominal = 2 * ecd_net_multiplies(net, false, false),
                           .infer_executed = 2 * ecd_net_multiplies(net, true, false)};
}
