/* 2D-CNN on three projections: in each branch one axis of the cube is the channel axis. A branch: 1x1 convolution with
   ReLU (U, channel-first planes), squeeze-and-excitation, convolution with stride = kernel on tiles of U, max pool,
   general convolution. Squeeze runs on the cube as it lies in memory: no axis is permuted. */
#include "nn/net_private.h"

#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
  SQUEEZE_W,
  SQUEEZE_B,
  SE1_W,
  SE1_B,
  SE2_W,
  SE2_B,
  CONV1_W,
  CONV1_B,
  CONV2_W,
  CONV2_B,
  TENSORS
};

typedef struct {
  int axis;                   /* the channel axis: 0 x, 1 y, 2 z */
  size_t offset[TENSORS + 1]; /* in the slab; the last is the end of the branch */
  float *u;                   /* (max_batch, squeeze, n, n) */
  float *mean, *hidden,
      *scale;    /* (max_batch, squeeze), (max_batch, excite), (max_batch, squeeze) */
  float *y1;     /* (max_batch, map1^2, c1) */
  int32_t *from; /* (max_batch, pooled positions, c1) */
  float *column; /* (max_batch, out positions, k2^2 c1): patches of conv2 */
  float *y2;     /* (max_batch, out positions, c2) */
} branch_t;

typedef struct {
  ecd_net_t *net;
  int64_t n, squeeze, excite, k1, c1, c2, map1;
  ecd_window_t pool, conv2;
  branch_t branch[3];
  size_t threads, scratch_size;
  float *scratch; /* (threads, scratch_size) */
  float *dy2;     /* (max_batch, out positions, c2) */
  float *dcolumn; /* (max_batch, out positions, k2^2 c1) */
  float *part;    /* (threads, branch parameters before conv2) */
} cnn2d_t;

static void prepare(const void *self, const float *volume, float *prepared) {
  const cnn2d_t *net = self;
  memcpy(prepared, volume, (size_t)(net->n * net->n * net->n) * sizeof *prepared);
}

/* u (squeeze, n*n) = w (squeeze, n) * cube with the branch's axis as rows. */
static void project(const cnn2d_t *net, int axis, const float *w, const float *cube, float *u) {
  const ecd_backend_t *be = net->net->backend;
  const int64_t n = net->n, area = n * n, s = net->squeeze;
  if (axis == 0) be->gemm(false, false, s, area, n, w, n, cube, area, 0.0f, u, area);
  if (axis == 2) be->gemm(false, true, s, area, n, w, n, cube, n, 0.0f, u, area);
  for (int64_t x = 0; axis == 1 && x < n; ++x)
    be->gemm(false, false, s, n, n, w, n, cube + x * area, n, 0.0f, u + x * n, area);
}

/* dw (squeeze, n) += du (squeeze, n*n) * transposed projection of the cube. */
static void project_backward(const cnn2d_t *net, int axis, const float *du, const float *cube,
                             float *dw) {
  const ecd_backend_t *be = net->net->backend;
  const int64_t n = net->n, area = n * n, s = net->squeeze;
  if (axis == 0) be->gemm(false, true, s, n, area, du, area, cube, area, 1.0f, dw, n);
  if (axis == 2) be->gemm(false, false, s, n, area, du, area, cube, n, 1.0f, dw, n);
  for (int64_t x = 0; axis == 1 && x < n; ++x)
    be->gemm(false, true, s, n, n, du + x * n, area, cube + x * area, n, 1.0f, dw, n);
}

static float *scratch(const cnn2d_t *net) {
  return net->scratch + (size_t)omp_get_thread_num() * net->scratch_size;
}

