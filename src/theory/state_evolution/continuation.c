/* Points by continuation from their neighbours (track.h); the first starts cold.
 *
 * For p < d the path is always down from the wide solution of the same point, so that the
 * branch does not depend on the chain (theory.md section 2).
 */
#include "phasesweep/theory/continuation.h"

#include <assert.h>
#include <math.h>

#include "phasesweep/model/features.h"
#include "phasesweep/theory/model_theory.h"
#include "track.h"

/* In log p, on the way to a narrow network. */
static const double longest_step = 0.5;
/* A branch that takes so many is lost in rounding: others take a hundred. */
enum { MAX_EVALUATIONS = 4000 };

/* The solution at p >= d. */
static bool solve_wide(EvolutionWork *work, Equations *e, Iterate *at)
{
    if (!track_follow(&work->track, e, at)) {
        /* a cold start must not depend on what was solved before */
        overlaps_forget(e->work);
        if (!(e->threshold.jump > 0.0 ? branches_cold(e, &work->problem, at)
                                      : equations_cold(e, at))) {
            work->track.last.valid = work->track.before.valid = false;
            return false;
        }
    }
    track_step(&work->track, e, at);
    return true;
}

/* One step down to width p; false if Newton's method does not stay near. */
static bool step_down(Equations *e, double p, Iterate *at)
{
    const Response response = equations_response(e, at);
    /* f is cut only below the rank of the solution: that is where the way begins */
    const double move = log(p / fmin(e->work->width, at->o.rank));
    e->work->width = p;
    Iterate next = equations_at(e, at->log_t + response.width[0] * move,
                                at->log_r + response.width[1] * move);
    if (!equations_newton(e, &next) || !(fabs(next.log_t - at->log_t) < 1.0)) {
        return false;
    }
    *at = next;
    return true;
}

/* Lower p from the rank of the solution at p >= d, where nothing changes yet, to the width
 * asked for.  Where the branch ends in a fold, go on from the solution that the iteration of
 * the equations would find.  All p are whole, so that isolated bands are taken off entire. */
static bool narrow(const Interrupt *interrupt, Equations *e, double width, Iterate *at)
{
    /* the rank is a real number; at its ceiling the cut is not felt */
    double p = fmin(e->work->teacher.dimension, ceil(at->o.rank));
    double step = longest_step;
    while (p > width && e->evaluations < MAX_EVALUATIONS && !interrupted(interrupt)) {
        const double next = fmin(p - 1.0, fmax(width, floor(p * exp(-step))));
        e->work->width = p;
        if (step_down(e, next, at)) {
            p = next;
            step = fmin(2.0 * step, longest_step);
        } else if (next < p - 1.0) {
            step *= 0.25;
        } else if (equations_flow(e, at)) {
            p = next;
        } else {
            return false;
        }
    }
    return p <= width;
}

/* Theory.md sections 2 and 3, data term + penalty, with weight / b = capacity - D:
 *   quadratic  (1/d^2) sum (y - f)^2 = t lt^2/(4 b^2),   penalty lt Tr S/d, weight = lt/2
 *   diagonal   1/2 sum (y - f)^2 = 1/2 t (n - active)^2, penalty lambda sqrt(d) |theta|_1
 * the second by (Delta + R) = n t and sum (y - f)^2 = n (Delta + R)(1 - active/n)^2. */
static void set_objective(const Equations *e, const Iterate *at, const Problem *problem,
                          Evolution *result)
{
    const Model *model = model_of(problem);
    const double ratio = at->share;
    const double penalty =
        e->threshold.jump > 0.0 ? at->o.penalty : model_theory(problem->model)->penalty(&at->o);
    result->train_loss = model->loss_scale * ratio * ratio * at->t;
    result->objective = result->train_loss + model->penalty_scale * e->weight * penalty;
}

/* Where t or b^2 is large R is what is left of terms like b Tr S/d: seven digits of it are to
 * be right. */
static bool has_digits(const Iterate *at)
{
    const bool large = at->t + at->b * at->b > 1.0;
    return at->o.risk >= 0.0 && (!large || 1e-13 * at->b * at->o.trace <= 1e-7 * at->o.risk);
}

