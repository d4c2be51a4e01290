/* Shared by the writers of JSON. Local. */
#ifndef ECD_ELASTIC_JSON_H
#define ECD_ELASTIC_JSON_H

#include "chem/crystal.h"
#include "chem/point_group.h"

#include <cjson/cJSON.h>
#include <stdio.h>

/* A list of numbers, or with rows > 0 of rows lists of columns numbers; NaN becomes null. */
void ecd_json_numbers(cJSON *json, const char *name, int rows, int columns, const double *value);
/* lattice, species, frac */
void ecd_json_structure(cJSON *json, const ecd_crystal_t *crystal);
/* space_group, point_group, laue_class, constants */
void ecd_json_symmetry(cJSON *json, const ecd_point_group_t *group);

/* Prints json with lists of numbers on one line, deletes it. Out of memory, json NULL: ECD_FAILED. */
ecd_code_t ecd_json_finish(FILE *file, cJSON *json, ecd_error_t *err);

#endif
