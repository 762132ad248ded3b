/* Ridge regression shrinks what the LASSO cuts: f(x) = x / (1 + b), with a b that has no unit.
 * Every sum but |theta|_1 is in closed form, for the teacher has norm 1.  Where variances
 * differ the penalty of theta~_i = sqrt(sigma_i) theta_i is theta~_i^2 / sigma_i, and b is b /
 * sigma_i. */
#include <assert.h>
#include <math.h>

#include "phasesweep/numerics/normal.h"
#include "phasesweep/theory/overlaps.h"
#include "blocks.h"

/* Where |theta*_i + tau z| is smooth on a block, theta*_i = s_i / sqrt(d). */
static void make_atoms(OverlapsWork *work, double tau)
{
    const double width = tau * sqrt(work->teacher.dimension);
    teacher_atoms_smooth(&work->teacher, width, -10.0 * width, 10.0 * width, &work->atoms);
}

/* sum_i E |theta*_i + tau z|. */
static double absolute(OverlapsWork *work, double tau)
{
    const double d = work->teacher.dimension;
    const double root = sqrt(d);
    make_atoms(work, tau);
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
                      .penalty = shrink * shrink * (1.0 + d * t),
                      .rank = d};
}

/* `count` coordinates of one theta~*_i and 1/sigma_i. */
static void add_shrunk(Overlaps *o, double count, double theta, double inverse, double t,
                       double b)
{
    const double ratio = b * inverse;
    const double shrink = 1.0 / (1.0 + ratio);
    const double square = count * shrink * shrink;
    const double error = square * (ratio * ratio * theta * theta + t);
    o->risk += error;
    o->risk_t += square * t;
    o->risk_b += 2.0 * ratio * (square * ratio * theta * theta - shrink * error);
    o->divergence += count * shrink;
    o->divergence_b -= square * ratio;
    o->q += square * (theta * theta + t);
    o->m += count * shrink * theta * theta;
    o->penalty += square * (theta * theta + t) * inverse;
}

/* On a dyadic block 1/(1 + b/sigma_i) is as smooth as the rule of teacher.h needs while a <= 3:
 * its poles are at angles of pi/a from the real axis. */
Overlaps overlaps_ridge_stretched(OverlapsWork *work, double t, double b)
{
    assert(t > 0.0 && b > 0.0 && work->covariance_exponent > 0.0);
    const double d = work->teacher.dimension;
    Overlaps o = {.rank = d};
    make_atoms(work, sqrt(t));
    for (size_t k = work->atoms.count; k-- > 0;) { /* small terms first */
        const double s = work->atoms.position[k];
        const double inverse =
            pow(teacher_index(&work->teacher, s), work->covariance_exponent) /
            work->variance_scale;
        const double count = work->atoms.mass[k] * d;
        const double theta = s / sqrt(d);
        add_shrunk(&o, count, theta, inverse, t, b);
        o.trace += count / (1.0 + b * inverse) * sqrt(inverse) *
                   normal_soft(theta, sqrt(t), 0.0).magnitude;
    }
    return o;
}

/* E |theta_i| of every feature of a block: theta = U diag(left) (u + noise/sqrt(lambda)). */
static double block_trace(const Blocks *blocks, int first, int size, double t, double b)
{
    double sum = 0.0;
    for (int i = 0; i < size; i++) {
        double mean = 0.0;
        double variance = 0.0;
        for (int k = 0; k < size; k++) {
            const double lambda = blocks->values[first + k];
            const double entry = blocks_vector(blocks, first, k)[i] / (1.0 + b / lambda);
            mean += entry * blocks->teacher[first + k];
            variance += entry * entry * t / lambda;
        }
        sum += normal_soft(mean, sqrt(variance), 0.0).magnitude;
    }
    return sum;
}

/* The penalty |theta|^2 is the same in every basis: Sigma's eigenvectors take the place of the
 * coordinates, lambda_k that of sigma_i, and sqrt(lambda_k) u_k that of theta~*_i, u being the
 * teacher's coordinates. */
Overlaps overlaps_ridge_blocks(OverlapsWork *work, double t, double b)
{
    assert(t > 0.0 && b > 0.0 && work->block_correlation > 0.0);
    const Blocks *blocks = blocks_of(work);
    Overlaps o = {.rank = blocks->dimension};
    for (int k = 0; k < blocks->dimension; k++) {
        const double lambda = blocks->values[k];
        add_shrunk(&o, 1.0, sqrt(lambda) * blocks->teacher[k], 1.0 / lambda, t, b);
    }
    for (int first = 0; first < blocks->dimension; first += blocks->size) {
        o.trace += block_trace(blocks, first, blocks_width(blocks, first), t, b);
    }
    return o;
}
