/* Holds networks against reference files made by PyTorch: predictions, loss, latent, every parameter gradient, and the parameters
   after 4 optimiser steps, on every backend that is built.
     usage: check_nets FILE...
   A file holds x (N, n, n, n), or (N, 132) for magpie_cnn, or the latents (N, 64) for fusion, y, pred, loss, latent, param/NAME, grad/NAME and adam/ or sgd/ with loss and param/NAME; weights
   are laid out as in PyTorch. Widths are read off the shapes. A cnn3d file whose first dense layer has
   8 inputs a filter uses pool `same`, else `valid`. Of a fusion network the dense part is checked. */
#include "check.h"
#include "nn/net.h"
#include "nn/optimizer.h"
#include "reference.h"

#include <hdf5.h>
#include <stdlib.h>

enum { STEPS = 4 };

typedef struct {
  hid_t file;
  ecd_model_settings_t model;
  size_t batch, size; /* values of a sample */
  int64_t n;
  float *x;
  double *y;
} reference_t;

static bool has(hid_t file, const char *name) { return H5Lexists(file, name, H5P_DEFAULT) > 0; }

static void dense_widths(hid_t file, ecd_int_list_t *dense) {
  dense->count = 0;
  for (int l = 0; l < ECD_DENSE_MAX; ++l) {
    char name[40];
    snprintf(name, sizeof name, "param/fc.%d.bias", 2 * l);
    hsize_t dims[5];
    if (!has(file, name) || (shape(file, name, dims), dims[0]) == 1) return;
    dense->item[dense->count++] = (int64_t)dims[0];
  }
}

static int64_t first_extent(hid_t file, const char *name) {
  hsize_t dims[5];
  shape(file, name, dims);
  return (int64_t)dims[0];
}

static void deduce_magpie(reference_t *ref) {
  ecd_model_settings_t *m = &ref->model;
  m->kind = ECD_MODEL_MAGPIE_CNN;
  m->magpie_cnn.conv1_filters = first_extent(ref->file, "param/conv1.bias");
  m->magpie_cnn.conv2_filters = first_extent(ref->file, "param/conv2.bias");
  m->magpie_cnn.conv3_filters = first_extent(ref->file, "param/conv3.bias");
  dense_widths(ref->file, &m->magpie_cnn.dense);
}

/* Parents with latents that fill x, half of it each; what they compute is not checked. */
static void deduce_fusion(reference_t *ref) {
  ref->model =
      (ecd_model_settings_t){.kind = ECD_MODEL_FUSION,
                             .magpie_cnn = {.conv1_filters = 1,
                                            .conv2_filters = 1,
                                            .conv3_filters = 1,
                                            .dense = {1, {(int64_t)ref->size / 2}}},
                             .cnn2d = {.squeeze = 1,
                                       .excite = 1,
                                       .conv1_filters = 1,
                                       .conv1_kernel = 2,
                                       .pool_kernel = 2,
                                       .conv2_filters = 1,
                                       .conv2_kernel = 2,
                                       .conv2_stride = 1,
                                       .dense = {1, {(int64_t)(ref->size - ref->size / 2)}}}};
  dense_widths(ref->file, &ref->model.fusion.dense);
}

