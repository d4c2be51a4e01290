#include "elastic/fit.h"

#include "elastic/laue.h"
#include "elastic/least_squares.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const ecd_reference_names[] = {"given", "fitted", "assumed zero"};

/* 1 eV/A^3 in GPa. */
static const double ev_per_a3 = 160.2176634;

typedef struct {
  double strain[6];       /* E, Kelvin */
  double stress[6];       /* S less the given reference, Kelvin */
  double pull_back[6][6]; /* Kelvin: a Cauchy stress in the frame of U to S */
} point_t;

typedef struct {
  const ecd_elastic_input_t *input;
  const ecd_point_group_t *group;
  point_t *point;   /* [input->strains] */
  double *row;      /* (6 strains, ECD_UNKNOWNS_MAX at most) */
  double *right;    /* [6 strains] */
  double scale;     /* largest |E|: unknowns are stiffness * scale, so that all have one size */
  double tolerance; /* of the rank */
  int constants, stresses; /* of the class */
  size_t
      free; /* components of the stresses, two strains that are each other's negative counted once */
  double basis[ECD_STIFFNESS_TERMS][6][6], stress_basis[6][6];
  ecd_least_squares_t found;
} work_t;

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

/* E, U^-1 and R of F = R U. */
static ecd_code_t decompose(const double f[3][3], double e[3][3], double inverse[3][3],
                            double r[3][3], ecd_error_t *err) {
  double metric[3][3], back[3][3], value[3], vector[3][3];
  transpose(f, back);
  multiply(back, f, metric);
  ECD_TRY(ecd_symmetric_eigen(3, &metric[0][0], value, &vector[0][0], err));
  for (int i = 0; i < 3; ++i)
    for (int k = 0; k < 3; ++k) {
      e[i][k] = 0.5 * (metric[i][k] - (i == k));
      inverse[i][k] = 0;
      for (int j = 0; j < 3; ++j) inverse[i][k] += vector[j][i] * vector[j][k] / sqrt(value[j]);
    }
  multiply(f, inverse, r);
  return ECD_OK;
}

static ecd_code_t make_point(const ecd_elastic_input_t *input, size_t s, point_t *point,
                             ecd_error_t *err) {
  const double(*f)[3] = input->strain[s].deformation;
  double e[3][3], inverse[3][3], r[3][3], back[3][3], stress[3][3], kelvin[6];
  ECD_TRY(decompose(f, e, inverse, r, err));
  ecd_kelvin_from_matrix(e, point->strain);
  transpose(r, back);
  multiply(back, input->strain[s].stress, stress);
  multiply(stress, r, stress);
  for (int i = 0; i < 9; ++i) (&stress[0][0])[i] -= (&input->reference_stress[0][0])[i];
  ecd_kelvin_from_matrix(stress, kelvin);
  /* S = det(U) U^-1 s U^-1 is the "rotation" by U^-1, times det(U) */
  ecd_kelvin_rotation(inverse, point->pull_back);
  const double determinant = ecd_cell_volume(f);
  for (int i = 0; i < 6; ++i) {
    point->stress[i] = 0;
    for (int k = 0; k < 6; ++k) {
      point->pull_back[i][k] *= determinant;
      point->stress[i] += point->pull_back[i][k] * kelvin[k];
    }
  }
  return ECD_OK;
}

static double norm(const double v[6]) {
  double sum = 0;
  for (int i = 0; i < 6; ++i) sum += v[i] * v[i];
  return sqrt(sum);
}

static ecd_code_t make_points(work_t *work, ecd_error_t *err) {
  const size_t count = work->input->strains;
  ECD_TRY(ecd_alloc((void **)&work->point, count, sizeof *work->point, "strains", err));
  ECD_TRY(ecd_alloc((void **)&work->row, 6 * count * ECD_UNKNOWNS_MAX, sizeof *work->row,
                    "equations", err));
  ECD_TRY(ecd_alloc((void **)&work->right, 6 * count, sizeof *work->right, "equations", err));
  for (size_t s = 0; s < count; ++s) {
    point_t *point = &work->point[s];
    ECD_TRY(make_point(work->input, s, point, err));
    work->scale = fmax(work->scale, norm(point->strain));
    memcpy(work->right + 6 * s, point->stress, sizeof point->stress);
  }
  /* What second-order terms, and the digits of a lattice, seem to say of a strain that was not
     applied, is nothing. */
  work->tolerance = fmax(1e-3, work->scale);
  if (work->scale >= 1e-8) return ECD_OK;
  return ecd_fail(err, ECD_DATA, "%s: every strain is zero", work->input->path);
}

