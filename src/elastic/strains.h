/* Which deformed cells to compute. All local. */
#ifndef ECD_ELASTIC_STRAINS_H
#define ECD_ELASTIC_STRAINS_H

#include "chem/point_group.h"
#include "deck/settings.h"

#include <stdio.h>

enum { ECD_PLANNED_MAX = 6 * 2 * 100 };

typedef struct {
  char name[32];            /* "s1+", or of several steps "s1+2" */
  double deformation[3][3]; /* F = 1 + strain, symmetric, in the crystal's Cartesian frame */
  double lattice[3][3];     /* A, rows, deformed */
} ecd_planned_t;

/* The fewest deformations that determine the constants of the Laue class, with settings' amplitude,
   steps and signs, into planned[ECD_PLANNED_MAX]; returns how many. */
size_t ecd_strains_plan(const ecd_crystal_t *crystal, const ecd_point_group_t *group,
                        const ecd_elastic_settings_t *settings, ecd_planned_t *planned);

/* As JSON, which but for the stresses is the input of ecdnet elastic, or as CSV (doc/elastic.md). path:
   of the structure. */
ecd_code_t ecd_strains_write(FILE *file, const char *path, const ecd_crystal_t *crystal,
                             const ecd_point_group_t *group, size_t count,
                             const ecd_planned_t *planned, bool csv, ecd_error_t *err);

#endif
