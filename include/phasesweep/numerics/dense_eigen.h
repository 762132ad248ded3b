/* dense_eigen.h - the spectral decomposition of a symmetric matrix on one rank. */
#ifndef PHASESWEEP_NUMERICS_DENSE_EIGEN_H
#define PHASESWEEP_NUMERICS_DENSE_EIGEN_H

#include <stdbool.h>

/* Local.  a = V diag(value) V^T, by divide and conquer; allocates some 2 n^2 numbers for the
 * time of the call.
 *   a      [n * n] by column, lower triangle read; becomes V, an eigenvector a column
 *   value  [n] ascending
 * False if LAPACK finds none (entries that are no numbers); a and value are then undefined. */
bool dense_eigen(int n, double a[], double value[]);

#endif
