#include "phasesweep/theory/optimum.h"

#include <assert.h>
#include <math.h>

#include "phasesweep/model/features.h"
#include "phasesweep/model/model.h"
#include "phasesweep/numerics/roots.h"
#include "phasesweep/theory/model_theory.h"

/* So many evaluations go into no search of a width, or of a weight decay, that rounding does
 * not lead astray. */
enum { MAX_SCAN = 128, MAX_SCAN_DEEP = 512, MAX_EVALUATIONS = 40000, MAX_WALK = 100000 };

/* Visits that are as far apart as two features. */
enum { VISITS_A_FEATURE = 5 };

static const double deepest = 100.0;       /* how far below the start log lambda is followed */
static const double flat = 1e-8;           /* |exponent| of a risk that has its limit */
static const double learned = 1e-12;       /* |S|^2/d below which nothing is */
static const double still_learning = 0.01; /* |d log q| of a step in which more is learned */
static const double at_minimum = 1e-6;     /* exponent that may be 0 */
static const double hiding = 0.25; /* of the rise that exponents tell: less hides a step */
static const double worth_scanning = 1.01; /* over the best risk: features are percents */
static const double finest_deep = 0.1;     /* step of log lambda where a threshold jumps */

typedef struct Visit {
    double log_decay;
    Evolution evolution;
} Visit;

typedef struct Walk {
    EvolutionWork *work;
    Problem problem;
    Visit visits[MAX_SCAN_DEEP]; /* [count], log_decay decreasing */
    int count;
    Visit last; /* of the root finder */
    int skipped, iterations;
} Walk;

static bool solved(const Evolution *e)
{
    return e->outcome == OUTCOME_CONVERGED && isfinite(e->exponent_weight_decay);
}

static Evolution visit(Walk *walk, double log_decay)
{
    if (walk->iterations > MAX_WALK || interrupted(&walk->work->interrupt)) {
        return (Evolution){.outcome = OUTCOME_FAILED, .overlaps = {.risk = INFINITY}};
    }
    walk->problem.weight_decay = exp(log_decay);
    const Evolution e = evolution_solve(walk->work, &walk->problem);
    walk->iterations += e.iterations;
    walk->skipped += !solved(&e);
    return e;
}

/* Up from sqrt(n_eff/d), near which the optimum is expected, until nothing is learned. */
static double collapse(Walk *walk)
{
    const Problem *p = &walk->problem;
    double log_decay =
        log(problem_weight_decay(p, sqrt(problem_effective_samples(p) / p->dimension)));
    evolution_forget(walk->work);
    for (int step = 0; step < MAX_SCAN; step++) {
        const Evolution e = visit(walk, log_decay);
        if (solved(&e) && e.overlaps.q < learned) {
            break;
        }
        log_decay += M_LN2;
    }
    return log_decay;
}

/* Down from there until the risk no longer changes. */
static void descend(Walk *walk, double start)
{
    int still = 0;
    double q = 0.0; /* of the last visit */
    /* where a threshold jumps every feature leaves a step of the risk, and minima between */
    const bool deep = problem_power(&walk->problem) < 1.0;
    const double finest = deep ? finest_deep : 0.5;
    const int most = deep ? MAX_SCAN_DEEP : MAX_SCAN;
    double step = finest;
    double best = INFINITY;
    evolution_forget(walk->work);
    for (double at = start; at > start - deepest && walk->count < most && still < 3;
         at -= step) {
        const Evolution e = visit(walk, at);
        if (!solved(&e)) {
            continue;
        }
        walk->visits[walk->count++] = (Visit){.log_decay = at, .evolution = e};
        /* just below the collapse the risk does not change yet, but what is learned does */
        const bool settled =
            e.overlaps.q > learned && fabs(log(e.overlaps.q / q)) < still_learning;
        still = settled && fabs(e.exponent_weight_decay) < flat ? still + 1 : 0;
        q = e.overlaps.q;
        /* far from the best risk details do not matter, nor where it falls without end */
        best = fmin(best, e.overlaps.risk);
        const bool dull = e.overlaps.risk > 2.0 * best || e.exponent_weight_decay > 1.2;
        step = dull ? fmin(1.8, 1.2 * step) : finest;
    }
}

