/* contour_penalty.h - private to contour.c: integrands of a function f that is no line.
 *
 * Above its edge f solves z = f + chi q f^(q - 1), q = 1/h, and is analytic off the real line
 * below its branch point, which lies below the edge: integrals of f take the paths of lines.
 * With f = z r^h and c = chi q z^(q - 2) what is to be solved is a polynomial,
 *     r^(2 h - 1) - r^(h - 1) + c = 0,   the root that is 1 at c = 0.
 */
#ifndef PHASESWEEP_THEORY_CONTOUR_PENALTY_H
#define PHASESWEEP_THEORY_CONTOUR_PENALTY_H

#include <complex.h>

#include "phasesweep/model/teacher.h"
#include "phasesweep/numerics/threshold.h"

typedef struct Penalty {
    int layers;   /* h >= 2 */
    double scale; /* chi q */
    double t;
    /* of the path so far, -(1/pi) Im of the integrals; in the order of ThresholdMoments */
    double sum[10];
} Penalty;

/* Local.  With the edge at b. */
Penalty penalty_begin(const Threshold *threshold, double t, double b);

/* Local.  ATOM_NODES nodes of a path: what is added by G = left + right to what left alone has,
 * [0] the transforms and [1] their derivatives; no cancellation where right is small.  left
 * NULL: there is none. */
void penalty_add(Penalty *penalty, const double complex w[ATOM_NODES],
                 double complex left[2][ATOM_NODES], double complex right[2][ATOM_NODES],
                 const double complex dw[ATOM_NODES]);

#endif
