/* The routines of LAPACK that elastic/ calls (Fortran interface: column-major, all by reference). */
#ifndef ECD_ELASTIC_LAPACK_H
#define ECD_ELASTIC_LAPACK_H

/* Eigenvalues, ascending, and with jobz 'V' eigenvectors, in the columns of a, of a symmetric matrix. */
void dsyev_(const char *jobz, const char *uplo, const int *n, double *a, const int *lda, double *w,
            double *work, const int *lwork, int *info);

/* Singular values, descending, a = u diag(s) vt. */
void dgesvd_(const char *jobu, const char *jobvt, const int *m, const int *n, double *a,
             const int *lda, double *s, double *u, const int *ldu, double *vt, const int *ldvt,
             double *work, const int *lwork, int *info);

#endif
