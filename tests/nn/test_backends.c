/* Every primitive of the blas and dnnl backends against the naive loops on random shapes, on 1 and 2 threads, and each
   of them and a network's step twice with the same bits. */
#include "check.h"
#include "base/random.h"
#include "nn/net.h"
#include "nn/optimizer.h"
#include "nn/primitives.h"

#include <omp.h>
#include <stdlib.h>

static const ecd_backend_t *const ref = &ecd_backend_ref;

/* Values in [-1, 1); a share of them zero. */
static float *numbers(size_t count, uint32_t stream, double zeros) {
  float *x = malloc((count + 1) * sizeof *x);
  for (size_t i = 0; i < count; ++i) {
    const double u = ecd_random_uniform(11, ECD_RANDOM_TEST, stream, 2 * i);
    const bool zero = ecd_random_uniform(11, ECD_RANDOM_TEST, stream, 2 * i + 1) < zeros;
    x[i] = zero ? 0.0f : (float)(2 * u - 1);
  }
  return x;
}

/* ours, again and theirs hold count values: ours is bitwise again, and near theirs. Frees all three. */
static void check_same(const char *what, const ecd_backend_t *be, size_t count, float *ours,
                       float *again, float *theirs, double tolerance) {
  double worst = 0;
  for (size_t i = 0; i < count; ++i) worst = check_worst(worst, (double)ours[i], (double)theirs[i]);
  if (!(worst <= tolerance))
    fprintf(stderr, "%s: %s is off by %.3g\n", ecd_backend_name(be), what, worst);
  CHECK(worst <= tolerance);
  CHECK(memcmp(ours, again, count * sizeof *ours) == 0);
  free(ours);
  free(again);
  free(theirs);
}

/* out[0], out[1] by be, out[2] by ref, each starting as the same numbers. */
typedef struct {
  const ecd_backend_t *table[3];
  float *out[3];
} trio_t;

static trio_t trio(const ecd_backend_t *be, size_t count) {
  trio_t t = {.table = {be, be, ref}};
  for (int i = 0; i < 3; ++i) t.out[i] = numbers(count, 900, 0);
  return t;
}

static void check_trio(const char *what, const trio_t *t, size_t count, double tolerance) {
  check_same(what, t->table[0], count, t->out[0], t->out[1], t->out[2], tolerance);
}

static void check_gemm(const ecd_backend_t *be, int64_t m, int64_t n, int64_t k) {
  float *a = numbers((size_t)(m * k), 1, 0), *b = numbers((size_t)(k * n), 2, 0);
  for (int form = 0; form < 8; ++form) {
    const bool ta = form & 1, tb = form & 2;
    trio_t t = trio(be, (size_t)(m * n));
    for (int i = 0; i < 3; ++i)
      t.table[i]->gemm(ta, tb, m, n, k, a, ta ? m : k, b, tb ? k : n, form & 4 ? 1.0f : 0.0f,
                       t.out[i], n);
    check_trio("gemm", &t, (size_t)(m * n), 2e-6 * sqrt((double)k));
  }
  free(a);
  free(b);
}

static void check_gemm_sparse(const ecd_backend_t *be, int64_t m, int64_t n, int64_t k,
                              double zeros) {
  float *a = numbers((size_t)(m * k), 1, zeros), *b = numbers((size_t)(k * n), 2, 0);
  float *work = malloc(ecd_sparse_work(m, k) * sizeof *work);
  for (int form = 0; form < 4; ++form) {
    const bool ta = form & 1;
    trio_t t = trio(be, (size_t)(m * n));
    for (int i = 0; i < 3; ++i)
      t.table[i]->gemm_sparse(ta, m, n, k, a, ta ? m : k, b, n, form & 2, t.out[i], n, work);
    check_trio("gemm_sparse", &t, (size_t)(m * n), 2e-6 * sqrt((double)k));
  }
  free(a);
  free(b);
  free(work);
}

static void check_pointwise(const ecd_backend_t *be, int64_t rows, int64_t columns) {
  const size_t count = (size_t)(rows * columns), width = (size_t)columns;
  float *x = numbers(count, 1, 0.3), *bias = numbers(width, 2, 0);
  for (int act = ECD_ACT_NONE; act <= ECD_ACT_SIGMOID; ++act) {
    trio_t y = trio(be, count), dy = trio(be, count);
    for (int i = 0; i < 3; ++i) {
      y.table[i]->bias_act(rows, columns, bias, (ecd_activation_t)act, y.out[i]);
      y.table[i]->act_backward(rows * columns, (ecd_activation_t)act, x, dy.out[i]);
    }
    check_trio("bias_act", &y, count, 1e-6);
    check_trio("act_backward", &dy, count, 1e-6);
  }
  trio_t sum = trio(be, width), plus = trio(be, count), y = trio(be, count);
  for (int i = 0; i < 3; ++i) {
    sum.table[i]->column_sum(rows, columns, x, false, sum.out[i]);
    sum.table[i]->column_sum(rows, columns, x, true, sum.out[i]);
    sum.table[i]->add(rows * columns, x, plus.out[i]);
    sum.table[i]->scale_columns(rows, columns, bias, x, y.out[i]);
  }
  check_trio("column_sum", &sum, width, 1e-6 * (double)rows);
  check_trio("add", &plus, count, 1e-6);
  check_trio("scale_columns", &y, count, 1e-6);
  trio_t dx = trio(be, count), dscale = trio(be, width), du = trio(be, count), db = trio(be, width);
  for (int i = 0; i < 3; ++i) {
    dx.table[i]->scale_columns_backward(rows, columns, bias, x, x, dx.out[i], dscale.out[i]);
    dx.table[i]->relu_mean_backward(rows, columns, x, bias, du.out[i], db.out[i]);
  }
  check_trio("scale_columns_backward", &dx, count, 1e-6);
  check_trio("scale_columns_backward's scale", &dscale, width, 1e-6 * (double)rows);
  check_trio("relu_mean_backward", &du, count, 1e-6);
  check_trio("relu_mean_backward's bias", &db, width, 1e-6 * (double)rows);
  free(x);
  free(bias);
}

