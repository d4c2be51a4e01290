/* 2D-CNN on three projections: in each branch one axis of the cube is the channel axis. A branch: 1x1 convolution with
   ReLU (U), squeeze-and-excitation, convolution with stride = kernel, max pool, general convolution.
   U is written channels-last and tile by tile, so that it is the next convolution's patch matrix; the channel scales go
   into a copy of that convolution's weights rather than into U. No axis of the cube is permuted. */
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
  int32_t *pixel; /* (n * n): where a pixel begins in the cube; tiles first, then the rest */
  ecd_projection_t projection;
  float *weight; /* (n, squeeze): squeeze.weight transposed */
  float *u;      /* (max_batch, n * n, squeeze) */
  float *mean, *hidden,
      *scale;     /* (max_batch, squeeze), (max_batch, excite), (max_batch, squeeze) */
  float *y1;      /* (max_batch, map1^2, c1) */
  int32_t *from;  /* (max_batch, pooled positions, c1) */
  float *column;  /* (max_batch, out positions, k2^2 c1): patches of conv2 */
  float *dcolumn; /* as column */
  float *y2;      /* (max_batch, out positions, c2) */
} branch_t;

typedef struct {
  ecd_net_t *net;
  int64_t n, squeeze, excite, k1, c1, c2, map1;
  ecd_window_t pool, conv2;
  branch_t branch[3];
  size_t threads, scratch_size;
  float *scratch; /* (threads, scratch_size) */
  float *dy2;     /* (max_batch, out positions, c2) */
  float *part;    /* (threads, 3, branch parameters before conv2), squeeze.weight transposed */
} cnn2d_t;

static void prepare(const void *self, const ecd_net_sample_t *sample, float *prepared) {
  const cnn2d_t *net = self;
  memcpy(prepared, sample->volume, (size_t)(net->n * net->n * net->n) * sizeof *prepared);
}

/* to (columns, rows) = from (rows, columns) transposed. */
static void transpose(int64_t rows, int64_t columns, const float *from, float *to) {
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < columns; ++j) to[j * rows + i] = from[i * columns + j];
}

static float *scratch(const cnn2d_t *net) {
  return net->scratch + (size_t)omp_get_thread_num() * net->scratch_size;
}