static double exponent(double log_decay, void *context)
{
    Walk *walk = context;
    /* trials come as close as rounding: two of them tell no curvature */
    walk->work->track.before.valid = false;
    walk->last = (Visit){.log_decay = log_decay, .evolution = visit(walk, log_decay)};
    return walk->last.evolution.exponent_weight_decay;
}

/* A dip may hide just below the collapse, where the exponent is 0, or just below a step of the
 * risk, which is above `level` before it: pull `high` down to where the exponent is positive,
 * or give up. */
static bool uncollapse(Walk *walk, double low, double level, double *high)
{
    for (int step = 0; step < 40; step++) {
        const double middle = 0.5 * (low + *high);
        walk->work->track.before.valid = false;
        const Evolution e = visit(walk, middle);
        if (!solved(&e)) {
            return false;
        }
        const bool before = e.exponent_weight_decay < 0.0 && e.overlaps.risk > level;
        if (e.overlaps.q < learned || before) {
            *high = middle;
        } else if (e.exponent_weight_decay < 0.0) {
            low = middle;
        } else {
            *high = middle;
            return true;
        }
    }
    return false;
}

static void take_lower(Optimum *best, const Visit *at, OptimumPlace place)
{
    const bool lower = at->evolution.overlaps.risk < best->evolution.overlaps.risk;
    best->minima += lower || place == OPTIMUM_INSIDE;
    if (!lower) {
        return;
    }
    best->evolution = at->evolution;
    best->place = place;
    best->weight_decay = place == OPTIMUM_INSIDE    ? exp(at->log_decay)
                         : place == OPTIMUM_AT_ZERO ? 0.0
                                                    : INFINITY;
}

/* Risk that rises as the weight falls, at both ends, but by much less between them than the
 * exponents say: a feature was learned on the way.  A level of the risk which it is above
 * before that, and below after it if the step is large enough; 0 if there is none. */
static double step_below(const Walk *walk, const Visit *above, const Visit *below)
{
    const double before = above->evolution.overlaps.risk;
    const double after = below->evolution.overlaps.risk;
    const double mean =
        0.5 * (above->evolution.exponent_weight_decay + below->evolution.exponent_weight_decay);
    const double expected = -mean * (above->log_decay - below->log_decay);
    const bool rises = above->evolution.exponent_weight_decay <= at_minimum;
    const bool step =
        problem_power(&walk->problem) < 1.0 && rises && log(after / before) < hiding * expected;
    return step ? fmin(before, 0.5 * (before + after)) : 0.0;
}

/* `high` below which the exponent, negative at `low`, is positive; false if none is found. */
static bool reaches_rise(Walk *walk, const Visit *above, double low, double level, double *high)
{
    if (above->evolution.overlaps.q < learned) {
        return uncollapse(walk, low, INFINITY, high);
    }
    if (level > 0.0) {
        return uncollapse(walk, low, level, high);
    }
    return above->evolution.exponent_weight_decay > 0.0;
}

/* The minimum between two visits, if the signs of the exponents tell of one. */
static void narrow_down(Walk *walk, const Visit *above, const Visit *below, Optimum *best)
{
    double high = above->log_decay;
    const double low = below->log_decay;
    if (below->evolution.exponent_weight_decay >= 0.0) {
        return;
    }
    const double level = step_below(walk, above, below);
    evolution_forget(walk->work);
    if (reaches_rise(walk, above, low, level, &high)) {
        root_bracketed(exponent, walk, low, high, 1e-9);
        take_lower(best, &walk->last, OPTIMUM_INSIDE);
    }
}

/* The minimum between two visits, or the lower end of a step of the risk: where the solution
 * breaks off there may be no flat place at all. */
static void look_between(Walk *walk, const Visit *above, const Visit *below, Optimum *best)
{
    narrow_down(walk, above, below, best);
    if (problem_power(&walk->problem) < 1.0 &&
        below->evolution.overlaps.risk < best->evolution.overlaps.risk * (1.0 - 1e-9)) {
        take_lower(best, below, OPTIMUM_INSIDE);
    }
}

