/* freeconv.h - mu, the free convolution of the teacher's spectrum with a semicircle.
 *
 * mu = law of the eigenvalues of S* + delta Z, Z a GOE matrix of bulk radius 2 (theory.md
 * section 2); t = delta^2.  A real u on the boundary curve w = u + i v(u) stands for the
 * position x(u) = Re(w + t G(w)), an increasing map of the line onto itself.
 *
 * Integrals above or below a cut need no quadrature over the density: with z = w + t G(w),
 * G is the Stieltjes transform of mu at z, so for a polynomial P
 *     int_{x > c} P rho dx = -(1/pi) Im int P G dz,   int P 2 H rho dx = -(1/pi) Im int P G^2 dz
 * along any path in the upper half plane from w(c) to the real line beyond the spectrum.
 * The path is a vertical line in panels of geometric length and a quarter circle: bulk,
 * merging bands, isolated outliers and gaps are all the same to it, and the cost grows as
 * log d.
 *
 * Nothing here communicates or keeps state; `atoms` is scratch of the caller.
 */
#ifndef PHASESWEEP_FREECONV_H
#define PHASESWEEP_FREECONV_H

#include "teacher.h"

typedef struct SpectralPoint {
    double u;       /* real part on the boundary curve */
    double v;       /* >= 0; 0 in a gap */
    double x;       /* position in the spectrum of mu */
    double density; /* of mu at x, >= 0 */
} SpectralPoint;

/* Integrals over one side of a cut, with g = x - b above it, g = b - x below it. */
typedef struct SideMoments {
    double mass;    /* int dmu */
    double first;   /* int g dmu */
    double second;  /* int g^2 dmu */
    double hilbert; /* int 2 H dmu */
    double mixed;   /* int 2 g H dmu */
    double cubic;   /* int 2 (H^2 - pi^2 rho^2 / 3) dmu */
} SideMoments;

/* Local.  The point of mu over u, at t > 0; any real u. */
SpectralPoint freeconv_point(const Teacher *teacher, double t, double u, Atoms *atoms);

/* Local.  The point at position x, to 1e-10 in x relative to delta (moments are stationary in
 * the cut).  near: a guess, for instance the point found for a similar x; v = -1 for none. */
SpectralPoint freeconv_locate(const Teacher *teacher, double t, double x, SpectralPoint near,
                              Atoms *atoms);

/* Local.  Mass of mu above the point. */
double freeconv_mass_above(const Teacher *teacher, double t, const SpectralPoint *at,
                           Atoms *atoms);

/* Local.  The point with `mass` in (0, 1) above it; anywhere in a gap if that is one. */
SpectralPoint freeconv_quantile(const Teacher *teacher, double t, double mass, Atoms *atoms);

/* Local.  Moments about b, above (side = +1) or below (side = -1) the cut. */
SideMoments freeconv_side(const Teacher *teacher, double t, const SpectralPoint *cut, double b,
                          int side, Atoms *atoms);

#endif