/* Of soft thresholding eta'^2 is 1 where a coefficient is active. */
static double stability_of(const Equations *e, const Iterate *at, const Problem *problem)
{
    const double sum = e->threshold.jump > 0.0 ? at->o.slope : at->o.rank;
    return model_has(problem->model, TRAIT_LAYERS | TRAIT_SIGNS) ? sum / e->capacity : NAN;
}

/* Outcome and exponents at the last iterate, whether it converged or not. */
Evolution track_report(const Equations *e, const Iterate *at, const Problem *problem)
{
    const double residual = fmax(equations_residual(at), at->o.lost);
    const Response response = equations_response(e, at);
    Evolution result = {.delta = sqrt(at->t),
                        .threshold = at->b + at->o.shift,
                        .overlaps = at->o,
                        .residual = residual,
                        .steepness = equations_steepness(e, at),
                        .solutions = 1,
                        .risk_uninformed = at->o.risk,
                        .exponent_samples = response.risk_capacity,
                        .exponent_weight_decay = response.risk_weight};
    set_objective(e, at, problem, &result);
    result.stability = stability_of(e, at, problem);
    const bool good = residual <= problem->tolerance && has_digits(at);
    result.outcome = good ? OUTCOME_CONVERGED : OUTCOME_NOT_CONVERGED;
    if (!isfinite(at->o.risk) || !isfinite(residual)) {
        result.outcome = OUTCOME_FAILED;
    }
    return result;
}

/* v = -1 is no height: there is no guess. */
EvolutionWork evolution_work(void)
{
    return (EvolutionWork){
        .overlaps = {.near.v = -1.0, .near_top.v = -1.0, .near_low.v = -1.0}};
}

void evolution_free(EvolutionWork *work)
{
    overlaps_free(&work->overlaps);
    *work = evolution_work();
}

/* Guesses of the overlaps too, so that a chain does not depend on what came before it. */
void evolution_forget(EvolutionWork *work)
{
    work->track.last.valid = work->track.before.valid = false;
    overlaps_forget(&work->overlaps);
    work->overlaps.near_top.v = work->overlaps.near_low.v = -1.0;
}

static bool same_rows(const Problem *a, const Problem *b)
{
    return a->features == b->features && a->degrees_of_freedom == b->degrees_of_freedom &&
           a->sparse_share == b->sparse_share && a->rotated == b->rotated &&
           (a->seed == b->seed || !a->rotated) &&
           a->covariance_exponent == b->covariance_exponent &&
           a->block_correlation == b->block_correlation && a->block_size == b->block_size;
}

/* A neighbour must share everything but samples, weight and width. */
void evolution_take(EvolutionWork *work, const Problem *problem)
{
    const Problem *old = &work->problem;
    /* a new teacher is new tables as well; another model or noise only moves the solution */
    const double exponent = features_source_exponent(problem);
    if (work->overlaps.teacher.source_exponent != exponent ||
        work->overlaps.teacher.dimension != problem->dimension) {
        work->overlaps.teacher = teacher_create(exponent, problem->dimension);
        evolution_forget(work);
    } else if (old->model != problem->model || old->noise != problem->noise ||
               old->depth != problem->depth || !same_rows(old, problem)) {
        evolution_forget(work);
    }
    work->problem = *problem;
    work->overlaps.threshold = threshold_of(problem_power(problem));
    work->overlaps.width = problem->dimension;
    work->overlaps.interrupt = work->interrupt;
}

Evolution evolution_solve(EvolutionWork *work, const Problem *problem)
{
    assert(problem->samples > 0.0 && problem->weight_decay > 0.0);
    evolution_take(work, problem);
    Equations e = equations_of(&work->overlaps, problem);
    Iterate at;
    Evolution result = {.outcome = OUTCOME_FAILED, .residual = INFINITY};
    bool good = solve_wide(work, &e, &at);
    const SpectralPoint near = work->overlaps.near;
    if (good && model_is_narrow(problem)) {
        good = narrow(&work->interrupt, &e, problem->width, &at);
        /* the next point is to start as if this one had not been narrowed */
        work->overlaps.near = near;
    }
    if (good) {
        result = track_report(&e, &at, problem);
    }
    result.iterations = e.evaluations;
    return result;
}
