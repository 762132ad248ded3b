#include "training_progress.h"

#include <limits.h>
#include <math.h>

/* Passes of a point. */
enum { ITERATIONS = 20000 };

/* Passes change from single to double precision at this gap, or at this size of a step
 * relative to S: rounding in single precision moves F and its bound by about 1e-6, more when
 * the residual is small against y, and S by 3e-8. */
static const double single_until = 1e-5;
static const double single_move = 1e-6;

/* Of the tolerance, about: the length of a last step. */
static const double settled_move = 10.0;

/* A certificate pays from so many times the gap that is waited for. */
static const double nearly = 3.0;

int training_limit(const TrainerSettings *settings)
{
    return settings->iteration_limit > 0 ? settings->iteration_limit : ITERATIONS;
}

void training_begin(Progress *progress, const TrainerSettings *settings)
{
    progress->iterations = 0;
    progress->unchecked = INT_MAX;
    progress->bound = -INFINITY;
    progress->gap = 1.0;
    progress->goal = INFINITY;
    progress->early = 1.0;
    progress->tried = INFINITY;
    progress->single = !settings->double_only;
    progress->stage = STAGE_DESCENT;
    progress->steady = progress->failures = progress->pending = 0;
    progress->steady_rank = progress->steady_negative = 0;
    progress->mark = progress->mark_before = (Mark){.gap = 1.0};
}

void training_count(Progress *progress)
{
    progress->iterations++;
    progress->unchecked += progress->unchecked < INT_MAX;
}

double training_objective(const Progress *progress, int d, double weight)
{
    const double side = d;
    const double norm = progress->plan.trace + 2.0 * progress->plan.below;
    return progress->sums.residual / (side * side) + weight / side * norm;
}

bool training_worse_than_zero(const Progress *progress, int d, double weight)
{
    /* also where it is not finite */
    return !(training_objective(progress, d, weight) <= progress->at_zero);
}

void training_forget_network(Progress *progress)
{
    progress->plan.rank = progress->plan.negative = 0;
    progress->plan.trace = progress->plan.below = 0.0;
}

bool training_finite(const Progress *progress)
{
    return isfinite(progress->sums.residual + progress->sums.square);
}

bool training_unproved(const Progress *progress, const Problem *problem, int limit)
{
    const double period = 35.0 * problem->dimension / problem->samples;
    const int passes = period < 1.0 ? 1 : period > 10.0 ? 10 : (int)period;
    return !training_finite(progress) || progress->iterations >= limit ||
           progress->unchecked >= passes;
}

/* The gap that training_outcome or training_refine waits for. */
static double awaited(const Progress *progress, double tolerance)
{
    return progress->single ? fmax(single_until, progress->early * tolerance) : tolerance;
}

/* The gap from which a certificate matters. */
static double watched(const Progress *progress, double tolerance)
{
    return fmax(nearly * awaited(progress, tolerance), progress->early * tolerance);
}

double training_ceiling(const Progress *progress, const Problem *problem, int limit)
{
    const int d = (int)problem->dimension;
    const double weight = problem_nuclear_weight(problem);
    if (!training_finite(progress) || progress->iterations >= limit) {
        return INFINITY;
    }
    const double share = 1.0 - watched(progress, problem->tolerance);
    const double f = training_objective(progress, d, weight);
    return pass_dual_ceiling(&progress->sums, d, weight, share * f);
}

/* Every bound found so far holds for this point; any network is above it. */
static double gap_to_bound(const Progress *progress, double f)
{
    return f > 0.0 ? fmin(fmax((f - progress->bound) / f, 0.0), 1.0) : 0.0;
}

void training_postpone(Progress *progress, const Problem *problem)
{
    const double weight = problem_nuclear_weight(problem);
    const double f = training_objective(progress, (int)problem->dimension, weight);
    progress->gap = gap_to_bound(progress, f);
    progress->unchecked = 0;
}

void training_certify(Progress *progress, const Problem *problem, double largest)
{
    const int d = (int)problem->dimension;
    const double weight = problem_nuclear_weight(problem);
    const double bound = pass_dual_bound(&progress->sums, d, weight, largest);
    const double f = training_objective(progress, d, weight);
    progress->bound = bound > progress->bound ? bound : progress->bound;
    progress->gap = isfinite(largest + bound + f) ? gap_to_bound(progress, f) : NAN;
    progress->unchecked = 0;
}

void training_dual(const Progress *progress, int d, double weight, double values[])
{
    const double multiple = sqrt(progress->sums.square / progress->sums.residual);
    const bool both = progress->plan.negative > 0;
    for (int j = 0; j < d; j++) {
        const double value = fmin(values[j] * 2.0 / (d * weight * multiple), 1.0);
        values[j] = both ? fmax(value, -1.0) : value;
    }
}

bool training_short(double relative_move, double tolerance)
{
    /* also with NAN, before the first step: S = 0 is settled */
    return !(relative_move > settled_move * tolerance);
}

Outcome training_outcome(const Progress *progress, const Descent *descent, double tolerance,
                         int limit)
{
    const bool settled = training_short(descent_relative_move(descent), tolerance);
    if (isnan(progress->gap)) {
        return OUTCOME_FAILED;
    }
    if (progress->gap <= tolerance && settled && !progress->plan.single) {
        return OUTCOME_CONVERGED;
    }
    return progress->iterations >= limit ? OUTCOME_NOT_CONVERGED : OUTCOME_RUNNING;
}

void training_refine(Progress *progress, const Descent *descent, double tolerance, int limit)
{
    /* the last pass must be in double precision: its certificate is reported */
    const bool last_but_one = progress->iterations + 1 >= limit;
    const bool fine = progress->gap <= awaited(progress, tolerance) ||
                      descent_relative_move(descent) <= single_move;
    if (progress->single && (fine || last_but_one)) {
        progress->single = 0;
        progress->bound = -INFINITY;
        progress->gap = 1.0;
        progress->unchecked = INT_MAX;
    }
}