static void sample_forward(const cnn2d_t *net, branch_t *br, size_t b, const float *cube) {
  const ecd_backend_t *be = net->net->backend;
  const float *slab = net->net->parameters;
  const int64_t n = net->n, s = net->squeeze, e = net->excite, i = (int64_t)b;
  const int64_t size = s * net->k1 * net->k1, positions = net->map1 * net->map1;
  float *u = br->u + i * s * n * n, *mean = br->mean + i * s, *hidden = br->hidden + i * e;
  float *scale = br->scale + i * s, *y1 = br->y1 + i * positions * net->c1;
  float *tile = scratch(net), *pooled = tile + positions * size;
  project(net, br->axis, slab + br->offset[SQUEEZE_W], cube, u);
  be->plane_bias_relu(s, n * n, slab + br->offset[SQUEEZE_B], u, mean);
  be->gemm(false, true, 1, e, s, mean, s, slab + br->offset[SE1_W], s, 0.0f, hidden, e);
  be->bias_act(1, e, slab + br->offset[SE1_B], ECD_ACT_RELU, hidden);
  be->gemm(false, true, 1, s, e, hidden, e, slab + br->offset[SE2_W], e, 0.0f, scale, s);
  be->bias_act(1, s, slab + br->offset[SE2_B], ECD_ACT_SIGMOID, scale);
  be->tile(s, n, n, net->k1, u, scale, tile);
  be->gemm(false, true, positions, net->c1, size, tile, size, slab + br->offset[CONV1_W], size,
           0.0f, y1, net->c1);
  be->bias_act(positions, net->c1, slab + br->offset[CONV1_B], ECD_ACT_RELU, y1);
  be->pool(&net->pool, ECD_POOL_MAX, y1, pooled,
           br->from + i * ecd_window_out(&net->pool) * net->c1);
  be->im2col(&net->conv2, pooled,
             br->column +
                 i * ecd_window_out(&net->conv2) * ecd_window_kernel(&net->conv2) * net->c1);
}

static void forward(void *self, size_t batch, const float *const *input, float *features) {
  cnn2d_t *net = self;
  const ecd_backend_t *be = net->net->backend;
  const float *slab = net->net->parameters;
  const int64_t out = ecd_window_out(&net->conv2), k = ecd_window_kernel(&net->conv2) * net->c1;
  const int64_t rows = (int64_t)batch * out, width = net->net->width[0];
#pragma omp parallel for schedule(static)
  for (size_t b = 0; b < batch; ++b)
    for (int a = 0; a < 3; ++a) sample_forward(net, &net->branch[a], b, input[b]);
  for (int a = 0; a < 3; ++a) {
    branch_t *br = &net->branch[a];
    be->gemm(false, true, rows, net->c2, k, br->column, k, slab + br->offset[CONV2_W], k, 0.0f,
             br->y2, net->c2);
    be->bias_act(rows, net->c2, slab + br->offset[CONV2_B], ECD_ACT_RELU, br->y2);
    for (int64_t b = 0; b < (int64_t)batch; ++b)
      for (int64_t p = 0; p < out; ++p)
        for (int64_t c = 0; c < net->c2; ++c)
          features[b * width + (a * net->c2 + c) * out + p] = br->y2[(b * out + p) * net->c2 + c];
  }
}

