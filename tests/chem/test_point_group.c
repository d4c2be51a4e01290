/* Point groups: crystals of all 230 space groups, in standard, skewed and rotated cells, supercells,
   distorted cells; what is refused. */
#include "chem/point_group.h"
#include "check.h"
#include "crystals.h"

static ecd_error_t err;
static ecd_point_group_t group;

static double dot(const double a[3], const double b[3]) {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

static void multiply(const double a[3][3], const double b[3][3], double out[3][3]) {
  for (int i = 0; i < 3; ++i)
    for (int k = 0; k < 3; ++k)
      out[i][k] = a[i][0] * b[0][k] + a[i][1] * b[1][k] + a[i][2] * b[2][k];
}

static double difference(const double a[3][3], const double b[3][3]) {
  double most = 0;
  for (int i = 0; i < 9; ++i) most = check_worst(most, (&a[0][0])[i], (&b[0][0])[i]);
  return most;
}

static bool is_member(const double r[3][3]) {
  for (int g = 0; g < group.order; ++g)
    if (difference(r, group.rotation[g]) < 1e-6) return true;
  return false;
}

/* Orthogonal, closed under products. */
static void check_group(void) {
  double most = 0, product[3][3];
  int outside = 0;
  for (int g = 0; g < group.order; ++g) {
    for (int i = 0; i < 3; ++i)
      for (int k = 0; k < 3; ++k)
        most = check_worst(most, dot(group.rotation[g][i], group.rotation[g][k]), i == k);
    for (int h = 0; h < group.order; ++h) {
      multiply(group.rotation[g], group.rotation[h], product);
      outside += !is_member(product);
    }
  }
  CHECK(most < 1e-12);
  CHECK(outside == 0);
  for (int i = 0; i < 3; ++i)
    for (int k = 0; k < 3; ++k) CHECK_NEAR(dot(group.axes[i], group.axes[k]), i == k, 1e-9);
  CHECK_NEAR(ecd_cell_volume(group.axes), 1, 1e-9);
}

/* Each operation that spglib finds of the cell as it is, is one of ours. */
static void check_operations(const ecd_crystal_t *crystal) {
  double columns[3][3], inverse[3][3], w[3][3], left[3][3], r[3][3];
  for (int i = 0; i < 3; ++i)
    for (int k = 0; k < 3; ++k) columns[k][i] = crystal->lattice[i][k];
  ecd_cell_inverse(columns, inverse);
  SpglibDataset *data =
      spg_get_dataset(columns, crystal->frac, crystal->Z, (int)crystal->sites, 0.01);
  CHECK(data != NULL);
  if (data == NULL) return;
  int outside = 0;
  for (int o = 0; o < data->n_operations; ++o) {
    for (int i = 0; i < 9; ++i) (&w[0][0])[i] = (&data->rotations[o][0][0])[i];
    multiply(columns, w, left);
    multiply(left, inverse, r);
    outside += !is_member(r);
  }
  CHECK(outside == 0);
  CHECK(data->n_operations % group.order == 0);
  spg_free_dataset(data);
}

/* Orders of the crystallographic point groups, by their first space groups. */
static int order_of(int number) {
  static const int first[] = {1,   2,   3,   6,   10,  16,  25,  47,  75,  81,  83,
                              89,  99,  111, 123, 143, 147, 149, 156, 162, 168, 174,
                              175, 177, 183, 187, 191, 195, 200, 207, 215, 221, 231};
  static const int order[] = {1, 2, 2, 2,  4, 4, 4,  8,  4,  4,  8,  8,  8,  8,  16, 3,
                              6, 6, 6, 12, 6, 6, 12, 12, 12, 12, 24, 12, 24, 24, 24, 48};
  int k = 0;
  while (number >= first[k + 1]) ++k;
  return order[k];
}

static const char *laue_of(int number) {
  static const int last[] = {2, 15, 74, 88, 142, 148, 167, 176, 194, 206, 230};
  static const char *const name[] = {"-1",  "2/m", "mmm",   "4/m", "4/mmm", "-3",
                                     "-3m", "6/m", "6/mmm", "m-3", "m-3m"};
  int k = 0;
  while (number > last[k]) ++k;
  return name[k];
}

static void all_space_groups(void) {
  double turn[3][3];
  crystal_turn(turn);
  for (int number = 1; number <= 230; ++number) {
    ecd_crystal_t crystal;
    const bool turned = number % 3 != 0;
    CHECK(crystal_make(number, turned ? turn : NULL, number % 2 == 0, &crystal, &err) == ECD_OK);
    const ecd_code_t code = ecd_point_group_find(&crystal, 0.01, &group, &err);
    CHECK(code == ECD_OK);
    if (group.space_group != number || group.order != order_of(number))
      fprintf(stderr, "space group %d: found %d, order %d\n", number, group.space_group,
              group.order);
    CHECK(group.space_group == number);
    CHECK(group.order == order_of(number));
    CHECK(strcmp(ecd_laue_name(group.laue), laue_of(number)) == 0);
    check_group();
    check_operations(&crystal);
    ecd_crystal_clear(&crystal);
  }
  CHECK(strcmp(group.symbol, "m-3m") == 0 && strcmp(ecd_laue_system(group.laue), "cubic") == 0);
}

/* Rock salt doubled along one axis is still cubic. */
static void supercells(void) {
  ecd_crystal_t crystal;
  CHECK(ecd_crystal_allocate(&crystal, 16, &err) == ECD_OK);
  for (int i = 0; i < 3; ++i) crystal.lattice[i][i] = i == 0 ? 8.4 : 4.2;
  size_t s = 0;
  for (int half = 0; half < 2; ++half)
    for (int corner = 0; corner < 8; ++corner, ++s) {
      const int bit[3] = {corner & 1, corner / 2 & 1, corner / 4};
      crystal.Z[s] = (bit[0] + bit[1] + bit[2]) % 2 == 0 ? 12 : 8;
      for (int k = 0; k < 3; ++k) crystal.frac[s][k] = 0.5 * bit[k];
      crystal.frac[s][0] = 0.5 * crystal.frac[s][0] + 0.5 * half;
    }
  CHECK(ecd_point_group_find(&crystal, 0.01, &group, &err) == ECD_OK);
  CHECK(group.space_group == 225 && group.order == 48);
  check_group();
  for (int i = 0; i < 3; ++i) CHECK_NEAR(group.axes[i][i], 1, 1e-9);
  /* a little oblique, within the tolerance */
  crystal.lattice[0][1] = 0.003;
  CHECK(ecd_point_group_find(&crystal, 0.02, &group, &err) == ECD_OK);
  CHECK(group.order == 48);
  check_group();
  /* a left-handed cell */
  crystal.lattice[0][1] = 0;
  crystal.lattice[0][0] = -crystal.lattice[0][0];
  CHECK(ecd_point_group_find(&crystal, 0.01, &group, &err) == ECD_OK && group.order == 48);
  check_group();
  ecd_crystal_clear(&crystal);
}

static void refusals(void) {
  ecd_crystal_t crystal;
  CHECK(ecd_crystal_allocate(&crystal, 2, &err) == ECD_OK);
  for (int i = 0; i < 3; ++i) crystal.lattice[i][i] = 4;
  crystal.Z[0] = 12;
  CHECK(ecd_point_group_find(&crystal, 0.01, &group, &err) == ECD_DATA);
  CHECK_HAS(err.text, "does not name its elements");
  crystal.Z[1] = 12; /* on the same place */
  CHECK(ecd_point_group_find(&crystal, 0.01, &group, &err) == ECD_DATA);
  CHECK_HAS(err.text, "spglib finds no symmetry");
  crystal.sites = 0;
  CHECK(ecd_point_group_find(&crystal, 0.01, &group, &err) == ECD_DATA);
  CHECK_HAS(err.text, "no sites");
  ecd_crystal_clear(&crystal);
}

int main(void) {
  all_space_groups();
  supercells();
  refusals();
  return check_done();
}