static void sample_forward(const cnn2d_t *net, branch_t *br, size_t b, const float *cube) {
  const ecd_backend_t *be = net->net->backend;
  const float *slab = net->net->parameters;
  const int64_t n = net->n, s = net->squeeze, e = net->excite, i = (int64_t)b;
  const int64_t window = net->k1 * net->k1, size = s * window;
  const int64_t positions = net->map1 * net->map1;
  float *u = br->u + i * s * n * n, *mean = br->mean + i * s, *hidden = br->hidden + i * e;
  float *scale = br->scale + i * s, *y1 = br->y1 + i * positions * net->c1;
  float *scaled = scratch(net), *pooled = scaled + net->c1 * size;
  be->project(&br->projection, cube, br->weight, slab + br->offset[SQUEEZE_B], u, mean);
  be->gemm(false, true, 1, e, s, mean, s, slab + br->offset[SE1_W], s, 0.0f, hidden, e);
  be->bias_act(1, e, slab + br->offset[SE1_B], ECD_ACT_RELU, hidden);
  be->gemm(false, true, 1, s, e, hidden, e, slab + br->offset[SE2_W], e, 0.0f, scale, s);
  be->bias_act(1, s, slab + br->offset[SE2_B], ECD_ACT_SIGMOID, scale);
  be->scale_columns(net->c1 * window, s, scale, slab + br->offset[CONV1_W], scaled);
  be->gemm(false, true, positions, net->c1, size, u, size, scaled, size, 0.0f, y1, net->c1);
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
  for (int a = 0; a < 3; ++a)
    transpose(net->squeeze, net->n, slab + net->branch[a].offset[SQUEEZE_W], net->branch[a].weight);
#pragma omp parallel for schedule(static)
  for (size_t b = 0; b < batch; ++b)
    for (int a = 2; a >= 0; --a) sample_forward(net, &net->branch[a], b, input[b]);
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

/* Back through the excitation: dscale (squeeze) becomes the gradient of its input, dmean (squeeze) of the means. */
static void excitation_backward(const cnn2d_t *net, const branch_t *br, size_t b, float *dscale,
                                float *dhidden, float *dmean, float *const grad[TENSORS]) {
  const ecd_backend_t *be = net->net->backend;
  const float *slab = net->net->parameters;
  const int64_t s = net->squeeze, e = net->excite, i = (int64_t)b;
  const float *hidden = br->hidden + i * e, *mean = br->mean + i * s;
  be->act_backward(s, ECD_ACT_SIGMOID, br->scale + i * s, dscale);
  be->gemm(true, false, s, e, 1, dscale, s, hidden, e, 1.0f, grad[SE2_W], e);
  be->add(s, dscale, grad[SE2_B]);
  be->gemm(false, false, 1, e, s, dscale, s, slab + br->offset[SE2_W], e, 0.0f, dhidden, e);
  be->act_backward(e, ECD_ACT_RELU, hidden, dhidden);
  be->gemm(true, false, e, s, 1, dhidden, e, mean, s, 1.0f, grad[SE1_W], s);
  be->add(e, dhidden, grad[SE1_B]);
  be->gemm(false, false, 1, s, e, dhidden, e, slab + br->offset[SE1_W], s, 0.0f, dmean, s);
}

/* Gradients of everything before conv2 for one sample, added to part (laid out as the branch's slab, squeeze.weight
   transposed). The gradient dy1 of conv1's output is zero but for the maxima of the pool. */
static void sample_backward(const cnn2d_t *net, const branch_t *br, size_t b, const float *cube,
                            float *part) {
  const ecd_backend_t *be = net->net->backend;
  const float *w1 = net->net->parameters + br->offset[CONV1_W];
  const int64_t area = net->n * net->n, s = net->squeeze, c1 = net->c1, i = (int64_t)b;
  const int64_t window = net->k1 * net->k1, size = s * window;
  const int64_t positions = net->map1 * net->map1, pooled = ecd_window_out(&net->pool) * c1;
  const int64_t patches = ecd_window_out(&net->conv2) * ecd_window_kernel(&net->conv2) * c1;
  const float *u = br->u + i * s * area, *scale = br->scale + i * s;
  float *scaled = scratch(net), *du = scaled + c1 * size, *dy1 = du + s * area;
  float *dpooled = dy1 + positions * c1, *dscale = dpooled + pooled, *dmean = dscale + s;
  float *dhidden = dmean + s, *work = dhidden + net->excite, *grad[TENSORS];
  for (int t = 0; t < TENSORS; ++t) grad[t] = part + (br->offset[t] - br->offset[0]);

  be->col2im(&net->conv2, br->dcolumn + i * patches, dpooled);
  be->pool_backward(&net->pool, ECD_POOL_MAX, dpooled, br->from + i * pooled, dy1);
  be->act_backward(positions * c1, ECD_ACT_RELU, br->y1 + i * positions * c1, dy1);
  be->gemm_sparse(true, c1, size, positions, dy1, c1, u, size, false, scaled, size, work);
  be->scale_columns_backward(c1 * window, s, scale, w1, scaled, grad[CONV1_W], dscale);
  be->column_sum(positions, c1, dy1, true, grad[CONV1_B]);
  excitation_backward(net, br, b, dscale, dhidden, dmean, grad);
  for (int64_t c = 0; c < s; ++c) dmean[c] /= (float)area;
  be->scale_columns(c1 * window, s, scale, w1, scaled);
  be->gemm_sparse(false, positions, size, c1, dy1, c1, scaled, size, false, du, size, work);
  memset(du + positions * size, 0, (size_t)(area * s - positions * size) * sizeof *du);
  be->relu_mean_backward(area, s, u, dmean, du, grad[SQUEEZE_B]);
  be->project_backward(&br->projection, cube, du, grad[SQUEEZE_W]);
}

/* Gradients of conv2, and of its patches into dcolumn. */
static void conv2_backward(cnn2d_t *net, int a, size_t batch, const float *dfeatures) {
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
           net->net->parameters + br->offset[CONV2_W], k, 0.0f, br->dcolumn, k);
}

/* The three branches of a sample run one after the other while its cube is in the cache; the axis along which the cube
   is read in order comes first. */
