/* Conventional cells: each crystal family, primitive, conventional, skewed and rotated; what is
   refused. */
#include "chem/crystal.h"
#include "check.h"

static ecd_error_t err;
static double conventional[3][3], transform[3][3];
static int group;

typedef struct {
  double lattice[3][3];
  int sites, Z[8];
  double frac[8][3];
} cell_t;

static ecd_code_t find(const cell_t *cell, double symprec) {
  ecd_crystal_t crystal;
  if (ecd_crystal_allocate(&crystal, (size_t)cell->sites, &err) != ECD_OK) return ECD_FAILED;
  memcpy(crystal.lattice, cell->lattice, sizeof crystal.lattice);
  for (int s = 0; s < cell->sites; ++s) {
    crystal.Z[s] = cell->Z[s];
    memcpy(crystal.frac[s], cell->frac[s], sizeof crystal.frac[s]);
  }
  const ecd_code_t code =
      ecd_crystal_conventional(&crystal, symprec, conventional, transform, &group, &err);
  ecd_crystal_clear(&crystal);
  return code;
}

static double dot(const double a[3], const double b[3]) {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

/* What must hold of any cell: integers, positive, conventional = transform * lattice. */
static void check_found(const cell_t *cell, int expected_group, double determinant) {
  const ecd_code_t code = find(cell, 0.01);
  CHECK(code == ECD_OK);
  if (code != ECD_OK) {
    fprintf(stderr, "group %d: %s\n", expected_group, err.text);
    return;
  }
  if (group != expected_group) fprintf(stderr, "group %d, expected %d\n", group, expected_group);
  CHECK(group == expected_group);
  CHECK_NEAR(ecd_cell_volume(transform), determinant, 1e-9);
  CHECK_NEAR(ecd_cell_volume(conventional), determinant * ecd_cell_volume(cell->lattice), 1e-8);
  for (int i = 0; i < 3; ++i)
    for (int k = 0; k < 3; ++k) {
      CHECK(transform[i][k] == round(transform[i][k]));
      double sum = 0;
      for (int j = 0; j < 3; ++j) sum += transform[i][j] * cell->lattice[j][k];
      CHECK_NEAR(conventional[i][k], sum, 1e-9);
    }
}

/* Lengths a, b, c and cosines of alpha, beta, gamma of the conventional cell. */
static void check_shape(double a, double b, double c, double bc, double ca, double ab) {
  const double *const v[3] = {conventional[0], conventional[1], conventional[2]};
  CHECK_NEAR(sqrt(dot(v[0], v[0])), a, 1e-6);
  CHECK_NEAR(sqrt(dot(v[1], v[1])), b, 1e-6);
  CHECK_NEAR(sqrt(dot(v[2], v[2])), c, 1e-6);
  CHECK_NEAR(dot(v[1], v[2]) / (b * c), bc, 1e-6);
  CHECK_NEAR(dot(v[2], v[0]) / (c * a), ca, 1e-6);
  CHECK_NEAR(dot(v[0], v[1]) / (a * b), ab, 1e-6);
}

/* A cube along x, y, z. */
static void check_upright(double a) {
  for (int i = 0; i < 3; ++i)
    for (int k = 0; k < 3; ++k) CHECK_NEAR(conventional[i][k], i == k ? a : 0, 1e-9);
}

/* By 0.7 about z, then 0.4 about x. */
static cell_t rotated(cell_t cell) {
  for (int i = 0; i < 3; ++i) {
    const double *v = cell.lattice[i];
    const double x = cos(0.7) * v[0] - sin(0.7) * v[1], y = sin(0.7) * v[0] + cos(0.7) * v[1];
    const double z = v[2];
    cell.lattice[i][0] = x;
    cell.lattice[i][1] = cos(0.4) * y - sin(0.4) * z;
    cell.lattice[i][2] = sin(0.4) * y + cos(0.4) * z;
  }
  return cell;
}

static const cell_t fcc = {.lattice = {{0, 2, 2}, {2, 0, 2}, {2, 2, 0}}, .sites = 1, .Z = {13}};
static const cell_t rock_salt = {.lattice = {{0, 2, 2}, {2, 0, 2}, {2, 2, 0}},
                                 .sites = 2,
                                 .Z = {11, 17},
                                 .frac = {{0, 0, 0}, {0.5, 0.5, 0.5}}};
static const cell_t fcc_cube = {.lattice = {{4, 0, 0}, {0, 4, 0}, {0, 0, 4}},
                                .sites = 4,
                                .Z = {13, 13, 13, 13},
                                .frac = {{0, 0, 0}, {0, .5, .5}, {.5, 0, .5}, {.5, .5, 0}}};

static void check_cubic(void) {
  check_found(&fcc, 225, 4);
  check_upright(4);
  check_found(&rock_salt, 225, 4);
  check_upright(4);
  check_found(&fcc_cube, 225, 1);
  check_upright(4);
  /* vectors in another order, and skewed: the same cube */
  const cell_t turned = {.lattice = {{2, 2, 0}, {0, 2, 2}, {2, 0, 2}}, .sites = 1, .Z = {13}};
  check_found(&turned, 225, 4);
  check_upright(4);
  const cell_t skewed = {.lattice = {{0, 2, 2}, {2, 0, 2}, {2, 8, 6}}, .sites = 1, .Z = {13}};
  check_found(&skewed, 225, 4);
  check_upright(4);
  const cell_t bcc = {
      .lattice = {{-1.5, 1.5, 1.5}, {1.5, -1.5, 1.5}, {1.5, 1.5, -1.5}}, .sites = 1, .Z = {74}};
  check_found(&bcc, 229, 2);
  check_upright(3);
  const cell_t cscl = {.lattice = {{0, 3, 0}, {0, 0, 3}, {3, 0, 0}},
                       .sites = 2,
                       .Z = {55, 17},
                       .frac = {{0, 0, 0}, {0.5, 0.5, 0.5}}};
  check_found(&cscl, 221, 1);
  check_upright(3);
  const cell_t shifted = {.lattice = {{0, 2, 2}, {2, 0, 2}, {2, 2, 0}},
                          .sites = 2,
                          .Z = {14, 14},
                          .frac = {{0.1, 0.2, 0.3}, {0.35, 0.45, 0.55}}};
  check_found(&shifted, 227, 4);
  check_upright(4);
  /* rotated crystals keep their orientation */
  const cell_t turned_fcc = rotated(fcc), turned_cube = rotated(fcc_cube);
  check_found(&turned_fcc, 225, 4);
  check_shape(4, 4, 4, 0, 0, 0);
  check_found(&turned_cube, 225, 1);
  check_shape(4, 4, 4, 0, 0, 0);
}

static void check_others(void) {
  const double h = sqrt(3) / 2;
  cell_t hexagonal = {.lattice = {{3, 0, 0}, {-1.5, 3 * h, 0}, {0, 0, 5}},
                      .sites = 2,
                      .Z = {12, 12},
                      .frac = {{1.0 / 3, 2.0 / 3, 0.25}, {2.0 / 3, 1.0 / 3, 0.75}}};
  check_found(&hexagonal, 194, 1);
  check_shape(3, 3, 5, 0, 0, -0.5);
  const cell_t turned = rotated(hexagonal);
  check_found(&turned, 194, 1);
  check_shape(3, 3, 5, 0, 0, -0.5);
  const double t = 2, z = 4; /* rhombohedral, the hexagonal cell is three times as large */
  const cell_t antimony = {.lattice = {{t, 0, z}, {-t / 2, t * h, z}, {-t / 2, -t * h, z}},
                           .sites = 2,
                           .Z = {51, 51},
                           .frac = {{0.234, 0.234, 0.234}, {0.766, 0.766, 0.766}}};
  check_found(&antimony, 166, 3);
  check_shape(t * sqrt(3), t * sqrt(3), 3 * z, 0, 0, -0.5);
  const cell_t tetragonal = {
      .lattice = {{-1.5, 1.5, 2}, {1.5, -1.5, 2}, {1.5, 1.5, -2}}, .sites = 1, .Z = {49}};
  check_found(&tetragonal, 139, 2);
  check_shape(3, 3, 4, 0, 0, 0);
  const cell_t orthorhombic = {.lattice = {{3, 0, 0}, {0, 4, 0}, {0, 0, 5}},
                               .sites = 2,
                               .Z = {26, 8},
                               .frac = {{0, 0, 0}, {0.5, 0.5, 0.5}}};
  check_found(&orthorhombic, 47, 1);
  check_shape(3, 4, 5, 0, 0, 0);
  const cell_t triclinic = {.lattice = {{3, 0.1, 0.2}, {-0.3, 3.5, 0.4}, {0.5, -0.2, 4}},
                            .sites = 3,
                            .Z = {12, 8, 14},
                            .frac = {{0.1, 0.2, 0.3}, {0.35, 0.5, 0.55}, {0.6, 0.7, 0.9}}};
  check_found(&triclinic, 1, 1);
}

static void refuse(const cell_t *cell, const char *message) {
  CHECK(find(cell, 0.01) == ECD_DATA);
  CHECK_HAS(err.text, message);
}

static void check_refused(void) {
  const cell_t doubled = {.lattice = {{4, 0, 0}, {0, 4, 0}, {0, 0, 8}},
                          .sites = 8,
                          .Z = {13, 13, 13, 13, 13, 13, 13, 13},
                          .frac = {{0, 0, 0},
                                   {0, .5, .25},
                                   {.5, 0, .25},
                                   {.5, .5, 0},
                                   {0, 0, .5},
                                   {0, .5, .75},
                                   {.5, 0, .75},
                                   {.5, .5, .5}}};
  refuse(&doubled,
         "the cell is larger than its conventional cell (space group 225 at prep.symprec 0.01 A)");
  cell_t unknown = rock_salt;
  unknown.Z[1] = 0;
  refuse(&unknown, "does not name its elements (VASP 4)");
  cell_t empty = fcc;
  empty.sites = 0;
  refuse(&empty, "the file holds no sites");
  cell_t overlapping = rock_salt;
  memcpy(overlapping.frac[1], overlapping.frac[0], sizeof overlapping.frac[1]);
  overlapping.Z[1] = overlapping.Z[0];
  refuse(&overlapping, "spglib finds no symmetry (too close distance between atoms) with "
                       "prep.symprec 0.01 A");
}

/* A crystal that is cubic to 0.02 A only. */
static void check_tolerance(void) {
  cell_t nearly = fcc_cube;
  nearly.lattice[2][2] = 4.02;
  CHECK(find(&nearly, 1e-4) == ECD_DATA); /* tetragonal, with a cell of half the volume */
  CHECK_HAS(err.text, "(space group 139 at prep.symprec 0.0001 A)");
  CHECK(find(&nearly, 0.1) == ECD_OK && group == 225);
  check_shape(4, 4, 4.02, 0, 0, 0);
}

int main(void) {
  check_cubic();
  check_others();
  check_refused();
  check_tolerance();
  return check_done();
}
