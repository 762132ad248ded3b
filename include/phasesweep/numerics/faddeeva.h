/* faddeeva.h - w(z) = exp(-z^2) erfc(-iz) in the upper half plane: Gaussian integrals over a
 * half line against e^(i eta x).
 *
 * The rational approximation of 32 terms of Weideman (SIAM J. Numer. Anal. 31, 1994), to 1e-13.
 * Nothing here communicates, allocates or keeps state.
 */
#ifndef PHASESWEEP_NUMERICS_FADDEEVA_H
#define PHASESWEEP_NUMERICS_FADDEEVA_H

/* As many z as one call serves: a vector of doubles. */
enum { FADDEEVA_LANES = 8 };

/* Local.  w(x + i y) at FADDEEVA_LANES real x, of any size, and one y >= 0. */
void faddeeva_row(const double x[FADDEEVA_LANES], double y, double re[FADDEEVA_LANES],
                  double im[FADDEEVA_LANES]);

#endif
