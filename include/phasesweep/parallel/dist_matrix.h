/* dist_matrix.h - dense real matrices spread block-cyclically over a process grid.
 *
 * Row and column blocks have one size, and the first block of every matrix is on rank (0, 0)
 * of the grid.  Each rank holds its blocks side by side in one column-major array; a rank
 * without any has local_rows or local_columns 0 and takes part in all calls.  The workspaces
 * are those that were found to give right vectors, not those that ScaLAPACK asks for.
 */
#ifndef PHASESWEEP_PARALLEL_DIST_MATRIX_H
#define PHASESWEEP_PARALLEL_DIST_MATRIX_H

#include <stddef.h>

#include "phasesweep/base/outcome.h"
#include "phasesweep/parallel/process_grid.h"

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
Outcome dist_matrix_eigenvalues(const DistReduction *reduction, double w[]);

/* Collective on the grid.  Eigenvectors of the `count` largest eigenvalues, 0 <= count <= n:
 *   z  n x n on the grid and block of a, not a itself; its last `count` columns, ascending; the
 *      others undefined
 * Returns CONVERGED, or FAILED with z undefined. */
Outcome dist_matrix_eigenvectors(const DistReduction *reduction, int count, DistMatrix *z);

#endif
