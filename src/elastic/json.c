#include "elastic/json.h"

#include "chem/elements.h"
#include "elastic/laue.h"

#include <stdbool.h>
#include <stdlib.h>

void ecd_json_numbers(cJSON *json, const char *name, int rows, int columns, const double *value) {
  if (rows == 0) {
    cJSON_AddItemToObject(json, name, cJSON_CreateDoubleArray(value, columns));
    return;
  }
  cJSON *list = cJSON_AddArrayToObject(json, name);
  for (int i = 0; i < rows; ++i)
    cJSON_AddItemToArray(list, cJSON_CreateDoubleArray(value + i * columns, columns));
}

void ecd_json_structure(cJSON *json, const ecd_crystal_t *crystal) {
  ecd_json_numbers(json, "lattice", 3, 3, &crystal->lattice[0][0]);
  cJSON *species = cJSON_AddArrayToObject(json, "species");
  for (size_t s = 0; s < crystal->sites; ++s)
    cJSON_AddItemToArray(species, cJSON_CreateString(ecd_element_symbol(crystal->Z[s])));
  ecd_json_numbers(json, "frac", (int)crystal->sites, 3, &crystal->frac[0][0]);
}

void ecd_json_symmetry(cJSON *json, const ecd_point_group_t *group) {
  int count;
  const ecd_constant_t *constant = ecd_laue_constants(group->laue, &count);
  cJSON_AddNumberToObject(json, "space_group", group->space_group);
  cJSON_AddStringToObject(json, "point_group", group->symbol);
  cJSON_AddStringToObject(json, "laue_class", ecd_laue_name(group->laue));
  cJSON *names = cJSON_AddArrayToObject(json, "constants");
  for (int c = 0; c < count; ++c) {
    char name[4];
    ecd_constant_name(constant[c], name);
    cJSON_AddItemToArray(names, cJSON_CreateString(name));
  }
}

static bool is_flat(const cJSON *list) {
  const cJSON *item;
  cJSON_ArrayForEach(item, list) {
    if (cJSON_IsArray(item) || cJSON_IsObject(item)) return false;
  }
  return true;
}

/* cJSON's own layout has a line for each bracket of a matrix. */
static bool print(FILE *file, const cJSON *json, int indent) {
  if (!cJSON_IsObject(json) && (!cJSON_IsArray(json) || is_flat(json))) {
    char *text = cJSON_PrintUnformatted(json);
    if (text == NULL) return false;
    for (const char *c = text; *c != '\0'; ++c) /* no text in a flat list holds a comma */
      fprintf(file, *c == ',' && cJSON_IsArray(json) ? "%c " : "%c", *c);
    free(text);
    return true;
  }
  const bool object = cJSON_IsObject(json);
  fputc(object ? '{' : '[', file);
  const char *between = "";
  bool good = true;
  const cJSON *item;
  cJSON_ArrayForEach(item, json) {
    fprintf(file, "%s\n%*s", between, indent + 2, "");
    between = ",";
    if (object) fprintf(file, "\"%s\": ", item->string); /* keys are our own */
    good = print(file, item, indent + 2) && good;
  }
  fprintf(file, "\n%*s%c", indent, "", object ? '}' : ']');
  return good;
}

ecd_code_t ecd_json_finish(FILE *file, cJSON *json, ecd_error_t *err) {
  const bool good = json != NULL && print(file, json, 0);
  fputc('\n', file);
  cJSON_Delete(json);
  return good ? ECD_OK : ecd_fail(err, ECD_FAILED, "out of memory: JSON");
}