/* Least squares for the tensors of basis, and with stresses > 0 for a reference stress. */
static ecd_code_t solve(work_t *work, int count, double basis[][6][6], int stresses,
                        ecd_error_t *err) {
  const int n = count + stresses;
  for (size_t s = 0; s < work->input->strains; ++s) {
    const point_t *point = &work->point[s];
    for (int i = 0; i < 6; ++i) {
      double *row = work->row + (6 * s + (size_t)i) * (size_t)n;
      for (int k = 0; k < n; ++k) row[k] = 0;
      for (int j = 0; j < 6; ++j) {
        for (int k = 0; k < count; ++k) row[k] += basis[k][i][j] * point->strain[j] / work->scale;
        for (int k = 0; k < stresses; ++k)
          row[count + k] += point->pull_back[i][j] * work->stress_basis[k][j];
      }
    }
  }
  return ecd_least_squares(6 * work->input->strains, n, work->row, work->right, work->tolerance,
                           &work->found, err);
}

static void combine(const work_t *work, int count, const double basis[][6][6], const double *x,
                    double c[6][6]) {
  memset(c, 0, 36 * sizeof(double));
  for (int k = 0; k < count; ++k)
    for (int i = 0; i < 36; ++i) (&c[0][0])[i] += x[k] / work->scale * (&basis[k][0][0])[i];
}

/* Names the constants that move along the unseen directions. */
static ecd_code_t name_undetermined(const work_t *work, ecd_elastic_fit_t *fit, ecd_error_t *err) {
  int count;
  const ecd_constant_t *constant = ecd_laue_constants(work->group->laue, &count);
  for (int c = 0; c < count; ++c) {
    double largest = 0;
    for (int u = 0; u < work->constants - work->found.rank; ++u) {
      double kelvin[6][6], voigt[6][6];
      combine(work, work->constants, work->basis, work->found.unseen[u], kelvin);
      const double size = ecd_stiffness_norm(kelvin);
      ecd_stiffness_rotate(kelvin, work->group->axes, kelvin);
      ecd_voigt_from_kelvin(kelvin, voigt);
      largest = fmax(largest, fabs(voigt[constant[c].row][constant[c].column]) / size);
    }
    const size_t have = strlen(fit->undetermined);
    if (largest > 0.02)
      snprintf(fit->undetermined + have, sizeof fit->undetermined - have, "%sc%d%d",
               have > 0 ? ", " : "", constant[c].row + 1, constant[c].column + 1);
  }
  return ecd_fail(err, ECD_DATA,
                  "%s: the strains do not determine %s of Laue class %s (%zu strain%s, rank %d of "
                  "%d); 'ecdnet elastic --strains' lists a set that does",
                  work->input->path, fit->undetermined, ecd_laue_name(work->group->laue),
                  work->input->strains, work->input->strains == 1 ? "" : "s", work->found.rank,
                  work->constants);
}

/* Fits in the space of the class, with a reference stress where none was given and the strains
   determine it. */
static ecd_code_t fit_class(work_t *work, ecd_elastic_fit_t *fit, ecd_error_t *err) {
  ECD_TRY(ecd_stiffness_basis(work->group, work->basis, &work->constants, err));
  ECD_TRY(ecd_stress_basis(work->group, work->stress_basis, &work->stresses, err));
  ECD_TRY(solve(work, work->constants, work->basis, 0, err));
  fit->rank = work->found.rank;
  if (fit->rank < work->constants) return name_undetermined(work, fit, err);
  fit->reference = work->input->has_reference ? ECD_REFERENCE_GIVEN : ECD_REFERENCE_ZERO;
  memcpy(fit->reference_stress, work->input->reference_stress, sizeof fit->reference_stress);
  if (!work->input->has_reference) {
    ECD_TRY(solve(work, work->constants, work->basis, work->stresses, err));
    if (work->found.rank == work->constants + work->stresses)
      fit->reference = ECD_REFERENCE_FITTED;
    else
      ECD_TRY(solve(work, work->constants, work->basis, 0, err));
  }
  fit->rank = work->found.rank;
  fit->condition = work->found.condition;
  fit->unknowns = work->constants;
  if (fit->reference != ECD_REFERENCE_FITTED) return ECD_OK;
  double kelvin[6] = {0};
  fit->unknowns += work->stresses;
  for (int k = 0; k < work->stresses; ++k)
    for (int i = 0; i < 6; ++i)
      kelvin[i] += work->found.x[work->constants + k] * work->stress_basis[k][i];
  ecd_matrix_from_kelvin(kelvin, fit->reference_stress);
  return ECD_OK;
}

