/* Dropout: how many values and which, what splitting a batch does not change, and gradients through one mask against
   central differences, in double: this program compiles src/nn with tests/nn/double.h. */
#include "differences.h"
#include "nn/kernels.h"
#include "nn/net_private.h"
#include "random_graphs.h"

enum { EDGE = 8, BATCH = 5, FEATURES = 132 };

static ecd_backend_t kernels; /* the naive GEMM with the kernels */

/* ---- The mask ---- */

static double *masked(const ecd_net_mode_t *mode, int64_t layer, int64_t rows, int64_t width) {
  const size_t count = (size_t)(rows * width);
  double *x = malloc((count + 1) * sizeof *x);
  for (size_t i = 0; i < count; ++i) x[i] = 1;
  x[count] = 17; /* behind the last value */
  ecd_net_drop(mode, layer, rows, width, x);
  CHECK(x[count] == 17);
  return x;
}

/* Values dropped by both. */
static size_t both_dropped(size_t count, const double *a, const double *b) {
  size_t both = 0;
  for (size_t i = 0; i < count; ++i) both += a[i] == 0 && b[i] == 0;
  return both;
}

/* The share asked for is dropped, the others grow, the mean stays; another step, layer, seed or sample drops others. */
static void check_mask(double share) {
  enum { ROWS = 60, WIDTH = 1003, COUNT = ROWS * WIDTH };
  const ecd_net_mode_t mode = {
      .training = true, .dropout = share, .seed = 4, .step = 2, .first = 7};
  ecd_net_mode_t next = mode, seed = mode, sample = mode;
  next.step = 3;
  seed.seed = 5;
  sample.first = 7 + ROWS;
  double *x = masked(&mode, 1, ROWS, WIDTH);
  double *const other[] = {masked(&next, 1, ROWS, WIDTH), masked(&mode, 2, ROWS, WIDTH),
                           masked(&seed, 1, ROWS, WIDTH), masked(&sample, 1, ROWS, WIDTH)};
  double sum = 0;
  size_t dropped = 0, wrong = 0;
  for (size_t i = 0; i < COUNT; ++i) {
    sum += x[i];
    dropped += x[i] == 0;
    wrong += x[i] != 0 && fabs(x[i] - 1 / (1 - share)) > 1e-12;
  }
  const double spread = 5 * sqrt(COUNT * share * (1 - share));
  CHECK(wrong == 0);
  CHECK_NEAR((double)dropped, COUNT * share, spread);
  CHECK_NEAR(sum / COUNT, 1, spread / COUNT / (1 - share));
  for (int i = 0; i < 4; ++i) {
    CHECK_NEAR((double)both_dropped(COUNT, x, other[i]), COUNT * share * share,
               5 * sqrt(COUNT) * share);
    free(other[i]);
  }
  for (size_t row = 1; row < ROWS; ++row) /* one sample's mask is not another's */
    CHECK(memcmp(x, x + row * WIDTH, WIDTH * sizeof *x) != 0);
  free(x);
}

static void check_no_mask(void) {
  const ecd_net_mode_t modes[] = {{.training = false, .dropout = 0.5}, {.training = true}};
  for (int i = 0; i < 2; ++i) {
    double *x = masked(&modes[i], 1, 3, 9);
    for (int k = 0; k < 27; ++k) CHECK(x[k] == 1);
    free(x);
  }
}

/* Rows of a part have the mask that they have in the whole batch. */
static void check_parts(void) {
  enum { ROWS = 11, WIDTH = 6 };
  const ecd_net_mode_t mode = {.training = true, .dropout = 0.4, .seed = 9, .step = 1};
  double *whole = masked(&mode, 3, ROWS, WIDTH);
  for (size_t first = 0; first < ROWS; first += 4) {
    const size_t rows = first + 4 < ROWS ? 4 : ROWS - first;
    ecd_net_mode_t its = mode;
    its.first = first;
    double *part = masked(&its, 3, (int64_t)rows, WIDTH);
    CHECK(memcmp(part, whole + first * WIDTH, rows * WIDTH * sizeof *part) == 0);
    free(part);
  }
  free(whole);
}

/* ---- Networks ---- */

typedef struct {
  ecd_net_t *net;
  ecd_net_mode_t mode;
  double *prepared;
  const double *input[BATCH];
  double weight[BATCH], prediction[BATCH];
} network_t;

static double network_value(void *arg) {
  network_t *n = arg;
  ecd_net_set_mode(n->net, &n->mode);
  ecd_net_forward(n->net, BATCH, n->input, n->prediction);
  return dot(BATCH, n->weight, n->prediction);
}

