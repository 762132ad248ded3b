/* Overlaps of networks of more layers: the penalty is |.|^q, q < 1, and f jumps from 0 to J at
 * its edge b (theory.md section 11).  With f = x - h the smooth parts are those of overlaps.c
 * with h for b; what moves with the jump is added to every derivative.
 */
#include <assert.h>
#include <math.h>

#include "phasesweep/numerics/normal_threshold.h"
#include "phasesweep/theory/overlaps.h"

/* As mu flows in t with velocity H, mass crosses the jump; as b moves, the jump does. */
static void add_jump(Overlaps *o, double t, double b, double jump, const SpectralPoint *cut)
{
    const double hilbert = (cut->x - cut->u) / t;
    const double flow = hilbert * cut->density; /* mass that crosses in a unit of t */
    const double bend = M_PI * cut->density;
    const double change = jump * (jump - 2.0 * cut->x);
    const double divergence_t =
        2.0 * jump * cut->density * (hilbert * hilbert - bend * bend / 3.0);
    o->divergence_t += t * divergence_t;
    o->divergence_b -= 2.0 * b * jump * flow;
    o->risk_t += t * (change * flow + 2.0 * t * divergence_t);
    o->risk_b -= b * (change * cut->density + 4.0 * t * jump * flow);
}

Overlaps overlaps_quadratic_deep(OverlapsWork *work, double t, double b)
{
    assert(t > 0.0 && b > 0.0 && work->width >= work->teacher.dimension);
    const Threshold *threshold = &work->threshold;
    const double q = threshold->power;
    const double bias = threshold_weight(threshold, b) * q;
    const SpectralPoint cut = overlaps_cut(work, t, b);
    const ThresholdMoments f =
        contour_threshold(&work->teacher, t, &cut, threshold, b, &work->atoms);
    Overlaps o = {.risk = f.risk,
                  .divergence = f.mixed,
                  .q = f.second,
                  .m = f.second + f.bias_first - t * f.mixed,
                  .trace = f.first,
                  .rank = f.mass * work->teacher.dimension,
                  .penalty = f.bias_first / bias,
                  .slope = NAN};
    /* d f / d log b = -(2 - q) h f' */
    o.divergence_t = t * f.slope_cubic;
    o.divergence_b = -(2.0 - q) * f.slope_mixed;
    o.risk_t = t * (f.mixed - f.slope_mixed + 2.0 * t * f.slope_cubic);
    o.risk_b = (2.0 - q) * 2.0 * (f.slope_second - t * f.slope_mixed);
    if (cut.v > 0.0) {
        add_jump(&o, t, b, threshold->jump / threshold->edge * b, &cut);
    }
    return o;
}

enum { WEAK = 12 };

/* Coefficients below tau are told from 0 by a smooth function of their squares: all of them are
 * 12 at the Chebyshev nodes of the squares, by interpolation.  Fills theta*, ascending, and how
 * many of each; takes them off the atoms. */
static void merge_weak(Atoms *atoms, double tau, double root, double d, double theta[WEAK],
                       double count[WEAK])
{
    double factor[WEAK], square[WEAK];
    for (int j = 0; j < WEAK; j++) {
        const double turn = M_PI * (j + 0.5) / WEAK;
        square[j] = 0.5 * (1.0 - cos(turn));
        factor[j] = (j % 2 == 0 ? 1.0 : -1.0) * sin(turn);
        theta[j] = tau * sqrt(square[j]);
        count[j] = 0.0;
    }
    const double scale = tau * root;
    while (atoms->count > 0 && atoms->position[atoms->count - 1] < scale) {
        const double s = atoms->position[--atoms->count] / scale;
        double share[WEAK];
        double sum = 0.0;
        for (int j = 0; j < WEAK; j++) {
            const double apart = s * s - square[j];
            share[j] = factor[j] / (apart == 0.0 ? 1e-300 : apart);
            sum += share[j];
        }
        for (int j = 0; j < WEAK; j++) {
            count[j] += atoms->mass[atoms->count] * d * share[j] / sum;
        }
    }
}

static void add_coefficients(Overlaps *o, const JumpNoise *noise, double theta, double count)
{
    const double tau = noise->tau;
    const double b = noise->b;
    const JumpMoments s = normal_threshold(noise, theta);
    o->risk += count * s.error;
    o->risk_t += count * s.error_tau * 0.5 * tau;
    o->risk_b += count * s.error_b * b;
    o->divergence += count * s.divergence;
    o->divergence_t += count * s.divergence_tau * 0.5 * tau;
    o->divergence_b += count * s.divergence_b * b;
    o->q += count * s.square;
    o->m += count * s.product;
    o->trace += count * s.magnitude;
    o->rank += count * s.active;
    o->penalty += count * s.penalty;
    o->slope += count * s.slope;
}

Overlaps overlaps_diagonal_deep(OverlapsWork *work, double t, double b)
{
    assert(t > 0.0 && b > 0.0);
    const Threshold *threshold = &work->threshold;
    const double tau = sqrt(t);
    const double d = work->teacher.dimension;
    const double root = sqrt(d); /* theta*_i = s_i / sqrt(d) */
    JumpNoise noise;
    jump_noise(&noise, threshold, tau, b);
    teacher_atoms_threshold(&work->teacher, 3.0 * tau * root, (b - 10.0 * tau) * root,
                            (b + 10.0 * tau) * root, threshold_branch(threshold, b) * root,
                            &work->atoms);
    Overlaps o = {0};
    double theta[WEAK], count[WEAK];
    merge_weak(&work->atoms, tau, root, d, theta, count);
    for (int j = 0; j < WEAK; j++) { /* small terms first */
        add_coefficients(&o, &noise, theta[j], count[j]);
    }
    for (size_t k = work->atoms.count; k-- > 0;) {
        add_coefficients(&o, &noise, work->atoms.position[k] / root, work->atoms.mass[k] * d);
    }
    /* counts at the nodes have either sign: sums that nothing adds to may end below 0 */
    double *const sums[] = {&o.q, &o.m, &o.trace, &o.rank, &o.penalty, &o.slope};
    for (size_t k = 0; k < sizeof sums / sizeof *sums; k++) {
        if (*sums[k] < 0.0) { /* fmax would pass over a NAN */
            *sums[k] = 0.0;
        }
    }
    return o;
}
