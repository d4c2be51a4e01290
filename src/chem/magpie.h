/* Features of a composition after Magpie (Ward et al., npj Comput. Mater. 2016, 2, 16028), as
   matminer computes them. All local.

   Columns 0 to 131: for each property of the element table its minimum, maximum, range, mean,
   average deviation and mode over the composition (mean and deviation by atomic fraction; mode: the
   value of the most abundant element, the smallest on a tie). 132 to 137: p-norms of the fractions
   (0: number of elements; 2, 3, 5, 7, 10). 138 to 141: mean s, p, d, f valence electrons. 142 to
   144: whether common oxidation states can balance (1, 0), largest and mean ionic character
   1 - exp(-(difference of Pauling electronegativities)^2 / 4) over pairs of elements. */
#ifndef ECD_CHEM_MAGPIE_H
#define ECD_CHEM_MAGPIE_H

#include "base/error.h"
#include "chem/elements.h"

#include <stddef.h>

enum { ECD_MAGPIE_STATISTICS = 132, ECD_MAGPIE_ALL = 145, ECD_MAGPIE_NAME = 40 };

/* Name of a column, as matminer has it, e.g. "avg_dev MeltingT". */
void ecd_magpie_name(size_t column, char name[ECD_MAGPIE_NAME]);

/* Features of counts by Z as ecd_formula_parse gives them, at least one above 0. A value that needs
   a property the table lacks is NaN. An element of which it has nothing: ECD_DATA naming it and what is
   missing, all features NaN. */
ecd_code_t ecd_magpie_compute(const double count[ECD_ELEMENT_COUNT], double feature[ECD_MAGPIE_ALL],
                              ecd_error_t *err);

/* The same from a formula; one that is none: ECD_DATA, all features NaN. */
ecd_code_t ecd_magpie_formula(const char *formula, double feature[ECD_MAGPIE_ALL],
                              ecd_error_t *err);

/* ECD_OK if all features of the formula are numbers, in either count of columns; else ECD_DATA naming
   each element and the properties of it that the table lacks. For what cannot work with NaN. */
ecd_code_t ecd_magpie_complete(const char *formula, ecd_error_t *err);

#endif
