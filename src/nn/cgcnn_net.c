/* CGCNN behind the interface of networks: a prepared input is a packed graph. */
#include "nn/cgcnn.h"
#include "nn/net_private.h"

#include "chem/atoms.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
  ecd_cgcnn_t *cgcnn;
  ecd_net_t *net; /* cgcnn's */
  ecd_cgcnn_settings_t s;
  size_t sample_atoms;
  ecd_graph_t *graph; /* [max_batch] */
  const ecd_graph_t **batch;
} cgcnn_net_t;

/* ---- A packed graph: the number of atoms, distances, atoms, neighbours; room for sample_atoms ---- */

enum { FLOATS = sizeof(double) / sizeof(float) };

static size_t edges(const cgcnn_net_t *n, size_t atoms) { return atoms * (size_t)n->s.neighbors; }

/* In floats, whole cache lines. */
static size_t packed_size(const cgcnn_net_t *n) {
  const size_t size = FLOATS + (FLOATS + 1) * edges(n, n->sample_atoms) +
                      n->sample_atoms * (size_t)n->s.atom_features;
  return (size + 15) / 16 * 16;
}

static float *atom_part(const cgcnn_net_t *n, float *packed) {
  return packed + FLOATS + FLOATS * edges(n, n->sample_atoms);
}

static float *neighbor_part(const cgcnn_net_t *n, float *packed) {
  return atom_part(n, packed) + n->sample_atoms * (size_t)n->s.atom_features;
}

static void prepare(const void *self, const ecd_net_sample_t *sample, float *prepared) {
  const cgcnn_net_t *n = self;
  const ecd_graph_t *g = sample->graph;
  const double atoms = (double)g->atoms;
  const size_t count = edges(n, g->atoms);
  ECD_CHECK(g->atoms <= n->sample_atoms);
  memset(prepared, 0, packed_size(n) * sizeof *prepared);
  memcpy(prepared, &atoms, sizeof atoms);
  memcpy(prepared + FLOATS, g->distance, count * sizeof *g->distance);
  memcpy(atom_part(n, prepared), g->atom, g->atoms * (size_t)n->s.atom_features * sizeof *g->atom);
  memcpy(neighbor_part(n, prepared), g->neighbor, count * sizeof *g->neighbor);
}

static ecd_graph_t unpack(const cgcnn_net_t *n, const float *packed) {
  float *p = (float *)packed;
  double atoms;
  memcpy(&atoms, packed, sizeof atoms);
  return (ecd_graph_t){.atoms = (size_t)atoms,
                       .atom = atom_part(n, p),
                       .neighbor = (const int32_t *)(const void *)neighbor_part(n, p),
                       .distance = (const double *)(const void *)(p + FLOATS)};
}

/* ---- The network ---- */

static ecd_code_t reserve(void *self, size_t sample_atoms, size_t batch_atoms, ecd_error_t *err) {
  cgcnn_net_t *n = self;
  if (sample_atoms > n->sample_atoms) n->sample_atoms = sample_atoms;
  n->net->input_size = packed_size(n);
  return ecd_cgcnn_reserve(n->cgcnn, n->net->max_batch, batch_atoms, err);
}

static void initialize(void *self, uint64_t seed) {
  ecd_cgcnn_initialize(((cgcnn_net_t *)self)->cgcnn, seed);
}

static void forward(void *self, size_t batch, const float *const *input, float *prediction) {
  cgcnn_net_t *n = self;
  const ecd_net_mode_t *mode = &n->net->mode;
  for (size_t b = 0; b < batch; ++b) n->graph[b] = unpack(n, input[b]);
  ecd_cgcnn_forward(n->cgcnn, batch, n->batch, mode->training, mode->reduce, mode->reduce_arg,
                    prediction);
}

