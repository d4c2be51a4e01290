/* Fits: a random tensor of each Laue class comes back from its stresses; noise, reference stresses,
   rotations, too few strains, wrong conventions, given tensors. */
#include "elastic/fit.h"
#include "chem/crystals.h"
#include "check.h"
#include "elastic/sample.h"
#include "elastic/strains.h"

static ecd_error_t err;
static ecd_elastic_fit_t fit;
/* A space group of each Laue class, of -3m both settings of its two-fold axes. */
static const int groups[] = {2, 14, 62, 82, 136, 148, 150, 162, 167, 176, 186, 194, 205, 216, 225};
enum { GROUPS = sizeof groups / sizeof *groups, POINTS = 24 };

typedef struct {
  ecd_elastic_input_t input;
  ecd_strain_t strain[POINTS];
  ecd_point_group_t group;
  double kelvin[6][6], stiffness[6][6]; /* the tensor that the stresses are of */
} case_t;

static void multiply(const double a[3][3], const double b[3][3], double out[3][3]) {
  double kept[3][3];
  for (int i = 0; i < 3; ++i)
    for (int k = 0; k < 3; ++k)
      kept[i][k] = a[i][0] * b[0][k] + a[i][1] * b[1][k] + a[i][2] * b[2][k];
  memcpy(out, kept, sizeof kept);
}

static void transpose(const double a[3][3], double out[3][3]) {
  for (int i = 0; i < 3; ++i)
    for (int k = 0; k < 3; ++k) out[k][i] = a[i][k];
}

/* Cauchy stress F (C : E) F^T / det F, and the energy V E : C : E / 2 in eV. */
static void apply(const case_t *t, ecd_strain_t *strain) {
  const double(*f)[3] = strain->deformation;
  double back[3][3], e[3][3], kelvin[6], stress[6], s[3][3];
  transpose(f, back);
  multiply(back, f, e);
  for (int i = 0; i < 3; ++i)
    for (int k = 0; k < 3; ++k) e[i][k] = 0.5 * (e[i][k] - (i == k));
  ecd_kelvin_from_matrix(e, kelvin);
  strain->energy = 0;
  for (int i = 0; i < 6; ++i) {
    stress[i] = 0;
    for (int k = 0; k < 6; ++k) stress[i] += t->kelvin[i][k] * kelvin[k];
    strain->energy += 0.5 * kelvin[i] * stress[i];
  }
  strain->energy *= fabs(ecd_cell_volume(t->input.crystal.lattice)) / 160.2176634;
  ecd_matrix_from_kelvin(stress, s);
  multiply(f, s, s);
  multiply(s, back, s);
  for (int i = 0; i < 9; ++i) (&strain->stress[0][0])[i] = (&s[0][0])[i] / ecd_cell_volume(f);
}

static void start(case_t *t, int number) {
  double turn[3][3], c[6][6];
  memset(t, 0, sizeof *t);
  crystal_turn(turn);
  CHECK(crystal_make(number, turn, false, &t->input.crystal, &err) == ECD_OK);
  CHECK(ecd_point_group_find(&t->input.crystal, 0.01, &t->group, &err) == ECD_OK);
  sample_stiffness((uint64_t)number, c);
  ecd_stiffness_average(&t->group, c, t->kelvin);
  ecd_voigt_from_kelvin(t->kelvin, t->stiffness);
  t->input.strain = t->strain;
}

static void finish(case_t *t) { ecd_crystal_clear(&t->input.crystal); }

/* The planned deformations, with a rotation that differs from one to the next. */
static void plan(case_t *t, bool both_signs, bool rotated) {
  const ecd_elastic_settings_t settings = {.amplitude = 0.01, .steps = 1, .both_signs = both_signs};
  ecd_planned_t planned[ECD_PLANNED_MAX];
  t->input.strains = ecd_strains_plan(&t->input.crystal, &t->group, &settings, planned);
  double turn[3][3];
  crystal_turn(turn);
  for (size_t s = 0; s < t->input.strains; ++s) {
    memcpy(t->strain[s].deformation, planned[s].deformation, sizeof planned[s].deformation);
    for (size_t n = 0; rotated && n <= s; ++n)
      multiply(turn, t->strain[s].deformation, t->strain[s].deformation);
    apply(t, &t->strain[s]);
  }
}

