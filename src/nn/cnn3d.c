/* 3D-CNN: two convolutions whose stride is their kernel size, max pooling.
   Volumes are gathered once into the order in which the first convolution's output is the second's patch
   matrix: rows (q, i) with q the position in the second layer's map and i the position inside its patch, columns the
   voxels of the first layer's patch. Both convolutions are then plain GEMMs with no gather between them. */
#include "nn/net_private.h"

#include <omp.h>
#include <stdlib.h>
#include <string.h>

/* Samples whose gradient of the first layer's output is held at a time, and rows of that output which stay in the
   second-level cache between a product and what follows it. */
enum { GROUP = 8, ROWS = 384 };

typedef struct {
  ecd_net_t *net;
  int64_t n, k1, k2, c1, c2;
  int64_t map2;         /* second layer's map edge as the article writes it */
  int64_t used;         /* edge of that map which reaches the output; the rest is not computed */
  int64_t positions;    /* used^3 */
  int64_t inner, patch; /* k2^3, k1^3 */
  ecd_window_t pool;
  size_t w1, b1, w2, b2; /* offsets in the slab */
  size_t threads;
  float *y1;     /* (max_batch, positions, inner, c1) */
  float *y2;     /* (max_batch, positions, c2) */
  float *dy1;    /* (GROUP, positions, inner, c1) */
  float *dy2;    /* as y2 */
  float *pooled; /* (max_batch, out positions, c2) */
  int32_t *from; /* as pooled */
  float *part;   /* (threads, c1 * patch + c1): gradients of the first layer */
  float *work;   /* of the sparse products with dy2, zero but for the maxima of the pool */
} cnn3d_t;

static void prepare(const void *self, const ecd_net_sample_t *sample, float *prepared) {
  const cnn3d_t *net = self;
  const int64_t n = net->n, k1 = net->k1, k2 = net->k2, u = net->used;
  for (int64_t row = 0; row < net->positions * net->inner; ++row) {
    const int64_t q = row / net->inner, i = row % net->inner;
    const int64_t z = (q / (u * u) * k2 + i / (k2 * k2)) * k1;
    const int64_t y = (q / u % u * k2 + i / k2 % k2) * k1;
    const int64_t x = (q % u * k2 + i % k2) * k1;
    for (int64_t a = 0; a < k1; ++a)
      for (int64_t b = 0; b < k1; ++b, prepared += k1)
        memcpy(prepared, sample->volume + ((z + a) * n + y + b) * n + x,
               (size_t)k1 * sizeof *prepared);
  }
}

static void pool_forward(cnn3d_t *net, size_t sample, float *features) {
  const int64_t out = ecd_window_out(&net->pool), c2 = net->c2;
  float *pooled = net->pooled + (int64_t)sample * out * c2;
  net->net->backend->pool(&net->pool, ECD_POOL_MAX, net->y2 + (int64_t)sample * net->positions * c2,
                          pooled, net->from + (int64_t)sample * out * c2);
  for (int64_t p = 0; p < out; ++p)
    for (int64_t c = 0; c < c2; ++c) features[c * out + p] = pooled[p * c2 + c];
}

static int64_t block_rows(int64_t rows, int64_t first) {
  return rows - first < ROWS ? rows - first : ROWS;
}

static void first_layer_forward(const cnn3d_t *net, const float *input, float *y1) {
  const ecd_backend_t *be = net->net->backend;
  const float *slab = net->net->parameters;
  const int64_t rows = net->positions * net->inner, c1 = net->c1;
  for (int64_t i = 0; i < rows; i += ROWS) {
    const int64_t count = block_rows(rows, i);
    be->gemm(false, true, count, c1, net->patch, input + i * net->patch, net->patch, slab + net->w1,
             net->patch, 0.0f, y1 + i * c1, c1);
    be->bias_act(count, c1, slab + net->b1, ECD_ACT_RELU, y1 + i * c1);
  }
}

static void forward(void *self, size_t batch, const float *const *input, float *features) {
  cnn3d_t *net = self;
  const ecd_backend_t *be = net->net->backend;
  const float *slab = net->net->parameters;
  const int64_t k = net->inner * net->c1, width = ecd_window_out(&net->pool) * net->c2;
#pragma omp parallel for schedule(static)
  for (size_t b = 0; b < batch; ++b)
    first_layer_forward(net, input[b], net->y1 + (int64_t)b * net->positions * k);
  const int64_t all = (int64_t)batch * net->positions;
  be->gemm(false, true, all, net->c2, k, net->y1, k, slab + net->w2, k, 0.0f, net->y2, net->c2);
  be->bias_act(all, net->c2, slab + net->b2, ECD_ACT_RELU, net->y2);
#pragma omp parallel for schedule(static)
  for (size_t b = 0; b < batch; ++b) pool_forward(net, b, features + (int64_t)b * width);
}

