#include "phasesweep/evolution.h"

#include <assert.h>
#include <math.h>

#include "phasesweep/roots.h"

enum { MAX_NEWTON = 25, MAX_EXPANSIONS = 60 };

static const double goal = 1e-13;   /* residual at which Newton's method is content */

typedef struct Equations {
    OverlapsWork *work;
    Overlaps (*overlaps)(OverlapsWork *work, double t, double b);
    double   capacity, noise, weight;   /* see overlaps.h */
    int      evaluations;
} Equations;

/* One iterate: the overlaps there and how far (E1), (E2) are from holding. */
typedef struct Iterate {
    double   log_t, log_b;
    Overlaps o;
    double   error[2];
} Iterate;

static Equations equations_of(OverlapsWork *work, const Problem *problem)
{
    const double d = problem->dimension;
    Equations e = {.work = work};
    if (problem->model == MODEL_QUADRATIC) {
        e.overlaps = overlaps_quadratic;
        e.capacity = 2.0 * problem->samples / d / d;
        e.noise = 0.5 * problem->noise;
        e.weight = 0.5 * problem_nuclear_weight(problem);
    } else {
        e.overlaps = overlaps_diagonal;
        e.capacity = problem->samples;
        e.noise = problem->noise;
        e.weight = problem->weight_decay * sqrt(d);
    }
    return e;
}

static Iterate evaluate(Equations *e, double log_t, double log_b)
{
    const double t = exp(log_t);
    const double b = exp(log_b);
    Iterate at = {.log_t = log_t, .log_b = log_b, .o = e->overlaps(e->work, t, b)};
    e->evaluations++;
    at.error[0] = log(e->capacity * t / (fmax(at.o.risk, 0.0) + e->noise));
    at.error[1] = 1.0 - at.o.divergence / e->capacity - e->weight / b / e->capacity;
    return at;
}

static double residual_of(const Iterate *at)
{
    return fmax(fabs(at->error[0]), fabs(at->error[1]));
}

/* x with J x = y, J the Jacobian of the errors in (log t, log b). */
static void solve_jacobian(const Equations *e, const Iterate *at, const double y[2], double x[2])
{
    const double level = fmax(at->o.risk, 0.0) + e->noise;
    const double j00 = 1.0 - at->o.risk_t / level;
    const double j01 = -at->o.risk_b / level;
    const double j10 = -at->o.divergence_t / e->capacity;
    const double j11 =
        (e->weight * exp(-at->log_b) - at->o.divergence_b) / e->capacity;
    const double determinant = j00 * j11 - j01 * j10;
    x[0] = (y[0] * j11 - j01 * y[1]) / determinant;
    x[1] = (j00 * y[1] - y[0] * j10) / determinant;
}

/* Newton's method from *at; it is left at the best iterate.  A step longer than 1 in either
 * logarithm is shortened, and a step that makes the errors grow is halved. */
static bool newton(Equations *e, Iterate *at)
{
    for (int step = 0; step < MAX_NEWTON && residual_of(at) > goal; step++) {
        double move[2];
        solve_jacobian(e, at, at->error, move);
        const double longest = fmax(fabs(move[0]), fabs(move[1]));
        if (!isfinite(longest)) {
            return false;
        }
        double share = fmin(1.0, 1.0 / longest);
        Iterate next = evaluate(e, at->log_t - share * move[0], at->log_b - share * move[1]);
        for (int k = 0; k < 6 && !(residual_of(&next) < residual_of(at)); k++) {
            if (longest < 1e-9) {
                return true; /* rounding has the last word; the residual tells how well */
            }
            share *= 0.5;
            next = evaluate(e, at->log_t - share * move[0], at->log_b - share * move[1]);
        }
        if (!(residual_of(&next) < residual_of(at))) {
            return false;
        }
        *at = next;
    }
    return residual_of(at) <= 1e-9;
}

/* ---- cold start ---------------------------------------------------------------------- */

typedef struct Cold {
    Equations *equations;
    double     log_t;
    double     guess_log_b;
    Iterate    at;      /* of the last trial */
} Cold;

static double threshold_error(double log_b, void *context)
{
    Cold *cold = context;
    cold->at = evaluate(cold->equations, cold->log_t, log_b);
    return cold->at.error[1];
}

/* Roughly the root b of (E2) at fixed t: its error increases in b, and is not positive at
 * weight / capacity. */
