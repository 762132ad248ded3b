/* freeconv.h - mu, the free convolution of the teacher's spectrum with a semicircle.
 *
 * mu = law of the eigenvalues of S* + delta Z, Z a GOE matrix of bulk radius 2 (theory.md
 * section 2); t = delta^2.  A real u on the boundary curve w = u + i v(u) stands for the
 * position x(u) = Re(w + t G(w)), an increasing map of the line onto itself.  Integrals over
 * mu are in contour.h.
 *
 * Nothing here communicates or keeps state; `atoms` is scratch of the caller.
 *
 * theory.md section 2 has the equations: v from (1/d) sum 1/((u - s)^2 + v^2) = 1/t, density
 * v/(pi t), H = (x - u)/t.  Where v = 0 the point lies in a gap and its x is outside the
 * spectrum.
 */
#ifndef PHASESWEEP_THEORY_FREECONV_H
#define PHASESWEEP_THEORY_FREECONV_H

#include "phasesweep/model/teacher.h"

typedef struct SpectralPoint {
    double u;       /* real part on the boundary curve */
    double v;       /* >= 0; 0 in a gap */
    double x;       /* position in the spectrum of mu */
    double density; /* of mu at x, >= 0 */
} SpectralPoint;

/* Local.  The point of mu over u, at t > 0; any real u. */
SpectralPoint freeconv_point(const Teacher *teacher, double t, double u, Atoms *atoms);

/* Local.  The same of any atoms, all of them summed, at u none of them. */
SpectralPoint freeconv_point_of(const Atoms *atoms, double t, double u);

/* Local.  The point at position x, to 1e-10 in x relative to delta (moments are stationary in
 * the cut).  near: a guess, for instance the point found for a similar x; v = -1 for none. */
SpectralPoint freeconv_locate(const Teacher *teacher, double t, double x, SpectralPoint near,
                              Atoms *atoms);

/* Local.  Mass of mu above the point. */
double freeconv_mass_above(const Teacher *teacher, double t, const SpectralPoint *at,
                           Atoms *atoms);

/* Local.  The point with `mass` in (0, 1) above it; anywhere in a gap if that is one.  near: a
 * guess, v = -1 for none. */
SpectralPoint freeconv_quantile(const Teacher *teacher, double t, double mass,
                                SpectralPoint near, Atoms *atoms);

#endif