/* count deformations that no symmetry picks. */
static void scatter(case_t *t, size_t count) {
  t->input.strains = count;
  for (size_t s = 0; s < count; ++s) {
    for (int i = 0; i < 9; ++i)
      (&t->strain[s].deformation[0][0])[i] =
          (i % 4 == 0) + 0.01 * sample_number(77, 9 * s + (uint64_t)i);
    apply(t, &t->strain[s]);
  }
}

static double relative(const case_t *t) {
  return sample_difference(fit.stiffness, t->stiffness) / ecd_stiffness_norm(t->stiffness);
}

static ecd_code_t run(const case_t *t) { return ecd_elastic_fit(&t->input, &t->group, &fit, &err); }

static void round_trips(void) {
  static case_t t;
  for (int g = 0; g < GROUPS; ++g) {
    start(&t, groups[g]);
    for (int way = 0; way < 6; ++way) {
      if (way < 4)
        plan(&t, way % 2 == 1, way >= 2);
      else
        scatter(&t, way == 4 ? 6 : POINTS);
      t.input.has_reference = way == 2;
      const ecd_code_t code = run(&t);
      if (code != ECD_OK) fprintf(stderr, "space group %d: %s\n", groups[g], err.text);
      CHECK(code == ECD_OK);
      if (!(relative(&t) < 1e-10))
        fprintf(stderr, "group %d, way %d: %g\n", groups[g], way, relative(&t));
      CHECK(relative(&t) < 1e-10);
      CHECK(fit.residual < 1e-10 && fit.residual_gpa < 1e-9 && fit.worst_gpa < 1e-9);
      CHECK(fit.condition < (way % 2 == 0 && way < 4 ? 3 : 100));
      CHECK(fit.energy_residual < 1e-9);
      CHECK(way < 4 || fit.asymmetry < 1e-8);
      CHECK(fit.equations == 6 * t.input.strains && fit.rank == fit.unknowns);
      /* six strains of a triclinic crystal leave a stress in all of them open */
      const bool open = way == 0 || (way == 4 && t.group.laue == ECD_LAUE_1);
      CHECK(fit.reference == (way == 2 ? ECD_REFERENCE_GIVEN
                              : open   ? ECD_REFERENCE_ZERO
                                       : ECD_REFERENCE_FITTED));
    }
    finish(&t);
  }
}

/* To add the copies that the point group makes of the data changes nothing. */
static void copies(void) {
  static case_t t;
  double once[6][6];
  start(&t, 225);
  plan(&t, false, false);
  for (int i = 0; i < 9; ++i) (&t.strain[0].stress[0][0])[i] += 0.1 * (i / 4 + i % 4 == 2);
  t.input.has_reference = true;
  CHECK(run(&t) == ECD_OK);
  memcpy(once, fit.stiffness, sizeof once);
  const double residual = fit.residual;
  CHECK(residual > 1e-3);
  for (int g = 1; g < POINTS; ++g) {
    double back[3][3];
    transpose(t.group.rotation[g], back);
    t.strain[g] = t.strain[0];
    multiply(t.group.rotation[g], t.strain[g].deformation, t.strain[g].deformation);
    multiply(t.strain[g].deformation, back, t.strain[g].deformation);
    multiply(t.group.rotation[g], t.strain[g].stress, t.strain[g].stress);
    multiply(t.strain[g].stress, back, t.strain[g].stress);
  }
  t.input.strains = POINTS;
  CHECK(run(&t) == ECD_OK);
  CHECK(sample_difference(fit.stiffness, once) < 1e-9);
  CHECK_NEAR(fit.residual, residual, 1e-12);
  finish(&t);
}

/* Noise of 0.05 GPa: the residual measures it, the errors are within a few standard errors, the
   unsymmetric fit shows it too. */