static void backward(void *self, size_t batch, const float *const *input, const float *dfeatures,
                     ecd_ready_fn *ready, void *arg) {
  cnn2d_t *net = self;
  float *slab = net->net->gradients;
  for (int a = 0; a < 3; ++a) conv2_backward(net, a, batch, dfeatures);
  const size_t count = net->branch[0].offset[CONV2_W] - net->branch[0].offset[0];
  memset(net->part, 0, net->threads * 3 * count * sizeof *net->part);
#pragma omp parallel for schedule(static)
  for (size_t b = 0; b < batch; ++b)
    for (int a = 2; a >= 0; --a)
      sample_backward(net, &net->branch[a], b, input[b],
                      net->part + ((size_t)omp_get_thread_num() * 3 + (size_t)a) * count);
  for (size_t t = 1; t < net->threads; ++t)
    net->net->backend->add(3 * (int64_t)count, net->part + t * 3 * count, net->part);
  for (int a = 2; a >= 0; --a) {
    const branch_t *br = &net->branch[a];
    const float *part = net->part + (size_t)a * count;
    memcpy(slab + br->offset[0], part, count * sizeof *slab);
    transpose(net->n, net->squeeze, part, slab + br->offset[SQUEEZE_W]);
    if (ready != NULL) ready(br->offset[0], br->offset[TENSORS] - br->offset[0], arg);
  }
}

static void destroy(void *self) {
  cnn2d_t *net = self;
  for (int a = 0; a < 3; ++a) {
    branch_t *br = &net->branch[a];
    float *owned[] = {br->weight, br->u,      br->mean,    br->hidden, br->scale,
                      br->y1,     br->column, br->dcolumn, br->y2};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; ++i) free(owned[i]);
    free(br->from);
    free(br->pixel);
  }
  free(net->scratch);
  free(net->dy2);
  free(net->part);
  free(net);
}

static double multiplies(const void *self, bool executed, bool training) {
  const cnn2d_t *net = self;
  const int64_t window1 = net->squeeze * net->k1 * net->k1 * net->c1;
  const double squeeze = (double)(net->n * net->n * net->n * net->squeeze);
  const double se = 2.0 * (double)(net->squeeze * net->excite);
  const double conv1 = (double)(net->map1 * net->map1 * window1);
  const double conv2 =
      (double)(ecd_window_out(&net->conv2) * ecd_window_kernel(&net->conv2) * net->c1 * net->c2);
  /* Each pooled value sends its gradient to one position. */
  const double back1 = executed ? (double)(ecd_window_out(&net->pool) * window1) : conv1;
  if (!training) return 3 * (squeeze + se + conv1 + conv2);
  return 3 * (2 * squeeze + 3 * (se + conv2) + conv1 + 2 * back1);
}

static void mean_map(const void *self, size_t b, int axis, float *map) {
  const cnn2d_t *net = self;
  const branch_t *br = &net->branch[axis];
  const int64_t s = net->squeeze, n = net->n, i = (int64_t)b;
  const float *u = br->u + i * s * n * n, *scale = br->scale + i * s;
  for (int64_t p = 0; p < n * n; ++p) {
    double sum = 0;
    for (int64_t c = 0; c < s; ++c) sum += (double)(u[p * s + c] * scale[c]);
    const int64_t at = br->pixel[p]; /* in the cube, with 0 along the channel axis */
    const int64_t row = axis == 0 ? at / n : at / (n * n), column = axis == 2 ? at / n % n : at % n;
    map[row * n + column] = (float)(sum / (double)s);
  }
}

static const ecd_extractor_t extractor = {.prepare = prepare,
                                          .forward = forward,
                                          .backward = backward,
                                          .map = mean_map,
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
                       [CONV1_W] = {"conv1.weight", 4, {net->c1, k1, k1, s}},
                       [CONV1_B] = {"conv1.bias", 1, {net->c1}},
                       [CONV2_W] = {"conv2.weight", 4, {net->c2, k2, k2, net->c1}},
                       [CONV2_B] = {"conv2.bias", 1, {net->c2}}};
  for (int t = 0; t < TENSORS; ++t) {
    char name[32];
    snprintf(name, sizeof name, "%c.%s", letter, tensor[t].name);
    const bool channels_last = t == CONV1_W || t == CONV2_W;
    const size_t i =
        ecd_net_add_tensor(net->net, name, tensor[t].rank, tensor[t].shape, channels_last);
    br->offset[t] = net->net->tensor[i].offset;
  }
  br->offset[TENSORS] = net->net->count;
}

