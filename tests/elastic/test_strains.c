/* The deformations to compute: numbers, names, amplitudes, orientation; what they determine is in
   test_fit. */
#include "elastic/strains.h"
#include "chem/crystals.h"
#include "check.h"
#include "elastic/laue.h"

#include <stdlib.h>

static ecd_error_t err;
static ecd_crystal_t crystal;
static ecd_point_group_t group;
static ecd_planned_t planned[ECD_PLANNED_MAX];
static const ecd_elastic_settings_t usual = {.amplitude = 0.01, .steps = 1, .both_signs = true};

static void start(int number, bool turned) {
  double turn[3][3];
  crystal_turn(turn);
  CHECK(crystal_make(number, turned ? turn : NULL, false, &crystal, &err) == ECD_OK);
  CHECK(ecd_point_group_find(&crystal, 0.01, &group, &err) == ECD_OK);
}

static void numbers(void) {
  static const int number[] = {2, 14, 62, 82, 136, 148, 167, 176, 194, 205, 225};
  static const size_t expected[] = {6, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1};
  for (int g = 0; g < 11; ++g) {
    start(number[g], true);
    ecd_elastic_settings_t settings = usual;
    CHECK(ecd_strains_plan(&crystal, &group, &settings, planned) == 2 * expected[g]);
    CHECK(strcmp(planned[0].name, "s1+") == 0 && strcmp(planned[1].name, "s1-") == 0);
    settings.both_signs = false;
    CHECK(ecd_strains_plan(&crystal, &group, &settings, planned) == expected[g]);
    settings.steps = 100;
    settings.both_signs = true;
    CHECK(ecd_strains_plan(&crystal, &group, &settings, planned) == 200 * expected[g]);
    ecd_crystal_clear(&crystal);
  }
}

static void amplitudes(void) {
  start(225, false);
  const ecd_elastic_settings_t settings = {.amplitude = 0.03, .steps = 3, .both_signs = true};
  CHECK(ecd_strains_plan(&crystal, &group, &settings, planned) == 6);
  static const char *const names[] = {"s1+3", "s1-3", "s1+2", "s1-2", "s1+1", "s1-1"};
  static const double size[] = {0.03, -0.03, 0.02, -0.02, 0.01, -0.01};
  for (int s = 0; s < 6; ++s) {
    const double expected[3][3] = {{1 + size[s], 0, 0}, {0, 1, size[s] / 2}, {0, size[s] / 2, 1}};
    CHECK(strcmp(planned[s].name, names[s]) == 0);
    for (int i = 0; i < 3; ++i)
      for (int k = 0; k < 3; ++k) {
        double row = 0; /* of lattice F^T */
        for (int j = 0; j < 3; ++j) row += crystal.lattice[i][j] * planned[s].deformation[k][j];
        CHECK_NEAR(planned[s].deformation[i][k], expected[i][k], 1e-14);
        CHECK_NEAR(planned[s].lattice[i][k], row, 1e-12);
      }
  }
  ecd_crystal_clear(&crystal);
}

/* Of a turned crystal the deformations are turned: strain along its own c. */
static void orientation(void) {
  start(194, true);
  const ecd_elastic_settings_t settings = {.amplitude = 0.02, .steps = 1};
  CHECK(ecd_strains_plan(&crystal, &group, &settings, planned) == 2);
  double along = 0, length = 0;
  for (int i = 0; i < 3; ++i) {
    length += crystal.lattice[2][i] * crystal.lattice[2][i];
    for (int k = 0; k < 3; ++k)
      along += crystal.lattice[2][i] * planned[1].deformation[i][k] * crystal.lattice[2][k];
  }
  CHECK_NEAR(along / length, 1.02, 1e-12);
  ecd_crystal_clear(&crystal);
}

static void tables(void) {
  char *text;
  size_t size;
  start(205, false);
  const size_t count = ecd_strains_plan(&crystal, &group, &usual, planned);
  FILE *file = open_memstream(&text, &size);
  CHECK(ecd_strains_write(file, "a/POSCAR", &crystal, &group, count, planned, true, &err) ==
        ECD_OK);
  fclose(file);
  CHECK(strcmp(text, "name,f11,f12,f13,f21,f22,f23,f31,f32,f33\n"
                     "s1+,1.01,0,0,0,1,0.005,0,0.005,1\n"
                     "s1-,0.99,0,0,0,1,-0.005,0,-0.005,1\n") == 0);
  free(text);
  file = open_memstream(&text, &size);
  CHECK(ecd_strains_write(file, "a/POSCAR", &crystal, &group, count, planned, false, &err) ==
        ECD_OK);
  fclose(file);
  CHECK_HAS(text, "\"file\": \"a/POSCAR\"");
  CHECK_HAS(text, "\"laue_class\": \"m-3\"");
  CHECK_HAS(text, "\"constants\": [\"c11\", \"c12\", \"c44\"]");
  CHECK_HAS(text, "\"name\": \"s1-\",\n      \"deformation\": [\n        [0.99, 0, 0],");
  free(text);
  ecd_crystal_clear(&crystal);
}

int main(void) {
  numbers();
  amplitudes();
  orientation();
  tables();
  return check_done();
}