/* Gradients of everything before conv2 for one sample, added to part (laid out as the branch's slab). */
static void sample_backward(const cnn2d_t *net, branch_t *br, size_t b, const float *cube,
                            float *part) {
  const ecd_backend_t *be = net->net->backend;
  const float *slab = net->net->parameters;
  const int64_t n = net->n, s = net->squeeze, e = net->excite, i = (int64_t)b;
  const int64_t size = s * net->k1 * net->k1, positions = net->map1 * net->map1;
  const int64_t pooled = ecd_window_out(&net->pool) * net->c1;
  const float *u = br->u + i * s * n * n, *scale = br->scale + i * s, *hidden = br->hidden + i * e;
  const float *y1 = br->y1 + i * positions * net->c1;
  float *tile = scratch(net), *du = tile + positions * size, *dy1 = du + s * n * n;
  float *dpooled = dy1 + positions * net->c1, *dscale = dpooled + pooled, *dmean = dscale + s;
  float *dhidden = dmean + s, *grad[TENSORS];
  for (int t = 0; t < TENSORS; ++t) grad[t] = part + (br->offset[t] - br->offset[0]);

  be->col2im(&net->conv2,
             net->dcolumn +
                 i * ecd_window_out(&net->conv2) * ecd_window_kernel(&net->conv2) * net->c1,
             dpooled);
  be->pool_backward(&net->pool, ECD_POOL_MAX, dpooled, br->from + i * pooled, dy1);
  be->act_backward(positions * net->c1, ECD_ACT_RELU, y1, dy1);
  be->tile(s, n, n, net->k1, u, scale, tile);
  be->gemm(true, false, net->c1, size, positions, dy1, net->c1, tile, size, 1.0f, grad[CONV1_W],
           size);
  be->column_sum(positions, net->c1, dy1, true, grad[CONV1_B]);
  be->gemm(false, false, positions, size, net->c1, dy1, net->c1, slab + br->offset[CONV1_W], size,
           0.0f, tile, size);
  be->tile_scale_backward(s, n, n, net->k1, tile, u, dscale);
  be->act_backward(s, ECD_ACT_SIGMOID, scale, dscale);
  be->gemm(true, false, s, e, 1, dscale, s, hidden, e, 1.0f, grad[SE2_W], e);
  be->add(s, dscale, grad[SE2_B]);
  be->gemm(false, false, 1, e, s, dscale, s, slab + br->offset[SE2_W], e, 0.0f, dhidden, e);
  be->act_backward(e, ECD_ACT_RELU, hidden, dhidden);
  be->gemm(true, false, e, s, 1, dhidden, e, br->mean + i * s, s, 1.0f, grad[SE1_W], s);
  be->add(e, dhidden, grad[SE1_B]);
  be->gemm(false, false, 1, s, e, dhidden, e, slab + br->offset[SE1_W], s, 0.0f, dmean, s);
  be->tile_backward(s, n, n, net->k1, tile, u, scale, dmean, du, grad[SQUEEZE_B]);
  project_backward(net, br->axis, du, cube, grad[SQUEEZE_W]);
}

static void branch_backward(cnn2d_t *net, int a, size_t batch, const float *const *input,
                            const float *dfeatures) {
  const ecd_backend_t *be = net->net->backend;
  branch_t *br = &net->branch[a];
  float *slab = net->net->gradients;
  const int64_t out = ecd_window_out(&net->conv2), k = ecd_window_kernel(&net->conv2) * net->c1;
  const int64_t rows = (int64_t)batch * out, width = net->net->width[0];
  for (int64_t b = 0; b < (int64_t)batch; ++b)
    for (int64_t p = 0; p < out; ++p)
      for (int64_t c = 0; c < net->c2; ++c)
        net->dy2[(b * out + p) * net->c2 + c] = dfeatures[b * width + (a * net->c2 + c) * out + p];
  be->act_backward(rows * net->c2, ECD_ACT_RELU, br->y2, net->dy2);
  be->gemm(true, false, net->c2, k, rows, net->dy2, net->c2, br->column, k, 0.0f,
           slab + br->offset[CONV2_W], k);
  be->column_sum(rows, net->c2, net->dy2, false, slab + br->offset[CONV2_B]);
  be->gemm(false, false, rows, k, net->c2, net->dy2, net->c2,
           net->net->parameters + br->offset[CONV2_W], k, 0.0f, net->dcolumn, k);

  const size_t count = br->offset[CONV2_W] - br->offset[0];
  memset(net->part, 0, net->threads * count * sizeof *net->part);
#pragma omp parallel for schedule(static)
  for (size_t b = 0; b < batch; ++b)
    sample_backward(net, br, b, input[b], net->part + (size_t)omp_get_thread_num() * count);
  memcpy(slab + br->offset[0], net->part, count * sizeof *slab);
  for (size_t t = 1; t < net->threads; ++t)
    be->add((int64_t)count, net->part + t * count, slab + br->offset[0]);
}

static void backward(void *self, size_t batch, const float *const *input, const float *dfeatures,
                     ecd_ready_fn *ready, void *arg) {
  cnn2d_t *net = self;
  for (int a = 2; a >= 0; --a) {
    branch_backward(net, a, batch, input, dfeatures);
    const branch_t *br = &net->branch[a];
    if (ready != NULL) ready(br->offset[0], br->offset[TENSORS] - br->offset[0], arg);
  }
}