static void noise(void) {
  static case_t t;
  int beyond = 0, all = 0;
  for (int g = 0; g < GROUPS; ++g) {
    start(&t, groups[g]);
    scatter(&t, POINTS);
    for (size_t s = 0; s < POINTS; ++s)
      for (int i = 0; i < 3; ++i)
        for (int k = 0; k <= i; ++k) {
          double sum = 0; /* nearly Gaussian, of variance 1 in Kelvin's notation */
          for (uint64_t n = 0; n < 12; ++n)
            sum += ecd_random_uniform(5, ECD_RANDOM_TEST, (uint32_t)(9 * s) + (uint32_t)(3 * i + k),
                                      n + 100 * (uint64_t)g);
          t.strain[s].stress[i][k] += 0.05 * (sum - 6) * (i == k ? 1 : M_SQRT1_2);
          t.strain[s].stress[k][i] = t.strain[s].stress[i][k];
        }
    CHECK(run(&t) == ECD_OK);
    const double freedom = 1 - (double)fit.unknowns / (double)fit.equations;
    CHECK_NEAR(fit.residual_gpa / sqrt(freedom), 0.05, 0.012);
    CHECK(fit.asymmetry > 1e-4 || t.group.laue == ECD_LAUE_1);
    CHECK(fit.asymmetry < 0.1);
    double standard[6][6], expected[6][6];
    int count;
    const ecd_constant_t *constant = ecd_laue_constants(t.group.laue, &count);
    ecd_kelvin_from_voigt(fit.stiffness, standard);
    ecd_stiffness_rotate(standard, t.group.axes, standard);
    ecd_voigt_from_kelvin(standard, standard);
    ecd_stiffness_rotate(t.kelvin, t.group.axes, expected);
    ecd_voigt_from_kelvin(expected, expected);
    for (int c = 0; c < count; ++c, ++all) {
      const int i = constant[c].row, k = constant[c].column;
      beyond += fabs(standard[i][k] - expected[i][k]) > 2 * fit.standard_error[i][k];
    }
    finish(&t);
  }
  CHECK(all > 100 && beyond > 0 && beyond < all / 8); /* one in 22, if the errors are right */
}

/* A reference stress p of the undeformed cell, in each cell: given or fitted, the tensor that comes
   back has the stress-strain coefficients. */
/* Stresses that are curved: with strains of both signs the tensor and the residual hardly feel it. */
static void curvature(void) {
  static case_t t;
  start(&t, 148);
  plan(&t, true, true);
  for (size_t s = 0; s < t.input.strains; ++s) {
    double turn[3][3], back[3][3],
        even[3][3] = {{0.05, 0.02, 0}, {0.02, -0.08, 0.1}, {0, 0.1, 0.2}};
    crystal_turn(turn);
    for (size_t n = 0; n <= s; ++n) {
      transpose(turn, back);
      multiply(turn, even, even);
      multiply(even, back, even);
    }
    for (int i = 0; i < 9; ++i) (&t.strain[s].stress[0][0])[i] += (&even[0][0])[i];
  }
  t.input.has_reference = true;
  CHECK(run(&t) == ECD_OK);
  CHECK(relative(&t) < 2e-3);
  CHECK(fit.residual < 2e-3);
  CHECK_NEAR(fit.curvature, 0.14, 0.02);
  for (int i = 0; i < 3; ++i) CHECK(fit.standard_error[i][i] < 1);
  finish(&t);
  start(&t, 148);
  plan(&t, false, false);
  CHECK(run(&t) == ECD_OK && isnan(fit.curvature));
  finish(&t);
}

