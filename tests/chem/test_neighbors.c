/* Neighbour lists: known shells, every image of random cells by brute force, distances of the
   public CGCNN code.
     usage: test_neighbors [FILE]
   FILE (default tests/data/cgcnn.h5) holds crystal/ID/{lattice, frac, Z, nbr_dist}. */
#include "base/random.h"
#include "check.h"
#include "chem/neighbors.h"

#include <hdf5.h>
#include <stdlib.h>

static ecd_error_t err;

static ecd_crystal_t make_crystal(const double lattice[3][3], size_t sites,
                                  const double (*frac)[3]) {
  ecd_crystal_t c;
  CHECK(ecd_crystal_allocate(&c, sites, &err) == ECD_OK);
  memcpy(c.lattice, lattice, sizeof c.lattice);
  memcpy(c.frac, frac, sites * sizeof *c.frac);
  return c;
}

static ecd_neighbors_t find(const ecd_crystal_t *c, size_t most, double radius) {
  ecd_neighbors_t n;
  CHECK(ecd_neighbors_find(c, most, radius, &n, &err) == ECD_OK);
  return n;
}

/* ---- Known shells ---- */

static const double origin[1][3] = {{0, 0, 0}};
static const double fcc[3][3] = {{0, 2, 2}, {2, 0, 2}, {2, 2, 0}}; /* a = 4 */

static void check_fcc(void) {
  ecd_crystal_t c = make_crystal(fcc, 1, origin);
  ecd_neighbors_t n = find(&c, 18, 8.0);
  CHECK(n.count[0] == 18 && n.fewest == 18);
  for (size_t k = 0; k < 18; ++k) {
    CHECK_NEAR(n.distance[k], k < 12 ? 4 / sqrt(2.0) : 4.0, 1e-12);
    CHECK(n.site[k] == 0);
    for (int axis = 0; k % 12 > 0 && axis < 3; ++axis) { /* images of a shell in their order */
      if (n.image[k][axis] == n.image[k - 1][axis]) continue;
      CHECK(n.image[k][axis] > n.image[k - 1][axis]);
      break;
    }
  }
  ecd_neighbors_clear(&n);
  n = find(&c, 100, 4.0); /* the second shell is on the sphere */
  CHECK(n.count[0] == 18 && n.fewest == 18 && n.distance[18] == 0);
  ecd_neighbors_clear(&n);
  CHECK(n.sites == 0 && n.site == NULL);
  ecd_crystal_clear(&c);
}

/* In the conventional cell of rock salt the 12th of the 6 + 12 neighbours falls inside the second
   shell. */
static void check_rock_salt(void) {
  const double cube[3][3] = {{5.6, 0, 0}, {0, 5.6, 0}, {0, 0, 5.6}};
  const double frac[8][3] = {{0, 0, 0},  {0, .5, .5}, {.5, 0, .5}, {.5, .5, 0},
                             {.5, 0, 0}, {0, .5, 0},  {0, 0, .5},  {.5, .5, .5}};
  ecd_crystal_t c = make_crystal(cube, 8, frac);
  ecd_neighbors_t n = find(&c, 12, 8.0);
  for (size_t i = 0; i < 8; ++i)
    for (size_t k = 0; k < 12; ++k) {
      const size_t at = i * 12 + k;
      CHECK_NEAR(n.distance[at], k < 6 ? 2.8 : 2.8 * sqrt(2.0), 1e-12);
      CHECK((n.site[at] < 4) == (k < 6 ? i >= 4 : i < 4));
      if (k > 0 && k != 6) CHECK(n.site[at] >= n.site[at - 1]);
    }
  for (size_t k = 6; k < 12; ++k) CHECK(n.site[k] == (k < 10 ? 1 : 2));
  ecd_neighbors_clear(&n);
  ecd_crystal_clear(&c);
}

/* Noise below the width of a shell does not change which neighbours are kept. */
static void check_noise(void) {
  const double cube[3][3] = {{4, 0, 0}, {0, 4, 0}, {0, 0, 4}};
  double frac[2][3] = {{0, 0, 0}, {.5, .5, .5}};
  ecd_crystal_t c = make_crystal(cube, 2, frac);
  ecd_neighbors_t clean = find(&c, 3, 8.0);
  c.frac[1][0] += 2e-6;
  c.frac[1][2] -= 1e-6;
  ecd_neighbors_t noisy = find(&c, 3, 8.0);
  CHECK(memcmp(clean.site, noisy.site, 6 * sizeof *clean.site) == 0);
  CHECK(memcmp(clean.image, noisy.image, 6 * sizeof *clean.image) == 0);
  CHECK(clean.image[0][0] == -1 && clean.image[0][1] == -1 && clean.image[0][2] == -1);
  ecd_neighbors_clear(&clean);
  ecd_neighbors_clear(&noisy);
  ecd_crystal_clear(&c);
}

