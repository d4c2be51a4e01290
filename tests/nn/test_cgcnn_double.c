/* Every gradient of the crystal graph network against central differences, and a batch split over
   ranks against the whole, in double: this program compiles src/nn with tests/nn/double.h. */
#include "differences.h"
#include "nn/kernels.h"
#include "nn/optimizer.h"
#include "random_graphs.h"

static const ecd_backend_t *const ref = &ecd_backend_ref;
static ecd_backend_t kernels; /* the naive GEMM with the kernels */

static const float weight[GRAPHS] = {0.7, -1.1, 0.6, 0.9, -0.4};

typedef struct {
  ecd_cgcnn_t *cgcnn;
  const graphs_t *graphs;
} network_t;

static double value(void *arg) {
  const network_t *n = arg;
  float prediction[GRAPHS];
  ecd_cgcnn_forward(n->cgcnn, GRAPHS, n->graphs->batch, true, NULL, NULL, prediction);
  return dot(GRAPHS, weight, prediction);
}

/* A bias in front of a batch norm changes nothing. */
static void check_no_gradient(const ecd_tensor_t *t, network_t *n, float *x,
                              const float *gradient) {
  for (size_t k = 0; k < t->count; ++k) CHECK(gradient[k] == 0);
  float *along = numbers(t->count, 1);
  CHECK_NEAR(difference(value, n, t->count, x, along), 0, 1e-8);
  free(along);
}

static void check_differences(const ecd_backend_t *be, const graphs_t *graphs) {
  network_t n = {.cgcnn = make_network(be), .graphs = graphs};
  ecd_net_t *net = ecd_cgcnn_net(n.cgcnn);
  value(&n);
  ecd_cgcnn_backward(n.cgcnn, weight, NULL, NULL, NULL, NULL);
  for (size_t i = 0; i < ecd_net_tensor_count(net); ++i) {
    const ecd_tensor_t *t = ecd_net_tensor(net, i);
    float *x = ecd_net_parameters(net) + t->offset;
    const float *gradient = ecd_net_gradients(net) + t->offset;
    if (strstr(t->name, "fc_full.bias") != NULL)
      check_no_gradient(t, &n, x, gradient);
    else
      check_gradient(t->name, value, &n, t->count, x, gradient);
  }
  ecd_cgcnn_destroy(&n.cgcnn);
}

/* ---- Ranks: the threads of a team, each with a network and a part of the batch ---- */

enum { RANKS_MAX = 4, SUMS_MAX = 64 };

typedef struct {
  int ranks;
  double slot[RANKS_MAX][SUMS_MAX];
  size_t count[RANKS_MAX];
} team_t;

static void add_up(double *sums, size_t count, void *arg) {
  team_t *team = arg;
  const int rank = omp_get_thread_num();
  if (count > SUMS_MAX) ecd_bug("sums of a batch norm fit", __FILE__, __LINE__);
  memcpy(team->slot[rank], sums, count * sizeof *sums);
  team->count[rank] = count;
#pragma omp barrier
  for (size_t i = 0; i < count; ++i) {
    sums[i] = 0;
    for (int r = 0; r < team->ranks; ++r) sums[i] += team->slot[r][i];
  }
  const bool alike = team->count[0] == count;
#pragma omp barrier
  if (!alike) ecd_bug("ranks reduce alike", __FILE__, __LINE__);
}

typedef struct {
  ecd_cgcnn_t *cgcnn;
  float prediction[GRAPHS];
} part_t;

static void run_part(part_t *part, const graphs_t *graphs, size_t first, size_t count,
                     ecd_reduce_fn *reduce, void *arg) {
  ecd_cgcnn_forward(part->cgcnn, count, graphs->batch + first, true, reduce, arg,
                    part->prediction + first);
  ecd_cgcnn_backward(part->cgcnn, weight + first, reduce, arg, NULL, NULL);
}

static void check_near(const char *what, size_t count, const float *ours, const float *theirs) {
  double worst = 0;
  for (size_t i = 0; i < count; ++i) worst = check_worst(worst, ours[i], theirs[i]);
  if (!(worst <= 1e-12)) fprintf(stderr, "%s: off by %.3g\n", what, worst);
  CHECK(worst <= 1e-12);
}

/* bounds[ranks + 1]: graphs of each rank. */
static void check_ranks(const ecd_backend_t *be, const graphs_t *graphs, int ranks,
                        const size_t *bounds) {
  part_t whole = {.cgcnn = make_network(be)}, part[RANKS_MAX];
  run_part(&whole, graphs, 0, GRAPHS, NULL, NULL);
  for (int r = 0; r < ranks; ++r) part[r].cgcnn = make_network(be);
  team_t team = {.ranks = ranks};
#pragma omp parallel num_threads(ranks)
  {
    const int r = omp_get_thread_num();
    if (omp_get_num_threads() != ranks) ecd_bug("a thread a rank", __FILE__, __LINE__);
    run_part(&part[r], graphs, bounds[r], bounds[r + 1] - bounds[r], add_up, &team);
  }
  const ecd_net_t *net = ecd_cgcnn_net(whole.cgcnn);
  const size_t count = ecd_net_parameter_count(net);
  float *sum = calloc(count, sizeof *sum);
  for (int r = 0; r < ranks; ++r) {
    const float *g = ecd_net_gradients(ecd_cgcnn_net(part[r].cgcnn));
    for (size_t i = 0; i < count; ++i) sum[i] += g[i];
    check_near("predictions of a part", bounds[r + 1] - bounds[r], part[r].prediction + bounds[r],
               whole.prediction + bounds[r]);
    check_near("running statistics", running_count(whole.cgcnn), running(part[r].cgcnn),
               running(whole.cgcnn));
    CHECK(memcmp(running(part[0].cgcnn), running(part[r].cgcnn),
                 running_count(whole.cgcnn) * sizeof(float)) == 0);
  }
  check_near("gradients", count, sum, ecd_net_gradients(ecd_cgcnn_net(whole.cgcnn)));
  free(sum);
  for (int r = 0; r < ranks; ++r) ecd_cgcnn_destroy(&part[r].cgcnn);
  ecd_cgcnn_destroy(&whole.cgcnn);
}

static double mse_value(void *arg) {
  static const float target[3] = {0.5, -1, 2};
  float ignored[3];
  return ecd_loss_mse(3, 7, arg, target, ignored);
}

static void check_loss(void) {
  static const float target[3] = {0.5, -1, 2};
  float prediction[3] = {0.1, 0.2, 3}, gradient[3];
  const double loss = ecd_loss_mse(3, 7, prediction, target, gradient);
  CHECK_NEAR(loss, (0.16 + 1.44 + 1) / 7, 1e-15);
  check_gradient("mean squared error", mse_value, prediction, 3, prediction, gradient);
}

int main(void) {
  graphs_t graphs;
  make_graphs(&graphs);
  kernels = (ecd_backend_t){.name = "kernels", .gemm = ecd_backend_ref.gemm, ECD_KERNELS};
  const ecd_backend_t *const backends[] = {ref, &kernels};
  for (int i = 0; i < 2; ++i) {
    check_differences(backends[i], &graphs);
    check_ranks(backends[i], &graphs, 2, (const size_t[]){0, 3, 5});
    check_ranks(backends[i], &graphs, 3, (const size_t[]){0, 1, 4, 5});
    check_ranks(backends[i], &graphs, 4, (const size_t[]){0, 0, 2, 2, 5});
  }
  check_loss();
  return check_done();
}