static void check_window(const ecd_backend_t *be, const ecd_window_t *w) {
  const size_t in = (size_t)(ecd_window_in(w) * w->channels);
  const size_t out = (size_t)(ecd_window_out(w) * w->channels);
  const size_t patches = out * (size_t)ecd_window_kernel(w);
  float *x = numbers(in, 1, 0.2), *dy = numbers(out, 2, 0), *dcolumn = numbers(patches, 3, 0);
  int32_t *from[3];
  trio_t column = trio(be, patches), dx = trio(be, in);
  for (int i = 0; i < 3; ++i) {
    column.table[i]->im2col(w, x, column.out[i]);
    column.table[i]->col2im(w, dcolumn, dx.out[i]);
  }
  check_trio("im2col", &column, patches, 0);
  check_trio("col2im", &dx, in, 1e-5);
  for (int mode = ECD_POOL_MAX; mode <= ECD_POOL_AVERAGE; ++mode) {
    trio_t y = trio(be, out), back = trio(be, in);
    for (int i = 0; i < 3; ++i) {
      from[i] = calloc(out + 1, sizeof *from[i]);
      y.table[i]->pool(w, (ecd_pool_mode_t)mode, x, y.out[i], from[i]);
      y.table[i]->pool_backward(w, (ecd_pool_mode_t)mode, dy, from[i], back.out[i]);
    }
    CHECK(memcmp(from[0], from[2], out * sizeof *from[0]) == 0);
    for (int i = 0; i < 3; ++i) free(from[i]);
    check_trio("pool", &y, out, mode == ECD_POOL_MAX ? 0 : 1e-6);
    check_trio("pool_backward", &back, in, 1e-5);
  }
  free(x);
  free(dy);
  free(dcolumn);
}

/* Axis 1 of a cube with an odd number of pixels in a scattered order. */
static void check_projection(const ecd_backend_t *be, int64_t n, int64_t channels) {
  const int64_t pixels = n * n;
  int32_t *offset = malloc((size_t)pixels * sizeof *offset);
  for (int64_t i = 0; i < pixels; ++i) {
    const int64_t p = pixels - 1 - i;
    offset[i] = (int32_t)(p / n * n * n + p % n);
  }
  const ecd_projection_t p = {
      .pixels = pixels, .depth = n, .channels = channels, .stride = n, .offset = offset};
  const size_t weights = (size_t)(n * channels), planes = (size_t)(pixels * channels);
  float *x = numbers((size_t)(n * pixels), 1, 0), *w = numbers(weights, 2, 0);
  float *bias = numbers((size_t)channels, 3, 0), *du = numbers(planes, 4, 0);
  trio_t u = trio(be, planes), mean = trio(be, (size_t)channels), dw = trio(be, weights);
  for (int i = 0; i < 3; ++i) {
    u.table[i]->project(&p, x, w, bias, u.out[i], mean.out[i]);
    u.table[i]->project_backward(&p, x, du, dw.out[i]);
  }
  check_trio("project", &u, planes, 1e-5);
  check_trio("project's mean", &mean, (size_t)channels, 1e-5);
  check_trio("project_backward", &dw, weights, 1e-5 * (double)n);
  free(offset);
  free(x);
  free(w);
  free(bias);
  free(du);
}

static void check_updates(const ecd_backend_t *be, int64_t n) {
  const size_t count = (size_t)n;
  float *g = numbers(count, 1, 0.1);
  trio_t p = trio(be, count), m = trio(be, count), v = trio(be, count), q = trio(be, count);
  for (int i = 0; i < 3; ++i) {
    for (size_t k = 0; k < count; ++k) v.out[i][k] *= v.out[i][k];
    p.table[i]->adam(n, 0.01f, 1.5f, 0.9f, 0.999f, 1e-7f, 0.99f, g, p.out[i], m.out[i], v.out[i]);
    p.table[i]->sgd(n, 0.1f, 0.9f, 0.01f, g, p.out[i], m.out[i]);
    p.table[i]->sgd(n, 0.1f, 0.0f, 0.01f, g, q.out[i], NULL);
  }
  check_trio("moment", &m, count, 1e-6);
  check_trio("second moment", &v, count, 1e-6);
  check_trio("adam and momentum", &p, count, 1e-4);
  check_trio("sgd", &q, count, 1e-6);
  free(g);
}