/* One atom in a wide cell has few neighbours or none; in a flat or slanted one, all that are there.
   */
static void check_cells(void) {
  const double wide[3][3] = {{30, 0, 0}, {0, 7, 0}, {0, 0, 30}};
  ecd_crystal_t c = make_crystal(wide, 1, origin);
  ecd_neighbors_t n = find(&c, 12, 8.0);
  CHECK(n.count[0] == 2 && n.fewest == 2 && n.distance[0] == 7 && n.image[0][1] == -1);
  ecd_neighbors_pad(&n, 9.0);
  CHECK(n.distance[1] == 7 && n.distance[2] == 9 && n.distance[11] == 9 && n.site[11] == 0);
  ecd_neighbors_clear(&n);
  c.lattice[1][1] = 30;
  n = find(&c, 12, 8.0);
  CHECK(n.count[0] == 0 && n.fewest == 0);
  ecd_neighbors_clear(&n);
  const double slanted[3][3] = {{3, 0, 0}, {300, 3, 0}, {-90, 60, 3}}; /* a simple cubic lattice */
  memcpy(c.lattice, slanted, sizeof slanted);
  n = find(&c, 18, 8.0);
  for (size_t k = 0; k < 18; ++k) CHECK_NEAR(n.distance[k], k < 6 ? 3 : 3 * sqrt(2.0), 1e-9);
  ecd_neighbors_clear(&n);
  ecd_crystal_clear(&c);
  CHECK(ecd_crystal_allocate(&c, 0, &err) == ECD_OK);
  memcpy(c.lattice, wide, sizeof wide);
  n = find(&c, 12, 8.0);
  CHECK(n.sites == 0 && n.fewest == 0);
  ecd_neighbors_clear(&n);
  ecd_crystal_clear(&c);
}

static void check_bad(const double lattice[3][3], const double (*frac)[3], double radius,
                      const char *message) {
  ecd_crystal_t c = make_crystal(lattice, 2, frac);
  ecd_neighbors_t n;
  CHECK(ecd_neighbors_find(&c, 12, radius, &n, &err) == ECD_DATA);
  CHECK_HAS(err.text, message);
  CHECK(n.site == NULL && n.sites == 0);
  ecd_crystal_clear(&c);
}

static void check_errors(void) {
  const double flat[3][3] = {{1, 0, 0}, {0, 1, 0}, {1, 1, 0}};
  const double tiny[3][3] = {{.01, 0, 0}, {0, .01, 0}, {0, 0, .01}};
  const double fine[2][3] = {{0, 0, 0}, {.5, .5, .5}}, none[2][3] = {{0, 0, 0}, {0, NAN, 0}};
  const double same[2][3] = {{0, 0, 1}, {0, 1e-9, 2}};
  check_bad(flat, fine, 8.0, "lattice vectors that span a cell, found one of 0 A^3");
  check_bad(tiny, fine, 8.0, "2 sites in a cell of 1e-06 A^3 have too many images within 8 A");
  check_bad(fcc, fine, INFINITY, "within inf A");
  check_bad(fcc, none, 8.0, "site 2: expected fractional coordinates, found nan");
  check_bad(fcc, same, 8.0, "sites 1 and 2 are in one place");
}

/* ---- Random cells against brute force ---- */

static double uniform(uint32_t cell, size_t i) {
  return ecd_random_uniform(23, ECD_RANDOM_TEST, cell, i);
}

