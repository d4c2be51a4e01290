/* Random crystal graphs for tests. */
#ifndef ECD_TESTS_RANDOM_GRAPHS_H
#define ECD_TESTS_RANDOM_GRAPHS_H

#include "base/random.h"
#include "check.h"
#include "nn/cgcnn.h"

#include <stdlib.h>

static const ecd_cgcnn_settings_t small = {.atom_features = 9,
                                           .neighbors = 5,
                                           .embedding = 7,
                                           .convolutions = 2,
                                           .hidden = 6,
                                           .radius = 4.0,
                                           .step = 0.5};

enum { GRAPHS = 5, ATOMS = 15 };
static const size_t graph_atoms[GRAPHS] = {2, 1, 5, 4, 3};

typedef struct {
  float feature[ATOMS * 9];
  int32_t neighbor[ATOMS * 5];
  double distance[ATOMS * 5];
  ecd_graph_t graph[GRAPHS];
  const ecd_graph_t *batch[GRAPHS];
} graphs_t;

static double uniform(uint32_t stream, size_t i) {
  return ecd_random_uniform(17, ECD_RANDOM_TEST, stream, i);
}

static void make_graphs(graphs_t *g) {
  const size_t width = (size_t)small.atom_features, degree = (size_t)small.neighbors;
  for (size_t i = 0; i < ATOMS * width; ++i) g->feature[i] = uniform(1, i) < 0.4;
  for (size_t i = 0, first = 0; i < GRAPHS; first += graph_atoms[i++]) {
    const size_t edges = graph_atoms[i] * degree, at = first * degree;
    for (size_t e = at; e < at + edges; ++e) {
      g->distance[e] = small.radius * uniform(2, e);
      g->neighbor[e] = (int32_t)ecd_random_below(graph_atoms[i], 17, ECD_RANDOM_TEST, 3, e);
    }
    g->graph[i] = (ecd_graph_t){.atoms = graph_atoms[i],
                                .atom = g->feature + first * width,
                                .neighbor = g->neighbor + at,
                                .distance = g->distance + at};
    g->batch[i] = &g->graph[i];
  }
}

/* A network with room for every graph, with biases and batch norms that are not at their first
   values. */
static ecd_cgcnn_t *make_network(const ecd_backend_t *be) {
  ecd_cgcnn_t *cgcnn;
  ecd_error_t err;
  CHECK(ecd_cgcnn_create(&small, GRAPHS, ATOMS, be, &cgcnn, &err) == ECD_OK);
  ecd_net_t *net = ecd_cgcnn_net(cgcnn);
  ecd_cgcnn_initialize(cgcnn, 5);
  for (size_t i = 0; i < ecd_net_tensor_count(net); ++i) {
    const ecd_tensor_t *t = ecd_net_tensor(net, i);
    float *p = ecd_net_parameters(net) + t->offset;
    for (size_t k = 0; t->rank == 1 && k < t->count; ++k)
      p[k] += (float)(0.6 * uniform(4, t->offset + k) - 0.3);
  }
  return cgcnn;
}

/* Its running statistics, running_count of them. */
static inline float *running(ecd_cgcnn_t *cgcnn) {
  ecd_net_t *net = ecd_cgcnn_net(cgcnn);
  return ecd_net_parameters(net) + ecd_net_parameter_count(net);
}

static inline size_t running_count(ecd_cgcnn_t *cgcnn) {
  const ecd_net_t *net = ecd_cgcnn_net(cgcnn);
  return ecd_net_state_count(net) - ecd_net_parameter_count(net);
}

#endif
