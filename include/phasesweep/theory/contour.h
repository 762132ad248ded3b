/* contour.h - integrals over parts of mu, by paths in the upper half plane.
 *
 * Integrals above, below or between cuts need no quadrature over the density: with
 * z = w + t G(w), G is the Stieltjes transform of mu at z, so for a polynomial P
 *     int_{x > c} P rho dx = -(1/pi) Im int P G dz,   int P 2 H rho dx = -(1/pi) Im int P G^2
 * dz along any path in the upper half plane from w(c) to the real line beyond the spectrum, or
 * to a gap.  A path is made of vertical lines in panels of geometric length and of pieces far
 * from the spectrum: bulk, merging bands, isolated outliers and gaps are all the same to it,
 * and the cost grows as log d.
 *
 * Nothing here communicates or keeps state; `atoms` is scratch of the caller.
 *
 * G is the Stieltjes transform of mu at z because mu is a free convolution with a semicircle
 * (Biane 1997); on the curve G = H - i pi rho, which gives the two formulas.
 */
#ifndef PHASESWEEP_THEORY_CONTOUR_H
#define PHASESWEEP_THEORY_CONTOUR_H

#include "phasesweep/numerics/threshold.h"
#include "phasesweep/theory/freeconv.h"

/* Integrals over a part of mu, with g = x - b above a cut, g = b - x below it. */
typedef struct SideMoments {
    double mass;    /* int dmu */
    double first;   /* int g dmu */
    double second;  /* int g^2 dmu */
    double hilbert; /* int 2 H dmu */
    double mixed;   /* int 2 g H dmu */
    double cubic;   /* int 2 (H^2 - pi^2 rho^2 / 3) dmu */
    double risk;    /* above only: 1 + int f^2 - 2 int f (x - 2 t H), f = x - b there, 0 below;
                       where small, squares of features above the cut cancel before they are
                       computed */
} SideMoments;

/* The same above a cut for f that solves x = f + h(f), h = chi q f^(q - 1): theory.md section
 * 11. */
typedef struct ThresholdMoments {
    double mass;          /* int dmu */
    double first, second; /* int f dmu, int f^2 dmu */
    double mixed;         /* int 2 f H dmu */
    double bias_first;    /* int f h dmu */
    double bias_second;   /* int h^2 dmu */
    double bias_mixed;    /* int 2 h H dmu */
    double slope_cubic;   /* int 2 f' (H^2 - pi^2 rho^2 / 3) dmu */
    double slope_mixed;   /* int 2 f' h H dmu */
    double slope_second;  /* int f' h^2 dmu */
    double risk;          /* as above */
} ThresholdMoments;

/* Local.  Moments above the cut, of a threshold whose edge is b; the cut is there, or in a gap
 * above it.  A threshold that jumps. */
ThresholdMoments contour_threshold(const Teacher *teacher, double t, const SpectralPoint *cut,
                                   const Threshold *threshold, double b, Atoms *atoms);

/* Local.  The same above the cut and below a gap, as contour_between; without risk. */
ThresholdMoments contour_threshold_between(const Teacher *teacher, double t,
                                           const SpectralPoint *cut, double gap,
                                           const Threshold *threshold, double b, Atoms *atoms);

/* Local.  Moments about b, above (side = +1) or below (side = -1) the cut. */
SideMoments contour_side(const Teacher *teacher, double t, const SpectralPoint *cut, double b,
                         int side, Atoms *atoms);

/* Local.  The same below the cut, without risk; where the cut is near the lower edge of mu the
 * moments of however little mass keep their digits. */
SideMoments contour_tail(const Teacher *teacher, double t, const SpectralPoint *cut, double b,
                         Atoms *atoms);

/* Local.  Moments about b, g = x - b, of what lies above the cut and below a gap, which is
 * given by a point u in it, above the cut. */
SideMoments contour_between(const Teacher *teacher, double t, const SpectralPoint *cut,
                            double gap, double b, Atoms *atoms);

/* Local.  What the bands above a gap (a point u in it) add to the risk when f = x - b on all
 * of them: int f^2 - 2 int f (x - 2 t H) + (1/d) sum of their s_i^2.  The squares cancel before
 * anything is computed; what remains has no large terms. */
double contour_learned(const Teacher *teacher, double t, double gap, double b, Atoms *atoms);

#endif
