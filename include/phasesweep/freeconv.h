/* freeconv.h - mu, the free convolution of the teacher's spectrum with a semicircle.
 *
 * mu = law of the eigenvalues of S* + delta Z, Z a GOE matrix of bulk radius 2 (theory.md
 * section 2).  A real u on the boundary curve w = u + i v(u) stands for the position
 * x(u) = Re(w + delta^2 G(w)), an increasing map of the line onto itself, so a threshold
 * is a u and no support needs to be searched.
 *
 * Integrals above or below a threshold need no quadrature over the density: with
 * z = w + delta^2 G(w), G is the Stieltjes transform of mu at z, so for a polynomial P
 *     int_{x > b} P rho dx = -(1/pi) Im int P G dz,   int P 2 H rho dx = -(1/pi) Im int P G^2 dz
 * along any path in the upper half plane from w(b) to the real line beyond the spectrum.
 * The path is a vertical line in panels of geometric length and a quarter circle: bulk,
 * merging bands, isolated outliers and gaps are all the same to it.
 *
 * Nothing here communicates, allocates or keeps hidden state.
 */
#ifndef PHASESWEEP_FREECONV_H
#define PHASESWEEP_FREECONV_H

#include "teacher.h"

typedef struct SpectralPoint {
    double u;       /* real part on the boundary curve */
    double v;       /* >= 0; 0 in a gap */
    double x;       /* position in the spectrum of mu */
    double hilbert; /* H(x), principal value of int mu(dy)/(x - y) */
    double density; /* of mu at x, >= 0 */
} SpectralPoint;

/* Integrals over one side of a threshold b, g = |x - b| on that side. */
typedef struct SideMoments {
    double mass;    /* int dmu */
    double first;   /* int g dmu */
    double second;  /* int g^2 dmu */
    double hilbert; /* int 2 H dmu */
    double mixed;   /* int 2 g H dmu */
} SideMoments;

/* Local.  The point of mu over u, at noise delta > 0.  u must not equal an s_i whose band
 * is narrower than rounding; any other real u is allowed. */
SpectralPoint freeconv_point(const Teacher *teacher, double delta, double u);

/* Local.  Moments above (side = +1) or below (side = -1) the threshold at->x. */
SideMoments freeconv_side(const Teacher *teacher, double delta, const SpectralPoint *at,
                          int side);

#endif
