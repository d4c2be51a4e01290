/* A crystal: cell and sites. All local. */
#ifndef ECD_CHEM_CRYSTAL_H
#define ECD_CHEM_CRYSTAL_H

#include "base/error.h"
#include "chem/elements.h"

#include <stddef.h>

typedef struct {
  double lattice[3][3]; /* A, rows are the vectors a, b, c */
  size_t sites;
  int *Z;            /* [sites]; 0 = unknown (VASP 4 files) */
  double (*frac)[3]; /* [sites] fractional coordinates */
} ecd_crystal_t;

/* Room for sites; zeroed. Owned by the caller. */
ecd_code_t ecd_crystal_allocate(ecd_crystal_t *crystal, size_t sites, ecd_error_t *err);
void ecd_crystal_clear(ecd_crystal_t *crystal);
/* A deep copy, owned by the caller. */
ecd_code_t ecd_crystal_copy(const ecd_crystal_t *from, ecd_crystal_t *to, ecd_error_t *err);

/* Signed volume, A^3 (negative for a left-handed cell). */
double ecd_cell_volume(const double lattice[3][3]);
/* inverse so that frac = cart * inverse (row vectors). */
void ecd_cell_inverse(const double lattice[3][3], double inverse[3][3]);

/* Reduced formula, least electronegative element first, into text[size], e.g. "Mg2Si", "NaCl". */
void ecd_crystal_formula(const ecd_crystal_t *crystal, char *text, size_t size);

/* The standard conventional cell found with spglib (symprec in A): transform (integer up to
   rounding) with conventional rows = transform * lattice rows, in the orientation of the given
   crystal, and the given origin kept. Sites are not moved. space_group: international number. A
   cell that spglib rejects: ECD_DATA. */
ecd_code_t ecd_crystal_conventional(const ecd_crystal_t *crystal, double symprec,
                                    double conventional[3][3], double transform[3][3],
                                    int *space_group, ecd_error_t *err);

#endif