/* Stress by the fit less the stress given. */
static void misfit(const point_t *point, const double c[6][6], const double offset[6],
                   double out[6]) {
  for (int i = 0; i < 6; ++i) {
    out[i] = -point->stress[i];
    for (int j = 0; j < 6; ++j)
      out[i] += c[i][j] * point->strain[j] + point->pull_back[i][j] * offset[j];
  }
}

/* The strain that is the negative of strain s up to second order, or s itself. */
static size_t find_partner(const work_t *work, size_t s) {
  const double *e = work->point[s].strain, largest = 0.2 * norm(e);
  for (size_t t = 0; t < work->input->strains; ++t) {
    double sum[6];
    for (int i = 0; i < 6; ++i) sum[i] = e[i] + work->point[t].strain[i];
    if (t != s && norm(sum) < largest) return t;
  }
  return s;
}

static void measure(work_t *work, const double c[6][6], ecd_elastic_fit_t *fit) {
  double offset[6] = {0}, here[6], there[6], elastic[6];
  double misses = 0, shared = 0, stresses = 0, paired = 0;
  if (fit->reference == ECD_REFERENCE_FITTED) ecd_kelvin_from_matrix(fit->reference_stress, offset);
  for (size_t s = 0; s < work->input->strains; ++s) {
    const size_t partner = find_partner(work, s);
    misfit(&work->point[s], c, offset, here);
    misfit(&work->point[partner], c, offset, there);
    for (int i = 0; i < 6; ++i) {
      elastic[i] = work->point[s].stress[i];
      for (int j = 0; j < 6; ++j) elastic[i] -= work->point[s].pull_back[i][j] * offset[j];
      const double half = partner != s ? 0.5 * (here[i] + there[i]) : 0;
      here[i] -= half;
      shared += half * half;
    }
    const double size = norm(here), stress = norm(elastic);
    misses += size * size;
    stresses += stress * stress;
    if (partner != s) paired += stress * stress;
    work->free += partner != s ? 3 : 6;
    if (size >= fit->worst_gpa) {
      fit->worst_gpa = size;
      fit->worst = s;
    }
  }
  fit->equations = 6 * work->input->strains;
  fit->largest_strain = work->scale;
  fit->residual = stresses > 0 ? sqrt(misses / stresses) : 0;
  fit->residual_gpa = sqrt(misses / (double)fit->equations);
  fit->curvature = paired > 0 ? sqrt(shared / paired) : NAN;
}

/* Of the constants in the standard axes, by the scatter about the fit. */
static void estimate_errors(const work_t *work, ecd_elastic_fit_t *fit) {
  /* with pairs alone, a fitted reference is of the part that pairs share */
  const bool pairs = 2 * work->free == fit->equations;
  const double freedom = (double)work->free - (pairs ? work->constants : fit->unknowns);
  const double variance =
      freedom > 0 ? fit->residual_gpa * fit->residual_gpa * (double)fit->equations / freedom : NAN;
  double turned[ECD_STIFFNESS_TERMS][6][6];
  for (int k = 0; k < work->constants; ++k) {
    ecd_stiffness_rotate(work->basis[k], work->group->axes, turned[k]);
    ecd_voigt_from_kelvin(turned[k], turned[k]);
  }
  for (int i = 0; i < 36; ++i) {
    double sum = 0;
    for (int k = 0; k < work->constants; ++k)
      for (int l = 0; l < work->constants; ++l)
        sum += (&turned[k][0][0])[i] * work->found.covariance[k][l] * (&turned[l][0][0])[i];
    (&fit->standard_error[0][0])[i] = sqrt(variance * fmax(sum, 0)) / work->scale;
  }
}

/* What the fit does not explain of the energy (eV) of a strain, and the elastic energy. */
static double energy_misfit(const work_t *work, size_t s, const double c[6][6],
                            const double offset[6], double *elastic) {
  const double volume = fabs(ecd_cell_volume(work->input->crystal.lattice)) / ev_per_a3;
  const double *e = work->point[s].strain;
  double linear = 0;
  *elastic = 0;
  for (int i = 0; i < 6; ++i) {
    linear += volume * offset[i] * e[i];
    for (int j = 0; j < 6; ++j) *elastic += 0.5 * volume * e[i] * c[i][j] * e[j];
  }
  return work->input->strain[s].energy - work->input->reference_energy - linear - *elastic;
}

