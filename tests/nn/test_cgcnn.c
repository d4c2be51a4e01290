/* The exponentials; the crystal graph network on every backend against the naive loops, with the
   same bits on any number of threads; batches without graphs; settings that make no network. */
#include "check.h"
#include "nn/exponential.h"
#include "nn/primitives.h"
#include "random_graphs.h"

#include <omp.h>

static void check_exponentials(void) {
  double worst[3] = {0};
  for (int i = -40000; i <= 40000; ++i) {
    const float x = (float)i * 1e-3f * (i % 2 ? 1.0f : 1e-3f), t = fabsf((float)i) / 40000.0f;
    const double e = exp((double)x), y = fabs((double)x);
    worst[0] = check_worst(worst[0], (double)ecd_exp(x) / e, 1);
    if (t > 0) worst[1] = check_worst(worst[1], (double)ecd_log1p(t) / log1p((double)t), 1);
    if (y > 0)
      worst[2] = check_worst(worst[2], (double)ecd_softplus_slope((float)y) / -expm1(-y), 1);
  }
  for (int i = 0; i < 3; ++i) CHECK_NEAR(worst[i], 0, 3e-7);
  CHECK(ecd_exp(-1e30f) < 1e-37f && ecd_exp(-1e30f) > 0.0f && ecd_exp(1e30f) > 1e38f);
  CHECK(isnan(ecd_exp(NAN)) && isnan(ecd_softplus(NAN)) && isnan(ecd_softplus_slope(NAN)));
  CHECK(ecd_softplus(50.0f) == 50.0f && ecd_softplus(1e30f) == 1e30f);
  CHECK_NEAR((double)ecd_softplus(-3.0f), log1p(exp(-3.0)), 1e-8);
}

static float *numbers(size_t count, uint32_t stream) {
  float *x = malloc(count * sizeof *x);
  for (size_t i = 0; i < count; ++i) x[i] = (float)(2 * uniform(stream, i) - 1);
  return x;
}

/* Shapes that fill no vector evenly, and enough of them to be computed by several threads. */
static void check_gate(void) {
  enum { ATOMS_MANY = 61, DEGREE = 5, WIDTH = 77, EDGES = ATOMS_MANY * DEGREE };
  float *edge = numbers(EDGES * 2 * WIDTH, 11), *column = numbers(6 * WIDTH, 12);
  float *d = numbers(ATOMS_MANY * WIDTH, 13), *out[3], *dz[3];
  const ecd_norm_t norm = {.mean = column, .scale = column + 2 * WIDTH, .bias = column + 4 * WIDTH};
  for (int i = 0; i < 3; ++i) {
    const ecd_graph_primitives_t *g = i < 2 ? &ecd_graph_kernels : &ecd_graph_ref;
    omp_set_num_threads(i + 1);
    out[i] = numbers(ATOMS_MANY * WIDTH, 14);
    dz[i] = numbers(EDGES * 2 * WIDTH, 14);
    g->gate(ATOMS_MANY, DEGREE, WIDTH, &norm, edge, out[i]);
    g->gate_backward(ATOMS_MANY, DEGREE, WIDTH, &norm, edge, d, dz[i]);
  }
  omp_set_num_threads(1);
  CHECK(memcmp(out[0], out[1], ATOMS_MANY * WIDTH * sizeof(float)) == 0);
  CHECK(memcmp(dz[0], dz[1], EDGES * 2 * WIDTH * sizeof(float)) == 0);
  double worst[2] = {0};
  for (size_t i = 0; i < ATOMS_MANY * WIDTH; ++i)
    worst[0] = check_worst(worst[0], (double)out[0][i], (double)out[2][i]);
  for (size_t i = 0; i < EDGES * 2 * WIDTH; ++i)
    worst[1] = check_worst(worst[1], (double)dz[0][i], (double)dz[2][i]);
  CHECK_NEAR(worst[0], 0, 2e-6);
  CHECK_NEAR(worst[1], 0, 1e-6);
  for (int i = 0; i < 3; ++i) {
    free(out[i]);
    free(dz[i]);
  }
  free(edge);
  free(column);
  free(d);
}

/* ---- The network ---- */

static const float weight[GRAPHS] = {0.7f, -1.1f, 0.6f, 0.9f, -0.4f};

typedef struct {
  size_t next, calls;
} parts_t;

static void note_part(size_t offset, size_t count, void *arg) {
  parts_t *parts = arg;
  CHECK(offset + count == parts->next && count > 0);
  parts->next = offset;
  ++parts->calls;
}

static void run(ecd_cgcnn_t *cgcnn, const graphs_t *graphs, size_t count, float *prediction) {
  parts_t parts = {.next = ecd_net_parameter_count(ecd_cgcnn_net(cgcnn))};
  ecd_cgcnn_forward(cgcnn, count, graphs->batch, true, NULL, NULL, prediction);
  ecd_cgcnn_backward(cgcnn, weight, NULL, NULL, note_part, &parts);
  CHECK(parts.next == 0 && parts.calls == 2 + (size_t)small.convolutions);
}

static void check_backend(const ecd_backend_t *be, const graphs_t *graphs) {
  ecd_cgcnn_t *net[3] = {make_network(be), make_network(be), make_network(&ecd_backend_ref)};
  float prediction[3][GRAPHS], *g[3];
  for (int i = 0; i < 3; ++i) {
    omp_set_num_threads(i == 1 ? 3 : 1);
    run(net[i], graphs, GRAPHS, prediction[i]);
    g[i] = ecd_net_gradients(ecd_cgcnn_net(net[i]));
  }
  omp_set_num_threads(1);
  const size_t count = ecd_net_parameter_count(ecd_cgcnn_net(net[0]));
  for (size_t i = 0; i < GRAPHS; ++i)
    CHECK_NEAR((double)prediction[0][i], (double)prediction[2][i], 3e-6);
  for (size_t i = 0; i < count; ++i) CHECK_NEAR((double)g[0][i], (double)g[2][i], 1e-5);
  CHECK(memcmp(prediction[0], prediction[1], sizeof prediction[0]) == 0);
  CHECK(memcmp(g[0], g[1], count * sizeof *g[0]) == 0);
  CHECK(memcmp(running(net[0]), running(net[1]), running_count(net[0]) * sizeof *g[0]) == 0);
  for (int i = 0; i < 3; ++i) ecd_cgcnn_destroy(&net[i]);
}