static void destroy(void *self) {
  cnn2d_t *net = self;
  for (int a = 0; a < 3; ++a) {
    branch_t *br = &net->branch[a];
    float *owned[] = {br->u, br->mean, br->hidden, br->scale, br->y1, br->column, br->y2};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; ++i) free(owned[i]);
    free(br->from);
  }
  free(net->scratch);
  free(net->dy2);
  free(net->dcolumn);
  free(net->part);
  free(net);
}

static double multiplies(const void *self, bool executed, bool training) {
  (void)executed;
  const cnn2d_t *net = self;
  const double squeeze = (double)(net->n * net->n * net->n * net->squeeze);
  const double se = 2.0 * (double)(net->squeeze * net->excite);
  const double conv1 = (double)(net->map1 * net->map1 * net->squeeze * net->k1 * net->k1 * net->c1);
  const double conv2 =
      (double)(ecd_window_out(&net->conv2) * ecd_window_kernel(&net->conv2) * net->c1 * net->c2);
  return 3 * (training ? 2 * squeeze + 3 * (se + conv1 + conv2) : squeeze + se + conv1 + conv2);
}

static const ecd_extractor_t extractor = {.prepare = prepare,
                                          .forward = forward,
                                          .backward = backward,
                                          .destroy = destroy,
                                          .multiplies = multiplies};

static ecd_code_t plan(const ecd_model_settings_t *settings, cnn2d_t *net, ecd_error_t *err) {
  net->squeeze = settings->cnn2d.squeeze;
  net->excite = settings->cnn2d.excite;
  net->k1 = settings->cnn2d.conv1_kernel;
  net->c1 = settings->cnn2d.conv1_filters;
  net->c2 = settings->cnn2d.conv2_filters;
  const int64_t kp = settings->cnn2d.pool_kernel, k2 = settings->cnn2d.conv2_kernel;
  const int64_t stride = settings->cnn2d.conv2_stride;
  net->map1 = net->n / net->k1;
  const int64_t pooled = ecd_window_count(net->map1, kp, kp, false);
  const int64_t out = ecd_window_count(pooled, k2, stride, false);
  if (out < 1)
    return ecd_fail(
        err, ECD_USAGE,
        "model.cnn2d: a grid of %lld with conv1_kernel %lld, pool_kernel %lld, conv2_kernel "
        "%lld leaves nothing; expected smaller kernels or a larger prep.grid",
        (long long)net->n, (long long)net->k1, (long long)kp, (long long)k2);
  net->pool = (ecd_window_t){.in = {1, net->map1, net->map1},
                             .kernel = {1, kp, kp},
                             .stride = {1, kp, kp},
                             .out = {1, pooled, pooled},
                             .channels = net->c1};
  net->conv2 = (ecd_window_t){.in = {1, pooled, pooled},
                              .kernel = {1, k2, k2},
                              .stride = {1, stride, stride},
                              .out = {1, out, out},
                              .channels = net->c1};
  return ECD_OK;
}

static void add_branch(cnn2d_t *net, branch_t *br, char letter) {
  const int64_t s = net->squeeze, e = net->excite, k1 = net->k1, k2 = net->conv2.kernel[1];
  const struct {
    const char *name;
    int rank;
    int64_t shape[4];
  } tensor[TENSORS] = {[SQUEEZE_W] = {"squeeze.weight", 4, {s, net->n, 1, 1}},
                       [SQUEEZE_B] = {"squeeze.bias", 1, {s}},
                       [SE1_W] = {"se1.weight", 2, {e, s}},
                       [SE1_B] = {"se1.bias", 1, {e}},
                       [SE2_W] = {"se2.weight", 2, {s, e}},
                       [SE2_B] = {"se2.bias", 1, {s}},
                       [CONV1_W] = {"conv1.weight", 4, {net->c1, s, k1, k1}},
                       [CONV1_B] = {"conv1.bias", 1, {net->c1}},
                       [CONV2_W] = {"conv2.weight", 4, {net->c2, k2, k2, net->c1}},
                       [CONV2_B] = {"conv2.bias", 1, {net->c2}}};
  for (int t = 0; t < TENSORS; ++t) {
    char name[32];
    snprintf(name, sizeof name, "%c.%s", letter, tensor[t].name);
    const size_t i =
        ecd_net_add_tensor(net->net, name, tensor[t].rank, tensor[t].shape, t == CONV2_W);
    br->offset[t] = net->net->tensor[i].offset;
  }
  br->offset[TENSORS] = net->net->count;
}

