/* roots.h - bracketed roots of scalar functions: GSL's Brent-Dekker method, and the steps of a
 * safeguarded Newton iteration for callers that know derivatives.
 *
 * Nothing here allocates beyond a call or communicates.  root_bracketed reports no
 * failure: it returns the best place it found.
 */
#ifndef PHASESWEEP_NUMERICS_ROOTS_H
#define PHASESWEEP_NUMERICS_ROOTS_H

#include <stdbool.h>

/* Local.  Root of f between low and high, where it has opposite signs or a zero; stops when
 * the bracket is shorter than tolerance * (1 + |root|) or f is exactly 0. */
double root_bracketed(double (*f)(double x, void *context), void *context, double low,
                      double high, double tolerance);

/* Where the root of an increasing function is known to be. */
typedef struct Bracket {
    double low, high; /* infinite: not known */
} Bracket;

/* Local.  Take note of f(x), not 0, and return where to look next: Newton's step from x, at
 * most `reach` long, if it stays inside the bracket, else the middle; reach 0 bisects. */
double bracket_next(Bracket *bracket, double x, double value, double slope, double reach);

/* Local.  True once no number lies between the ends. */
bool bracket_exhausted(const Bracket *bracket);

#endif
