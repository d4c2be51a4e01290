/* Averages over orientations and stability of a stiffness tensor. All local. */
#ifndef ECD_ELASTIC_MODULI_H
#define ECD_ELASTIC_MODULI_H

#include "base/error.h"
#include "chem/point_group.h"

typedef struct {
  double voigt, reuss, hill;
} ecd_average_t;

/* GPa where not said otherwise. NaN where it does not exist: all of Reuss and Hill, and what is
   derived from them, of a tensor that is not positive definite. */
typedef struct {
  ecd_average_t bulk, shear;
  double young, poisson; /* of the Hill averages; Poisson's ratio has no unit */
  double ratio;          /* bulk over shear, Hill (Pugh) */
  double anisotropy;     /* universal: 5 GV/GR + KV/KR - 6; Ranganathan and Ostoja-Starzewski,
                        Phys. Rev. Lett. 101, 055504 (2008) */
  double eigenvalue[6];  /* of the Kelvin matrix, ascending */
  bool stable;           /* all of them positive, by more than 1e-9 of the largest */
  double compliance[6]
                   [6]; /* 1/GPa, Voigt: the inverse of the stiffness; NaN where that is singular */
} ecd_moduli_t;

/* Of a symmetric stiffness (GPa, Voigt). Hill, Proc. Phys. Soc. A 65, 349 (1952). */
ecd_code_t ecd_moduli_compute(const double stiffness[6][6], ecd_moduli_t *moduli, ecd_error_t *err);

enum { ECD_BORN_MAX = 6 };

/* A condition of stability: value > 0. */
typedef struct {
  const char *text;
  double value; /* GPa, or a power of it */
} ecd_born_t;

/* The necessary and sufficient conditions of the Laue class, of a stiffness (GPa, Voigt) in its
   standard axes, into condition[ECD_BORN_MAX]; returns how many. Mouhat and Coudert, Phys. Rev. B
   90, 224104 (2014); monoclinic and triclinic: the six leading minors. */
int ecd_born_conditions(ecd_laue_t laue, const double stiffness[6][6],
                        ecd_born_t condition[ECD_BORN_MAX]);

#endif