static void deduce(reference_t *ref) {
  hsize_t d[5], e[5], f[5];
  ecd_model_settings_t *m = &ref->model;
  ref->size = shape(ref->file, "x", d);
  ref->batch = d[0];
  ref->size /= ref->batch;
  ref->n = 8;
  if (has(ref->file, "param/conv3.weight")) {
    deduce_magpie(ref);
    return;
  }
  if (!has(ref->file, "param/conv1.weight") && !has(ref->file, "param/x.conv1.weight")) {
    deduce_fusion(ref);
    return;
  }
  ref->n = (int64_t)d[1];
  if (has(ref->file, "param/x.squeeze.weight")) {
    m->kind = ECD_MODEL_CNN2D;
    shape(ref->file, "param/x.se1.weight", d);
    shape(ref->file, "param/x.conv1.weight", e);
    shape(ref->file, "param/x.conv2.weight", f);
    m->cnn2d.excite = (int64_t)d[0];
    m->cnn2d.squeeze = (int64_t)d[1];
    m->cnn2d.conv1_filters = (int64_t)e[0];
    m->cnn2d.conv1_kernel = (int64_t)e[2];
    m->cnn2d.pool_kernel = 2;
    m->cnn2d.conv2_filters = (int64_t)f[0];
    m->cnn2d.conv2_kernel = (int64_t)f[2];
    m->cnn2d.conv2_stride = 2;
    dense_widths(ref->file, &m->cnn2d.dense);
    return;
  }
  m->kind = ECD_MODEL_CNN3D;
  shape(ref->file, "param/conv1.weight", d);
  shape(ref->file, "param/conv2.weight", e);
  shape(ref->file, "param/fc.0.weight", f);
  m->cnn3d.conv1_filters = (int64_t)d[0];
  m->cnn3d.conv1_kernel = (int64_t)d[2];
  m->cnn3d.conv2_filters = (int64_t)e[0];
  m->cnn3d.conv2_kernel = (int64_t)e[2];
  m->cnn3d.pool_kernel = 2;
  m->cnn3d.pool = f[1] == 8 * e[0] ? ECD_POOL_SAME : ECD_POOL_VALID;
  dense_widths(ref->file, &m->cnn3d.dense);
}

/* Place in the slab of element i of PyTorch's layout. */
static size_t slab_index(const ecd_tensor_t *t, size_t i) {
  if (!t->channels_last) return i;
  const size_t in = (size_t)t->shape[t->rank - 1], window = t->count / in / (size_t)t->shape[0];
  return (i / (in * window) * window + i % window) * in + i / window % in;
}

static void load_parameters(const reference_t *ref, ecd_net_t *net) {
  for (size_t i = 0; i < ecd_net_tensor_count(net); ++i) {
    const ecd_tensor_t *t = ecd_net_tensor(net, i);
    if (t->offset < ecd_net_frozen(net)) continue;
    char name[64];
    snprintf(name, sizeof name, "param/%s", t->name);
    double *v = doubles(ref->file, name, t->count);
    for (size_t k = 0; k < t->count; ++k)
      ecd_net_parameters(net)[t->offset + slab_index(t, k)] = (float)v[k];
    free(v);
  }
}

/* Largest difference from group/NAME, divided by the tensor's largest value if relative. */
static void compare(const reference_t *ref, const ecd_net_t *net, const float *slab,
                    const char *group, bool relative, double tolerance, const char *backend) {
  for (size_t i = 0; i < ecd_net_tensor_count(net); ++i) {
    const ecd_tensor_t *t = ecd_net_tensor(net, i);
    if (t->offset < ecd_net_frozen(net)) continue;
    char name[80];
    snprintf(name, sizeof name, "%s/%s", group, t->name);
    double *v = doubles(ref->file, name, t->count), worst = 0, largest = 0;
    for (size_t k = 0; k < t->count; ++k) {
      worst = check_worst(worst, (double)slab[t->offset + slab_index(t, k)], v[k]);
      largest = check_worst(largest, v[k], 0);
    }
    if (relative) worst /= largest > 0 ? largest : 1;
    if (!check_within(worst, tolerance))
      fprintf(stderr, "%s: %s: off by %.3g\n", backend, name, worst);
    CHECK(check_within(worst, tolerance));
    free(v);
  }
}

static double step(const reference_t *ref, ecd_net_t *net, const float *const *input,
                   float *prediction) {
  float *target = malloc(ref->batch * sizeof *target), *d = malloc(ref->batch * sizeof *d);
  for (size_t b = 0; b < ref->batch; ++b) target[b] = (float)ref->y[b];
  ecd_net_forward(net, ref->batch, input, prediction);
  const double loss = ecd_loss_mae(ref->batch, ref->batch, prediction, target, d);
  ecd_net_backward(net, ref->batch, input, d, NULL, NULL);
  free(target);
  free(d);
  return loss;
}

