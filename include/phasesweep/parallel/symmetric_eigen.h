/* symmetric_eigen.h - eigendecomposition of one dense symmetric matrix after another by a team.
 *
 * The matrix and its eigenvectors live on rank 0 of the team, which either calls LAPACK alone
 * while the others wait, or does so on the cores of those that share its node (core_lending.h),
 * or spreads the matrix over all ranks and calls ScaLAPACK.  Which is fastest depends on the
 * machine, the size and the team, so EIGEN_AUTO measures: the first solutions are by one
 * method each, timed, and the fastest stays.  They agree to rounding, not to bits: ask for one
 * of them where bits matter.
 *
 * Matrices are n x n by column with ld = n.  Nothing is assumed of their values: entries
 * that are not finite give FAILED on all ranks and no hang.  One Eigen serves one team and
 * one n for its whole life; what it allocates at first use it keeps.
 */
#ifndef PHASESWEEP_PARALLEL_SYMMETRIC_EIGEN_H
#define PHASESWEEP_PARALLEL_SYMMETRIC_EIGEN_H

#include <mpi.h>
#include <stdbool.h>

#include "phasesweep/base/outcome.h"
#include "phasesweep/parallel/core_lending.h"
#include "phasesweep/parallel/dist_matrix.h"

/* Values of a checkpoint too: append, never renumber. */
typedef enum EigenMethod {
    EIGEN_AUTO, /* a team of one: LAPACK; else not decided yet */
    EIGEN_LAPACK,
    EIGEN_SCALAPACK,
    EIGEN_THREADS, /* LAPACK on the cores of the team's ranks that wait */
    EIGEN_COUNT
} EigenMethod;

/* Workspace of LAPACK on rank 0, a little more than 2 n^2 doubles; opaque. */
typedef struct EigenRoom EigenRoom;

typedef struct Eigen {
    MPI_Comm team; /* borrowed; must outlive this */
    int rank, ranks;
    int n;                       /* side of the matrices */
    EigenMethod method;          /* in use; the same on all ranks */
    EigenMethod now;             /* what the last eigenvalues were found by */
    bool tried[EIGEN_COUNT];     /* the same on all ranks, as clocks are not */
    double seconds[EIGEN_COUNT]; /* of the last eigenvalues by each; this rank's clock */
    EigenRoom *room;             /* LAPACK's, on rank 0; owned */
    Cores cores;                 /* found at the first use of EIGEN_THREADS */
    ProcessGrid grid;            /* made at the first use of ScaLAPACK, as the matrices */
    DistMatrix matrix, vectors;
    DistReduction *reduction; /* of matrix, until its eigenvectors are made; owned */
} Eigen;

/* Local.  n >= 1.  Release with eigen_free, which is collective on team.  Ranks must agree
 * in n and method.  Nothing is allocated before the first use. */
Eigen eigen_create(MPI_Comm team, int n, EigenMethod method);
void eigen_free(Eigen *eigen);

/* Collective on the team.  First the eigenvalues, because they decide how many vectors are
 * wanted (theory.md section 8: those above the threshold):
 *   a  [n * n] room on every rank; on rank 0 a symmetric matrix, lower triangle read, replaced
 *      by what eigen_vectors needs: leave it alone until then; elsewhere scratch
 *   w  [n] room on every rank; on rank 0 the eigenvalues, ascending
 * Returns CONVERGED, or FAILED (an entry that is not finite) with a and w undefined; all ranks
 * agree. */
Outcome eigen_values(Eigen *eigen, double a[], double w[]);

/* Collective on the team, at most once after each eigen_values that converged.
 *   count  number of vectors, from 0 to n, of the largest eigenvalues; read on rank 0
 *   a      that of eigen_values; on rank 0 its last `count` columns become the eigenvectors,
 *          ascending, the others are undefined; elsewhere scratch
 * Few vectors (count <= n/4) cost a third to half less than all.  Returns as eigen_values. */
Outcome eigen_vectors(Eigen *eigen, int count, double a[]);

/* Root only.  Largest eigenvalue of a [n * n], lower triangle read and destroyed; w [n] is
 * scratch.  NAN if an entry is not finite.  Not between eigen_values and eigen_vectors. */
double eigen_largest(Eigen *eigen, double a[], double w[]);

/* Root only.  Are all eigenvalues of a [n * n], lower triangle read and destroyed, below t?
 * Only then t I - a has a Cholesky factor, which is the proof; up to rounding, n 1e-16 |a|.  It
 * costs n^3/3 flops in products of matrices, a sixth of the time of eigen_largest or less.
 * false too if an entry is not finite. */
bool eigen_below(const Eigen *eigen, double t, double a[]);

#endif