/* A forward and backward pass of the same inputs, twice: prediction and gradients. */
static void check_determinism(const ecd_backend_t *be, ecd_model_kind_t kind) {
  enum { N = 15, BATCH = 17, VOLUME = N * N * N };
  const ecd_model_settings_t model = {.kind = kind,
                                      .cnn3d = {.conv1_filters = 10,
                                                .conv1_kernel = 2,
                                                .conv2_filters = 9,
                                                .conv2_kernel = 2,
                                                .pool_kernel = 2,
                                                .dense = {2, {300, 260}}},
                                      .cnn2d = {.squeeze = 12,
                                                .excite = 3,
                                                .conv1_filters = 9,
                                                .conv1_kernel = 2,
                                                .pool_kernel = 2,
                                                .conv2_filters = 10,
                                                .conv2_kernel = 2,
                                                .conv2_stride = 1,
                                                .dense = {2, {300, 260}}}};
  ecd_error_t err;
  ecd_net_t *net;
  CHECK(ecd_net_create(&model, N, BATCH, be, &net, &err) == ECD_OK);
  if (net == NULL) return;
  ecd_net_initialize(net, 3);
  const size_t size = ecd_net_input_size(net), count = ecd_net_parameter_count(net);
  float *volumes = numbers(BATCH * VOLUME, 1, 0), *prepared = numbers(BATCH * size, 2, 0);
  float *kept = malloc(count * sizeof *kept), prediction[2][BATCH];
  const float *input[BATCH];
  for (size_t b = 0; b < BATCH; ++b) {
    ecd_net_prepare(net, &(ecd_net_sample_t){.volume = volumes + b * VOLUME}, prepared + b * size);
    input[b] = prepared + b * size;
  }
  for (int run = 0; run < 2; ++run) {
    ecd_net_forward(net, BATCH, input, prediction[run]);
    ecd_net_backward(net, BATCH, input, volumes, NULL, NULL);
    if (run == 0) memcpy(kept, ecd_net_gradients(net), count * sizeof *kept);
  }
  CHECK(memcmp(prediction[0], prediction[1], sizeof prediction[0]) == 0);
  CHECK(memcmp(kept, ecd_net_gradients(net), count * sizeof *kept) == 0);
  free(volumes);
  free(prepared);
  free(kept);
  ecd_net_destroy(&net);
}

static void check_backend(const ecd_backend_t *be) {
  static const int64_t shape[][3] = {{1, 1, 1},      {1, 24, 4},     {5, 7, 3},
                                     {17, 96, 64},   {33, 97, 65},   {16, 260, 257},
                                     {32, 130, 601}, {31, 30, 2300}, {100, 64, 216}};
  for (size_t i = 0; i < sizeof shape / sizeof *shape; ++i) {
    check_gemm(be, shape[i][0], shape[i][1], shape[i][2]);
    check_gemm_sparse(be, shape[i][0], shape[i][1], shape[i][2], 0.75);
  }
  check_gemm_sparse(be, 9, 200, 50, 1.0);
  check_gemm_sparse(be, 129, 513, 70, 0.5);
  check_pointwise(be, 1, 1);
  check_pointwise(be, 130, 33);
  check_pointwise(be, 700, 101);
  const ecd_window_t window[] = {
      {.in = {3, 7, 6}, .kernel = {2, 3, 3}, .stride = {1, 2, 1}, .out = {2, 3, 4}, .channels = 3},
      {.in = {3, 5, 7}, .kernel = {2, 2, 2}, .stride = {2, 2, 2}, .out = {2, 3, 4}, .channels = 17},
      {.in = {1, 5, 5}, .kernel = {1, 5, 5}, .stride = {1, 2, 2}, .out = {1, 1, 1}, .channels = 64},
      {.in = {1, 4, 1}, .kernel = {1, 3, 2}, .stride = {1, 3, 2}, .out = {1, 2, 1}, .channels = 1}};
  for (size_t i = 0; i < sizeof window / sizeof *window; ++i) check_window(be, &window[i]);
  for (int64_t channels = 1; channels <= 57; channels += 7) check_projection(be, 13, channels);
  check_updates(be, 5);
  check_updates(be, 70001);
  check_determinism(be, ECD_MODEL_CNN2D);
  check_determinism(be, ECD_MODEL_CNN3D);
}

int main(void) {
  for (int threads = 1; threads <= 2; ++threads) {
    omp_set_num_threads(threads);
    for (int kind = ECD_BACKEND_BLAS; kind <= ECD_BACKEND_DNNL; ++kind) {
      const ecd_backend_t *be;
      ecd_error_t err;
      if (ecd_backend_get((ecd_backend_kind_t)kind, &be, &err) == ECD_OK) check_backend(be);
    }
  }
  return check_done();
}
