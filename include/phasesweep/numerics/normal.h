/* normal.h - one coordinate of soft thresholding under Gaussian noise, and its moments.
 *
 * theory.md section 3 in closed form.  All quantities are in units of theta; nothing is
 * rounded by quadrature.  Nothing here communicates, allocates or keeps state.
 *
 * Moments are continuous in all arguments, and their derivatives exact, because Newton's
 * method and the exponents rest on them.
 */
#ifndef PHASESWEEP_NUMERICS_NORMAL_H
#define PHASESWEEP_NUMERICS_NORMAL_H

/* Expectations over z ~ N(0, 1) of eta(t + tau z; b) = sign(x) (|x| - b)_+, x = t + tau z.
 * The sums of theory.md section 3 are made of these: R of error, the active count of active,
 * ||theta||_1 of magnitude, q of square and m of product.  Derivatives are partial, the
 * other parameter held. */
typedef struct SoftMoments {
    double error;     /* E (eta - t)^2 */
    double error_tau; /* its derivative in tau */
    double error_b;   /* its derivative in b */
    double active;    /* P(|x| > b) */
    double active_tau;
    double active_b;
    double magnitude; /* E |eta| */
    double product;   /* E t eta */
    double square;    /* E eta^2 */
} SoftMoments;

/* Local.  tau > 0, b >= 0, any t.  Exact up to rounding, also where nearly all or nearly
 * none of the mass is active. */
SoftMoments normal_soft(double t, double tau, double b);

/* Local.  Density and upper tail of the standard normal.  Both are 0 beyond 37.5, where
 * doubles underflow; the tail is 1 on the other side. */
double normal_density(double x);
double normal_tail(double x);

#endif
