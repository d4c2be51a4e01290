/* What is known of a material's elasticity, from its input to its label. All local. */
#ifndef ECD_ELASTIC_RESULT_H
#define ECD_ELASTIC_RESULT_H

#include "deck/settings.h"
#include "elastic/fit.h"
#include "elastic/moduli.h"

#include <stdio.h>

/* The first that holds, from the last (doc/elastic.md). */
typedef enum {
  ECD_QUALITY_OK,
  ECD_QUALITY_ASYMMETRIC,
  ECD_QUALITY_POOR_FIT,
  ECD_QUALITY_UNSTABLE,
  ECD_QUALITY_UNDER_DETERMINED
} ecd_quality_t;
extern const char *const ecd_quality_names[];

enum { ECD_ELASTIC_FORMULA = 256 };

/* An energy_residual beyond this is worth a warning (doc/elastic.md). */
#define ECD_ELASTIC_ENERGIES 0.6

typedef struct {
  char formula[ECD_ELASTIC_FORMULA];
  ecd_point_group_t group;
  ecd_elastic_fit_t fit;
  double standard[6][6]; /* GPa, Voigt, in the standard axes group.axes */
  ecd_moduli_t moduli;
  int conditions;
  ecd_born_t condition[ECD_BORN_MAX];
  ecd_quality_t quality;
} ecd_elastic_t;

/* Symmetry, fit, moduli, stability. Under-determined: ECD_DATA with the constants that are missing;
   formula, group and quality are set then. Any other error: quality is OK, and nothing is. */
ecd_code_t ecd_elastic_analyse(const ecd_elastic_input_t *input,
                               const ecd_elastic_settings_t *settings, ecd_elastic_t *result,
                               ecd_error_t *err);

/* The moduli that a label file takes from it (GPa), NaN where quality forbids. */
double ecd_elastic_label(const ecd_elastic_t *result, const ecd_elastic_settings_t *settings,
                         ecd_target_t target);

/* Header of labels.csv, and a row of it. */
void ecd_elastic_write_header(FILE *file);
void ecd_elastic_write_row(FILE *file, const ecd_elastic_input_t *input,
                           const ecd_elastic_t *result, const ecd_elastic_settings_t *settings);
/* A table for people. */
void ecd_elastic_print(FILE *file, const ecd_elastic_input_t *input, const ecd_elastic_t *result);
/* Everything, as JSON. */
ecd_code_t ecd_elastic_write_json(FILE *file, const ecd_elastic_input_t *input,
                                  const ecd_elastic_t *result,
                                  const ecd_elastic_settings_t *settings, ecd_error_t *err);

#endif
