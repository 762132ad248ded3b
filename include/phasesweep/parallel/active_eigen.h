/* active_eigen.h - the eigenpairs of a symmetric matrix above a threshold, from those of the
 * matrix before it.
 *
 * An iteration that needs (A - b)_+ of one matrix after another needs its r pairs above b
 * alone, and knows them nearly.  The subspace of the last r leading vectors and a few more is
 * filtered by a Chebyshev polynomial of A and Rayleigh-Ritz pairs are taken from it, until
 *     sqrt(2) |R|_F <= goal,   R = A V - V Theta of the r pairs above b.
 * V, Theta are exact for A - R V^T - V R^T, and (. - b)_+ does not expand: that number bounds
 * the error of V (Theta - b) V^T.  That no pair is missing is proved by a Cholesky factor of
 *     (b + goal/16) I - (A - R V^T - V R^T - V Theta V^T + c V V^T),   c < b,
 * which exists only where nothing else is above: a pair in that margin may be missed, at an
 * error of goal/16.
 *
 * What is wanted of it is always small against a decomposition; where it would not be, or
 * fails, the caller decomposes and lets this learn from it.  Local, on one rank.  Equal inputs
 * and equal states give equal bits.
 */
#ifndef PHASESWEEP_PARALLEL_ACTIVE_EIGEN_H
#define PHASESWEEP_PARALLEL_ACTIVE_EIGEN_H

#include <stdbool.h>
#include <stddef.h>

/* Beside basis and lowest what the next solution depends on: saved as it is. */
typedef struct ActiveState {
    int columns; /* of the basis, 0: none */
    int wait;    /* solutions that are not tried, because tries were in vain */
    int vain;    /* tries in vain in a row */
    int found;   /* solutions so far */
    double rate; /* log of what a product of the filter takes off the residual */
} ActiveState;

typedef struct ActiveEigen {
    int n;    /* side of the matrices */
    int most; /* columns of a basis at most; 0: n is too small for any */
    ActiveState state;
    double *basis;  /* n x most, orthonormal, ascending; owned, as all below */
    double *lowest; /* [n] near the eigenvector of the lowest eigenvalue; saved too */
    double *image;  /* n x most, A basis */
    double *turned; /* n x most, scratch */
    double *square; /* n x n, scratch */
    double *small;  /* most x most, scratch */
    double *ritz;   /* [most] of the basis, ascending */
    double *work;   /* [work_length] of LAPACK */
    int work_length;
    double floor; /* below all eigenvalues of A, by an estimate */
} ActiveEigen;

/* What is asked for. */
typedef struct ActiveGoal {
    double threshold; /* b */
    double error;     /* > 0, of V (Theta - b) V^T in the norm of Frobenius */
    bool single;      /* the filter may be in single precision */
} ActiveGoal;

/* Matrices of side n < least are left to decompositions.  Release with active_eigen_free. */
ActiveEigen active_eigen_create(int n, int least);
void active_eigen_free(ActiveEigen *active);

/* Bytes of one. */
size_t active_eigen_memory(double n, int least);

/* How many leading vectors a decomposition should make so that this can learn from it, of which
 * `rank` are above the threshold: rank itself where they are too large a share of n. */
int active_eigen_wish(const ActiveEigen *active, int rank);

/* From a decomposition: the last `count` columns of vectors [n * n], `rank` of which are above
 * the threshold. */
void active_eigen_learn(ActiveEigen *active, const double vectors[], int count, int rank);

/* a [n * n], lower triangle read.  If true *rank pairs are above the threshold: the last *rank
 * columns of a have become their vectors, ascending, and the last of values [n] their values;
 * the other values are below all of these, and mean nothing.  Else a is as before. */
bool active_eigen_solve(ActiveEigen *active, const ActiveGoal *goal, double a[],
                        double values[], int *rank);

#endif