static int increasing(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Sorted distances within radius of site i, from all images to `images` cells away; returns how
   many. */
static size_t brute_force(const ecd_crystal_t *c, size_t i, int images, double radius, double *out,
                          size_t room) {
  size_t count = 0;
  for (size_t j = 0; j < c->sites; ++j)
    for (int n = 0; n < (2 * images + 1) * (2 * images + 1) * (2 * images + 1); ++n) {
      const int side = 2 * images + 1;
      const int image[3] = {n % side - images, n / side % side - images, n / side / side - images};
      double square = 0;
      for (int x = 0; x < 3; ++x) {
        double d = 0;
        for (int k = 0; k < 3; ++k)
          d += (c->frac[j][k] - c->frac[i][k] + image[k]) * c->lattice[k][x];
        square += d * d;
      }
      if (square > 0 && sqrt(square) <= radius && count < room) out[count++] = sqrt(square);
    }
  qsort(out, count, sizeof *out, increasing);
  return count;
}

/* Distances are those of the images that the list names. */
static void check_images(const ecd_crystal_t *c, const ecd_neighbors_t *n, size_t i) {
  for (size_t at = i * n->most; at < i * n->most + n->count[i]; ++at) {
    double square = 0;
    for (int x = 0; x < 3; ++x) {
      double d = 0;
      for (int k = 0; k < 3; ++k)
        d += (c->frac[n->site[at]][k] - c->frac[i][k] + n->image[at][k]) * c->lattice[k][x];
      square += d * d;
    }
    CHECK_NEAR(sqrt(square), n->distance[at], 1e-9);
  }
}

/* Sites in and out of the cell; every second cell is slanted. */
static void check_random(uint32_t cell) {
  enum { SITES = 3, ROOM = 4096, IMAGES = 14 };
  double lattice[3][3] = {{0}}, frac[SITES][3], *all = malloc(ROOM * sizeof *all);
  for (int k = 0; k < 9; ++k)
    lattice[k / 3][k % 3] = 2.5 * uniform(cell, k) - 1.2 + (k % 4 == 0 ? 3.0 : 0.0);
  for (int k = 0; k < 3 && cell % 2 == 1; ++k) lattice[1][k] += 2 * lattice[0][k] - lattice[2][k];
  for (int k = 0; k < 3 * SITES; ++k) frac[k / 3][k % 3] = 2.4 * uniform(cell, 10 + k) - 0.7;
  ecd_crystal_t c = make_crystal(lattice, SITES, frac);
  ecd_neighbors_t n = find(&c, 200, 6.0);
  for (size_t i = 0; i < SITES; ++i) {
    const size_t count = brute_force(&c, i, IMAGES, 6.0, all, ROOM);
    CHECK(count > 12 && n.count[i] == (count < 200 ? count : 200));
    for (size_t k = 0; k < n.count[i]; ++k)
      CHECK_NEAR(n.distance[i * 200 + k], all[k], 1e-4); /* in a shell the lower site is first */
    check_images(&c, &n, i);
  }
  ecd_neighbors_clear(&n);
  ecd_crystal_clear(&c);
  free(all);
}

/* ---- The file ---- */

static void *values(hid_t group, const char *name, hid_t type, size_t size, hsize_t dims[2]) {
  const hid_t set = H5Dopen2(group, name, H5P_DEFAULT), space = H5Dget_space(set);
  dims[1] = 1;
  H5Sget_simple_extent_dims(space, dims, NULL);
  void *out = malloc(dims[0] * dims[1] * size);
  CHECK(H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, out) >= 0);
  H5Sclose(space);
  H5Dclose(set);
  return out;
}

static herr_t check_crystal(hid_t crystals, const char *id, const H5L_info_t *info, void *arg) {
  (void)info;
  hsize_t dims[2];
  const hid_t group = H5Gopen2(crystals, id, H5P_DEFAULT);
  double *lattice = values(group, "lattice", H5T_NATIVE_DOUBLE, sizeof(double), dims);
  double *frac = values(group, "frac", H5T_NATIVE_DOUBLE, sizeof(double), dims);
  double *theirs = values(group, "nbr_dist", H5T_NATIVE_DOUBLE, sizeof(double), dims);
  ecd_crystal_t c = make_crystal((const double(*)[3])lattice, dims[0], (const double(*)[3])frac);
  ecd_neighbors_t n = find(&c, dims[1], 8.0);
  CHECK(n.fewest == dims[1]);
  for (size_t k = 0; k < dims[0] * dims[1]; ++k) CHECK_NEAR(n.distance[k], theirs[k], 1e-4);
  for (size_t i = 0; i < dims[0]; ++i) { /* in order of distance, the same to rounding */
    qsort(n.distance + i * dims[1], dims[1], sizeof *n.distance, increasing);
    for (size_t k = i * dims[1]; k < (i + 1) * dims[1]; ++k)
      CHECK_NEAR(n.distance[k], theirs[k], 1e-9);
  }
  ++*(int *)arg;
  ecd_neighbors_clear(&n);
  ecd_crystal_clear(&c);
  free(lattice);
  free(frac);
  free(theirs);
  H5Gclose(group);
  return 0;
}

static void check_file(const char *path) {
  const hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
  CHECK(file >= 0);
  if (file < 0) return;
  const hid_t crystals = H5Gopen2(file, "crystal", H5P_DEFAULT);
  int count = 0;
  CHECK(H5Literate(crystals, H5_INDEX_NAME, H5_ITER_INC, NULL, check_crystal, &count) >= 0);
  CHECK(count > 0);
  printf("%s: neighbours of %d crystals: %s\n", path, count,
         check_failures == 0 ? "agree" : "DIFFER");
  H5Gclose(crystals);
  H5Fclose(file);
}

int main(int argc, char **argv) {
  char path[1024];
  snprintf(path, sizeof path, "%s/tests/data/cgcnn.h5", getenv("top_srcdir"));
  check_fcc();
  check_rock_salt();
  check_noise();
  check_cells();
  check_errors();
  for (uint32_t cell = 0; cell < 12; ++cell) check_random(cell);
  check_file(argc > 1 ? argv[1] : path);
  return check_done();
}
