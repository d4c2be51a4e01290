#include "elastic/result.h"

#include "base/table.h"
#include "elastic/tensor.h"

#include <math.h>
#include <string.h>

const char *const ecd_quality_names[] = {"ok", "asymmetric", "poor_fit", "unstable",
                                         "under_determined"};

/* Rounding beside the largest component is no component. */
static void drop_rounding(double c[6][6]) {
  double largest = 0;
  for (int i = 0; i < 36; ++i) largest = fmax(largest, fabs((&c[0][0])[i]));
  for (int i = 0; i < 36; ++i)
    if (fabs((&c[0][0])[i]) < 1e-12 * largest) (&c[0][0])[i] = 0;
}

static ecd_quality_t judge(const ecd_elastic_t *result, const ecd_elastic_settings_t *settings) {
  if (!result->moduli.stable) return ECD_QUALITY_UNSTABLE;
  if (result->fit.residual > settings->max_residual) return ECD_QUALITY_POOR_FIT;
  if (result->fit.asymmetry > settings->max_asymmetry) return ECD_QUALITY_ASYMMETRIC;
  return ECD_QUALITY_OK;
}

ecd_code_t ecd_elastic_analyse(const ecd_elastic_input_t *input,
                               const ecd_elastic_settings_t *settings, ecd_elastic_t *result,
                               ecd_error_t *err) {
  double kelvin[6][6];
  memset(result, 0, sizeof *result);
  ecd_crystal_formula(&input->crystal, result->formula, sizeof result->formula);
  if (ecd_point_group_find(&input->crystal, settings->symprec, &result->group, err) != ECD_OK)
    return ecd_fail_in(err, "%s", input->path);
  const ecd_code_t code = ecd_elastic_fit(input, &result->group, &result->fit, err);
  if (result->fit.undetermined[0] != '\0') result->quality = ECD_QUALITY_UNDER_DETERMINED;
  ECD_TRY(code);
  drop_rounding(result->fit.stiffness);
  ecd_kelvin_from_voigt(result->fit.stiffness, kelvin);
  ecd_stiffness_rotate(kelvin, result->group.axes, kelvin);
  ecd_voigt_from_kelvin(kelvin, result->standard);
  drop_rounding(result->standard);
  ECD_TRY(ecd_moduli_compute(result->fit.stiffness, &result->moduli, err));
  result->conditions = ecd_born_conditions(result->group.laue, result->standard, result->condition);
  result->quality = judge(result, settings);
  return ECD_OK;
}

double ecd_elastic_label(const ecd_elastic_t *result, const ecd_elastic_settings_t *settings,
                         ecd_target_t target) {
  const bool doubtful =
      result->quality == ECD_QUALITY_ASYMMETRIC || result->quality == ECD_QUALITY_POOR_FIT;
  if (result->quality != ECD_QUALITY_OK && !(doubtful && settings->keep_doubtful)) return NAN;
  return target == ECD_TARGET_BULK ? result->moduli.bulk.hill : result->moduli.shear.hill;
}

void ecd_elastic_write_header(FILE *file) {
  fputs("id,formula,bulk_gpa,shear_gpa,quality,laue_class,ions,residual", file);
  for (int i = 1; i <= 6; ++i)
    for (int k = i; k <= 6; ++k) fprintf(file, ",c%d%d_gpa", i, k);
  fputc('\n', file);
}

void ecd_elastic_write_row(FILE *file, const ecd_elastic_input_t *input,
                           const ecd_elastic_t *result, const ecd_elastic_settings_t *settings) {
  const bool known = result->quality != ECD_QUALITY_UNDER_DETERMINED;
  ecd_table_write_text(file, input->id, ',');
  ecd_table_write_text(file, result->formula, ',');
  ecd_table_write_number(file, ecd_elastic_label(result, settings, ECD_TARGET_BULK), ',');
  ecd_table_write_number(file, ecd_elastic_label(result, settings, ECD_TARGET_SHEAR), ',');
  ecd_table_write_text(file, ecd_quality_names[result->quality], ',');
  ecd_table_write_text(file, ecd_laue_name(result->group.laue), ',');
  ecd_table_write_text(file, ecd_ions_names[input->ions], ',');
  ecd_table_write_number(file, known && input->strains > 0 ? result->fit.residual : NAN, ',');
  for (int i = 0; i < 6; ++i)
    for (int k = i; k < 6; ++k)
      ecd_table_write_number(file, known ? result->fit.stiffness[i][k] : NAN,
                             k == 5 && i == 5 ? '\n' : ',');
}
