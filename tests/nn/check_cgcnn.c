/* Holds the crystal graph network against reference files made by the public CGCNN code:
   training-mode prediction, loss, every gradient and running statistic, then evaluation-mode
   prediction, on every backend that is built.
     usage: check_cgcnn FILE...
   A file holds the attribute order (crystals), crystal/ID/{nbr_dist, nbr_idx} (atoms, neighbours),
   atom_fea (all atoms, values), nbr_fea (all atoms, neighbours, Gaussians), y, param/NAME,
   train/{pred, mse, grad/NAME, buffer/NAME} and eval/pred. Widths are read off the shapes, the step
   of the Gaussians, a multiple of 1e-5 A, off nbr_fea, which must be those of nbr_dist. */
#include "check.h"
#include "nn/cgcnn.h"
#include "nn/optimizer.h"
#include "reference.h"

#include <hdf5.h>
#include <stdlib.h>

static const double tolerance = 1e-5;

typedef struct {
  hid_t file;
  ecd_cgcnn_settings_t settings;
  size_t graphs, atoms, total; /* total: atoms of nbr_fea; atoms: of the crystals read so far */
  float *feature;
  ecd_graph_t *graph;
  const ecd_graph_t **batch;
} reference_t;

static void load_crystal(reference_t *ref, size_t i, const char *id) {
  char name[160];
  hsize_t d[5];
  snprintf(name, sizeof name, "crystal/%s/nbr_dist", id);
  const size_t edges = shape(ref->file, name, d);
  if (d[1] != (hsize_t)ref->settings.neighbors || ref->atoms + d[0] > ref->total)
    refuse(ref->file, "other atoms or neighbours than in nbr_fea:", name);
  double *distance = doubles(ref->file, name, edges);
  snprintf(name, sizeof name, "crystal/%s/nbr_idx", id);
  ref->graph[i] =
      (ecd_graph_t){.atoms = d[0],
                    .atom = ref->feature + ref->atoms * (size_t)ref->settings.atom_features,
                    .distance = distance,
                    .neighbor = values(ref->file, name, edges, H5T_NATIVE_INT32, 4)};
  for (size_t e = 0; e < edges; ++e)
    if (ref->graph[i].neighbor[e] < 0 || (size_t)ref->graph[i].neighbor[e] >= d[0])
      refuse(ref->file, "a neighbour that is no atom of the crystal in", name);
  ref->batch[i] = &ref->graph[i];
  ref->atoms += ref->graph[i].atoms;
}

/* One Gaussian over the next is exp(2 x - 1), with x the steps from its place to the distance. */
static double step_of(const reference_t *ref, const double *gaussian, int64_t count) {
  int64_t peak = 0;
  for (int64_t k = 0; k < count; ++k)
    if (gaussian[k] > gaussian[peak]) peak = k;
  if (peak == count - 1) --peak;
  const double steps = (double)peak + (1 + log(gaussian[peak + 1] / gaussian[peak])) / 2;
  const double step = round(1e5 * ref->graph[0].distance[0] / steps) / 1e5;
  if (!(step > 0 && step < INFINITY)) refuse(ref->file, "no step can be told from", "nbr_fea");
  return step;
}

/* The step, and whether the reference saw the Gaussians of its distances: to float32's rounding. */
static void check_gaussians(reference_t *ref, size_t neighbors, size_t gaussians) {
  const size_t row = neighbors * gaussians;
  double *theirs = doubles(ref->file, "nbr_fea", ref->total * row), *at = theirs, worst = 0;
  const double step = step_of(ref, theirs, (int64_t)gaussians);
  for (size_t i = 0; i < ref->graphs; ++i)
    for (size_t e = 0; e < ref->graph[i].atoms * neighbors; ++e)
      for (size_t k = 0; k < gaussians; ++k) {
        const double from = ref->graph[i].distance[e] / step - (double)k;
        worst = check_worst(worst, exp(-from * from), *at++);
      }
  if (!check_within(worst, 1e-6))
    fprintf(stderr, "nbr_fea: off by %.3g from Gaussians of step %g A\n", worst, step);
  CHECK(check_within(worst, 1e-6));
  ref->settings.step = step;
  ref->settings.radius = step * (double)(gaussians - 1);
  free(theirs);
}

