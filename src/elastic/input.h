/* The input of one material: structure, and strains with stresses, or a stiffness (doc/elastic.md).
   All local. */
#ifndef ECD_ELASTIC_INPUT_H
#define ECD_ELASTIC_INPUT_H

#include "base/error.h"
#include "base/file.h"
#include "chem/crystal.h"

enum { ECD_ELASTIC_ID = 200 };

typedef enum { ECD_IONS_RELAXED, ECD_IONS_CLAMPED } ecd_ions_t;
extern const char *const ecd_ions_names[];

typedef struct {
  char *name;               /* never NULL: "" or of the file */
  size_t line;              /* of the file */
  double deformation[3][3]; /* F: x = F X */
  double stress[3][3];      /* GPa, Cauchy, positive under tension */
  double energy;            /* eV a cell; NaN: not given */
} ecd_strain_t;

typedef struct {
  char path[ECD_PATH_MAX];
  char id[ECD_ELASTIC_ID];
  char *source; /* never NULL */
  ecd_crystal_t crystal;
  ecd_ions_t ions;
  bool has_reference;
  double reference_stress[3][3]; /* as of the strains; 0 without */
  double reference_energy;       /* eV; NaN: not given */
  size_t strains;                /* 0: the stiffness was given */
  ecd_strain_t *strain;
  double stiffness[6][6]; /* GPa, Voigt; as given, perhaps not symmetric */
} ecd_elastic_input_t;

/* Reads path. Everything that is wrong with it: ECD_DATA, "path:line:column: ..." a line each.
   *input is zeroed then, but for id if the file tells it. Owned by the caller. */
ecd_code_t ecd_elastic_input_read(const char *path, ecd_elastic_input_t *input, ecd_error_t *err);
void ecd_elastic_input_clear(ecd_elastic_input_t *input);

#endif
