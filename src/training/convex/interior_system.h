/* interior_system.h - the linear system of an interior step, n unknowns.  Private to
 * interior.c.
 *
 * With W = G G^T a step solves K x = rhs,
 *     K = I + A W A^* W,   K_mn = [m = n] + Tr Z_m W Z_n W,
 * which for x~ = G^T x is a product of rows squared:
 *     Tr Z_m W Z_n W = ((x~_m . x~_n)^2 - q_m - q_n + Tr (Sigma W)^2)/d,   q = |Sigma^1/2 G
 * x~|^2. So K costs n^2 d flops and its Cholesky factor n^3/3, whatever the weight decay is.
 * Both are in single precision while a few steps of conjugate gradient with the exact operator
 * mend what that loses, 6 n d^2 flops each; then in double.
 */
#ifndef PHASESWEEP_TRAINING_INTERIOR_SYSTEM_H
#define PHASESWEEP_TRAINING_INTERIOR_SYSTEM_H

#include "phasesweep/data/covariance.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct InteriorSystem {
    int n, d;
    bool single;                  /* the factor is in single precision */
    const double *x;              /* d x n, rows of data by column; borrowed, as variances */
    const Covariance *covariance; /* of the rows */
    double *turned;               /* d x n, G^T x; owned as all below */
    double *packed;               /* d x n, scratch */
    double *square;               /* d x d, G^T Sigma G */
    double *product;              /* d x d, scratch */
    double *factor; /* n x n of doubles or of floats: Cholesky factor of K, lower triangle */
    double *vector; /* [5 n], scratch */
} InteriorSystem;

/* Local, as all below.  x is borrowed.  Release with interior_system_free. */
InteriorSystem interior_system_create(int n, int d, const double x[],
                                      const Covariance *covariance);
void interior_system_free(InteriorSystem *system);

/* a . b of `count` numbers. */
double interior_dot(const double a[], const double b[], size_t count);

/* Bytes of one. */
size_t interior_system_memory(double n, double d);

/* Rows as G turns them; g is d x d. */
void interior_system_turn(InteriorSystem *system, const double g[]);

/* Factor K of the last turn; false if it is not positive definite in double precision either.
 */
bool interior_system_factor(InteriorSystem *system, const double g[]);

/* h [d * d] = G^T A^*(v) G, both triangles, and out [n] = A(G h G^T) for symmetric h. */
void interior_system_back(InteriorSystem *system, const double v[], double h[]);
void interior_system_outputs(InteriorSystem *system, const double h[], double out[]);

/* x [n] = K^-1 rhs to a relative residual of `accuracy`, INFINITY: as the factor gives it, and
 * h = G^T A^*(x) G.  rhs becomes the residual; that is not known, and left alone, where none is
 * asked for.  Where the factor in single precision is too coarse it is made again in double,
 * and in double from then on; false if there is none. */
bool interior_system_solve(InteriorSystem *system, const double g[], double rhs[],
                           double accuracy, double x[], double h[]);

#endif
