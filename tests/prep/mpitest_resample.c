/* Resampling against references made by other programs, and bitwise the same on any number of ranks.
     usage: mpitest_resample [FILE...]   (default: tests/data/resample.h5)
   A file holds groups with source (n0, n1, n2), lattice, frac, Z, and as_given/METHOD, conventional/METHOD (m, m, m). */
#include "check.h"
#include "prep/resample.h"

#include <hdf5.h>
#include <petscsys.h>
#include <stdlib.h>

static const char *const methods[] = {"fourier", "tricubic",
                                      "trilinear"}; /* order of ecd_method_t */
static const double identity[3][3] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
static ecd_error_t err;
static int rank, size;

static void *read_set(hid_t group, const char *name, hid_t type, size_t item, hsize_t dims[3]) {
  const hid_t set = H5Dopen2(group, name, H5P_DEFAULT), space = H5Dget_space(set);
  dims[0] = dims[1] = dims[2] = 1;
  H5Sget_simple_extent_dims(space, dims, NULL);
  void *out = malloc(dims[0] * dims[1] * dims[2] * item);
  CHECK(out != NULL && H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, out) >= 0);
  H5Sclose(space);
  H5Dclose(set);
  return out;
}

static void read_grid(hid_t group, ecd_grid_t *grid) {
  hsize_t dims[3];
  memset(grid, 0, sizeof *grid);
  int *Z = read_set(group, "Z", H5T_NATIVE_INT, sizeof *Z, dims);
  CHECK(ecd_crystal_allocate(&grid->crystal, dims[0], &err) == ECD_OK);
  memcpy(grid->crystal.Z, Z, dims[0] * sizeof *Z);
  double *frac = read_set(group, "frac", H5T_NATIVE_DOUBLE, sizeof *frac, dims);
  memcpy(grid->crystal.frac, frac, 3 * grid->crystal.sites * sizeof *frac);
  double *lattice = read_set(group, "lattice", H5T_NATIVE_DOUBLE, sizeof *lattice, dims);
  memcpy(grid->crystal.lattice, lattice, sizeof grid->crystal.lattice);
  grid->value = read_set(group, "source", H5T_NATIVE_FLOAT, sizeof(float), dims);
  for (int i = 0; i < 3; ++i) grid->n[i] = (int64_t)dims[i];
  free(Z);
  free(frac);
  free(lattice);
}

static void check_case(const char *name, hid_t group, const char *cell, int method,
                       const ecd_grid_t *grid, const double transform[3][3]) {
  char path[80];
  hsize_t dims[3];
  snprintf(path, sizeof path, "%s/%s", cell, methods[method]);
  float *expected = read_set(group, path, H5T_NATIVE_FLOAT, sizeof *expected, dims);
  const size_t points = dims[0] * dims[1] * dims[2];
  float *ours = calloc(points, sizeof *ours), *alone = calloc(points, sizeof *alone);
  ecd_resample_report_t report = {0}, report_alone;
  const int64_t n = (int64_t)dims[0];
  CHECK(ecd_resample(MPI_COMM_WORLD, grid, transform, (ecd_method_t)method, n, ours, &report,
                     &err) == ECD_OK);
  if (rank == 0) {
    CHECK(ecd_resample(MPI_COMM_SELF, grid, transform, (ecd_method_t)method, n, alone,
                       &report_alone, &err) == ECD_OK);
    CHECK(memcmp(ours, alone, points * sizeof *ours) == 0);
    double low = expected[0], high = expected[0], worst = 0;
    for (size_t i = 0; i < points; ++i) {
      low = fmin(low, expected[i]);
      high = fmax(high, expected[i]);
      worst = check_worst(worst, (double)ours[i], (double)expected[i]);
    }
    const double limit = 1e-5 * (high - low);
    if (!check_within(worst, limit))
      fprintf(stderr, "%s %s: off by %.3g of the range\n", name, path, worst / (high - low));
    CHECK(check_within(worst, limit));
    if (method == ECD_METHOD_FOURIER)
      CHECK_NEAR(report.integral_after, report.integral_before,
                 1e-6 * fabs(report.integral_before));
  }
  free(expected);
  free(ours);
  free(alone);
}

