/* Holds the crystal graph network against reference files made by the public CGCNN code:
   training-mode prediction, loss, every gradient and running statistic, then evaluation-mode
   prediction, on every backend that is built.
     usage: check_cgcnn FILE...
   A file holds the attribute order (crystals), crystal/ID/{nbr_dist, nbr_idx} (atoms, neighbours),
   atom_fea (all atoms, values), nbr_fea (all atoms, neighbours, Gaussians, step 0.2 A), y,
   param/NAME, train/{pred, mse, grad/NAME, buffer/NAME} and eval/pred. Widths are read off the
   shapes. */
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
  size_t graphs, atoms;
  float *feature;
  ecd_graph_t *graph;
  const ecd_graph_t **batch;
} reference_t;

static void load_crystal(reference_t *ref, size_t i, const char *id) {
  char name[160];
  hsize_t d[5];
  snprintf(name, sizeof name, "crystal/%s/nbr_dist", id);
  double *distance = doubles(ref->file, name);
  shape(ref->file, name, d);
  snprintf(name, sizeof name, "crystal/%s/nbr_idx", id);
  ref->graph[i] =
      (ecd_graph_t){.atoms = d[0],
                    .atom = ref->feature + ref->atoms * (size_t)ref->settings.atom_features,
                    .distance = distance,
                    .neighbor = values(ref->file, name, H5T_NATIVE_INT32, 4)};
  ref->batch[i] = &ref->graph[i];
  ref->atoms += ref->graph[i].atoms;
}

static void load(reference_t *ref) {
  hsize_t d[5], e[5];
  int convolutions = 0;
  char name[64];
  do snprintf(name, sizeof name, "param/convs.%d.bn1.weight", ++convolutions);
  while (H5Lexists(ref->file, name, H5P_DEFAULT) > 0);
  shape(ref->file, "nbr_fea", d);
  ref->settings = ecd_cgcnn_defaults;
  ref->settings.neighbors = (int64_t)d[1];
  ref->settings.radius = ref->settings.step * (double)(d[2] - 1);
  ref->settings.convolutions = convolutions;
  shape(ref->file, "param/embedding.weight", e);
  ref->settings.embedding = (int64_t)e[0];
  ref->settings.atom_features = (int64_t)e[1];
  shape(ref->file, "param/conv_to_fc.weight", e);
  ref->settings.hidden = (int64_t)e[0];
  ref->feature = values(ref->file, "atom_fea", H5T_NATIVE_FLOAT, sizeof(float));
  const hid_t attribute = H5Aopen(ref->file, "order", H5P_DEFAULT);
  const hid_t space = H5Aget_space(attribute), type = H5Aget_type(attribute);
  ref->graphs = (size_t)H5Sget_simple_extent_npoints(space);
  char **ids = calloc(ref->graphs, sizeof *ids);
  CHECK(H5Aread(attribute, type, ids) >= 0);
  ref->graph = calloc(ref->graphs, sizeof *ref->graph);
  ref->batch = calloc(ref->graphs, sizeof *ref->batch);
  for (size_t i = 0; i < ref->graphs; ++i) load_crystal(ref, i, ids[i]);
  CHECK(ref->atoms == d[0]);
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
  for (size_t k = 0; k < count; ++k) largest = fmax(largest, fabs(v[k]));
  return largest;
}

/* Differences from group/NAME against the tensor's largest value. A tensor that is rounding alone
   in the reference, below 1e-12, counts as zeros. */
static void compare(const reference_t *ref, const ecd_tensor_t *t, const float *slab,
                    const char *group, const char *backend) {
  char name[80];
  hsize_t dims[5];
  snprintf(name, sizeof name, "%s/%s", group, t->name);
  CHECK(shape(ref->file, name, dims) == t->count);
  double *v = doubles(ref->file, name), worst = 0;
  const double largest = largest_of(v, t->count);
  for (size_t k = 0; k < t->count; ++k)
    worst = fmax(worst, fabs((double)slab[t->offset + k] - v[k]));
  if (!(worst <= fmax(tolerance * largest, 1e-12)))
    fprintf(stderr, "%s: %s: off by %.3g, largest value %.3g\n", backend, name, worst, largest);
  CHECK(worst <= fmax(tolerance * largest, 1e-12));
  free(v);
}

static void compare_predictions(const reference_t *ref, const char *name, const float *prediction) {
  double *theirs = doubles(ref->file, name);
  for (size_t i = 0; i < ref->graphs; ++i)
    CHECK_NEAR((double)prediction[i], theirs[i], tolerance * fabs(theirs[i]));
  free(theirs);
}

static void load_parameters(const reference_t *ref, ecd_net_t *net) {
  for (size_t i = 0; i < ecd_net_tensor_count(net); ++i) {
    const ecd_tensor_t *t = ecd_net_tensor(net, i);
    char name[64];
    hsize_t dims[5];
    snprintf(name, sizeof name, "param/%s", t->name);
    CHECK(shape(ref->file, name, dims) == t->count);
    double *v = doubles(ref->file, name);
    for (size_t k = 0; k < t->count; ++k) ecd_net_parameters(net)[t->offset + k] = (float)v[k];
    free(v);
  }
}

static void check_network(const reference_t *ref, ecd_cgcnn_t *cgcnn, const char *backend) {
  ecd_net_t *net = ecd_cgcnn_net(cgcnn);
  float *prediction = calloc(ref->graphs, sizeof *prediction);
  float *target = values(ref->file, "y", H5T_NATIVE_FLOAT, sizeof *target);
  float *d = calloc(ref->graphs, sizeof *d);
  double *mse = doubles(ref->file, "train/mse");
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
  load(&ref);
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
           check_failures == before ? "agrees" : "DIFFERS");
  }
  unload(&ref);
}

int main(int argc, char **argv) {
  if (argc < 2) return fprintf(stderr, "usage: check_cgcnn FILE...\n"), 2;
  for (int i = 1; i < argc; ++i) {
    const hid_t file = H5Fopen(argv[i], H5F_ACC_RDONLY, H5P_DEFAULT);
    if (file < 0) return fprintf(stderr, "check_cgcnn: cannot open %s\n", argv[i]), 3;
    check_file(argv[i], file);
    H5Fclose(file);
  }
  return check_done();
}