static void references(void) {
  static case_t t;
  for (int given = 0; given < 2; ++given) {
    start(&t, 225);
    plan(&t, true, false);
    for (size_t s = 0; s < t.input.strains; ++s)
      for (int i = 0; i < 3; ++i) t.strain[s].stress[i][i] -= 1.5;
    t.input.has_reference = given == 1;
    for (int i = 0; i < 3; ++i) t.input.reference_stress[i][i] = given == 1 ? -1.5 : 0;
    CHECK(run(&t) == ECD_OK);
    CHECK(relative(&t) < 1e-10);
    CHECK_NEAR(fit.reference_stress[1][1], -1.5, 1e-9);
    CHECK_NEAR(fit.reference_stress[0][1], 0, 1e-9);
    finish(&t);
  }
  /* A crystal under a true pressure: S = -p + C : E; B11 = C11 - p, B12 = C12 + p, B44 = C44 - p
     (Wallace), and B11 + 2 B12 is three times the bulk modulus. */
  double standard[6][6];
  const double p = 20;
  start(&t, 216);
  const ecd_elastic_settings_t settings = {.amplitude = 1e-4, .steps = 1, .both_signs = true};
  ecd_planned_t planned[ECD_PLANNED_MAX];
  t.input.strains = ecd_strains_plan(&t.input.crystal, &t.group, &settings, planned);
  for (size_t s = 0; s < t.input.strains; ++s) {
    double f[3][3], square[3][3];
    memcpy(f, planned[s].deformation, sizeof f);
    memcpy(t.strain[s].deformation, f, sizeof f);
    apply(&t, &t.strain[s]);
    multiply(f, f, square);
    for (int i = 0; i < 9; ++i)
      (&t.strain[s].stress[0][0])[i] -= p * (&square[0][0])[i] / ecd_cell_volume(f);
  }
  t.input.has_reference = true;
  for (int i = 0; i < 3; ++i) t.input.reference_stress[i][i] = -p;
  CHECK(run(&t) == ECD_OK);
  ecd_kelvin_from_voigt(fit.stiffness, standard);
  ecd_stiffness_rotate(standard, t.group.axes, standard);
  ecd_voigt_from_kelvin(standard, standard);
  double c[6][6];
  ecd_stiffness_rotate(t.kelvin, t.group.axes, c);
  ecd_voigt_from_kelvin(c, c);
  CHECK_NEAR(standard[0][0], c[0][0] - p, 0.02);
  CHECK_NEAR(standard[0][1], c[0][1] + p, 0.02);
  CHECK_NEAR(standard[3][3], c[3][3] - p, 0.02);
  finish(&t);
}

static void expect_missing(case_t *t, const char *names) {
  CHECK(run(t) == ECD_DATA);
  if (strcmp(fit.undetermined, names) != 0)
    fprintf(stderr, "%s: '%s', expected '%s'\n", ecd_laue_name(t->group.laue), fit.undetermined,
            names);
  CHECK(strcmp(fit.undetermined, names) == 0);
  CHECK_HAS(err.text, "the strains do not determine ");
  CHECK_HAS(err.text, ecd_laue_name(t->group.laue));
}

/* One small strain of a component (from 1) in the standard axes. */
static void single(case_t *t, int component) {
  double kelvin[6] = {0}, e[3][3], back[3][3];
  kelvin[component - 1] = 0.01;
  ecd_matrix_from_kelvin(kelvin, e);
  transpose(t->group.axes, back);
  multiply(back, e, e);
  multiply(e, t->group.axes, e);
  ecd_strain_t *strain = &t->strain[t->input.strains++];
  for (int i = 0; i < 9; ++i) (&strain->deformation[0][0])[i] = (i % 4 == 0) + (&e[0][0])[i];
  apply(t, strain);
}

