/* The LASSO on rows of unequal variances (theory.md section 14).  In theta~_i = sqrt(sigma_i)
 * theta_i the rows are isotropic and the penalty of a coordinate is |theta~_i| / sqrt(sigma_i):
 * the noise tau is the same for all, the threshold is b / sqrt(sigma_i).
 */
#include <assert.h>
#include <math.h>

#include "phasesweep/numerics/normal.h"
#include "phasesweep/theory/overlaps.h"

Overlaps overlaps_diagonal_stretched(OverlapsWork *work, double t, double b)
{
    assert(t > 0.0 && b > 0.0 && work->covariance_exponent > 0.0);
    const Teacher *teacher = &work->teacher;
    const double tau = sqrt(t);
    const double d = teacher->dimension;
    const double root = sqrt(d); /* theta~*_i = s_i / sqrt(d) */
    const double rise = 0.5 * work->covariance_exponent;
    const double first = 1.0 / sqrt(work->variance_scale); /* 1/sqrt(sigma_1) */
    /* beyond ten tau from its threshold a coordinate is active, or is not */
    teacher_atoms_edge(teacher, tau * root, 10.0 * tau * root, b * first * root, rise,
                       &work->atoms);
    Overlaps o = {0};
    for (size_t k = work->atoms.count; k-- > 0;) { /* small terms first */
        const double count = work->atoms.mass[k] * d;
        const double s = work->atoms.position[k];
        const double stretch = first * pow(teacher_index(teacher, s), rise);
        const SoftMoments m = normal_soft(s / root, tau, b * stretch);
        o.risk += count * m.error;
        o.risk_t += count * m.error_tau * 0.5 * tau;
        o.risk_b += count * m.error_b * b * stretch;
        o.divergence += count * m.active;
        o.divergence_t += count * m.active_tau * 0.5 * tau;
        o.divergence_b += count * m.active_b * b * stretch;
        o.q += count * m.square;
        o.m += count * m.product;
        o.trace += count * m.magnitude * stretch;
    }
    o.rank = o.divergence;
    return o;
}
