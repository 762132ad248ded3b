/* The overlap q2 of the matrix is the one positive root of a quadratic equation at every
 * overlap q of the neurons, so that one unknown is left.  The derivative of phi along it is
 *     (k/2d) q H(q),   H = r(q)/q - 1/(1 - q),
 * whose changes from + to - are the stable roots, q = 0 among them where H(0) < 0.
 * t = -log(1 - q) resolves q near 1.
 */
#include <assert.h>
#include <math.h>

#include "phasesweep/theory/neurons.h"

/* t up to 36: 1 - q = 2e-16 */
enum { STEPS = 1800 };
static const double step = 0.02;

typedef struct Homogeneous {
    const HermiteSeries *series;
    double alpha, ratio;  /* n/d^2, k/d */
    double signal;        /* mu_2^2 */
    double noise, height; /* Delta, g(1) */
} Homogeneous;

/* What follows from q. */
typedef struct State {
    AlikeRoot root;
    double excess; /* H */
} State;

static State state_at(const Homogeneous *it, double t)
{
    double slope;
    const double q = -expm1(-t);
    const double rest = exp(-t);
    const double square = rest * (1.0 + q); /* 1 - q^2 */
    /* of kinks the series is known to 1e-9 near q = 1 */
    const double missing = fmax(0.0, it->height - series_g(it->series, q, &slope));
    const double others = it->noise + missing;
    /* 1/x = 1/square + alpha mu_2^2/(others + mu_2^2 x/2) for x = 1 - q2 */
    const double a = 0.5 * it->signal / square;
    const double half = 0.5 * (others / square + (it->alpha - 0.5) * it->signal);
    const double root = sqrt(half * half + a * others);
    const double x = half > 0.0 ? others / (half + root) : (root - half) / a;
    const double variance = others + 0.5 * it->signal * x;
    const double pull = q > 0.0 ? it->alpha * slope / (q * variance) : 0.0;
    return (State){
        .root = {.error = 0.5 * it->signal * x + missing,
                 .overlap = q,
                 .matrix_overlap = 1.0 - x,
                 .potential = -0.5 * it->alpha * log(variance) + 0.5 * it->ratio * (q - t) +
                              0.25 * (log(x / square) + 1.0 - x / square)},
        .excess = (pull + (square - x) / (square * square)) / it->ratio - 1.0 / rest};
}

static void add_root(Alike *result, const State *s)
{
    const double q = s->root.overlap;
    const double odds = q / (1.0 - q);
    const double r = s->excess * q + odds; /* q = r/(1 + r) */
    if (result->roots == ALIKE_ROOTS) {
        result->residual = INFINITY; /* more than there can be: rounding */
        return;
    }
    result->root[result->roots++] = s->root;
    if (q > 0.0) {
        result->residual = fmax(result->residual, fabs(r / (1.0 + r) / q - 1.0));
    }
}

/* H > 0 at a, < 0 at b. */
static State find(const Homogeneous *it, double a, double b, int *evaluations)
{
    State s = state_at(it, 0.5 * (a + b));
    while (b - a > 1e-15 * b && 0.5 * (a + b) > a && 0.5 * (a + b) < b) {
        s = state_at(it, 0.5 * (a + b));
        ++*evaluations;
        *(s.excess > 0.0 ? &a : &b) = 0.5 * (a + b);
    }
    return s;
}

Alike alike_solve(const HermiteSeries *series, const Problem *problem)
{
    assert(problem->readout_exponent == 0.0 && problem->teacher_width >= 1.0 &&
           problem->noise >= ALIKE_LEAST_NOISE);
    const double d = problem->dimension;
    const double moment = series_moment(series, 2);
    double unused;
    const Homogeneous it = {.series = series,
                            .alpha = problem->samples / (d * d),
                            .ratio = problem->teacher_width / d,
                            .signal = moment * moment,
                            .noise = problem->noise,
                            .height = series_g(series, 1.0, &unused)};
    Alike result = {.evaluations = STEPS + 1};
    State last = state_at(&it, 0.0);
    if (last.excess <= 0.0) {
        add_root(&result, &last);
    }
    for (int k = 1; k <= STEPS; k++) {
        const State next = state_at(&it, k * step);
        if (last.excess > 0.0 && next.excess <= 0.0) {
            const State root = find(&it, (k - 1) * step, k * step, &result.evaluations);
            add_root(&result, &root);
        }
        last = next;
    }
    for (int k = 1; k < result.roots; k++) {
        if (result.root[k].potential > result.root[result.optimal].potential) {
            result.optimal = k;
        }
    }
    result.outcome = result.roots == 0                       ? OUTCOME_FAILED
                     : result.residual <= problem->tolerance ? OUTCOME_CONVERGED
                                                             : OUTCOME_NOT_CONVERGED;
    return result;
}
