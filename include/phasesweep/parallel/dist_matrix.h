/* dist_matrix.h - dense real matrices spread block-cyclically over a process grid.
 *
 * Row and column blocks have one size, and the first block of every matrix is on rank (0, 0)
 * of the grid.  Each rank holds its blocks side by side in one column-major array; a rank
 * without any has local_rows or local_columns 0 and takes part in all calls.  The workspaces
 * are those that were found to give right vectors, not those that ScaLAPACK asks for.
 *
 * ScaLAPACK counts with 32 bits: a rank must hold less than DIST_MATRIX_MOST entries of a
 * matrix, so that d = 10^5 asks for 5 ranks or more.
 */
#ifndef PHASESWEEP_PARALLEL_DIST_MATRIX_H
#define PHASESWEEP_PARALLEL_DIST_MATRIX_H

#include <stdbool.h>
#include <stddef.h>

#include "phasesweep/base/outcome.h"
#include "phasesweep/parallel/process_grid.h"

#define DIST_MATRIX_MOST ((size_t)1 << 31)

typedef struct DistMatrix {
    const ProcessGrid *grid;       /* borrowed; must outlive the matrix */
    int rows, columns;             /* global shape */
    int block;                     /* side of the square blocks */
    int local_rows, local_columns; /* shape held by this rank, may be 0 */
    int descriptor[9];             /* ScaLAPACK array descriptor */
    double *local;                 /* owned; column-major, ld = max(1, local_rows) */
} DistMatrix;

/* Global index of local index k on place `mine` of `places`, first block on place 0.  Local,
 * no checks: k >= 0, mine in [0, places). */
static inline int dist_matrix_global(int k, int block, int mine, int places)
{
    return (k / block * places + mine) * block + k % block;
}

/* How many of the global indices 0 ... n-1 are on place `mine`.  Local, no checks. */
static inline int dist_matrix_count(int n, int block, int mine, int places)
{
    const int whole = n / block;
    const int turn = whole % places;
    return whole / places * block + (mine < turn ? block : mine == turn ? n % block : 0);
}

/* Local.  Entries this rank holds. */
static inline size_t dist_matrix_entries(const DistMatrix *a)
{
    return (size_t)a->local_rows * (size_t)a->local_columns;
}

/* Collective on grid.  Entries are zero.  Release with dist_matrix_free. rows, columns and
 * block > 0; a rank may hold nothing. */
DistMatrix dist_matrix_zeros(const ProcessGrid *grid, int rows, int columns, int block);

/* Local.  Leaves *a empty, so a second call is harmless. */
void dist_matrix_free(DistMatrix *a);

/* Local.  a(i, j) = entry(i, j, context) for every entry this rank holds. i and j count from
 * 0; entry is called in no promised order. */
void dist_matrix_fill(DistMatrix *a, double (*entry)(int i, int j, const void *context),
                      const void *context);

/* Collective on the grid.  c = alpha op(a) op(b) + beta c, op = transpose where asked.  All
 * on one grid with equal blocks, c not a or b; shapes are asserted.  transpose_a,
 * transpose_b: 0 or 1. */
void dist_matrix_multiply(double alpha, const DistMatrix *a, int transpose_a,
                          const DistMatrix *b, int transpose_b, double beta, DistMatrix *c);

/* Collective on the grid.  s = z z^T of the last `count` columns of z, 0 <= count <=
 * z->columns; lower triangle, the rest of s is left.  What z holds before them is overwritten.
 */
void dist_matrix_square(DistMatrix *z, int count, DistMatrix *s);

/* Collective on the grid.  Are all eigenvalues of the symmetric a, lower triangle read and
 * destroyed, below t?  As eigen_below of symmetric_eigen.h; all ranks agree. */
bool dist_matrix_below(DistMatrix *a, double t);

/* A symmetric matrix reduced to a tridiagonal one: what eigenvalues and eigenvectors are made
 * from.  Opaque; the reflectors that lead back to the matrix lie in the matrix itself. */
typedef struct DistReduction DistReduction;

/* Collective on the grid.
 *   a  n x n symmetric, lower triangle read; overwritten, borrowed until the reduction is freed
 * Release with dist_matrix_reduction_free (local). */
DistReduction *dist_matrix_reduce(DistMatrix *a);
void dist_matrix_reduction_free(DistReduction *reduction);

/* Local.  w [n] ascending, the same on every rank.  Returns CONVERGED, or FAILED with w
 * undefined. */
Outcome dist_matrix_eigenvalues(DistReduction *reduction, double w[]);

/* Collective on the grid.  Eigenvectors of the `count` largest eigenvalues, 0 <= count <= n,
 * after dist_matrix_eigenvalues.  Ranks share the eigenvectors of the tridiagonal matrix, but
 * for those of equal eigenvalues, which one rank makes: beside z, 1.25 n count / ranks numbers.
 *   z  n x n on the grid and block of a, not a itself; its last `count` columns, ascending; the
 *      others undefined
 * Returns CONVERGED, or FAILED with z undefined. */
Outcome dist_matrix_eigenvectors(DistReduction *reduction, int count, DistMatrix *z);

#endif
