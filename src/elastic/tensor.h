/* Symmetric tensors of rank 2 and 4 in three notations. All local.
   matrix: symmetric 3 x 3.
   Voigt: order xx yy zz yz xz xy; stiffness c[6][6] for engineering shear strains (2 e_yz).
   Kelvin: the same order with sqrt(2) times the shear components, for stress and strain alike, and
   kelvin = D voigt D, D = diag(1, 1, 1, sqrt 2, sqrt 2, sqrt 2), for stiffness. Rotations are then
   orthogonal 6 x 6 matrices, and norms, eigenvalues and inverses are those of the tensors. */
#ifndef ECD_ELASTIC_TENSOR_H
#define ECD_ELASTIC_TENSOR_H

#include "base/error.h"

enum { ECD_STIFFNESS_TERMS = 21 };

/* Row and column of component 0 .. 5. */
extern const int ecd_voigt_index[6][2];

void ecd_kelvin_from_matrix(const double m[3][3], double kelvin[6]);
void ecd_matrix_from_kelvin(const double kelvin[6], double m[3][3]);
void ecd_kelvin_from_voigt(const double voigt[6][6], double kelvin[6][6]);
void ecd_voigt_from_kelvin(const double kelvin[6][6], double voigt[6][6]);

/* The 6 x 6 matrix t of a rotation r: kelvin(r m r^T) = t kelvin(m). */
void ecd_kelvin_rotation(const double r[3][3], double t[6][6]);
/* Kelvin stiffness in the frame whose axes are the rows of r: t c t^T. out may be c. */
void ecd_stiffness_rotate(const double c[6][6], const double r[3][3], double out[6][6]);

/* A symmetric 6 x 6 matrix as a vector of 21, off-diagonal terms times sqrt(2), and back: a matrix
   that is not symmetric is averaged with its transpose. */
void ecd_stiffness_pack(const double c[6][6], double packed[ECD_STIFFNESS_TERMS]);
void ecd_stiffness_unpack(const double packed[ECD_STIFFNESS_TERMS], double c[6][6]);

/* Frobenius norm, of a Kelvin matrix that of the tensor. */
double ecd_stiffness_norm(const double c[6][6]);

/* Eigenvalues, ascending, and unit eigenvectors (vector[k] belongs to value[k]) of a symmetric n x n
   matrix m (row-major). vector (n, n) may be m, or NULL. Not finite, or LAPACK fails: ECD_FAILED. */
ecd_code_t ecd_symmetric_eigen(int n, const double *m, double *value, double *vector,
                               ecd_error_t *err);

/* inverse of a symmetric 6 x 6 matrix from its eigenvalues and eigenvectors, none of them 0. */
void ecd_stiffness_invert(const double value[6], const double vector[6][6], double inverse[6][6]);

#endif
