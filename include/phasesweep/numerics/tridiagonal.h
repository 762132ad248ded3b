/* tridiagonal.h - eigenvalues of a symmetric tridiagonal matrix, and eigenvectors of its
 * largest; the same calls finish what LAPACK and what ScaLAPACK have reduced.
 *
 * Wrapped once, with the workspaces that LAPACK documents.  Nothing here communicates.
 */
#ifndef PHASESWEEP_NUMERICS_TRIDIAGONAL_H
#define PHASESWEEP_NUMERICS_TRIDIAGONAL_H

#include <stdbool.h>

typedef struct Tridiagonal {
    int n;
    double *diagonal; /* [n], owned */
    double *off;      /* [n], the last unused; owned */
} Tridiagonal;

/* Local.  Entries are zero.  Release with tridiagonal_free. */
Tridiagonal tridiagonal_create(int n);
void tridiagonal_free(Tridiagonal *t);

/* Local.  w [n] ascending; t stays.  False if the iteration failed. */
bool tridiagonal_values(const Tridiagonal *t, double w[]);

/* Local.  z [n * count]: eigenvectors of the `count` largest eigenvalues by column, ascending;
 * t stays.  False if they are not all there, with z undefined: take tridiagonal_all then. */
bool tridiagonal_top(const Tridiagonal *t, int count, double z[]);

/* Local.  The same of `count` neighbours in the ascending order, from `first` >= 0 on. */
bool tridiagonal_some(const Tridiagonal *t, int first, int count, double z[]);

/* Local.  z [n * n]: all eigenvectors by divide and conquer; work [1 + 4 n + n^2].  False if
 * the iteration failed. */
bool tridiagonal_all(const Tridiagonal *t, double z[], double work[]);

/* Is it faster to compute the eigenvectors of the largest `count` eigenvalues alone (dstemr)
 * than all of them (dstedc)?  Measured at n = 400 to 3200, the transformation back to the full
 * matrix included. */
static inline bool tridiagonal_few(int n, int count)
{
    return count <= n / 4;
}

#endif
