/* CNN on composition features: 132 features and 12 zeros as a 12 x 12 image, row by row; three convolutions 3x3 without
   padding, an average pool 2x2 after the second. Maps are channels-last. */
#include "nn/net_private.h"

#include "chem/magpie.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FEATURES = ECD_MAGPIE_STATISTICS, EDGE = 12, KERNEL = 3, LAYERS = 3, POOLED_LAYER = 1 };

typedef struct {
  ecd_window_t window;
  int64_t out, patch, filters; /* positions, values of a patch */
  size_t w, b;                 /* offsets in the slab */
  float *column;               /* (max_batch, out, patch) */
  float *y, *dy;               /* (max_batch, out, filters) */
} layer_t;

typedef struct {
  ecd_net_t *net;
  layer_t layer[LAYERS];
  ecd_window_t pool;
  float *pooled;  /* (max_batch, pool positions, filters) */
  float *dinput;  /* as the largest input of a layer */
  float *dcolumn; /* as the largest column */
} magpie_t;

static void prepare(const void *self, const ecd_net_sample_t *sample, float *prepared) {
  (void)self;
  memcpy(prepared, sample->features, FEATURES * sizeof *prepared);
  memset(prepared + FEATURES, 0, (EDGE * EDGE - FEATURES) * sizeof *prepared);
}

/* x: its input maps, one after the other, or NULL: input's. */
static void layer_forward(magpie_t *net, layer_t *l, size_t batch, const float *const *input,
                          const float *x) {
  const ecd_backend_t *be = net->net->backend;
  const float *slab = net->net->parameters;
  const int64_t rows = (int64_t)batch * l->out, size = ecd_window_in(&l->window);
#pragma omp parallel for schedule(static)
  for (size_t b = 0; b < batch; ++b)
    be->im2col(&l->window, x != NULL ? x + (int64_t)b * size * l->window.channels : input[b],
               l->column + (int64_t)b * l->out * l->patch);
  be->gemm(false, true, rows, l->filters, l->patch, l->column, l->patch, slab + l->w, l->patch,
           0.0f, l->y, l->filters);
  be->bias_act(rows, l->filters, slab + l->b, ECD_ACT_RELU, l->y);
}

static void forward(void *self, size_t batch, const float *const *input, float *features) {
  magpie_t *net = self;
  const layer_t *before = &net->layer[POOLED_LAYER], *last = &net->layer[LAYERS - 1];
  const int64_t size = before->out * before->filters;
  const int64_t pooled = ecd_window_out(&net->pool) * before->filters;
  layer_forward(net, &net->layer[0], batch, input, NULL);
  layer_forward(net, &net->layer[1], batch, NULL, net->layer[0].y);
#pragma omp parallel for schedule(static)
  for (size_t b = 0; b < batch; ++b)
    net->net->backend->pool(&net->pool, ECD_POOL_AVERAGE, before->y + (int64_t)b * size,
                            net->pooled + (int64_t)b * pooled, NULL);
  layer_forward(net, &net->layer[2], batch, NULL, net->pooled);
  for (int64_t b = 0; b < (int64_t)batch; ++b)
    for (int64_t p = 0; p < last->out; ++p)
      for (int64_t c = 0; c < last->filters; ++c)
        features[(b * last->filters + c) * last->out + p] =
            last->y[(b * last->out + p) * last->filters + c];
}

/* From dy of the layer's output to its gradients, and, unless NULL, to dx of its input. */
static void layer_backward(magpie_t *net, layer_t *l, size_t batch, float *dx, ecd_ready_fn *ready,
                           void *arg) {
  const ecd_backend_t *be = net->net->backend;
  float *slab = net->net->gradients;
  const int64_t rows = (int64_t)batch * l->out;
  const int64_t size = ecd_window_in(&l->window) * l->window.channels;
  be->act_backward(rows * l->filters, ECD_ACT_RELU, l->y, l->dy);
  be->gemm(true, false, l->filters, l->patch, rows, l->dy, l->filters, l->column, l->patch, 0.0f,
           slab + l->w, l->patch);
  be->column_sum(rows, l->filters, l->dy, false, slab + l->b);
  if (ready != NULL) ready(l->w, (size_t)(l->filters * (l->patch + 1)), arg);
  if (dx == NULL) return;
  be->gemm(false, false, rows, l->patch, l->filters, l->dy, l->filters, net->net->parameters + l->w,
           l->patch, 0.0f, net->dcolumn, l->patch);
#pragma omp parallel for schedule(static)
  for (size_t b = 0; b < batch; ++b)
    be->col2im(&l->window, net->dcolumn + (int64_t)b * l->out * l->patch, dx + (int64_t)b * size);
}

