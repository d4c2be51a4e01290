/* What we call of ScaLAPACK and its BLACS, which come without headers. Matrices are column-major,
   indices count from 1. */
#ifndef ECD_BENCH_SCALAPACK_H
#define ECD_BENCH_SCALAPACK_H

#include <mpi.h>

int Csys2blacs_handle(MPI_Comm comm);
void Cfree_blacs_system_handle(int handle);
void Cblacs_gridinit(int *context, const char *order, int rows, int columns);
void Cblacs_gridinfo(int context, int *rows, int *columns, int *row, int *column);
void Cblacs_gridexit(int context);

int numroc_(const int *n, const int *block, const int *process, const int *first,
            const int *processes);
void descinit_(int *desc, const int *m, const int *n, const int *mb, const int *nb,
               const int *first_row, const int *first_column, const int *context, const int *lld,
               int *info);
void pdgesvd_(const char *job_u, const char *job_vt, const int *m, const int *n, double *a,
              const int *ia, const int *ja, const int *desc_a, double *s, double *u, const int *iu,
              const int *ju, const int *desc_u, double *vt, const int *ivt, const int *jvt,
              const int *desc_vt, double *work, const int *lwork, int *info);

#endif