static void load(reference_t *ref) {
  hsize_t d[5], e[5], hidden[5];
  int convolutions = 0;
  char name[64];
  do snprintf(name, sizeof name, "param/convs.%d.bn1.weight", ++convolutions);
  while (H5Lexists(ref->file, name, H5P_DEFAULT) > 0);
  shape(ref->file, "nbr_fea", d);
  if (d[2] < 2) refuse(ref->file, "fewer than 2 Gaussians in", "nbr_fea");
  ref->total = d[0];
  ref->settings = ecd_cgcnn_defaults;
  ref->settings.neighbors = (int64_t)d[1];
  ref->settings.convolutions = convolutions;
  shape(ref->file, "param/embedding.weight", e);
  ref->settings.embedding = (int64_t)e[0];
  ref->settings.atom_features = (int64_t)e[1];
  shape(ref->file, "param/conv_to_fc.weight", hidden);
  ref->settings.hidden = (int64_t)hidden[0];
  ref->feature = floats(ref->file, "atom_fea", ref->total * e[1]);
  const hid_t attribute = H5Aopen(ref->file, "order", H5P_DEFAULT);
  if (attribute < 0) refuse(ref->file, "no attribute", "order");
  const hid_t space = H5Aget_space(attribute), type = H5Aget_type(attribute);
  ref->graphs = (size_t)H5Sget_simple_extent_npoints(space);
  char **ids = calloc(ref->graphs, sizeof *ids);
  CHECK(H5Aread(attribute, type, ids) >= 0);
  ref->graph = calloc(ref->graphs, sizeof *ref->graph);
  ref->batch = calloc(ref->graphs, sizeof *ref->batch);
  for (size_t i = 0; i < ref->graphs; ++i) load_crystal(ref, i, ids[i]);
  if (ref->atoms != ref->total) refuse(ref->file, "other atoms than in the crystals:", "nbr_fea");
  check_gaussians(ref, d[1], d[2]);
  H5Dvlen_reclaim(type, space, H5P_DEFAULT, ids);
  free(ids);
  H5Tclose(type);
  H5Sclose(space);
  H5Aclose(attribute);
}

static void unload(reference_t *ref) {
  for (size_t i = 0; i < ref->graphs; ++i) {
    free((void *)ref->graph[i].distance);
    free((void *)ref->graph[i].neighbor);
  }
  free(ref->graph);
  free(ref->batch);
  free(ref->feature);
}

static double largest_of(const double *v, size_t count) {
  double largest = 0;
  for (size_t k = 0; k < count; ++k) largest = check_worst(largest, v[k], 0);
  return largest;
}

/* Differences from group/NAME against the tensor's largest value. A tensor that is rounding alone
   in the reference, below 1e-12, counts as zeros. */
static void compare(const reference_t *ref, const ecd_tensor_t *t, const float *slab,
                    const char *group, const char *backend) {
  char name[80];
  snprintf(name, sizeof name, "%s/%s", group, t->name);
  double *v = doubles(ref->file, name, t->count), worst = 0;
  const double largest = largest_of(v, t->count), limit = fmax(tolerance * largest, 1e-12);
  for (size_t k = 0; k < t->count; ++k)
    worst = check_worst(worst, (double)slab[t->offset + k], v[k]);
  if (!check_within(worst, limit))
    fprintf(stderr, "%s: %s: off by %.3g, largest value %.3g\n", backend, name, worst, largest);
  CHECK(check_within(worst, limit));
  free(v);
}

