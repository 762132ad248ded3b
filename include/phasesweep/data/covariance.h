/* covariance.h - Sigma = D^(1/2) C D^(1/2) of the rows, and its root.
 *
 * D = diag(sigma_i), and C = 1 but within blocks of `block` neighbours, of which two have the
 * correlation rho: C_B = (1 - rho) I + rho 1 1^T; the last block has what is left.  A row is
 * x = A z with A = D^(1/2) C^(1/2), A A^T = Sigma, and z of independent entries.  C_B^(1/2) =
 * sqrt(1 - rho) I + c 1 1^T is in closed form, and so is its inverse, so that products with A,
 * A^-1 and Sigma cost what those with a diagonal do.
 *
 * Nothing communicates or allocates.
 */
#ifndef PHASESWEEP_DATA_COVARIANCE_H
#define PHASESWEEP_DATA_COVARIANCE_H

#include <stdbool.h>

typedef struct Covariance {
    int dimension;            /* d */
    const double *variances;  /* [d] sigma_i = E x_i^2; NULL: Sigma is I; borrowed */
    const double *deviations; /* [d] their square roots, or NULL likewise; borrowed */
    int block;                /* features of a block where rho > 0, at least 2 */
    double correlation;       /* rho in [0, 1); where it is not 0 there are variances */
} Covariance;

/* Local.  Sigma_ii, its square root, and any entry. */
double covariance_variance(const Covariance *sigma, int i);
double covariance_deviation(const Covariance *sigma, int i);
double covariance_entry(const Covariance *sigma, int i, int j);

/* Local.  Are features correlated, Sigma no diagonal? */
bool covariance_has_blocks(const Covariance *sigma);

/* Local.  One past the last feature of the block of i: Sigma_ij is 0 from there on. */
int covariance_block_end(const Covariance *sigma, int i);

/* Local.  x [d * columns], column by column, in place: x <- A x, x <- A^-1 x of rows; x <- A^T
 * x, x <- A^-T x of what they are multiplied by; and out <- Sigma x, out apart from x. */
void covariance_colour(const Covariance *sigma, int columns, double x[]);
void covariance_whiten(const Covariance *sigma, int columns, double x[]);
void covariance_whiten_dual(const Covariance *sigma, int columns, double x[]);
void covariance_colour_dual(const Covariance *sigma, int columns, double x[]);
void covariance_product(const Covariance *sigma, int columns, const double x[], double out[]);

/* Local.  Tr(Sigma S) of a symmetric S, d x d, lower triangle. */
double covariance_trace(const Covariance *sigma, const double s[]);

/* Local.  s += factor Sigma, d x d, lower triangle. */
void covariance_add(const Covariance *sigma, double factor, double s[]);

/* Local.  A sum of v x x^T to that of v z z^T, s <- A^-1 s A^-T: d x d, lower triangle, the
 * upper one is scratch.  And s += factor (A^T A)^-1, lower triangle: Tr[(A^T A)^-1 A^T S A] is
 * Tr S. */
void covariance_whiten_square(const Covariance *sigma, double s[]);
void covariance_add_dual(const Covariance *sigma, double factor, double s[]);

#endif