static bool make(const ecd_backend_t *be, const ecd_model_settings_t *model, network_t *n) {
  ecd_error_t err;
  *n = (network_t){.weight = {0.7, -1.1, 0.6, 0.9, -0.4}};
  n->mode = (ecd_net_mode_t){.training = true, .dropout = 0.3, .seed = 3, .step = 8};
  CHECK(ecd_net_create(model, EDGE, BATCH, be, &n->net, &err) == ECD_OK);
  if (n->net == NULL) return false;
  const size_t size = ecd_net_input_size(n->net), points = EDGE * EDGE * EDGE;
  double *volumes = numbers(BATCH * points, 1), *features = numbers(BATCH * FEATURES, 4);
  n->prepared = numbers(BATCH * size, 2);
  ecd_net_initialize(n->net, 5);
  for (size_t i = 0; i < ecd_net_tensor_count(n->net); ++i) {
    const ecd_tensor_t *t = ecd_net_tensor(n->net, i);
    for (size_t k = 0; t->rank == 1 && k < t->count; ++k)
      ecd_net_parameters(n->net)[t->offset + k] = 0.2 * volumes[k % points];
  }
  for (size_t b = 0; b < BATCH; ++b) {
    const ecd_net_sample_t sample = {.volume = volumes + b * points,
                                     .features = features + b * FEATURES};
    ecd_net_prepare(n->net, &sample, n->prepared + b * size);
    n->input[b] = n->prepared + b * size;
  }
  free(volumes);
  free(features);
  return true;
}

static void clear(network_t *n) {
  free(n->prepared);
  ecd_net_destroy(&n->net);
}

/* The output layers of a fusion network's parents: only their latents are used. */
static bool is_unused(const char *name) {
  return (strncmp(name, "magpie.", 7) == 0 || strncmp(name, "volume.", 7) == 0) &&
         strstr(name, ".fc.4.") != NULL;
}

static void check_gradients(network_t *n) {
  double *parameters = ecd_net_parameters(n->net);
  network_value(n);
  ecd_net_backward(n->net, BATCH, n->input, n->weight, NULL, NULL);
  for (size_t i = 0; i < ecd_net_tensor_count(n->net); ++i) {
    const ecd_tensor_t *t = ecd_net_tensor(n->net, i);
    if (t->offset < ecd_net_frozen(n->net) || is_unused(t->name)) continue;
    check_gradient(t->name, network_value, n, t->count, parameters + t->offset,
                   ecd_net_gradients(n->net) + t->offset);
  }
}

/* Predictions and gradients of a batch that is split, with the numbers that its samples have in the whole. */
static void check_split(network_t *n) {
  const size_t count = ecd_net_parameter_count(n->net), frozen = ecd_net_frozen(n->net), cut = 2;
  double whole[BATCH], *gradient = calloc(count, sizeof *gradient);
  network_value(n);
  memcpy(whole, n->prediction, sizeof whole);
  ecd_net_backward(n->net, BATCH, n->input, n->weight, NULL, NULL);
  memcpy(gradient, ecd_net_gradients(n->net), count * sizeof *gradient);
  for (size_t first = 0; first < BATCH; first += cut) {
    const size_t rows = first + cut < BATCH ? cut : BATCH - first;
    ecd_net_mode_t mode = n->mode;
    mode.first = first;
    ecd_net_set_mode(n->net, &mode);
    ecd_net_forward(n->net, rows, n->input + first, n->prediction);
    for (size_t b = 0; b < rows; ++b) CHECK_NEAR(n->prediction[b], whole[first + b], 1e-12);
    ecd_net_backward(n->net, rows, n->input + first, n->weight + first, NULL, NULL);
    for (size_t i = frozen; i < count; ++i) gradient[i] -= ecd_net_gradients(n->net)[i];
  }
  double worst = 0;
  for (size_t i = frozen; i < count; ++i) worst = check_worst(worst, gradient[i], 0);
  CHECK_NEAR(worst, 0, 1e-12);
  free(gradient);
}

/* In evaluation nothing is dropped; another step drops other values; the mean over many steps is near what is predicted
   without, as far as the layers behind are linear there. */
static void check_modes(network_t *n) {
  double with[BATCH], none[BATCH];
  const ecd_net_mode_t dropping = n->mode;
  network_value(n);
  memcpy(with, n->prediction, sizeof with);
  n->mode = (ecd_net_mode_t){.training = false, .dropout = 0.3, .seed = 3, .step = 8};
  network_value(n);
  memcpy(none, n->prediction, sizeof none);
  n->mode = (ecd_net_mode_t){.training = true};
  network_value(n);
  for (int b = 0; b < BATCH; ++b) {
    CHECK(n->prediction[b] == none[b]);
    CHECK(with[b] != none[b]);
  }
  n->mode = dropping;
  ++n->mode.step;
  network_value(n);
  for (int b = 0; b < BATCH; ++b) CHECK(n->prediction[b] != with[b]);
  n->mode = dropping;
}

