/* What a Laue class leaves of a stiffness tensor: its independent constants. All local. */
#ifndef ECD_ELASTIC_LAUE_H
#define ECD_ELASTIC_LAUE_H

#include "base/error.h"
#include "chem/point_group.h"
#include "elastic/tensor.h"

/* A constant of the stiffness matrix (Voigt), rows and columns from 0. */
typedef struct {
  int row, column;
} ecd_constant_t;

/* The independent constants of the class in its standard axes; *count of them, 3 to 21. */
const ecd_constant_t *ecd_laue_constants(ecd_laue_t laue, int *count);

/* "c14" */
void ecd_constant_name(ecd_constant_t constant, char name[4]);

/* Mean of a Kelvin stiffness over the point group: it has the symmetry of the crystal, and is the
   nearest such tensor. out may be c. */
void ecd_stiffness_average(const ecd_point_group_t *group, const double c[6][6], double out[6][6]);

/* Orthonormal basis of the Kelvin stiffnesses that the group leaves as they are, in the crystal's
   Cartesian frame: basis[*count]. group NULL: all 21 of them. */
ecd_code_t ecd_stiffness_basis(const ecd_point_group_t *group,
                               double basis[ECD_STIFFNESS_TERMS][6][6], int *count,
                               ecd_error_t *err);

/* The same of Kelvin stresses: basis[*count], 1 (cubic) to 6 (triclinic). */
ecd_code_t ecd_stress_basis(const ecd_point_group_t *group, double basis[6][6], int *count,
                            ecd_error_t *err);

/* The fewest strains that determine all constants of the class: strain[*count], Kelvin, in the
   standard axes; the largest component of each (engineering shear) is 1. At most 6. */
void ecd_laue_strains(ecd_laue_t laue, double strain[6][6], int *count);

#endif
