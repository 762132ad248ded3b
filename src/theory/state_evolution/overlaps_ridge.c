/* Ridge regression shrinks what the LASSO cuts: f(x) = x / (1 + b), with a b that has no unit.
 * Every sum but |theta|_1 is in closed form, for the teacher has norm 1. */
#include <assert.h>
#include <math.h>

#include "phasesweep/numerics/normal.h"
#include "phasesweep/theory/overlaps.h"

/* sum_i E |theta*_i + tau z|. */
static double absolute(OverlapsWork *work, double tau)
{
    const double d = work->teacher.dimension;
    const double root = sqrt(d); /* theta*_i = s_i / sqrt(d) */
    teacher_atoms_smooth(&work->teacher, tau * root, -10.0 * tau * root, 10.0 * tau * root,
                         &work->atoms);
    double sum = 0.0;
    for (size_t k = work->atoms.count; k-- > 0;) { /* small terms first */
        sum += work->atoms.mass[k] * d *
               normal_soft(work->atoms.position[k] / root, tau, 0.0).magnitude;
    }
    return sum;
}

Overlaps overlaps_ridge(OverlapsWork *work, double t, double b)
{
    assert(t > 0.0 && b > 0.0);
    const double d = work->teacher.dimension;
    const double shrink = 1.0 / (1.0 + b);
    const double error = b * b + d * t; /* bias and variance, before shrinking */
    return (Overlaps){.risk = shrink * shrink * error,
                      .risk_t = shrink * shrink * d * t,
                      .risk_b = 2.0 * b * shrink * shrink * shrink * (b - d * t),
                      .divergence = shrink * d,
                      .divergence_b = -shrink * shrink * b * d,
                      .q = shrink * shrink * (1.0 + d * t),
                      .m = shrink,
                      .trace = shrink * absolute(work, sqrt(t)),
                      .rank = d};
}