static void check_steps(const reference_t *ref, ecd_net_t *net, const ecd_backend_t *be,
                        const float *const *input, float *prediction) {
  const bool sgd = has(ref->file, "sgd");
  const ecd_train_settings_t train = {.optimizer = sgd ? ECD_OPTIMIZER_SGD : ECD_OPTIMIZER_ADAM,
                                      .beta1 = 0.9,
                                      .beta2 = 0.999,
                                      .epsilon = 1e-7};
  const double lr = sgd || ref->model.kind != ECD_MODEL_CNN3D ? 1e-3 : 5e-4;
  const size_t frozen = ecd_net_frozen(net), count = ecd_net_parameter_count(net) - frozen;
  float *m = calloc(count, sizeof *m), *v = calloc(count, sizeof *v);
  double *losses = doubles(ref->file, sgd ? "sgd/loss" : "adam/loss", STEPS);
  for (int s = 0; s < STEPS; ++s) {
    CHECK_NEAR(step(ref, net, input, prediction), losses[s], 1e-5 * fabs(losses[s]));
    ecd_optimizer_update(be, &train, lr, s + 1, count, ecd_net_parameters(net) + frozen,
                         ecd_net_gradients(net) + frozen, m, v);
  }
  compare(ref, net, ecd_net_parameters(net), sgd ? "sgd/param" : "adam/param", false, 1e-5,
          ecd_backend_name(be));
  free(losses);
  free(m);
  free(v);
}

static void check_backend(const reference_t *ref, const ecd_backend_t *be) {
  ecd_error_t err;
  ecd_net_t *net;
  const ecd_code_t code = ecd_net_create(&ref->model, ref->n, ref->batch, be, &net, &err);
  CHECK(code == ECD_OK);
  if (code != ECD_OK) return;
  load_parameters(ref, net);
  const size_t size = ecd_net_input_size(net);
  float *prepared = malloc(ref->batch * size * sizeof *prepared);
  const float **input = malloc(ref->batch * sizeof *input);
  float *prediction = malloc(ref->batch * sizeof *prediction);
  for (size_t b = 0; b < ref->batch; ++b) {
    const float *x = ref->x + b * ref->size;
    input[b] = prepared + b * size;
    if (ecd_net_frozen(net) > 0)
      input[b] = x;
    else
      ecd_net_prepare(net, &(ecd_net_sample_t){.volume = x, .features = x}, prepared + b * size);
  }
  size_t width;
  const float *ours = ecd_net_latent(net, &width);
  double *pred = doubles(ref->file, "pred", ref->batch), *loss = doubles(ref->file, "loss", 1);
  double *latent = doubles(ref->file, "latent", ref->batch * width);
  CHECK_NEAR(step(ref, net, input, prediction), *loss, 1e-5 * fabs(*loss));
  for (size_t b = 0; b < ref->batch; ++b)
    CHECK_NEAR((double)prediction[b], pred[b], 1e-5 * fabs(pred[b]) + 1e-7);
  for (size_t i = 0; i < ref->batch * width; ++i)
    CHECK_NEAR((double)ours[i], latent[i], 1e-5 * fabs(latent[i]) + 1e-6);
  compare(ref, net, ecd_net_gradients(net), "grad", true, 1e-5, ecd_backend_name(be));
  check_steps(ref, net, be, input, prediction);
  free(pred);
  free(loss);
  free(latent);
  free(prepared);
  free(input);
  free(prediction);
  ecd_net_destroy(&net);
}

int main(int argc, char **argv) {
  if (argc < 2) return fprintf(stderr, "usage: check_nets FILE...\n"), 2;
  for (int i = 1; i < argc; ++i) {
    reference_t ref = {.file = open_reference("check_nets", argv[i])};
    deduce(&ref);
    ref.x = floats(ref.file, "x", ref.batch * ref.size);
    ref.y = doubles(ref.file, "y", ref.batch);
    for (int kind = ECD_BACKEND_REF; kind <= ECD_BACKEND_DNNL; ++kind) {
      const ecd_backend_t *be;
      ecd_error_t err;
      if (ecd_backend_get((ecd_backend_kind_t)kind, &be, &err) != ECD_OK) continue;
      const int before = check_failures;
      check_backend(&ref, be);
      printf("%s on %s: %s\n", argv[i], ecd_backend_name(be),
             check_failures == before ? "agrees" : "DIFFERS");
    }
    free(ref.x);
    free(ref.y);
    H5Fclose(ref.file);
  }
  return check_done();
}