/* Of two strains that are each other's negative the mean counts, without a reference stress: energies of
   a plane-wave basis, which follows the cell, do not feel its Pulay stress. */
static void compare_energies(const work_t *work, const double c[6][6], ecd_elastic_fit_t *fit) {
  double none[6] = {0}, offset[6], misses = 0, energies = 0;
  ecd_kelvin_from_matrix(fit->reference_stress, offset);
  for (size_t s = 0; s < work->input->strains; ++s) {
    const size_t partner = find_partner(work, s);
    double here, there;
    const double *reference = partner != s ? none : offset;
    const double miss = 0.5 * (energy_misfit(work, s, c, reference, &here) +
                               energy_misfit(work, partner, c, reference, &there));
    if (isnan(miss)) continue;
    misses += miss * miss;
    energies += 0.25 * (here + there) * (here + there);
  }
  fit->energy_residual = energies > 0 ? sqrt(misses / energies) : NAN;
}

/* What symmetry changes of the tensor that fits without it. */
static ecd_code_t measure_asymmetry(work_t *work, ecd_elastic_fit_t *fit, ecd_error_t *err) {
  double all[ECD_STIFFNESS_TERMS][6][6], raw[6][6], mean[6][6];
  int count;
  fit->asymmetry = NAN;
  ECD_TRY(ecd_stiffness_basis(NULL, all, &count, err));
  for (size_t s = 0; s < work->input->strains && fit->reference == ECD_REFERENCE_FITTED; ++s) {
    double offset[6];
    ecd_kelvin_from_matrix(fit->reference_stress, offset);
    for (int i = 0; i < 6; ++i)
      for (int j = 0; j < 6; ++j)
        work->right[6 * s + (size_t)i] -= work->point[s].pull_back[i][j] * offset[j];
  }
  ECD_TRY(solve(work, count, all, 0, err));
  if (work->found.rank < count) return ECD_OK;
  combine(work, count, all, work->found.x, raw);
  ecd_stiffness_average(work->group, raw, mean);
  const double size = ecd_stiffness_norm(raw);
  for (int i = 0; i < 36; ++i) (&mean[0][0])[i] -= (&raw[0][0])[i];
  fit->asymmetry = size > 0 ? ecd_stiffness_norm(mean) / size : 0;
  return ECD_OK;
}

static ecd_code_t fit_strains(work_t *work, ecd_elastic_fit_t *fit, ecd_error_t *err) {
  double c[6][6];
  ECD_TRY(make_points(work, err));
  ECD_TRY(fit_class(work, fit, err));
  combine(work, work->constants, work->basis, work->found.x, c);
  ecd_voigt_from_kelvin(c, fit->stiffness);
  measure(work, c, fit);
  estimate_errors(work, fit);
  compare_energies(work, c, fit);
  return measure_asymmetry(work, fit, err);
}

/* The transpose and the point group leave the mean as it is. */
static void symmetrise(const ecd_elastic_input_t *input, const ecd_point_group_t *group,
                       ecd_elastic_fit_t *fit) {
  double given[6][6], c[6][6], packed[ECD_STIFFNESS_TERMS];
  ecd_kelvin_from_voigt(input->stiffness, given);
  ecd_stiffness_pack(given, packed);
  ecd_stiffness_unpack(packed, c);
  ecd_stiffness_average(group, c, c);
  ecd_stiffness_pack(c, packed); /* symmetric to the last bit */
  ecd_stiffness_unpack(packed, c);
  ecd_voigt_from_kelvin(c, fit->stiffness);
  for (int i = 0; i < 36; ++i) (&c[0][0])[i] -= (&given[0][0])[i];
  fit->asymmetry = ecd_stiffness_norm(c) / ecd_stiffness_norm(given);
  if (fit->asymmetry < 1e-12) fit->asymmetry = 0; /* rounding */
  fit->energy_residual = NAN;
}

ecd_code_t ecd_elastic_fit(const ecd_elastic_input_t *input, const ecd_point_group_t *group,
                           ecd_elastic_fit_t *fit, ecd_error_t *err) {
  memset(fit, 0, sizeof *fit);
  if (input->strains == 0) {
    symmetrise(input, group, fit);
    return ECD_OK;
  }
  work_t *work;
  ECD_TRY(ecd_alloc((void **)&work, 1, sizeof *work, "fit", err));
  work->input = input;
  work->group = group;
  const ecd_code_t code = fit_strains(work, fit, err);
  free(work->point);
  free(work->row);
  free(work->right);
  free(work);
  return code;
}