static ecd_code_t allocate_branch(cnn2d_t *net, branch_t *br, size_t batch, ecd_error_t *err) {
  const size_t s = (size_t)net->squeeze, area = (size_t)(net->n * net->n), c1 = (size_t)net->c1;
  const size_t out = (size_t)ecd_window_out(&net->conv2);
  ECD_TRY(ecd_net_buffer(&br->u, batch * s * area, "squeezed planes", err));
  ECD_TRY(ecd_net_buffer(&br->mean, batch * s, "plane means", err));
  ECD_TRY(ecd_net_buffer(&br->hidden, batch * (size_t)net->excite, "excitation", err));
  ECD_TRY(ecd_net_buffer(&br->scale, batch * s, "channel scales", err));
  ECD_TRY(
      ecd_net_buffer(&br->y1, batch * (size_t)(net->map1 * net->map1) * c1, "conv1 output", err));
  ECD_TRY(ecd_alloc((void **)&br->from, batch * (size_t)ecd_window_out(&net->pool) * c1,
                    sizeof *br->from, "pool indices", err));
  ECD_TRY(ecd_net_buffer(&br->column, batch * out * (size_t)ecd_window_kernel(&net->conv2) * c1,
                         "conv2 patches", err));
  return ecd_net_buffer(&br->y2, batch * out * (size_t)net->c2, "conv2 output", err);
}

static ecd_code_t allocate(cnn2d_t *net, size_t batch, ecd_error_t *err) {
  const int64_t positions = net->map1 * net->map1;
  const size_t out = (size_t)ecd_window_out(&net->conv2);
  net->threads = (size_t)omp_get_max_threads();
  net->scratch_size =
      (size_t)(positions * net->squeeze * net->k1 * net->k1 + net->squeeze * net->n * net->n +
               positions * net->c1 + ecd_window_out(&net->pool) * net->c1 + 2 * net->squeeze +
               net->excite);
  ECD_TRY(ecd_net_buffer(&net->scratch, net->threads * net->scratch_size, "scratch", err));
  ECD_TRY(ecd_net_buffer(&net->dy2, batch * out * (size_t)net->c2, "conv2 gradient", err));
  ECD_TRY(ecd_net_buffer(&net->dcolumn,
                         batch * out * (size_t)(ecd_window_kernel(&net->conv2) * net->c1),
                         "conv2 patch gradient", err));
  for (int a = 0; a < 3; ++a) ECD_TRY(allocate_branch(net, &net->branch[a], batch, err));
  const size_t count = net->branch[0].offset[CONV2_W] - net->branch[0].offset[0];
  return ecd_net_buffer(&net->part, net->threads * count, "branch gradients", err);
}

ecd_code_t ecd_cnn2d_create(const ecd_model_settings_t *settings, ecd_net_t *net,
                            ecd_error_t *err) {
  cnn2d_t *self;
  ECD_TRY(ecd_alloc((void **)&self, 1, sizeof *self, "network", err));
  net->extractor = &extractor;
  net->self = self;
  self->net = net;
  self->n = net->n;
  ECD_TRY(plan(settings, self, err));
  for (int a = 0; a < 3; ++a) {
    self->branch[a].axis = a;
    add_branch(self, &self->branch[a], (char)('x' + a));
  }
  net->input_size = (size_t)(self->n * self->n * self->n);
  net->width[0] = 3 * self->c2 * ecd_window_out(&self->conv2);
  return allocate(self, net->max_batch, err);
}