static void pool_backward(cnn3d_t *net, size_t sample, const float *dfeatures) {
  const int64_t out = ecd_window_out(&net->pool), c2 = net->c2;
  const int64_t at = (int64_t)sample * net->positions * c2;
  float *dpooled = net->pooled + (int64_t)sample * out * c2;
  for (int64_t p = 0; p < out; ++p)
    for (int64_t c = 0; c < c2; ++c) dpooled[p * c2 + c] = dfeatures[c * out + p];
  const ecd_backend_t *be = net->net->backend;
  be->pool_backward(&net->pool, ECD_POOL_MAX, dpooled, net->from + (int64_t)sample * out * c2,
                    net->dy2 + at);
  be->act_backward(net->positions * c2, ECD_ACT_RELU, net->y2 + at, net->dy2 + at);
}

/* First layer's gradients of one sample, added to part (c1 * patch weights, c1 biases). */
static void sample_backward(const cnn3d_t *net, const float *input, const float *y1, float *dy1,
                            float *part) {
  const ecd_backend_t *be = net->net->backend;
  const int64_t rows = net->positions * net->inner, c1 = net->c1;
  for (int64_t i = 0; i < rows; i += ROWS) {
    const int64_t count = block_rows(rows, i);
    be->act_backward(count * c1, ECD_ACT_RELU, y1 + i * c1, dy1 + i * c1);
    be->gemm(true, false, c1, net->patch, count, dy1 + i * c1, c1, input + i * net->patch,
             net->patch, 1.0f, part, net->patch);
    be->column_sum(count, c1, dy1 + i * c1, true, part + c1 * net->patch);
  }
}

/* First layer's gradients of samples first .. first + count - 1, added to each thread's part. */
static void first_layer_backward(cnn3d_t *net, size_t first, size_t count,
                                 const float *const *input) {
  const int64_t k = net->inner * net->c1, size = net->positions * k;
  net->net->backend->gemm_sparse(false, (int64_t)count * net->positions, k, net->c2,
                                 net->dy2 + (int64_t)first * net->positions * net->c2, net->c2,
                                 net->net->parameters + net->w2, k, false, net->dy1, k, net->work);
#pragma omp parallel for schedule(static)
  for (size_t b = 0; b < count; ++b)
    sample_backward(net, input[first + b], net->y1 + (int64_t)(first + b) * size,
                    net->dy1 + (int64_t)b * size,
                    net->part + omp_get_thread_num() * (net->c1 * net->patch + net->c1));
}

static void backward(void *self, size_t batch, const float *const *input, const float *dfeatures,
                     ecd_ready_fn *ready, void *arg) {
  cnn3d_t *net = self;
  const ecd_backend_t *be = net->net->backend;
  float *slab = net->net->gradients;
  const int64_t width = ecd_window_out(&net->pool) * net->c2, k = net->inner * net->c1;
  const int64_t all = (int64_t)batch * net->positions;
#pragma omp parallel for schedule(static)
  for (size_t b = 0; b < batch; ++b) pool_backward(net, b, dfeatures + (int64_t)b * width);
  be->gemm_sparse(true, net->c2, k, all, net->dy2, net->c2, net->y1, k, false, slab + net->w2, k,
                  net->work);
  be->column_sum(all, net->c2, net->dy2, false, slab + net->b2);
  if (ready != NULL) ready(net->w2, (size_t)(net->c2 * k + net->c2), arg);

  const size_t first = (size_t)(net->c1 * net->patch + net->c1);
  memset(net->part, 0, net->threads * first * sizeof *net->part);
  for (size_t b = 0; b < batch; b += GROUP)
    first_layer_backward(net, b, batch - b < GROUP ? batch - b : GROUP, input);
  memcpy(slab + net->w1, net->part, first * sizeof *slab);
  for (size_t t = 1; t < net->threads; ++t)
    be->add((int64_t)first, net->part + t * first, slab + net->w1);
  if (ready != NULL) ready(net->w1, first, arg);
}

static void destroy(void *self) {
  cnn3d_t *net = self;
  free(net->y1);
  free(net->y2);
  free(net->dy1);
  free(net->dy2);
  free(net->pooled);
  free(net->from);
  free(net->part);
  free(net->work);
  free(net);
}

static double multiplies(const void *self, bool executed, bool training) {
  const cnn3d_t *net = self;
  const int64_t edge1 = net->n / net->k1, edge2 = executed ? net->used : net->map2;
  const int64_t positions2 = edge2 * edge2 * edge2;
  const int64_t positions1 = executed ? positions2 * net->inner : edge1 * edge1 * edge1;
  const double layer1 = (double)(positions1 * net->patch * net->c1);
  const double window2 = (double)(net->inner * net->c1 * net->c2);
  const double layer2 = (double)positions2 * window2;
  /* Each pooled value sends its gradient to one position. */
  const double back2 = executed ? (double)ecd_window_out(&net->pool) * window2 : layer2;
  return training ? 2 * layer1 + layer2 + 2 * back2 : layer1 + layer2;
}

