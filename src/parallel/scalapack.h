/* scalapack.h - every Fortran and BLACS name used, private to process_grid.c, dist_matrix.c and
 * dist_matrix_eigen.c.
 *
 * All pd... calls are collective on the grid of their descriptors, and indices count from 1.
 * Arguments are validated by the callers: ScaLAPACK aborts all ranks on an illegal one, or only
 * prints it and goes on.
 */
#ifndef PHASESWEEP_PARALLEL_SCALAPACK_H
#define PHASESWEEP_PARALLEL_SCALAPACK_H

#include <mpi.h>
#include <stddef.h>

int Csys2blacs_handle(MPI_Comm comm);
void Cfree_blacs_system_handle(int handle);
void Cblacs_gridinit(int *context, const char *order, int rows, int columns);
void Cblacs_gridinfo(int context, int *rows, int *columns, int *row, int *column);
void Cblacs_set(int context, int what, const int *value);
void Cblacs_gridexit(int context);

int numroc_(const int *n, const int *block, const int *mine, const int *source,
            const int *places);
void descinit_(int *descriptor, const int *rows, const int *columns, const int *row_block,
               const int *column_block, const int *row_source, const int *column_source,
               const int *context, const int *leading, int *info);
void pdgemm_(const char *transpose_a, const char *transpose_b, const int *m, const int *n,
             const int *k, const double *alpha, const double *a, const int *ia, const int *ja,
             const int *desc_a, const double *b, const int *ib, const int *jb,
             const int *desc_b, const double *beta, double *c, const int *ic, const int *jc,
             const int *desc_c, size_t length_a, size_t length_b);
void pdsyrk_(const char *triangle, const char *transpose, const int *n, const int *k,
             const double *alpha, const double *a, const int *ia, const int *ja,
             const int *desc_a, const double *beta, double *c, const int *ic, const int *jc,
             const int *desc_c, size_t length_triangle, size_t length_transpose);
void pdpotrf_(const char *triangle, const int *n, double *a, const int *ia, const int *ja,
              const int *desc_a, int *info, size_t length_triangle);
void Cdgsum2d(int context, const char *scope, const char *topology, int m, int n, double *a,
              int lda, int row, int column);
void pdsytrd_(const char *triangle, const int *n, double *a, const int *ia, const int *ja,
              const int *desc_a, double *diagonal, double *off, double *tau, double *work,
              const int *lwork, int *info, size_t length_triangle);
void pdormtr_(const char *side, const char *triangle, const char *transpose, const int *m,
              const int *n, const double *a, const int *ia, const int *ja, const int *desc_a,
              const double *tau, double *c, const int *ic, const int *jc, const int *desc_c,
              double *work, const int *lwork, int *info, size_t length_side,
              size_t length_triangle, size_t length_transpose);

#endif
