/* Chemical formulas as people write them. All local. */
#ifndef ECD_CHEM_COMPOSITION_H
#define ECD_CHEM_COMPOSITION_H

#include "base/error.h"
#include "chem/crystal.h"

/* Atoms of each element by Z in a formula: "Mg2Si", "NaN" (sodium nitride), "Fe0.5Ni0.5O",
   "Ca[Al(OH)4]2" with (), [], {}, "CuSO4*5H2O" with *, U+00B7, U+2022 or U+22C5 between parts and a
   count before each part but the first. '.' is always a decimal point with digits on both sides;
   "CuSO4.5H2O", which may be meant otherwise, is refused. ECD_DATA: what is wrong, with the offending
   character and its position from 1 (charge marks, subscripts, unknown symbols with a near one,
   counts of zero, unbalanced brackets, nothing). */
ecd_code_t ecd_formula_parse(const char *text, double count[ECD_ELEMENT_COUNT], ecd_error_t *err);

/* Whether a formula names the crystal's composition, up to a common factor. True where the
   crystal's elements are not known. */
bool ecd_formula_fits(const char *formula, const ecd_crystal_t *crystal);

#endif
