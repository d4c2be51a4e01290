#include "elastic/strains.h"

#include "base/table.h"
#include "elastic/json.h"
#include "elastic/laue.h"

#include <string.h>

static void multiply(const double a[3][3], const double b[3][3], double out[3][3]) {
  for (int i = 0; i < 3; ++i)
    for (int k = 0; k < 3; ++k)
      out[i][k] = a[i][0] * b[0][k] + a[i][1] * b[1][k] + a[i][2] * b[2][k];
}

/* axes^T strain axes: from the standard axes to the crystal's frame. */
static void to_crystal(const double axes[3][3], const double kelvin[6], double strain[3][3]) {
  double standard[3][3], back[3][3], left[3][3];
  ecd_matrix_from_kelvin(kelvin, standard);
  for (int i = 0; i < 3; ++i)
    for (int k = 0; k < 3; ++k) back[k][i] = axes[i][k];
  multiply(back, standard, left);
  multiply(left, axes, strain);
}

static void plan_one(const ecd_crystal_t *crystal, const double strain[3][3], double size,
                     ecd_planned_t *planned) {
  for (int i = 0; i < 3; ++i)
    for (int k = 0; k < 3; ++k) planned->deformation[i][k] = (i == k) + size * strain[i][k];
  multiply(crystal->lattice, planned->deformation, planned->lattice); /* F is symmetric */
}

size_t ecd_strains_plan(const ecd_crystal_t *crystal, const ecd_point_group_t *group,
                        const ecd_elastic_settings_t *settings, ecd_planned_t *planned) {
  double pattern[6][6], strain[3][3];
  int patterns;
  size_t count = 0;
  ecd_laue_strains(group->laue, pattern, &patterns);
  for (int p = 0; p < patterns; ++p) {
    to_crystal(group->axes, pattern[p], strain);
    for (int step = (int)settings->steps; step >= 1; --step)
      for (int sign = 1; sign >= (settings->both_signs ? -1 : 1); sign -= 2) {
        ecd_planned_t *one = &planned[count++];
        plan_one(crystal, strain,
                 sign * settings->amplitude * (double)step / (double)settings->steps, one);
        snprintf(one->name, sizeof one->name, settings->steps > 1 ? "s%d%c%d" : "s%d%c", p + 1,
                 sign > 0 ? '+' : '-', step);
      }
  }
  return count;
}

static void write_csv(FILE *file, size_t count, const ecd_planned_t *planned) {
  fputs("name,f11,f12,f13,f21,f22,f23,f31,f32,f33\n", file);
  for (size_t s = 0; s < count; ++s) {
    ecd_table_write_text(file, planned[s].name, ',');
    for (int i = 0; i < 9; ++i)
      ecd_table_write_exact(file, (&planned[s].deformation[0][0])[i], i < 8 ? ',' : '\n');
  }
}

ecd_code_t ecd_strains_write(FILE *file, const char *path, const ecd_crystal_t *crystal,
                             const ecd_point_group_t *group, size_t count,
                             const ecd_planned_t *planned, bool csv, ecd_error_t *err) {
  if (csv) {
    write_csv(file, count, planned);
    return ECD_OK;
  }
  cJSON *json = cJSON_CreateObject();
  cJSON_AddNumberToObject(json, "schema", 1);
  cJSON *structure = cJSON_AddObjectToObject(json, "structure");
  cJSON_AddStringToObject(structure, "file", path);
  ecd_json_structure(structure, crystal);
  ecd_json_symmetry(cJSON_AddObjectToObject(json, "symmetry"), group);
  cJSON *strains = cJSON_AddArrayToObject(json, "strains");
  for (size_t s = 0; s < count; ++s) {
    cJSON *one = cJSON_CreateObject();
    cJSON_AddStringToObject(one, "name", planned[s].name);
    ecd_json_numbers(one, "deformation", 3, 3, &planned[s].deformation[0][0]);
    ecd_json_numbers(one, "lattice", 3, 3, &planned[s].lattice[0][0]);
    cJSON_AddItemToArray(strains, one);
  }
  return ecd_json_finish(file, json, err);
}
