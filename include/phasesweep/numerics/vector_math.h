/* vector_math.h - exp and log of many numbers at once, to a few units in the last place; in a
 * file of its own, because that file alone may be compiled with fast-math.
 */
#ifndef PHASESWEEP_NUMERICS_VECTOR_MATH_H
#define PHASESWEEP_NUMERICS_VECTOR_MATH_H

/* Local.  out[k] = x[k]^exponent, x > 0. */
void vector_power(const double x[], int count, double exponent, double out[]);

/* Local.  z[k] = (f[k] + h[k] - t) / tau and mass[k] = weight[k] exp(-z[k]^2 / 2). */
void vector_normal(const double f[], const double h[], const double weight[], int count,
                   double t, double tau, double z[], double mass[]);

/* Local.  Roots of order `order` in the upper half plane, of numbers there. */
void vector_root(const double re[], const double im[], int count, int order, double root_re[],
                 double root_im[]);

#endif
