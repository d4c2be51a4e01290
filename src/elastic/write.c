/* The JSON file of one material. */
#include "base/version.h"
#include "elastic/json.h"
#include "elastic/laue.h"
#include "elastic/result.h"

#include <math.h>

static void add_average(cJSON *json, const char *name, ecd_average_t average) {
  cJSON *object = cJSON_AddObjectToObject(json, name);
  cJSON_AddNumberToObject(object, "voigt", average.voigt); /* cJSON prints NaN as null */
  cJSON_AddNumberToObject(object, "reuss", average.reuss);
  cJSON_AddNumberToObject(object, "hill", average.hill);
}

static void add_moduli(cJSON *json, const ecd_moduli_t *m) {
  cJSON *object = cJSON_AddObjectToObject(json, "moduli");
  add_average(object, "bulk_gpa", m->bulk);
  add_average(object, "shear_gpa", m->shear);
  cJSON_AddNumberToObject(object, "young_gpa", m->young);
  cJSON_AddNumberToObject(object, "poisson", m->poisson);
  cJSON_AddNumberToObject(object, "bulk_over_shear", m->ratio);
  cJSON_AddNumberToObject(object, "universal_anisotropy", m->anisotropy);
}

static void add_standard(cJSON *json, const ecd_elastic_t *result, bool fitted) {
  int count;
  const ecd_constant_t *constant = ecd_laue_constants(result->group.laue, &count);
  cJSON *object = cJSON_AddObjectToObject(json, "standard");
  ecd_json_numbers(object, "axes", 3, 3, &result->group.axes[0][0]);
  ecd_json_numbers(object, "stiffness_gpa", 6, 6, &result->standard[0][0]);
  cJSON *values = cJSON_AddObjectToObject(object, "constants_gpa");
  cJSON *errors = fitted ? cJSON_AddObjectToObject(object, "standard_errors_gpa") : NULL;
  for (int c = 0; c < count; ++c) {
    const int i = constant[c].row, k = constant[c].column;
    char name[4];
    ecd_constant_name(constant[c], name);
    cJSON_AddNumberToObject(values, name, result->standard[i][k]);
    if (fitted) cJSON_AddNumberToObject(errors, name, result->fit.standard_error[i][k]);
  }
}

static void add_stability(cJSON *json, const ecd_elastic_t *result) {
  cJSON *object = cJSON_AddObjectToObject(json, "stability");
  cJSON_AddBoolToObject(object, "stable", result->moduli.stable);
  ecd_json_numbers(object, "eigenvalues_gpa", 0, 6, result->moduli.eigenvalue);
  cJSON *list = cJSON_AddArrayToObject(object, "conditions");
  for (int i = 0; i < result->conditions; ++i) {
    cJSON *one = cJSON_CreateObject();
    cJSON_AddStringToObject(one, "positive", result->condition[i].text);
    cJSON_AddNumberToObject(one, "value", result->condition[i].value);
    cJSON_AddBoolToObject(one, "holds", result->condition[i].value > 0);
    cJSON_AddItemToArray(list, one);
  }
}

static void add_fit(cJSON *json, const ecd_elastic_input_t *input, const ecd_elastic_fit_t *fit) {
  cJSON_AddNumberToObject(json, "asymmetry", fit->asymmetry);
  if (input->strains == 0) return;
  cJSON *object = cJSON_AddObjectToObject(json, "fit");
  cJSON_AddNumberToObject(object, "strains", (double)input->strains);
  cJSON_AddNumberToObject(object, "equations", (double)fit->equations);
  cJSON_AddNumberToObject(object, "unknowns", fit->unknowns);
  cJSON_AddNumberToObject(object, "rank", fit->rank);
  cJSON_AddNumberToObject(object, "condition", fit->condition);
  cJSON_AddNumberToObject(object, "largest_strain", fit->largest_strain);
  cJSON_AddNumberToObject(object, "residual", fit->residual);
  cJSON_AddNumberToObject(object, "residual_gpa", fit->residual_gpa);
  cJSON_AddNumberToObject(object, "curvature", fit->curvature);
  cJSON_AddNumberToObject(object, "worst_gpa", fit->worst_gpa);
  cJSON_AddStringToObject(object, "worst", input->strain[fit->worst].name);
  cJSON_AddNumberToObject(object, "worst_line", (double)input->strain[fit->worst].line);
  cJSON_AddStringToObject(object, "reference", ecd_reference_names[fit->reference]);
  ecd_json_numbers(object, "reference_stress_gpa", 3, 3, &fit->reference_stress[0][0]);
  cJSON_AddNumberToObject(object, "energy_residual", fit->energy_residual);
}

ecd_code_t ecd_elastic_write_json(FILE *file, const ecd_elastic_input_t *input,
                                  const ecd_elastic_t *result,
                                  const ecd_elastic_settings_t *settings, ecd_error_t *err) {
  cJSON *json = cJSON_CreateObject();
  cJSON_AddNumberToObject(json, "schema", 1);
  cJSON_AddStringToObject(json, "program", ecd_version());
  cJSON_AddStringToObject(json, "id", input->id);
  cJSON_AddStringToObject(json, "formula", result->formula);
  cJSON_AddStringToObject(json, "quality", ecd_quality_names[result->quality]);
  cJSON_AddStringToObject(json, "ions", ecd_ions_names[input->ions]);
  cJSON_AddStringToObject(json, "from", input->strains > 0 ? "strains" : "stiffness");
  cJSON_AddStringToObject(json, "file", input->path);
  cJSON_AddStringToObject(json, "source", input->source);
  ecd_json_structure(cJSON_AddObjectToObject(json, "structure"), &input->crystal);
  cJSON *symmetry = cJSON_AddObjectToObject(json, "symmetry");
  ecd_json_symmetry(symmetry, &result->group);
  cJSON_AddNumberToObject(symmetry, "symprec", settings->symprec);
  ecd_json_numbers(json, "stiffness_gpa", 6, 6, &result->fit.stiffness[0][0]);
  ecd_json_numbers(json, "compliance_per_gpa", 6, 6, &result->moduli.compliance[0][0]);
  add_standard(json, result, input->strains > 0);
  add_moduli(json, &result->moduli);
  add_stability(json, result);
  add_fit(json, input, &result->fit);
  return ecd_json_finish(file, json, err);
}
