/* The point group of a crystal as Cartesian rotations, its Laue class, its standard axes. All
   local. */
#ifndef ECD_CHEM_POINT_GROUP_H
#define ECD_CHEM_POINT_GROUP_H

#include "base/error.h"
#include "chem/crystal.h"

typedef enum {
  ECD_LAUE_1,    /* -1, triclinic */
  ECD_LAUE_2M,   /* 2/m, monoclinic */
  ECD_LAUE_MMM,  /* orthorhombic */
  ECD_LAUE_4M,   /* 4/m */
  ECD_LAUE_4MMM, /* 4/mmm */
  ECD_LAUE_3,    /* -3 */
  ECD_LAUE_3M,   /* -3m */
  ECD_LAUE_6M,   /* 6/m */
  ECD_LAUE_6MMM, /* 6/mmm */
  ECD_LAUE_M3,   /* m-3 */
  ECD_LAUE_M3M,  /* m-3m */
  ECD_LAUE_COUNT
} ecd_laue_t;

typedef struct {
  int space_group; /* international number */
  char symbol[6];  /* of the point group, e.g. "-43m" */
  ecd_laue_t laue;
  int order;
  double rotation[48][3]
                 [3]; /* [order]: orthogonal, x' = rotation x in the crystal's Cartesian frame */
  /* Rows: unit vectors of the standard axes x, y, z, in the crystal's Cartesian frame. With the
     vectors a, b, c of the standard conventional cell: triclinic: the given frame; monoclinic
     (unique axis b): z along c, y along b; orthorhombic, cubic: x, y, z along a, b, c (of a cube
     the axes that lie closest to the given ones); tetragonal, hexagonal and -3: z along c, x along
     a; -3m: z along c, x along the two-fold axis a or 2a + b. */
  double axes[3][3];
} ecd_point_group_t;

/* "m-3m" */
const char *ecd_laue_name(ecd_laue_t laue);
/* "cubic" */
const char *ecd_laue_system(ecd_laue_t laue);

/* By spglib with tolerance symprec (A). The rotations are those of the crystal itself, also where
   the given cell is a supercell of lower symmetry. Sites without an element, or a cell that spglib
   rejects: ECD_DATA. */
ecd_code_t ecd_point_group_find(const ecd_crystal_t *crystal, double symprec,
                                ecd_point_group_t *group, ecd_error_t *err);

#endif
