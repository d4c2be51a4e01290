/* The table for people. */
#include "elastic/laue.h"
#include "elastic/result.h"

#include <math.h>

static void print_number(FILE *file, double value, int width, int digits) {
  if (isnan(value))
    fprintf(file, "%*s", width, "-");
  else
    fprintf(file, "%*.*f", width, digits, value);
}

static void print_stiffness(FILE *file, const double c[6][6]) {
  fputs("  stiffness, GPa (xx yy zz yz xz xy, frame of the given lattice)\n", file);
  for (int i = 0; i < 6; ++i) {
    fputs("   ", file);
    for (int k = 0; k < 6; ++k) fprintf(file, " %9.2f", c[i][k]);
    fputc('\n', file);
  }
}

static void print_constants(FILE *file, const ecd_elastic_t *result, bool fitted) {
  int count;
  const ecd_constant_t *constant = ecd_laue_constants(result->group.laue, &count);
  fputs("  constants, GPa (standard axes)\n", file);
  for (int c = 0; c < count; ++c) {
    const int i = constant[c].row, k = constant[c].column;
    fprintf(file, "%s c%d%d %.2f", c % 7 == 0 ? "   " : ",", i + 1, k + 1, result->standard[i][k]);
    if (fitted && !isnan(result->fit.standard_error[i][k]))
      fprintf(file, " +- %.2f", result->fit.standard_error[i][k]);
    if (c % 7 == 6 || c + 1 == count) fputc('\n', file);
  }
}

static void print_average(FILE *file, const char *name, ecd_average_t average) {
  fprintf(file, "  %-20s", name);
  print_number(file, average.voigt, 9, 2);
  print_number(file, average.reuss, 9, 2);
  print_number(file, average.hill, 9, 2);
  fputc('\n', file);
}

static void print_moduli(FILE *file, const ecd_moduli_t *m) {
  fputs("                          Voigt    Reuss     Hill\n", file);
  print_average(file, "bulk modulus, GPa", m->bulk);
  print_average(file, "shear modulus, GPa", m->shear);
  fputs("  Young's modulus", file);
  print_number(file, m->young, 9, 2);
  fputs(" GPa, Poisson's ratio", file);
  print_number(file, m->poisson, 7, 4);
  fputs(", K/G", file);
  print_number(file, m->ratio, 7, 3);
  fputs(", universal anisotropy", file);
  print_number(file, m->anisotropy, 8, 4);
  fputc('\n', file);
}

static void print_stability(FILE *file, const ecd_elastic_t *result) {
  if (result->moduli.stable) {
    fprintf(file, "  stable: the smallest eigenvalue of the stiffness is %.2f GPa\n",
            result->moduli.eigenvalue[0]);
    return;
  }
  fprintf(file, "  NOT stable: the smallest eigenvalue of the stiffness is %.2f GPa",
          result->moduli.eigenvalue[0]);
  for (int i = 0; i < result->conditions; ++i)
    if (!(result->condition[i].value > 0))
      fprintf(file, "; %s = %.4g, expected more than 0", result->condition[i].text,
              result->condition[i].value);
  fputc('\n', file);
}

static void print_fit(FILE *file, const ecd_elastic_input_t *input, const ecd_elastic_fit_t *fit) {
  if (input->strains == 0) {
    fprintf(file, "  the given tensor changed by %.2g %% when symmetrised\n", 100 * fit->asymmetry);
    return;
  }
  const ecd_strain_t *worst = &input->strain[fit->worst];
  fprintf(file, "  fit: %zu strains up to %.4f, %d unknowns, condition %.1f; residual %.3g %%",
          input->strains, fit->largest_strain, fit->unknowns, fit->condition, 100 * fit->residual);
  fprintf(file, " (%.3g GPa; worst %s%s%zu: %.3g GPa)\n", fit->residual_gpa, worst->name,
          worst->name[0] != '\0' ? ", line " : "line ", worst->line, fit->worst_gpa);
  fprintf(file, "  reference stress %s", ecd_reference_names[fit->reference]);
  for (int i = 0; fit->reference != ECD_REFERENCE_ZERO && i < 6; ++i) {
    const double s = fit->reference_stress[ecd_voigt_index[i][0]][ecd_voigt_index[i][1]];
    fprintf(file, "%s %.3f%s", i == 0 ? ":" : "", fabs(s) < 5e-4 ? 0 : s, i == 5 ? " GPa" : "");
  }
  if (!isnan(fit->curvature)) fprintf(file, "; curvature %.2g %%", 100 * fit->curvature);
  if (!isnan(fit->asymmetry))
    fprintf(file, "; without symmetry the tensor differs by %.2g %%", 100 * fit->asymmetry);
  if (!isnan(fit->energy_residual))
    fprintf(file, "; energies differ by %.2g %%", 100 * fit->energy_residual);
  fputc('\n', file);
}

void ecd_elastic_print(FILE *file, const ecd_elastic_input_t *input, const ecd_elastic_t *result) {
  fprintf(file, "%s  %s  space group %d, Laue class %s (%s), ions %s: %s\n", input->id,
          result->formula, result->group.space_group, ecd_laue_name(result->group.laue),
          ecd_laue_system(result->group.laue), ecd_ions_names[input->ions],
          ecd_quality_names[result->quality]);
  print_stiffness(file, result->fit.stiffness);
  print_constants(file, result, input->strains > 0);
  print_moduli(file, &result->moduli);
  print_stability(file, result);
  print_fit(file, input, &result->fit);
}
