/* One coordinate of the LASSO, x = t + tau z, eta = (|x| - b)_+ sign(x).  Both halves x > b
 * and x < -b are the same integral with t and -t; what is left between them has eta = 0 and
 * error t^2.  Partial integration turns all moments into phi and Q at A = (b - t)/tau:
 *     int_A phi = Q,   int_A z phi = phi,   int_A z^2 phi = A phi + Q.
 *
 * Derivatives of the error are those under the integral: ends that move with tau and b add
 * nothing, because (eta - t)^2 is continuous across them.
 */
#include "phasesweep/numerics/normal.h"

#include <math.h>

/* Beyond it the density underflows, which takes the library longer than a value does. */
static const double farthest = 37.5;

/* 1/sqrt(2 pi) as a product of constants: (1/2) (2/sqrt(pi)) (1/sqrt(2)). */
double normal_density(double x)
{
    return fabs(x) < farthest ? exp(-0.5 * x * x) * (0.5 * M_2_SQRTPI * M_SQRT1_2) : 0.0;
}

/* By erfc, which keeps its digits where 1 - erf has none. */
double normal_tail(double x)
{
    return fabs(x) < farthest ? 0.5 * erfc(x * M_SQRT1_2) : (x < 0.0 ? 1.0 : 0.0);
}

/* The half x > b of a coordinate whose size towards that side is t (theory.md section 3);
 * boundary terms of the derivatives cancel, because (eta - t)^2 is continuous. */
static void add_half(double t, double tau, double b, SoftMoments *sum)
{
    const double a = (b - t) / tau;
    /* eta = t + tau z - b for z > a, so eta - t = tau z - b and eta = tau (z - a) */
    const double phi = normal_density(a);
    const double tail = normal_tail(a);
    const double slope = a * phi + tail;  /* int_a z^2 phi */
    const double excess = phi - a * tail; /* int_a (z - a) phi */
    sum->error += tau * tau * slope - 2.0 * tau * b * phi + b * b * tail;
    sum->error_tau += 2.0 * (tau * slope - b * phi);
    sum->error_b += 2.0 * (b * tail - tau * phi);
    sum->active += tail;
    sum->active_tau += a * phi / tau;
    sum->active_b -= phi / tau;
    sum->magnitude += tau * excess;
    sum->product += t * tau * excess;
    sum->square += tau * tau * (tail - a * excess);
}

SoftMoments normal_soft(double t, double tau, double b)
{
    SoftMoments sum = {0};
    add_half(t, tau, b, &sum);
    add_half(-t, tau, b, &sum);
    /* 1 - Q((b-t)/tau) - Q((b+t)/tau), without cancellation where nearly all are active */
    const double inactive = normal_tail((t - b) / tau) - normal_tail((t + b) / tau);
    sum.error += t * t * inactive;
    return sum;
}