static void check_network(const ecd_backend_t *be, const ecd_model_settings_t *model) {
  network_t n;
  if (!make(be, model, &n)) return;
  check_gradients(&n);
  check_split(&n);
  check_modes(&n);
  clear(&n);
}

/* Each hidden dense layer of the parents that are fine-tuned drops values too; frozen ones drop none. */
static void check_parents(const ecd_backend_t *be, ecd_model_settings_t model) {
  for (int finetune = 0; finetune < 2; ++finetune) {
    network_t n;
    model.fusion.finetune = finetune != 0;
    if (!make(be, &model, &n)) return;
    double *before = calloc(BATCH * 64, sizeof *before);
    const size_t width = (size_t)n.net->width[0];
    n.mode.training = false;
    network_value(&n);
    memcpy(before, n.net->activation[0], BATCH * width * sizeof *before);
    n.mode.training = true;
    network_value(&n);
    size_t dropped = 0;
    for (size_t i = 0; i < BATCH * width; ++i)
      dropped += before[i] != 0 && n.net->activation[0][i] == 0;
    CHECK(finetune ? dropped > 0 : dropped == 0);
    free(before);
    clear(&n);
  }
}

/* ---- CGCNN ---- */

typedef struct {
  ecd_cgcnn_t *cgcnn;
  const graphs_t *graphs;
} cgcnn_t;

static const double graph_weight[GRAPHS] = {0.7, -1.1, 0.6, 0.9, -0.4};

static double cgcnn_value(void *arg) {
  const cgcnn_t *n = arg;
  double prediction[GRAPHS];
  ecd_cgcnn_forward(n->cgcnn, GRAPHS, n->graphs->batch, true, NULL, NULL, prediction);
  return dot(GRAPHS, graph_weight, prediction);
}

static void check_cgcnn(const ecd_backend_t *be) {
  static graphs_t graphs;
  make_graphs(&graphs);
  cgcnn_t n = {make_network(be), &graphs};
  ecd_net_t *net = ecd_cgcnn_net(n.cgcnn);
  const double none = cgcnn_value(&n);
  ecd_net_set_mode(net, &(ecd_net_mode_t){.training = true, .dropout = 0.3, .seed = 3, .step = 8});
  CHECK(cgcnn_value(&n) != none);
  ecd_cgcnn_backward(n.cgcnn, graph_weight, NULL, NULL, NULL, NULL);
  for (size_t i = 0; i < ecd_net_tensor_count(net); ++i) {
    const ecd_tensor_t *t = ecd_net_tensor(net, i);
    if (strstr(t->name, "fc_full.bias") == NULL) /* changes nothing: a batch norm follows */
      check_gradient(t->name, cgcnn_value, &n, t->count, ecd_net_parameters(net) + t->offset,
                     ecd_net_gradients(net) + t->offset);
  }
  ecd_cgcnn_destroy(&n.cgcnn);
}

static void check_backend(const ecd_backend_t *be) {
  const ecd_model_settings_t settings = {.cnn3d = {.conv1_filters = 5,
                                                   .conv1_kernel = 2,
                                                   .conv2_filters = 7,
                                                   .conv2_kernel = 2,
                                                   .pool_kernel = 2,
                                                   .dense = {2, {19, 17}}},
                                         .magpie_cnn = {.conv1_filters = 5,
                                                        .conv2_filters = 7,
                                                        .conv3_filters = 6,
                                                        .dense = {2, {21, 15}}},
                                         .cnn2d = {.squeeze = 11,
                                                   .excite = 3,
                                                   .conv1_filters = 6,
                                                   .conv1_kernel = 2,
                                                   .pool_kernel = 2,
                                                   .conv2_filters = 5,
                                                   .conv2_kernel = 2,
                                                   .conv2_stride = 1,
                                                   .dense = {2, {19, 16}}},
                                         .fusion = {.dense = {2, {20, 17}}}};
  ecd_model_settings_t model = settings;
  model.kind = ECD_MODEL_CNN3D;
  check_network(be, &model);
  model.kind = ECD_MODEL_FUSION;
  check_network(be, &model);
  model.fusion.finetune = true;
  check_network(be, &model);
  check_parents(be, model);
  check_cgcnn(be);
}

int main(void) {
  check_mask(0.5);
  check_mask(0.1);
  check_no_mask();
  check_parts();
  kernels = (ecd_backend_t){.name = "kernels", .gemm = ecd_backend_ref.gemm, ECD_KERNELS};
  check_backend(&kernels);
  return check_done();
}