static herr_t check_material(hid_t file, const char *name, const H5L_info_t *info, void *data) {
  (void)info, (void)data;
  const hid_t group = H5Gopen2(file, name, H5P_DEFAULT);
  ecd_grid_t grid;
  read_grid(group, &grid);
  for (int method = 0; method < 3; ++method) {
    check_case(name, group, "as_given", method, &grid, identity);
    if (H5Lexists(group, "conventional", H5P_DEFAULT) <= 0) continue;
    double cell[3][3], transform[3][3];
    int space_group;
    CHECK(ecd_crystal_conventional(&grid.crystal, 0.01, cell, transform, &space_group, &err) ==
          ECD_OK);
    CHECK(space_group >= 195);
    check_case(name, group, "conventional", method, &grid, transform);
  }
  ecd_grid_clear(&grid);
  H5Gclose(group);
  return 0;
}

/* A plane wave below every Nyquist frequency is interpolated exactly; one beyond the target's is
   dropped. */
static void check_waves(void) {
  ecd_grid_t grid = {.crystal = {.lattice = {{3, 0, 0}, {0.5, 4, 0}, {0.2, -0.3, 5}}},
                     .n = {9, 10, 7}};
  grid.value = malloc(630 * sizeof *grid.value);
  const double tau = 2 * acos(-1.0);
  for (int x = 0; x < 9; ++x)
    for (int y = 0; y < 10; ++y)
      for (int z = 0; z < 7; ++z)
        grid.value[(x * 10 + y) * 7 + z] =
            (float)(2 + sin(tau * (2 * x / 9.0 - 3 * y / 10.0 + z / 7.0)) +
                    cos(tau * 5 * y / 10.0) + cos(tau * 4 * x / 9.0));
  float volume[512];
  ecd_resample_report_t report;
  CHECK(ecd_resample(MPI_COMM_WORLD, &grid, identity, ECD_METHOD_FOURIER, 8, volume, &report,
                     &err) == ECD_OK);
  for (int i = 0; i < 512 && rank == 0; ++i)
    CHECK_NEAR((double)volume[i],
               2 + sin(tau * (2 * (i / 64) / 8.0 - 3 * (i / 8 % 8) / 8.0 + i % 8 / 8.0)), 1e-5);
  for (int method = 0; method < 3; ++method) { /* constants are kept by every method and cell */
    const double transform[3][3] = {{-1, 1, 1}, {1, -1, 1}, {1, 1, -1}};
    for (int i = 0; i < 630; ++i) grid.value[i] = 1.5f;
    CHECK(ecd_resample(MPI_COMM_WORLD, &grid, transform, (ecd_method_t)method, 8, volume, &report,
                       &err) == ECD_OK);
    for (int i = 0; i < 512 && rank == 0; ++i) CHECK_NEAR((double)volume[i], 1.5, 1e-6);
  }
  free(grid.value);
}

int main(int argc, char **argv) {
  int none = 1;
  char *name[] = {argv[0], NULL}, **alone = name;
  CHECK(PetscInitialize(&none, &alone, NULL, NULL) == 0);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  char standard[4096];
  const char *top = getenv("top_srcdir");
  snprintf(standard, sizeof standard, "%s/tests/data/resample.h5", top != NULL ? top : ".");
  for (int i = 1; i < (argc > 1 ? argc : 2); ++i) {
    const hid_t file = H5Fopen(argc > 1 ? argv[i] : standard, H5F_ACC_RDONLY, H5P_DEFAULT);
    CHECK(file >= 0);
    if (file >= 0) H5Literate(file, H5_INDEX_NAME, H5_ITER_INC, NULL, check_material, NULL);
    H5Fclose(file);
  }
  check_waves();
  const int failed = check_done();
  PetscFinalize();
  return failed;
}