static void threshold_at(Cold *cold, double log_t)
{
    const Equations *e = cold->equations;
    cold->log_t = log_t;
    const double floor = log(e->weight / e->capacity);
    double low = fmax(floor, cold->guess_log_b);
    double high = low;
    if (threshold_error(low, cold) < 0.0) {
        for (double step = 0.25; threshold_error(high, cold) < 0.0; step *= 2.0) {
            low = high;
            high += step;
        }
    } else {
        for (double step = 0.25; low > floor && threshold_error(low, cold) >= 0.0; step *= 2.0) {
            high = low;
            low = fmax(floor, low - step);
        }
    }
    root_bracketed(threshold_error, cold, low, high, 1e-4);
    cold->guess_log_b = cold->at.log_b;
}

static double noise_error(double log_t, void *context)
{
    Cold *cold = context;
    threshold_at(cold, log_t);
    return cold->at.error[0];
}

/* Enlarge from where R = 0 would put t until the sign changes: R can be far above 1 near
 * interpolation.  noise = 0 leaves no such place; then t may have to shrink first. */
static bool cold_start(Equations *e, Iterate *at)
{
    const double start = log((e->noise > 0.0 ? e->noise : 1.0) / e->capacity);
    Cold cold = {.equations = e, .guess_log_b = log(e->weight / e->capacity)};
    double low = start;
    double high = start;
    const bool above = noise_error(start, &cold) > 0.0;
    double step = 0.5;
    for (int k = 0;; k++, step *= 2.0) {
        if (k == MAX_EXPANSIONS || step > 1e3) {
            return false;
        }
        *(above ? &low : &high) += above ? -step : step;
        if ((noise_error(above ? low : high, &cold) > 0.0) != above) {
            break;
        }
        *(above ? &high : &low) = above ? low : high;
    }
    root_bracketed(noise_error, &cold, low, high, 1e-3);
    *at = cold.at;
    return true;
}

/* ---- a line -------------------------------------------------------------------------- */

/* Value at x of the cubic through (x0, y0), (x1, y1) with the slopes given there. */
static double hermite(double x0, double y0, double slope0, double x1, double y1, double slope1,
                      double x)
{
    const double h = x1 - x0;
    const double s = (x - x0) / h;
    const double r = s - 1.0;
    return y0 * (1.0 + 2.0 * s) * r * r + y1 * s * s * (3.0 - 2.0 * s) +
           h * s * r * (slope0 * r + slope1 * s);
}

/* The next point of a line that varies one parameter, from the two before it. */
static double predict(const EvolutionTrack *before, const EvolutionTrack *last, int unknown,
                      double log_n, double log_weight)
{
    const double y1 = unknown == 0 ? last->log_t : last->log_b;
    const double y0 = unknown == 0 ? before->log_t : before->log_b;
    const double tangent = y1 + last->slope_n[unknown] * (log_n - last->log_n) +
                           last->slope_weight[unknown] * (log_weight - last->log_weight);
    if (before->valid && log_n == last->log_n && log_n == before->log_n) {
        return hermite(before->log_weight, y0, before->slope_weight[unknown], last->log_weight,
                       y1, last->slope_weight[unknown], log_weight);
    }
    if (before->valid && log_weight == last->log_weight && log_weight == before->log_weight) {
        return hermite(before->log_n, y0, before->slope_n[unknown], last->log_n, y1,
                       last->slope_n[unknown], log_n);
    }
    return tangent;
}

/* Slopes of the solution by the implicit-function theorem: the errors' derivatives are
 * (1, 1 - error) in log n and (0, -weight / (b capacity)) in log weight. */
static EvolutionTrack track_at(const Equations *e, const Iterate *at, double log_n,
                               double log_weight)
{
    EvolutionTrack track = {.valid = true, .log_n = log_n, .log_weight = log_weight,
                            .log_t = at->log_t, .log_b = at->log_b};
    solve_jacobian(e, at, (double[2]){-1.0, -1.0}, track.slope_n);
    const double share = e->weight * exp(-at->log_b) / e->capacity;
    solve_jacobian(e, at, (double[2]){0.0, share}, track.slope_weight);
    return track;
}

/* The solution at p >= d, from the neighbour if there is one that is near enough. */
static bool solve_wide(EvolutionWork *work, Equations *e, Iterate *at)
{
    const double log_n = log(e->capacity);
    const double log_weight = log(e->weight);
    const EvolutionTrack *last = &work->last;
    bool good = false;
    if (last->valid && fabs(log_n - last->log_n) + fabs(log_weight - last->log_weight) < 2.0) {
        *at = evaluate(e, predict(&work->before, last, 0, log_n, log_weight),
                       predict(&work->before, last, 1, log_n, log_weight));
        good = newton(e, at);
    }
    if (!good) {
        e->work->near.v = -1.0;
        if (!cold_start(e, at)) {
            return false;
        }
        newton(e, at);
    }
    work->before = work->last;
    work->last = track_at(e, at, log_n, log_weight);
    return true;
}

