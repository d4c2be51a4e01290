#include "chem/atoms.h"

#include "chem/crystal.h"

#include <string.h>

static const int width[ECD_ATOM_BLOCKS] = {19, 7, 10, 10, 12, 10, 10, 4, 10};

ecd_code_t ecd_cgcnn_atom_vector(int Z, float vector[ECD_ATOM_VECTOR], ecd_error_t *err) {
  if (Z < 1 || Z >= ECD_ATOM_COUNT)
    return ecd_fail(
        err, ECD_DATA,
        "no atom vector of element %s (atomic number %d); expected an element from H (1) "
        "to %s (%d)",
        ecd_element_symbol(Z), Z, ecd_element_symbol(ECD_ATOM_COUNT - 1), ECD_ATOM_COUNT - 1);
  memset(vector, 0, ECD_ATOM_VECTOR * sizeof *vector);
  for (int i = 0, first = 0; i < ECD_ATOM_BLOCKS; first += width[i++])
    if (ecd_atom_table[Z][i] >= 0) vector[first + ecd_atom_table[Z][i]] = 1.0f;
  return ECD_OK;
}