/* As the weight falls feature k enters (2 - q) gamma/k of log lambda after the one before, and
 * between the two there may be a minimum: those that the descent passed over near the best. */
static void scan_features(Walk *walk, Optimum *best)
{
    const Problem *p = &walk->problem;
    const double apart = (2.0 - problem_power(p)) * p->source_exponent /
                         fmax(best->evolution.overlaps.rank, 1.0);
    const double step = apart / (VISITS_A_FEATURE - 1);
    const double level = worth_scanning * best->evolution.overlaps.risk;
    if (step >= finest_deep || best->place != OPTIMUM_INSIDE) {
        return;
    }
    double at = log(best->weight_decay);
    evolution_forget(walk->work);
    for (int k = 0, beyond = 0; k < MAX_SCAN && beyond < VISITS_A_FEATURE; k++) {
        at += step;
        beyond = visit(walk, at).overlaps.risk < level ? 0 : beyond + 1;
    }
    Visit above = {.log_decay = at, .evolution = visit(walk, at)};
    int beyond = 0;
    for (int k = 0; k < MAX_SCAN_DEEP && beyond < VISITS_A_FEATURE && solved(&above.evolution);
         k++) {
        const double next = above.log_decay - step;
        const Visit below = {.log_decay = next, .evolution = visit(walk, next)};
        if (!solved(&below.evolution)) {
            return;
        }
        look_between(walk, &above, &below, best);
        const bool past = next < log(best->weight_decay);
        beyond = past && below.evolution.overlaps.risk > level ? beyond + 1 : 0;
        above = below;
    }
}

/* Without noise, more data than unknowns tell a truth that no width cuts off: R falls like
 * lambda^2, to 0. */
static bool finds_truth(const Problem *problem, double *excess)
{
    const double unknowns = model_theory(problem->model)->unknowns(problem->dimension);
    *excess = model_of(problem)->channel(problem).capacity / unknowns;
    /* no sample tells of the diagonal where x_i^2 = 1 */
    return problem->noise == 0.0 && *excess > 1.0 && !model_is_narrow(problem) &&
           matrix_kurtosis(problem) > -2.0 && !features_are_correlated(problem) &&
           !features_are_turned(problem);
}

/* Tr S* / d or |theta*|_1 of the teacher itself, which decays as i^-gamma. */
static double teacher_trace(const Teacher *teacher, const Problem *problem)
{
    const double a = problem->covariance_exponent;
    const double d = problem->dimension;
    const double unit = model_of(problem)->teacher_per_coefficient(problem);
    if (a == 0.0) {
        return teacher->mean * unit;
    }
    const double share = features_source_exponent(problem) - problem->source_exponent;
    return teacher->scale * unit * pow(features_variance_scale(a, d), -share / a) /
           features_variance_scale(problem->source_exponent, d);
}

/* d log R / d log n of the limit below; k = 1 where no kurtosis is. */
static double truth_exponent(double c, double k)
{
    return k == 1.0 ? 1.0 - 3.0 * c / (c - 1.0)
                    : -2.0 * c / (c - 1.0) - k * c / ((c - 1.0) * (c - 1.0 + k));
}

/* The limit: with t -> 0 every s_i is learned, R = unknowns (t + b^2) and D = unknowns, so that
 * (E1) and (E2) give R = b^2 c unknowns / (c - 1), b = weight / (unknowns (c - 1)),
 * c = capacity / unknowns.  A kurtosis leaves b/k of the diagonal, k = 1 + k4/2, and puts c - 1
 * + k in place of c. */
static Optimum truth(EvolutionWork *work, const Problem *problem, double excess)
{
    evolution_take(work, problem);
    const Teacher *teacher = &work->overlaps.teacher;
    const double d = problem->dimension;
    const Overlaps all = {.divergence = model_theory(problem->model)->unknowns(d),
                          .q = 1.0,
                          .m = 1.0,
                          .trace = teacher_trace(teacher, problem),
                          .rank = d};
    return (Optimum){.evolution = {.outcome = OUTCOME_CONVERGED,
                                   .overlaps = all,
                                   .exponent_samples = truth_exponent(
                                       excess, 1.0 + 0.5 * matrix_kurtosis(problem)),
                                   .exponent_weight_decay = 2.0},
                     .width = problem->width,
                     .place = OPTIMUM_AT_ZERO,
                     .minima = 1};
}