static void count_calls(double *sums, size_t count, void *arg) {
  (void)sums;
  (void)count;
  ++*(int *)arg;
}

/* No graphs: the same calls to reduce, zero gradients, running statistics as they were where no
   rank has any. */
static void check_empty(const ecd_backend_t *be) {
  ecd_cgcnn_t *cgcnn = make_network(be);
  const size_t count = ecd_net_parameter_count(ecd_cgcnn_net(cgcnn));
  float *g = ecd_net_gradients(ecd_cgcnn_net(cgcnn));
  int calls = 0;
  for (size_t i = 0; i < count; ++i) g[i] = NAN;
  ecd_cgcnn_forward(cgcnn, 0, NULL, true, count_calls, &calls, NULL);
  CHECK(calls == 2 * small.convolutions);
  ecd_cgcnn_backward(cgcnn, NULL, count_calls, &calls, NULL, NULL);
  CHECK(calls == 4 * small.convolutions);
  size_t zeros = 0, first = 0;
  for (size_t i = 0; i < count; ++i) zeros += g[i] == 0.0f;
  CHECK(zeros == count);
  for (size_t i = 0; i < running_count(cgcnn); ++i) {
    const float value = running(cgcnn)[i];
    first += value == 0.0f || value == 1.0f;
  }
  CHECK(first == running_count(cgcnn));
  ecd_cgcnn_destroy(&cgcnn);
}

/* In evaluation a graph's prediction is its own alone, changes nothing, and reduces nothing. */
static void check_evaluation(const ecd_backend_t *be, const graphs_t *graphs) {
  ecd_cgcnn_t *cgcnn = make_network(be);
  float together[GRAPHS], alone;
  int calls = 0;
  run(cgcnn, graphs, GRAPHS, together);
  const size_t count = running_count(cgcnn);
  float *before = malloc(count * sizeof *before);
  memcpy(before, running(cgcnn), count * sizeof *before);
  ecd_cgcnn_forward(cgcnn, GRAPHS, graphs->batch, false, count_calls, &calls, together);
  for (size_t i = 0; i < GRAPHS; ++i) {
    ecd_cgcnn_forward(cgcnn, 1, graphs->batch + i, false, count_calls, &calls, &alone);
    CHECK_NEAR((double)alone, (double)together[i], 1e-6);
  }
  CHECK(calls == 0 && memcmp(before, running(cgcnn), count * sizeof *before) == 0);
  free(before);
  ecd_cgcnn_destroy(&cgcnn);
}

static void check_settings(void) {
  ecd_cgcnn_t *cgcnn;
  ecd_error_t err;
  const struct {
    const char *part;
    ecd_cgcnn_settings_t settings;
  } bad[] = {{"neighbors: expected 1 to 4096, found 0", {92, 0, 64, 3, 128, 8.0, 0.2}},
             {"embedding: expected 1 to 4096, found -1", {92, 12, -1, 3, 128, 8.0, 0.2}},
             {"convolutions: expected 1 to 12, found 13", {92, 12, 64, 13, 128, 8.0, 0.2}},
             {"found radius 8 A, step 0 A", {92, 12, 64, 3, 128, 8.0, 0.0}},
             {"found radius nan A", {92, 12, 64, 3, 128, NAN, 0.2}},
             {"step 1e-09 A", {92, 12, 64, 3, 128, 8.0, 1e-9}}};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; ++i) {
    CHECK(ecd_cgcnn_create(&bad[i].settings, 1, 1, &ecd_backend_ref, &cgcnn, &err) == ECD_USAGE);
    CHECK_HAS(err.text, bad[i].part);
    CHECK(cgcnn == NULL);
  }
  CHECK(ecd_cgcnn_create(&small, 1, (size_t)1 << 31, &ecd_backend_ref, &cgcnn, &err) == ECD_FAILED);
  CHECK_HAS(err.text, "a batch of 2147483648 atoms");
  CHECK(ecd_cgcnn_create(&ecd_cgcnn_defaults, 1, 1, &ecd_backend_ref, &cgcnn, &err) == ECD_OK);
  const ecd_net_t *net = ecd_cgcnn_net(cgcnn);
  CHECK(ecd_net_tensor(net, 2)->shape[0] == 128 && ecd_net_tensor(net, 2)->shape[1] == 169);
  CHECK(strcmp(ecd_net_tensor(net, 2)->name, "convs.0.fc_full.weight") == 0);
  ecd_cgcnn_destroy(&cgcnn);
  ecd_cgcnn_destroy(&cgcnn);
}

int main(void) {
  graphs_t graphs;
  make_graphs(&graphs);
  check_exponentials();
  check_gate();
  for (int kind = ECD_BACKEND_REF; kind <= ECD_BACKEND_DNNL; ++kind) {
    const ecd_backend_t *be;
    ecd_error_t err;
    if (ecd_backend_get((ecd_backend_kind_t)kind, &be, &err) != ECD_OK) continue;
    check_backend(be, &graphs);
    check_empty(be);
    check_evaluation(be, &graphs);
  }
  check_settings();
  return check_done();
}
