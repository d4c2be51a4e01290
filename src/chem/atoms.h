/* The atom vectors of CGCNN (T. Xie, J. C. Grossman, PRL 120, 145301): data/cgcnn_atoms.csv. */
#ifndef ECD_CHEM_ATOMS_H
#define ECD_CHEM_ATOMS_H

#include "base/error.h"

enum { ECD_ATOM_COUNT = 101 /* with 0, the unknown element */, ECD_ATOM_BLOCKS = 9 };
enum { ECD_ATOM_VECTOR = 92 };

/* By Z: category in each block, -1 where there is no data. Made from the data file when the program
   is built. */
extern const signed char ecd_atom_table[ECD_ATOM_COUNT][ECD_ATOM_BLOCKS];

/* Zeros, and a one for the category in each block that has data. An element without a row: ECD_DATA
   naming it. */
ecd_code_t ecd_cgcnn_atom_vector(int Z, float vector[ECD_ATOM_VECTOR], ecd_error_t *err);

#endif