static void backward(void *self, size_t batch, const float *const *input, const float *dfeatures,
                     ecd_ready_fn *ready, void *arg) {
  (void)input;
  magpie_t *net = self;
  const layer_t *before = &net->layer[POOLED_LAYER], *last = &net->layer[LAYERS - 1];
  const int64_t size = before->out * before->filters;
  const int64_t pooled = ecd_window_out(&net->pool) * before->filters;
  for (int64_t b = 0; b < (int64_t)batch; ++b)
    for (int64_t p = 0; p < last->out; ++p)
      for (int64_t c = 0; c < last->filters; ++c)
        last->dy[(b * last->out + p) * last->filters + c] =
            dfeatures[(b * last->filters + c) * last->out + p];
  layer_backward(net, &net->layer[2], batch, net->dinput, ready, arg);
#pragma omp parallel for schedule(static)
  for (size_t b = 0; b < batch; ++b)
    net->net->backend->pool_backward(&net->pool, ECD_POOL_AVERAGE,
                                     net->dinput + (int64_t)b * pooled, NULL,
                                     before->dy + (int64_t)b * size);
  layer_backward(net, &net->layer[1], batch, net->layer[0].dy, ready, arg);
  layer_backward(net, &net->layer[0], batch, NULL, ready, arg);
}

static void destroy(void *self) {
  magpie_t *net = self;
  for (int l = 0; l < LAYERS; ++l) {
    free(net->layer[l].column);
    free(net->layer[l].y);
    free(net->layer[l].dy);
  }
  free(net->pooled);
  free(net->dinput);
  free(net->dcolumn);
  free(net);
}

static double multiplies(const void *self, bool executed, bool training) {
  (void)executed;
  const magpie_t *net = self;
  double sum = 0;
  for (int l = 0; l < LAYERS; ++l) {
    const double one = (double)(net->layer[l].out * net->layer[l].patch * net->layer[l].filters);
    sum += !training ? one : l == 0 ? 2 * one : 3 * one; /* no gradient of the input */
  }
  return sum;
}

static const ecd_extractor_t extractor = {.prepare = prepare,
                                          .forward = forward,
                                          .backward = backward,
                                          .destroy = destroy,
                                          .multiplies = multiplies};

static ecd_window_t square(int64_t edge, int64_t kernel, int64_t stride, int64_t channels) {
  const int64_t out = ecd_window_count(edge, kernel, stride, false);
  return (ecd_window_t){.in = {1, edge, edge},
                        .kernel = {1, kernel, kernel},
                        .stride = {1, stride, stride},
                        .out = {1, out, out},
                        .channels = channels};
}

static void plan(const ecd_model_settings_t *settings, magpie_t *net) {
  const int64_t filters[LAYERS] = {settings->magpie_cnn.conv1_filters,
                                   settings->magpie_cnn.conv2_filters,
                                   settings->magpie_cnn.conv3_filters};
  int64_t edge = EDGE, channels = 1;
  for (int i = 0; i < LAYERS; ++i) {
    layer_t *l = &net->layer[i];
    l->window = square(edge, KERNEL, 1, channels);
    l->out = ecd_window_out(&l->window);
    l->patch = KERNEL * KERNEL * channels;
    edge = l->window.out[1];
    channels = l->filters = filters[i];
    char name[2][32];
    snprintf(name[0], sizeof name[0], "conv%d.weight", i + 1);
    snprintf(name[1], sizeof name[1], "conv%d.bias", i + 1);
    const int64_t shape[] = {l->filters, KERNEL, KERNEL, l->window.channels};
    l->w = net->net->tensor[ecd_net_add_tensor(net->net, name[0], 4, shape, true)].offset;
    l->b = net->net->tensor[ecd_net_add_tensor(net->net, name[1], 1, shape, false)].offset;
    if (i != POOLED_LAYER) continue;
    net->pool = square(edge, 2, 2, channels);
    edge = net->pool.out[1];
  }
}

static ecd_code_t allocate(magpie_t *net, size_t batch, ecd_error_t *err) {
  size_t column = 0;
  for (int i = 0; i < LAYERS; ++i) {
    layer_t *l = &net->layer[i];
    const size_t size = batch * (size_t)(l->out * l->filters);
    const size_t patches = batch * (size_t)(l->out * l->patch);
    if (patches > column) column = patches;
    ECD_TRY(ecd_net_buffer(&l->column, patches, "convolution patches", err));
    ECD_TRY(ecd_net_buffer(&l->y, size, "convolution output", err));
    ECD_TRY(ecd_net_buffer(&l->dy, size, "convolution gradient", err));
  }
  const size_t pooled = batch * (size_t)(ecd_window_out(&net->pool) * net->pool.channels);
  ECD_TRY(ecd_net_buffer(&net->pooled, pooled, "pool output", err));
  ECD_TRY(ecd_net_buffer(&net->dinput, pooled, "pool gradient", err));
  return ecd_net_buffer(&net->dcolumn, column, "patch gradients", err);
}

ecd_code_t ecd_magpie_cnn_create(const ecd_model_settings_t *settings, ecd_net_t *net,
                                 ecd_error_t *err) {
  magpie_t *self;
  ECD_TRY(ecd_alloc((void **)&self, 1, sizeof *self, "network", err));
  net->extractor = &extractor;
  net->self = self;
  self->net = net;
  plan(settings, self);
  net->input_size = EDGE * EDGE;
  net->width[0] = self->layer[LAYERS - 1].out * self->layer[LAYERS - 1].filters;
  return allocate(self, net->max_batch, err);
}