/* Where pixel (a, b) of the branch's planes begins in the cube. */
static int64_t pixel_start(const cnn2d_t *net, int axis, int64_t a, int64_t b) {
  const int64_t n = net->n;
  if (axis == 0) return a * n + b;
  return axis == 1 ? a * n * n + b : (a * n + b) * n;
}

static void order_pixels(const cnn2d_t *net, branch_t *br) {
  const int64_t n = net->n, k1 = net->k1, tiled = net->map1 * k1;
  const int64_t stride[] = {n * n, n, 1};
  br->projection = (ecd_projection_t){.pixels = n * n,
                                      .depth = n,
                                      .channels = net->squeeze,
                                      .stride = stride[br->axis],
                                      .offset = br->pixel};
  int64_t rest = tiled * tiled;
  for (int64_t a = 0; a < n; ++a)
    for (int64_t b = 0; b < n; ++b) {
      const int64_t tile = a / k1 * net->map1 + b / k1;
      const bool inside = a < tiled && b < tiled;
      const int64_t place = inside ? (tile * k1 + a % k1) * k1 + b % k1 : rest++;
      br->pixel[place] = (int32_t)pixel_start(net, br->axis, a, b);
    }
}

static ecd_code_t allocate_branch(cnn2d_t *net, branch_t *br, size_t batch, ecd_error_t *err) {
  const size_t s = (size_t)net->squeeze, area = (size_t)(net->n * net->n), c1 = (size_t)net->c1;
  const size_t out = (size_t)ecd_window_out(&net->conv2);
  ECD_TRY(ecd_alloc((void **)&br->pixel, area, sizeof *br->pixel, "pixel order", err));
  order_pixels(net, br);
  ECD_TRY(ecd_net_buffer(&br->weight, s * (size_t)net->n, "squeeze weights", err));
  ECD_TRY(ecd_net_buffer(&br->u, batch * s * area, "squeezed planes", err));
  ECD_TRY(ecd_net_buffer(&br->mean, batch * s, "plane means", err));
  ECD_TRY(ecd_net_buffer(&br->hidden, batch * (size_t)net->excite, "excitation", err));
  ECD_TRY(ecd_net_buffer(&br->scale, batch * s, "channel scales", err));
  ECD_TRY(
      ecd_net_buffer(&br->y1, batch * (size_t)(net->map1 * net->map1) * c1, "conv1 output", err));
  ECD_TRY(ecd_alloc((void **)&br->from, batch * (size_t)ecd_window_out(&net->pool) * c1,
                    sizeof *br->from, "pool indices", err));
  const size_t patches = batch * out * (size_t)(ecd_window_kernel(&net->conv2) * net->c1);
  ECD_TRY(ecd_net_buffer(&br->column, patches, "conv2 patches", err));
  ECD_TRY(ecd_net_buffer(&br->dcolumn, patches, "conv2 patch gradients", err));
  return ecd_net_buffer(&br->y2, batch * out * (size_t)net->c2, "conv2 output", err);
}

static ecd_code_t allocate(cnn2d_t *net, size_t batch, ecd_error_t *err) {
  const int64_t positions = net->map1 * net->map1;
  const size_t out = (size_t)ecd_window_out(&net->conv2);
  net->threads = (size_t)omp_get_max_threads();
  const size_t weights = ecd_sparse_work(net->c1, positions);
  const size_t inputs = ecd_sparse_work(positions, net->c1);
  net->scratch_size =
      (size_t)(net->c1 * net->squeeze * net->k1 * net->k1 + net->squeeze * net->n * net->n +
               positions * net->c1 + ecd_window_out(&net->pool) * net->c1 + 2 * net->squeeze +
               net->excite) +
      (weights > inputs ? weights : inputs);
  ECD_TRY(ecd_net_buffer(&net->scratch, net->threads * net->scratch_size, "scratch", err));
  ECD_TRY(ecd_net_buffer(&net->dy2, batch * out * (size_t)net->c2, "conv2 gradient", err));
  for (int a = 0; a < 3; ++a) ECD_TRY(allocate_branch(net, &net->branch[a], batch, err));
  const size_t count = net->branch[0].offset[CONV2_W] - net->branch[0].offset[0];
  return ecd_net_buffer(&net->part, net->threads * 3 * count, "branch gradients", err);
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