static void too_few(void) {
  static case_t t;
  start(&t, 225);
  single(&t, 1);
  expect_missing(&t, "c44");
  t.input.strains = 0;
  single(&t, 5);
  expect_missing(&t, "c11, c12");
  CHECK_HAS(err.text, "1 strain, rank 1 of 3");
  finish(&t);
  start(&t, 194);
  single(&t, 1);
  expect_missing(&t, "c33, c44");
  single(&t, 3);
  expect_missing(&t, "c44");
  single(&t, 4);
  CHECK(run(&t) == ECD_OK && relative(&t) < 1e-10);
  finish(&t);
  start(&t, 62);
  single(&t, 2);
  single(&t, 6);
  expect_missing(&t, "c11, c13, c33, c44, c55");
  finish(&t);
  start(&t, 167);
  single(&t, 3);
  expect_missing(&t, "c11, c12, c44, c14");
  finish(&t);
  start(&t, 14);
  for (int component = 1; component <= 5; ++component) single(&t, component);
  expect_missing(&t, "c66");
  finish(&t);
  /* a simple shear is a shear and a little of a stretch: too little to tell c11 and c12 */
  start(&t, 225);
  t.input.strains = 1;
  for (int i = 0; i < 3; ++i) t.strain[0].deformation[i][i] = 1;
  for (int i = 0; i < 9; ++i)
    (&t.strain[0].deformation[0][0])[i] += 0.01 * t.group.axes[0][i / 3] * t.group.axes[1][i % 3];
  apply(&t, &t.strain[0]);
  expect_missing(&t, "c11, c12");
  /* nothing deformed */
  memset(t.strain[0].deformation, 0, sizeof t.strain[0].deformation);
  for (int i = 0; i < 3; ++i) t.strain[0].deformation[i][i] = 1;
  CHECK(run(&t) == ECD_DATA && fit.undetermined[0] == '\0');
  CHECK_HAS(err.text, "every strain is zero");
  finish(&t);
}

/* Shear stresses in another order, stresses of the other sign, factors of two: they show. */
static void wrong_conventions(void) {
  static case_t t;
  start(&t, 186);
  scatter(&t, 8);
  for (size_t s = 0; s < 8; ++s) {
    double(*m)[3] = t.strain[s].stress;
    const double yz = m[1][2], xz = m[0][2], xy = m[0][1];
    m[1][2] = m[2][1] = xy;
    m[0][2] = m[2][0] = yz;
    m[0][1] = m[1][0] = xz;
  }
  CHECK(run(&t) == ECD_OK);
  CHECK(fit.residual > 0.2 && fit.energy_residual > 0.1);
  scatter(&t, 8);
  for (size_t s = 0; s < 8; ++s)
    for (int i = 0; i < 9; ++i) (&t.strain[s].stress[0][0])[i] *= -1;
  CHECK(run(&t) == ECD_OK);
  CHECK(fit.residual < 1e-10 && fit.stiffness[0][0] < 0 && fit.energy_residual > 1.9);
  scatter(&t, 8);
  t.strain[5].energy = NAN; /* energies of some strains alone, or none of the reference */
  CHECK(run(&t) == ECD_OK && fit.energy_residual < 1e-9);
  t.input.reference_energy = NAN;
  CHECK(run(&t) == ECD_OK && isnan(fit.energy_residual));
  finish(&t);
}

/* A given tensor loses what its crystal's symmetry does not have. */
static void given_tensors(void) {
  static case_t t;
  start(&t, 225);
  memcpy(t.input.stiffness, t.stiffness, sizeof t.stiffness);
  CHECK(run(&t) == ECD_OK);
  CHECK(relative(&t) < 1e-14 && fit.asymmetry < 1e-14);
  t.input.stiffness[0][1] += 3; /* not even symmetric */
  t.input.stiffness[3][5] += 5;
  CHECK(run(&t) == ECD_OK);
  double kelvin[6][6], expected[6][6], packed[ECD_STIFFNESS_TERMS];
  ecd_kelvin_from_voigt(t.input.stiffness, kelvin);
  const double size = ecd_stiffness_norm(kelvin);
  ecd_stiffness_pack(kelvin, packed);
  ecd_stiffness_unpack(packed, expected);
  ecd_stiffness_average(&t.group, expected, expected);
  for (int i = 0; i < 36; ++i) (&kelvin[0][0])[i] -= (&expected[0][0])[i];
  CHECK_NEAR(fit.asymmetry, ecd_stiffness_norm(kelvin) / size, 1e-12);
  CHECK(fit.asymmetry > 0.005);
  ecd_voigt_from_kelvin(expected, expected);
  CHECK(sample_difference(expected, fit.stiffness) < 1e-10);
  CHECK(fit.stiffness[0][1] == fit.stiffness[1][0]);
  finish(&t);
}

int main(void) {
  round_trips();
  copies();
  noise();
  curvature();
  references();
  too_few();
  wrong_conventions();
  given_tensors();
  return check_done();
}
