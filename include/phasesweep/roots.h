/* roots.h - a bracketed root of a scalar function, by GSL's Brent-Dekker method. */
#ifndef PHASESWEEP_ROOTS_H
#define PHASESWEEP_ROOTS_H

/* Local.  Root of f between low and high, where it has opposite signs or a zero; stops when
 * the bracket is shorter than tolerance * (1 + |root|) or f is exactly 0. */
double root_bracketed(double (*f)(double x, void *context), void *context, double low,
                      double high, double tolerance);

#endif