Optimum optimal_weight_decay(EvolutionWork *work, const Problem *problem)
{
    double excess;
    if (finds_truth(problem, &excess)) {
        return truth(work, problem, excess);
    }
    Walk walk = {.work = work, .problem = *problem};
    Optimum best = {.evolution = {.outcome = OUTCOME_FAILED, .overlaps = {.risk = INFINITY}},
                    .width = problem->width};
    descend(&walk, collapse(&walk));
    for (int k = 0; k + 1 < walk.count; k++) {
        look_between(&walk, &walk.visits[k], &walk.visits[k + 1], &best);
    }
    if (problem_power(problem) < 1.0) {
        scan_features(&walk, &best);
    }
    if (walk.count > 0) {
        const Visit *last = &walk.visits[walk.count - 1];
        take_lower(&best, &walk.visits[0], OPTIMUM_COLLAPSED);
        take_lower(&best, last, OPTIMUM_AT_ZERO);
    }
    if (walk.iterations > MAX_WALK && solved(&best.evolution)) {
        best.evolution.outcome = OUTCOME_NOT_CONVERGED;
    }
    best.skipped = walk.skipped;
    best.iterations = walk.iterations;
    return best;
}

/* ---- width --------------------------------------------------------------------------- */

static void try_width(EvolutionWork *work, const Problem *problem, double width, Optimum *best)
{
    if (best->iterations > MAX_EVALUATIONS) {
        return;
    }
    Problem at = *problem;
    at.width = width;
    at.weight_decay = problem_weight_decay(&at, problem_nuclear_weight(problem));
    work->track.before.valid = false; /* the point at p = d is the same again */
    const Evolution e = evolution_solve(work, &at);
    best->iterations += e.iterations;
    if (best->iterations > MAX_EVALUATIONS && solved(&best->evolution)) {
        best->evolution.outcome = OUTCOME_NOT_CONVERGED;
    } else if (!solved(&e)) {
        best->skipped++;
    } else if (e.overlaps.risk < best->evolution.overlaps.risk) {
        best->evolution = e;
        best->width = width;
        best->weight_decay = at.weight_decay;
    }
}

/* No network of width p comes nearer than the p largest eigenvalues alone: what these leave of
 * the teacher, from below, s_i^2 decreasing in i. */
static double least_risk(const Teacher *teacher, double p)
{
    const double decay = 2.0 * teacher->source_exponent - 1.0;
    const double d = teacher->dimension;
    return teacher->scale * teacher->scale / d * (pow(p + 1.0, -decay) - pow(d + 1.0, -decay)) /
           decay;
}

Optimum optimal_width(EvolutionWork *work, const Problem *problem)
{
    assert(model_has(problem->model, TRAIT_MATRIX));
    Optimum best = {.evolution = {.outcome = OUTCOME_FAILED, .overlaps = {.risk = INFINITY}},
                    .minima = 1};
    evolution_forget(work);
    try_width(work, problem, problem->dimension, &best);
    /* twice, for theory is of large d */
    const Teacher *teacher = &work->overlaps.teacher;
    for (double p = floor(best.evolution.overlaps.rank);
         p >= 1.0 && least_risk(teacher, p) < 2.0 * best.evolution.overlaps.risk;
         p = floor(0.8 * p)) {
        try_width(work, problem, p, &best);
    }
    /* ever shorter steps around the best so far; the last is 1, or so short that a smooth
     * minimum is flat to rounding within it */
    for (double step = floor(0.15 * best.width); best.width < problem->dimension;
         step = fmax(1.0, floor(0.5 * step))) {
        const double middle = best.width;
        try_width(work, problem, fmax(1.0, middle - step), &best);
        try_width(work, problem, middle + fmax(1.0, step), &best);
        const double least = fmax(1.0, 1e-7 * middle);
        if (step <= least && (best.width == middle || least > 1.0)) {
            break;
        }
    }
    return best;
}