static void compare_predictions(const reference_t *ref, const char *name, const float *prediction) {
  double *theirs = doubles(ref->file, name, ref->graphs);
  for (size_t i = 0; i < ref->graphs; ++i)
    CHECK_NEAR((double)prediction[i], theirs[i], tolerance * fabs(theirs[i]));
  free(theirs);
}

static void load_parameters(const reference_t *ref, ecd_net_t *net) {
  for (size_t i = 0; i < ecd_net_tensor_count(net); ++i) {
    const ecd_tensor_t *t = ecd_net_tensor(net, i);
    char name[64];
    snprintf(name, sizeof name, "param/%s", t->name);
    double *v = doubles(ref->file, name, t->count);
    for (size_t k = 0; k < t->count; ++k) ecd_net_parameters(net)[t->offset + k] = (float)v[k];
    free(v);
  }
}

static void check_network(const reference_t *ref, ecd_cgcnn_t *cgcnn, const char *backend) {
  ecd_net_t *net = ecd_cgcnn_net(cgcnn);
  float *prediction = calloc(ref->graphs, sizeof *prediction);
  float *target = floats(ref->file, "y", ref->graphs);
  float *d = calloc(ref->graphs, sizeof *d);
  double *mse = doubles(ref->file, "train/mse", 1);
  ecd_cgcnn_initialize(cgcnn, 1);
  load_parameters(ref, net);
  ecd_cgcnn_forward(cgcnn, ref->graphs, ref->batch, true, NULL, NULL, prediction);
  compare_predictions(ref, "train/pred", prediction);
  CHECK_NEAR(ecd_loss_mse(ref->graphs, ref->graphs, prediction, target, d), *mse, tolerance * *mse);
  ecd_cgcnn_backward(cgcnn, d, NULL, NULL, NULL, NULL);
  for (size_t i = 0; i < ecd_net_tensor_count(net); ++i)
    compare(ref, ecd_net_tensor(net, i), ecd_net_gradients(net), "train/grad", backend);
  for (size_t i = ecd_net_tensor_count(net); i < ecd_net_state_tensor_count(net); ++i)
    compare(ref, ecd_net_tensor(net, i), ecd_net_parameters(net), "train/buffer", backend);
  ecd_cgcnn_forward(cgcnn, ref->graphs, ref->batch, false, NULL, NULL, prediction);
  compare_predictions(ref, "eval/pred", prediction);
  free(prediction);
  free(target);
  free(d);
  free(mse);
}

static void check_file(const char *path, hid_t file) {
  reference_t ref = {.file = file};
  const int start = check_failures;
  load(&ref);
  const bool loaded = check_failures == start;
  for (int kind = ECD_BACKEND_REF; kind <= ECD_BACKEND_DNNL; ++kind) {
    const ecd_backend_t *be;
    ecd_cgcnn_t *cgcnn;
    ecd_error_t err;
    if (ecd_backend_get((ecd_backend_kind_t)kind, &be, &err) != ECD_OK) continue;
    const int before = check_failures;
    CHECK(ecd_cgcnn_create(&ref.settings, ref.graphs, 1, be, &cgcnn, &err) == ECD_OK);
    CHECK(ecd_cgcnn_reserve(cgcnn, 1, ref.atoms, &err) == ECD_OK);
    check_network(&ref, cgcnn, ecd_backend_name(be));
    ecd_cgcnn_destroy(&cgcnn);
    printf("%s on %s: %s\n", path, ecd_backend_name(be),
           loaded && check_failures == before ? "agrees" : "DIFFERS");
  }
  unload(&ref);
}

int main(int argc, char **argv) {
  if (argc < 2) return fprintf(stderr, "usage: check_cgcnn FILE...\n"), 2;
  for (int i = 1; i < argc; ++i) {
    const hid_t file = open_reference("check_cgcnn", argv[i]);
    check_file(argv[i], file);
    H5Fclose(file);
  }
  return check_done();
}
