/* Newton's method in (log t, log r), r = b / sqrt(t), and a bracketing cold start.  In these
 * unknowns log b = log r + (log t)/2: that is where the halves in the derivatives come from.
 *
 * The residual of a point is the larger error, both being logarithms of a ratio that is 1 at
 * the solution: no scale of R, D, n or lambda enters the tolerance.
 *
 * The cold start solves (E2) at fixed t and then (E1) along its roots, as theory.md section
 * 2 advises: R(b) is not monotone, and a generic root finder from a fixed start lands on
 * wrong roots here.
 */
#include "fixed_point.h"

#include <math.h>

#include "phasesweep/model/features.h"
#include "phasesweep/numerics/roots.h"
#include "phasesweep/theory/model_theory.h"

enum { MAX_NEWTON = 25, MAX_HALVINGS = 8, MAX_INNER = 100, MAX_OUTER = 200 };

/* Residuals at which Newton's method is content: where the threshold jumps rules of 1e-12. */
static const double goal = 1e-13;
static const double goal_deep = 1e-11;

/* What the overlaps ask of the law of the rows. */
static void overlaps_rows(OverlapsWork *work, const Problem *problem)
{
    const double a = problem->covariance_exponent;
    work->kurtosis = matrix_kurtosis(problem);
    work->covariance_exponent = a;
    work->block_correlation = problem->block_correlation;
    work->block_size = (int)problem->block_size;
    work->rotated = problem->rotated;
    work->seed = (uint64_t)problem->seed;
    work->variance_scale = a > 0.0 ? features_variance_scale(a, problem->dimension) : 1.0;
}

Equations equations_of(OverlapsWork *work, const Problem *problem)
{
    const Channel channel = model_of(problem)->channel(problem);
    const Threshold threshold = threshold_of(problem_power(problem));
    work->threshold = threshold;
    overlaps_rows(work, problem);
    return (Equations){.work = work,
                       .threshold = threshold,
                       .overlaps = overlaps_of(problem),
                       .capacity = channel.capacity,
                       .noise = channel.noise,
                       .weight = channel.weight};
}

/* Trials go anywhere; where squares leave the range of doubles there is no number. */
static bool in_range(double t, double b)
{
    const double least = 1e-280;
    const double most = 1e140;
    return t > least && t < most && b > sqrt(least) && b < most;
}

/* Right side of (E1). */
static double level_of(const Equations *e, const Overlaps *o)
{
    return fmax(o->risk + o->surplus, 0.0) + e->noise;
}

Iterate equations_at(Equations *e, double log_t, double log_r)
{
    const double delta = exp(0.5 * log_t);
    Iterate at = {.log_t = log_t, .log_r = log_r, .t = delta * delta, .b = delta * exp(log_r)};
    e->evaluations++;
    if (!in_range(at.t, at.b)) {
        at.error[0] = at.error[1] = NAN;
        return at;
    }
    at.o = e->overlaps(e->work, at.t, at.b);
    at.share = e->weight / threshold_weight(&e->threshold, at.b);
    /* R and D are sums with rounding and may come out below 0 by it */
    at.error[0] = log(e->capacity * at.t / level_of(e, &at.o));
    at.error[1] = log(e->capacity / (fmax(at.o.divergence, 0.0) + at.share));
    return at;
}

/* fmax passes over a NAN. */
double equations_residual(const Iterate *at)
{
    const double larger = fmax(fabs(at->error[0]), fabs(at->error[1]));
    return isnan(at->error[0] + at->error[1]) ? INFINITY : larger;
}

/* Derivatives of the errors, [error][unknown].  Those of overlaps.h are in log t at fixed b
 * and in log b at fixed t; the weight's share of (E2) goes like 1/b, or 1/b^(2 - q). */
