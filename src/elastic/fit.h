/* The stiffness that fits strains and stresses best and has the symmetry of the crystal. All local.
   Finite strains: with the deformation gradient F = R U the stress is turned back, R^T stress R, the
   reference stress taken off, and what is left made the second Piola-Kirchhoff stress
   S = det(U) U^-1 stress U^-1; S = C : E, E = (F^T F - 1) / 2. Tensors with the symmetry of the
   crystal are a linear space, and C is sought in it alone: the same as to add to the data the copies
   that the point group makes of them. */
#ifndef ECD_ELASTIC_FIT_H
#define ECD_ELASTIC_FIT_H

#include "chem/point_group.h"
#include "elastic/input.h"

typedef enum {
  ECD_REFERENCE_GIVEN,
  ECD_REFERENCE_FITTED, /* one more unknown tensor of the fit */
  ECD_REFERENCE_ZERO    /* assumed: the strains do not tell */
} ecd_reference_t;
extern const char *const ecd_reference_names[];

typedef struct {
  double stiffness[6][6]; /* GPa, Voigt, symmetric, in the crystal's Cartesian frame */
  /* relative (Frobenius): what symmetrisation changed. Of a given stiffness: of it. Of strains: of
     the tensor that fits them without regard to symmetry; NaN where they do not determine it */
  double asymmetry;
  /* the rest is of strains alone */
  size_t equations;
  int unknowns; /* constants of the Laue class, and components of the reference stress if fitted */
  int rank;     /* < constants of the class: under-determined */
  double condition;
  double largest_strain; /* norm of E */
  /* Misfit S - C : E. Of two strains that are each other's negative the part that both share is left out:
     it is the curvature of the stress, which does not touch C. */
  double residual;     /* rms over all components, relative to that of S */
  double residual_gpa; /* the same in GPa */
  double worst_gpa;    /* largest norm, of strain worst */
  double
      curvature; /* rms of the part left out, relative to that of S of these strains; NaN: none */
  size_t worst;
  ecd_reference_t reference;
  double reference_stress[3][3]; /* GPa, positive under tension */
  double energy_residual; /* rms of energies - fitted ones, relative to the elastic energies; NaN */
  double standard_error[6]
                       [6]; /* GPa, of the stiffness in the standard axes; NaN without redundancy */
  char undetermined
      [200]; /* constants in the standard axes that the strains leave open: "c33, c13" */
} ecd_elastic_fit_t;

/* Fits the strains, or symmetrises the given stiffness. Under-determined: ECD_DATA, and
   fit->undetermined names the constants; it is "" with any other error. */
ecd_code_t ecd_elastic_fit(const ecd_elastic_input_t *input, const ecd_point_group_t *group,
                           ecd_elastic_fit_t *fit, ecd_error_t *err);

#endif