static const ecd_extractor_t extractor = {.prepare = prepare,
                                          .forward = forward,
                                          .backward = backward,
                                          .destroy = destroy,
                                          .multiplies = multiplies};

static ecd_code_t plan(const ecd_model_settings_t *settings, cnn3d_t *net, ecd_error_t *err) {
  net->k1 = settings->cnn3d.conv1_kernel;
  net->k2 = settings->cnn3d.conv2_kernel;
  net->c1 = settings->cnn3d.conv1_filters;
  net->c2 = settings->cnn3d.conv2_filters;
  const int64_t kp = settings->cnn3d.pool_kernel, map1 = net->n / net->k1;
  const bool same = settings->cnn3d.pool == ECD_POOL_SAME;
  net->map2 = map1 / net->k2;
  const int64_t out = ecd_window_count(net->map2, kp, kp, same);
  if (out < 1)
    return ecd_fail(
        err, ECD_USAGE,
        "model.cnn3d: a grid of %lld with conv1_kernel %lld, conv2_kernel %lld, pool_kernel "
        "%lld leaves nothing; expected smaller kernels or a larger prep.grid",
        (long long)net->n, (long long)net->k1, (long long)net->k2, (long long)kp);
  net->used = same ? net->map2 : out * kp;
  net->positions = net->used * net->used * net->used;
  net->inner = net->k2 * net->k2 * net->k2;
  net->patch = net->k1 * net->k1 * net->k1;
  net->pool.channels = net->c2;
  for (int axis = 0; axis < 3; ++axis) {
    net->pool.in[axis] = net->used;
    net->pool.kernel[axis] = net->pool.stride[axis] = kp;
    net->pool.out[axis] = out;
  }
  return ECD_OK;
}

static ecd_code_t allocate(cnn3d_t *net, size_t max_batch, ecd_error_t *err) {
  const size_t size1 = (size_t)(net->positions * net->inner * net->c1);
  const size_t size2 = (size_t)(net->positions * net->c2);
  const size_t pooled = max_batch * (size_t)(ecd_window_out(&net->pool) * net->c2);
  net->threads = (size_t)omp_get_max_threads();
  ECD_TRY(ecd_net_buffer(&net->y1, max_batch * size1, "conv1 output", err));
  ECD_TRY(ecd_net_buffer(&net->y2, max_batch * size2, "conv2 output", err));
  ECD_TRY(ecd_net_buffer(&net->dy1, (max_batch < GROUP ? max_batch : GROUP) * size1,
                         "conv1 gradient", err));
  ECD_TRY(ecd_net_buffer(&net->dy2, max_batch * size2, "conv2 gradient", err));
  ECD_TRY(ecd_net_buffer(&net->pooled, pooled, "pool output", err));
  ECD_TRY(ecd_alloc((void **)&net->from, pooled, sizeof *net->from, "pool indices", err));
  ECD_TRY(ecd_net_buffer(&net->part, net->threads * (size_t)(net->c1 * net->patch + net->c1),
                         "conv1 weight gradients", err));
  const int64_t all = (int64_t)max_batch * net->positions;
  const size_t weights = ecd_sparse_work(net->c2, all), inputs = ecd_sparse_work(all, net->c2);
  return ecd_net_buffer(&net->work, weights > inputs ? weights : inputs, "conv2 gradient", err);
}

ecd_code_t ecd_cnn3d_create(const ecd_model_settings_t *settings, ecd_net_t *net,
                            ecd_error_t *err) {
  cnn3d_t *self;
  ECD_TRY(ecd_alloc((void **)&self, 1, sizeof *self, "network", err));
  net->extractor = &extractor;
  net->self = self;
  self->net = net;
  self->n = net->n;
  ECD_TRY(plan(settings, self, err));
  const int64_t k1 = self->k1, k2 = self->k2;
  const size_t first =
      ecd_net_add_tensor(net, "conv1.weight", 5, (const int64_t[]){self->c1, 1, k1, k1, k1}, false);
  ecd_net_add_tensor(net, "conv1.bias", 1, (const int64_t[]){self->c1}, false);
  ecd_net_add_tensor(net, "conv2.weight", 5, (const int64_t[]){self->c2, k2, k2, k2, self->c1},
                     true);
  ecd_net_add_tensor(net, "conv2.bias", 1, (const int64_t[]){self->c2}, false);
  self->w1 = net->tensor[first].offset;
  self->b1 = net->tensor[first + 1].offset;
  self->w2 = net->tensor[first + 2].offset;
  self->b2 = net->tensor[first + 3].offset;
  net->input_size = (size_t)(self->positions * self->inner * self->patch);
  net->width[0] = ecd_window_out(&self->pool) * self->c2;
  return allocate(self, net->max_batch, err);
}