static void backward(void *self, size_t batch, const float *const *input, const float *dprediction,
                     ecd_ready_fn *ready, void *arg) {
  (void)batch, (void)input; /* those of the forward */
  cgcnn_net_t *n = self;
  const ecd_net_mode_t *mode = &n->net->mode;
  ecd_cgcnn_backward(n->cgcnn, dprediction, mode->reduce, mode->reduce_arg, ready, arg);
}

static const float *latent(const void *self, size_t *width) {
  const cgcnn_net_t *n = self;
  *width = (size_t)n->s.hidden;
  return ecd_cgcnn_latent(n->cgcnn);
}

/* As written, each edge's input goes through the whole of fc_full; as executed, the parts of the two
   atoms once an atom. */
static double multiplies(const void *self, bool executed, bool training) {
  const cgcnn_net_t *n = self;
  const double atoms = (double)n->sample_atoms, edge = atoms * (double)n->s.neighbors;
  const double f = (double)n->s.embedding, hidden = (double)n->s.hidden;
  const ecd_tensor_t *full = ecd_net_tensor(n->net, 2);
  const double gaussians = (double)full->shape[1] - 2 * f;
  const double first = atoms * (double)n->s.atom_features * f;
  const double pairs = 2 * f * (2 * f * (executed ? atoms : edge)),
               distances = 2 * f * gaussians * edge;
  const double rest = (double)n->s.convolutions, dense = f * hidden + hidden;
  /* The first layer's and the distances' inputs need no gradients. */
  return training ? 2 * first + rest * (3 * pairs + 2 * distances) + 3 * dense
                  : first + rest * (pairs + distances) + dense;
}

static void destroy(void *self) {
  cgcnn_net_t *n = self;
  ecd_cgcnn_destroy(&n->cgcnn);
  free(n->graph);
  free(n->batch);
  free(n);
}

static const ecd_whole_t whole = {.reserve = reserve,
                                  .initialize = initialize,
                                  .prepare = prepare,
                                  .forward = forward,
                                  .backward = backward,
                                  .latent = latent,
                                  .multiplies = multiplies,
                                  .destroy = destroy};

static ecd_code_t make(cgcnn_net_t *n, size_t max_batch, const ecd_backend_t *backend,
                       ecd_error_t *err) {
  ECD_TRY(ecd_alloc((void **)&n->graph, max_batch, sizeof *n->graph, "batch", err));
  ECD_TRY(ecd_alloc((void **)&n->batch, max_batch, sizeof *n->batch, "batch", err));
  for (size_t b = 0; b < max_batch; ++b) n->batch[b] = &n->graph[b];
  ECD_TRY(ecd_cgcnn_create(&n->s, max_batch, 1, backend, &n->cgcnn, err));
  n->net = ecd_cgcnn_net(n->cgcnn);
  n->net->whole = &whole;
  n->net->self = n;
  n->net->max_batch = max_batch;
  return reserve(n, 1, 1, err);
}

ecd_code_t ecd_cgcnn_net_create(const ecd_model_settings_t *settings, size_t max_batch,
                                const ecd_backend_t *backend, ecd_net_t **net, ecd_error_t *err) {
  cgcnn_net_t *n;
  *net = NULL;
  ECD_TRY(ecd_alloc((void **)&n, 1, sizeof *n, "network", err));
  n->s = (ecd_cgcnn_settings_t){.atom_features = ECD_ATOM_VECTOR,
                                .neighbors = settings->cgcnn.neighbors,
                                .embedding = settings->cgcnn.embedding,
                                .convolutions = settings->cgcnn.convolutions,
                                .hidden = settings->cgcnn.hidden,
                                .radius = settings->cgcnn.radius,
                                .step = settings->cgcnn.step};
  const ecd_code_t code = make(n, max_batch > 0 ? max_batch : 1, backend, err);
  if (code == ECD_OK) n->net->needs = ecd_model_needs(settings);
  if (code == ECD_OK)
    *net = n->net;
  else
    destroy(n);
  return code;
}