static void jacobian(const Equations *e, const Iterate *at, double j[2][2])
{
    const Overlaps *o = &at->o;
    const double level = level_of(e, o);
    const double level_t = o->risk_t + o->surplus_t;
    const double level_b = o->risk_b + o->surplus_b;
    const double sum = fmax(o->divergence, 0.0) + at->share;
    const double share = (2.0 - e->threshold.power) * at->share;
    j[0][0] = 1.0 - (level_t + 0.5 * level_b) / level;
    j[0][1] = -level_b / level;
    j[1][0] = -(o->divergence_t + 0.5 * (o->divergence_b - share)) / sum;
    j[1][1] = (share - o->divergence_b) / sum;
}

/* x with j x = y. */
static void solve(double j[2][2], const double y[2], double x[2])
{
    /* Cramer; a vanishing determinant gives infinity or NAN, which callers look for */
    const double determinant = j[0][0] * j[1][1] - j[0][1] * j[1][0];
    x[0] = (y[0] * j[1][1] - j[0][1] * y[1]) / determinant;
    x[1] = (j[0][0] * y[1] - y[0] * j[1][0]) / determinant;
}

/* At a solution J dx = -d(error) of the parameter: both errors grow with log capacity by 1,
 * that of (E2) falls with log weight by the weight's share of it, both fall with log width
 * by what the last eigenvalues add to R and D. */
Response equations_response(const Equations *e, const Iterate *at)
{
    const double share = at->share;
    const double sum = fmax(at->o.divergence, 0.0) + share;
    const double risk_t = (at->o.risk_t + 0.5 * at->o.risk_b) / at->o.risk;
    const double risk_r = at->o.risk_b / at->o.risk;
    double j[2][2];
    Response r;
    jacobian(e, at, j);
    solve(j, (double[2]){-1.0, -1.0}, r.capacity);
    solve(j, (double[2]){0.0, share / sum}, r.weight);
    const double level = level_of(e, &at->o);
    solve(j, (double[2]){at->o.risk_p / level, at->o.divergence_p / sum}, r.width);
    r.risk_capacity = risk_t * r.capacity[0] + risk_r * r.capacity[1];
    r.risk_weight = risk_t * r.weight[0] + risk_r * r.weight[1];
    return r;
}

/* A step longer than 1 in either logarithm is shortened, and a step that makes the errors grow
 * is halved. */
bool equations_newton(Equations *e, Iterate *at)
{
    const double content = e->threshold.jump > 0.0 ? goal_deep : goal;
    for (int step = 0; step < MAX_NEWTON && equations_residual(at) > content; step++) {
        double j[2][2];
        double move[2];
        jacobian(e, at, j);
        solve(j, at->error, move);
        const double longest = fmax(fabs(move[0]), fabs(move[1]));
        if (!isfinite(longest)) {
            return false;
        }
        double share = fmin(1.0, 1.0 / longest);
        Iterate next =
            equations_at(e, at->log_t - share * move[0], at->log_r - share * move[1]);
        for (int k = 0; !(equations_residual(&next) < equations_residual(at)); k++) {
            if (longest < 1e-9 || k == MAX_HALVINGS) {
                return longest < 1e-9; /* rounding has the last word */
            }
            share *= 0.5;
            next = equations_at(e, at->log_t - share * move[0], at->log_r - share * move[1]);
        }
        *at = next;
    }
    return equations_residual(at) <= 1e-9;
}

/* ---- cold start ---------------------------------------------------------------------- */

/* log b where the weight alone balances (E2). */
static double least_threshold(const Equations *e)
{
    const Threshold *threshold = &e->threshold;
    return log(e->weight / e->capacity) / (2.0 - threshold->power) + log(threshold->edge);
}

