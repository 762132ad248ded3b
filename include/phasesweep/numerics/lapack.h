/* lapack.h - the Fortran names of the BLAS and LAPACK routines in use.
 *
 * Everything by address and column-major, as Fortran wants it; the lengths at the end are those
 * of the character arguments, in their order, which gfortran passes by value.  Integers have 32
 * bits, so that n^2 < 2^31 where a whole matrix is one length.
 */
#ifndef PHASESWEEP_NUMERICS_LAPACK_H
#define PHASESWEEP_NUMERICS_LAPACK_H

#include <stddef.h>

void dgemm_(const char *transpose_a, const char *transpose_b, const int *m, const int *n,
            const int *k, const double *alpha, const double *a, const int *lda, const double *b,
            const int *ldb, const double *beta, double *c, const int *ldc, size_t length_a,
            size_t length_b);
void dsyrk_(const char *triangle, const char *transpose, const int *n, const int *k,
            const double *alpha, const double *a, const int *lda, const double *beta, double *c,
            const int *ldc, size_t length_triangle, size_t length_transpose);
void dsymm_(const char *side, const char *triangle, const int *m, const int *n,
            const double *alpha, const double *a, const int *lda, const double *b,
            const int *ldb, const double *beta, double *c, const int *ldc, size_t length_side,
            size_t length_triangle);
void ssymm_(const char *side, const char *triangle, const int *m, const int *n,
            const float *alpha, const float *a, const int *lda, const float *b, const int *ldb,
            const float *beta, float *c, const int *ldc, size_t length_side,
            size_t length_triangle);
void dsyr2k_(const char *triangle, const char *transpose, const int *n, const int *k,
             const double *alpha, const double *a, const int *lda, const double *b,
             const int *ldb, const double *beta, double *c, const int *ldc,
             size_t length_triangle, size_t length_transpose);
void sgemm_(const char *transpose_a, const char *transpose_b, const int *m, const int *n,
            const int *k, const float *alpha, const float *a, const int *lda, const float *b,
            const int *ldb, const float *beta, float *c, const int *ldc, size_t length_a,
            size_t length_b);
void ssyrk_(const char *triangle, const char *transpose, const int *n, const int *k,
            const float *alpha, const float *a, const int *lda, const float *beta, float *c,
            const int *ldc, size_t length_triangle, size_t length_transpose);
void dsyevd_(const char *job, const char *triangle, const int *n, double *a, const int *lda,
             double *w, double *work, const int *lwork, int *iwork, const int *liwork,
             int *info, size_t length_job, size_t length_triangle);
/* Reduction to tridiagonal form, and what becomes of it: tridiagonal.h. */
void dsytrd_(const char *triangle, const int *n, double *a, const int *lda, double *diagonal,
             double *off, double *tau, double *work, const int *lwork, int *info,
             size_t length_triangle);
void dsterf_(const int *n, double *diagonal, double *off, int *info);
void dstemr_(const char *job, const char *range, const int *n, double *diagonal, double *off,
             const double *low, const double *high, const int *first, const int *last,
             int *found, double *w, double *z, const int *ldz, const int *columns, int *support,
             int *accurate, double *work, const int *lwork, int *iwork, const int *liwork,
             int *info, size_t length_job, size_t length_range);
void dstedc_(const char *vectors, const int *n, double *diagonal, double *off, double *z,
             const int *ldz, double *work, const int *lwork, int *iwork, const int *liwork,
             int *info, size_t length_vectors);
void dormtr_(const char *side, const char *triangle, const char *transpose, const int *m,
             const int *n, const double *a, const int *lda, const double *tau, double *c,
             const int *ldc, double *work, const int *lwork, int *info, size_t length_side,
             size_t length_triangle, size_t length_transpose);
void dgemv_(const char *transpose, const int *m, const int *n, const double *alpha,
            const double *a, const int *lda, const double *x, const int *incx,
            const double *beta, double *y, const int *incy, size_t length);
void dsymv_(const char *triangle, const int *n, const double *alpha, const double *a,
            const int *lda, const double *x, const int *incx, const double *beta, double *y,
            const int *incy, size_t length);
void dtrsv_(const char *triangle, const char *transpose, const char *diagonal, const int *n,
            const double *a, const int *lda, double *x, const int *incx, size_t length_triangle,
            size_t length_transpose, size_t length_diagonal);
void dtrtri_(const char *triangle, const char *diagonal, const int *n, double *a,
             const int *lda, int *info, size_t length_triangle, size_t length_diagonal);
void dtrsm_(const char *side, const char *triangle, const char *transpose, const char *diagonal,
            const int *m, const int *n, const double *alpha, const double *a, const int *lda,
            double *b, const int *ldb, size_t length_side, size_t length_triangle,
            size_t length_transpose, size_t length_diagonal);
void strsv_(const char *triangle, const char *transpose, const char *diagonal, const int *n,
            const float *a, const int *lda, float *x, const int *incx, size_t length_triangle,
            size_t length_transpose, size_t length_diagonal);
void spotrf_(const char *triangle, const int *n, float *a, const int *lda, int *info,
             size_t length_triangle);
void dpotrf_(const char *triangle, const int *n, double *a, const int *lda, int *info,
             size_t length_triangle);
void dgesv_(const int *n, const int *columns, double *a, const int *lda, int *pivots, double *b,
            const int *ldb, int *info);
/* Orthogonal factors, for random_rotation.c. */
void dgeqrf_(const int *m, const int *n, double *a, const int *lda, double *tau, double *work,
             const int *lwork, int *info);
void dgeqp3_(const int *m, const int *n, double *a, const int *lda, int *pivots, double *tau,
             double *work, const int *lwork, int *info);
void dorgqr_(const int *m, const int *n, const int *k, double *a, const int *lda,
             const double *tau, double *work, const int *lwork, int *info);

#endif