/* Lower p from the rank of the solution at p >= d, where nothing changes yet, to the width
 * asked for, in steps of at most a quarter in log p, shorter where Newton's method fails. */
static bool narrow(Equations *e, double width, Iterate *at)
{
    double log_p = log(fmin(e->work->teacher.dimension, at->o.rank));
    const double target = log(width);
    double step = 0.25;
    while (log_p > target) {
        const double next = fmax(target, log_p - step);
        e->work->width = exp(next);
        Iterate trial = evaluate(e, at->log_t, at->log_b);
        if (newton(e, &trial)) {
            *at = trial;
            log_p = next;
            step = fmin(0.25, 2.0 * step);
        } else if ((step *= 0.5) < 1e-6) {
            return false;
        }
    }
    return true;
}

static void set_exponents(const Equations *e, const Iterate *at, Evolution *result)
{
    const EvolutionTrack track = track_at(e, at, 0.0, 0.0);
    const Overlaps *o = &at->o;
    result->exponent_samples =
        (o->risk_t * track.slope_n[0] + o->risk_b * track.slope_n[1]) / o->risk;
    result->exponent_weight_decay =
        (o->risk_t * track.slope_weight[0] + o->risk_b * track.slope_weight[1]) / o->risk;
}

/* Theory.md sections 2 and 3: data term + penalty, the data term being n (or d^2) times the
 * mean squared residual; for the diagonal network 1/2 sum (y - f)^2 + lambda sqrt(d) |theta|_1. */
static void set_objective(const Equations *e, const Iterate *at, const Problem *problem,
                          Evolution *result)
{
    const bool quadratic = problem->model == MODEL_QUADRATIC;
    const double ratio = e->weight * exp(-at->log_b);
    result->train_loss = (quadratic ? 1.0 : 0.5) * ratio * ratio * exp(at->log_t);
    result->objective = result->train_loss + (quadratic ? 2.0 : 1.0) * e->weight * at->o.trace;
}

static Evolution report(Equations *e, const Iterate *at, const Problem *problem)
{
    const double residual = residual_of(at);
    Evolution result = {.delta = exp(0.5 * at->log_t), .threshold = exp(at->log_b),
                        .overlaps = at->o, .residual = residual};
    set_objective(e, at, problem, &result);
    result.outcome = residual <= problem->tolerance ? OUTCOME_CONVERGED : OUTCOME_NOT_CONVERGED;
    set_exponents(e, at, &result);
    if (!isfinite(at->o.risk) || !isfinite(residual)) {
        result.outcome = OUTCOME_FAILED;
    }
    return result;
}

EvolutionWork evolution_work(void)
{
    return (EvolutionWork){.overlaps.near.v = -1.0};
}

void evolution_free(EvolutionWork *work)
{
    atoms_free(&work->overlaps.atoms);
    *work = evolution_work();
}

void evolution_forget(EvolutionWork *work)
{
    work->last.valid = work->before.valid = false;
    work->overlaps.near.v = -1.0;
}

/* A neighbour must share everything but samples, weight and width. */
static void take_teacher(EvolutionWork *work, const Problem *problem)
{
    const Problem *old = &work->problem;
    if (old->source_exponent != problem->source_exponent ||
        old->dimension != problem->dimension) {
        work->overlaps.teacher = teacher_create(problem->source_exponent, problem->dimension);
        evolution_forget(work);
    } else if (old->model != problem->model || old->noise != problem->noise) {
        evolution_forget(work);
    }
    work->problem = *problem;
}

Evolution evolution_solve(EvolutionWork *work, const Problem *problem)
{
    assert(problem->samples > 0.0 && problem->weight_decay > 0.0);
    take_teacher(work, problem);
    Equations e = equations_of(&work->overlaps, problem);
    work->overlaps.width = problem->dimension;
    Iterate at;
    Evolution result = {.outcome = OUTCOME_FAILED, .residual = INFINITY};
    bool good = solve_wide(work, &e, &at);
    const SpectralPoint near = work->overlaps.near;
    if (good && problem->model == MODEL_QUADRATIC && problem->width < problem->dimension) {
        good = narrow(&e, problem->width, &at);
        work->overlaps.near = near;
    }
    if (good) {
        result = report(&e, &at, problem);
    }
    result.iterations = e.evaluations;
    return result;
}