/* The error of (E2) increases in r. */
Iterate equations_threshold(Equations *e, double log_t, double log_r, double tolerance)
{
    /* D >= 0: there the error is not positive */
    const double floor = least_threshold(e) - 0.5 * log_t;
    /* the floor itself may be the root */
    Bracket bracket = {floor - 1.0, INFINITY};
    Iterate at = equations_at(e, log_t, fmax(log_r, floor));
    for (int step = 0; step < MAX_INNER && fabs(at.error[1]) > tolerance; step++) {
        double j[2][2];
        jacobian(e, &at, j);
        const double next = bracket_next(&bracket, at.log_r, at.error[1], j[1][1], 2.0);
        if (bracket_exhausted(&bracket)) {
            break;
        }
        at = equations_at(e, log_t, next);
    }
    return at;
}

/* Slope of the error of (E1) in log t along the roots of (E2), and that of the roots. */
static double slope_along(const Equations *e, const Iterate *at, double *root_slope)
{
    double j[2][2];
    jacobian(e, at, j);
    *root_slope = j[1][1] > 0.0 ? -j[1][0] / j[1][1] : 0.0;
    return j[0][0] + j[0][1] * *root_slope;
}

double equations_steepness(const Equations *e, const Iterate *at)
{
    double j[2][2];
    jacobian(e, at, j);
    double unused;
    return j[1][1] > 0.0 ? 1.0 - slope_along(e, at, &unused) : INFINITY;
}

/* Go from *at, on the roots of (E2), where the sign of the error of (E1) points; `pace` above
 * 0: at first not much farther than that or than the iteration t = (R + noise) / capacity does,
 * which passes no root.  True with *at bracketed but not at the goal too: its residual tells.
 */
static bool follow(Equations *e, double pace, double tolerance, Iterate *at)
{
    Bracket bracket = {-INFINITY, INFINITY};
    for (int step = 0; step < MAX_OUTER && !isnan(at->error[0]); step++) {
        if (fabs(at->error[0]) <= tolerance) {
            Iterate trial = *at;
            /* on the roots of (E2) to a tenth of the tolerance: near enough for Newton's
             * method in both unknowns; if it wanders off, go nearer first */
            if (equations_newton(e, &trial) || tolerance < 1e-12) {
                *at = trial;
                return true;
            }
            tolerance *= 1e-3;
        }
        double root_slope;
        const double slope = slope_along(e, at, &root_slope);
        /* the iteration moves log t by -error; growing steps, because far from a root it may
         * crawl */
        const double reach =
            pace > 0.0 ? fmin(1.0, fmax(pace * pow(1.05, step), fabs(at->error[0]))) : 2.0;
        const double next = bracket_next(&bracket, at->log_t, at->error[0], slope, reach);
        if (bracket_exhausted(&bracket) || !isfinite(next)) {
            break;
        }
        const double guess = at->log_r + root_slope * (next - at->log_t);
        *at = equations_threshold(e, next, guess, 0.1 * tolerance);
    }
    return isfinite(bracket.low) && isfinite(bracket.high);
}

/* R can be far above 1 near interpolation and far below the noise elsewhere, so t starts where
 * R = 0 would put it (without noise: R = 1). */
bool equations_cold(Equations *e, Iterate *at)
{
    const double log_t = log((e->noise > 0.0 ? e->noise : 1.0) / e->capacity);
    const double guess = least_threshold(e) - 0.5 * log_t;
    *at = equations_threshold(e, log_t, guess, 3e-3);
    return follow(e, 0.0, 0.03, at);
}

bool equations_cold_from(Equations *e, double risk, Iterate *at)
{
    const double level = fmax(risk + e->noise, 1e-6);
    const double log_t = log(level / e->capacity);
    const double guess = least_threshold(e) - 0.5 * log_t;
    *at = equations_threshold(e, log_t, risk > 0.0 ? guess + 3.0 : guess, 3e-3);
    return follow(e, 0.3, 0.03, at) && equations_steepness(e, at) < 1.0;
}

bool equations_flow(Equations *e, Iterate *at)
{
    *at = equations_threshold(e, at->log_t, at->log_r, 1e-6);
    return follow(e, 0.05, 1e-5, at);
}
