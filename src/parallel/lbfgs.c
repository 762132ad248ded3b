#include "phasesweep/parallel/lbfgs.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"
#include "lbfgs_state.h"

/* Constants of the Wolfe conditions, for quasi-Newton steps. */
static const double enough_decrease = 1e-4;
static const double enough_slope = 0.9;

enum { TRIALS = 40, SMALL_IN_A_ROW = 3 };

LbfgsSettings lbfgs_defaults(void)
{
    return (LbfgsSettings){.evaluation_limit = 10000, .relative = 1e-12, .rounding = 1e-14};
}

LbfgsWork *lbfgs_create(MPI_Comm team, int count, int memory)
{
    assert(memory >= 1 && count >= 0);
    const size_t n = (size_t)count;
    const size_t vectors = 2 * (size_t)memory + 1;
    LbfgsWork *work = checked_alloc(1, sizeof *work);
    *work = (LbfgsWork){.team = team, .count = count, .memory = memory};
    work->vectors = (int)vectors;
    work->basis = checked_alloc(n * vectors, sizeof(double));
    work->x = checked_alloc(n, sizeof(double));
    work->trial = checked_alloc(n, sizeof(double));
    work->trial_gradient = checked_alloc(n, sizeof(double));
    work->direction = checked_alloc(n, sizeof(double));
    work->state_bytes = sizeof(LbfgsState) + vectors * vectors * sizeof(double);
    work->state = checked_alloc(1, work->state_bytes);
    work->state->newest = -1;
    return work;
}

void lbfgs_free(LbfgsWork *work)
{
    if (work == NULL) {
        return;
    }
    free(work->basis);
    free(work->x);
    free(work->trial);
    free(work->trial_gradient);
    free(work->direction);
    free(work->state);
    free(work);
}

void lbfgs_forget(LbfgsWork *work)
{
    work->state->pairs = 0;
}

void *lbfgs_scalars(LbfgsWork *work, size_t *bytes)
{
    *bytes = work->state_bytes;
    return work->state;
}

int lbfgs_vectors(const LbfgsWork *work)
{
    return work->vectors + 3;
}

double *lbfgs_vector(LbfgsWork *work, int k)
{
    double *const others[] = {work->x, work->trial, work->direction};
    assert(k >= 0 && k < lbfgs_vectors(work));
    return k < work->vectors ? lbfgs_basis(work, k) : others[k - work->vectors];
}

/* ---- line search --------------------------------------------------------------------- */

/* The caller's next point. */
static void try_at(LbfgsWork *work, double at)
{
    work->state->at = at;
    memcpy(work->trial, work->x, (size_t)work->count * sizeof(double));
    lbfgs_add(work->trial, at, work->direction, work->count);
}

/* Minimum of the cubic through values and slopes of both points, kept off both ends. */
static double interpolate(LbfgsPoint a, LbfgsPoint b)
{
    const double width = b.at - a.at;
    const double mean = 3.0 * (b.value - a.value) / width;
    const double bend = a.slope + b.slope - mean;
    const double root = bend * bend - a.slope * b.slope;
    double share = 0.5;
    if (isfinite(b.value) && root >= 0.0) {
        const double middle = copysign(sqrt(root), width);
        share = 1.0 - (b.slope + middle - bend) / (b.slope - a.slope + 2.0 * middle);
    }
    return a.at + width * (share > 0.1 ? (share < 0.9 ? share : 0.9) : 0.1);
}

static void begin_chain(LbfgsWork *work, double slope, double first)
{
    LbfgsState *state = work->state;
    state->start = (LbfgsPoint){.at = 0.0, .value = state->value, .slope = slope};
    state->low = state->start;
    state->high = (LbfgsPoint){.at = INFINITY};
    state->trials = 0;
    state->stage = STAGE_SEARCH;
    try_at(work, first);
}

/* True if this is a point to move to; else the bracket is narrower. */
static bool judge(LbfgsState *state, LbfgsPoint point)
{
    const double slack = state->settings.rounding * fabs(state->start.value);
    const double ceiling =
        state->start.value + enough_decrease * point.at * state->start.slope + slack;
    if (!(point.value <= ceiling && point.value < state->low.value + slack)) {
        state->high = point;
    } else if (fabs(point.slope) <= -enough_slope * state->start.slope) {
        return true;
    } else {
        if (point.slope * (point.at - state->low.at) >= 0.0) {
            state->high = state->low;
        }
        state->low = point;
    }
    return false;
}

/* ---- descent ------------------------------------------------------------------------- */

/* First step of a descent along the gradient: a tenth of the way to the origin at most. */
static double first_step(const LbfgsWork *work)
{
    const int last = work->vectors * work->vectors - 1;
    const double size = sqrt(work->state->product[last]);
    const double distance = sqrt(lbfgs_dot(work, work->x, work->x));
    return fmin(1.0, (distance > 0.0 ? 0.1 * distance : 1.0) / size);
}

static void finish(LbfgsState *state, Outcome outcome)
{
    state->report.outcome = outcome;
    state->stage = STAGE_OVER;
}

/* Begin a line search at x, unless the estimate is small or the limit is reached. */
static void begin_step(LbfgsWork *work)
{
    LbfgsState *state = work->state;
    if (state->report.evaluations >= state->settings.evaluation_limit) {
        finish(state, OUTCOME_NOT_CONVERGED);
        return;
    }
    double slope = lbfgs_choose_direction(work);
    if (!(slope < 0.0) && state->pairs > 0) {
        state->pairs = 0;
        slope = lbfgs_choose_direction(work);
    }
    state->report.estimate = -0.5 * slope;
    const double goal =
        state->settings.relative * fabs(state->value) + state->settings.absolute;
    state->small = state->report.estimate <= goal ? state->small + 1 : 0;
    /* below rounding a line search would see noise only */
    const bool exact = state->report.estimate <= state->settings.rounding * fabs(state->value);
    if (state->small == SMALL_IN_A_ROW || (state->small > 0 && exact) || slope == 0.0) {
        finish(state, OUTCOME_CONVERGED);
        return;
    }
    begin_chain(work, slope, state->pairs > 0 ? 1.0 : first_step(work));
}

static void move(LbfgsWork *work, double value)
{
    lbfgs_accept(work, value);
    work->state->report.iterations++;
    begin_step(work);
}

/* The line search found nothing lower: search once more along the gradient, or end. */
static void fail_chain(LbfgsWork *work)
{
    LbfgsState *state = work->state;
    if (state->pairs > 0) {
        state->pairs = 0;
        begin_step(work);
    } else {
        finish(state, state->small > 0 ? OUTCOME_CONVERGED : OUTCOME_NOT_CONVERGED);
    }
}

static void continue_chain(LbfgsWork *work, double value)
{
    LbfgsState *state = work->state;
    const LbfgsPoint point = {.at = state->at,
                              .value = value,
                              .slope = lbfgs_dot(work, work->trial_gradient, work->direction)};
    if (judge(state, point)) {
        move(work, value);
    } else if (++state->trials < TRIALS) {
        try_at(work, isfinite(state->high.at) ? interpolate(state->low, state->high)
                                              : 4.0 * state->low.at);
    } else if (state->low.at > 0.0) { /* not flat enough, but lower */
        state->stage = STAGE_SETTLE;
        try_at(work, state->low.at);
    } else {
        fail_chain(work);
    }
}

static void start(LbfgsWork *work, double value)
{
    const int last = work->vectors - 1;
    memcpy(lbfgs_slope(work), work->trial_gradient, (size_t)work->count * sizeof(double));
    work->state->value = value;
    lbfgs_refresh(work, &last, 1);
    if (isfinite(value)) {
        begin_step(work);
    } else {
        finish(work->state, OUTCOME_FAILED);
    }
}

void lbfgs_begin(LbfgsWork *work, const double x[], const LbfgsSettings *settings)
{
    assert(settings->evaluation_limit >= 1);
    assert(settings->relative >= 0.0 && settings->absolute >= 0.0);
    LbfgsState *state = work->state;
    state->settings = *settings;
    state->stage = STAGE_START;
    state->report = (Lbfgs){.outcome = OUTCOME_RUNNING, .estimate = INFINITY};
    state->small = 0;
    memcpy(work->x, x, (size_t)work->count * sizeof(double));
    memcpy(work->trial, x, (size_t)work->count * sizeof(double));
}

void lbfgs_limit(LbfgsWork *work, int evaluations)
{
    work->state->settings.evaluation_limit = evaluations;
}

bool lbfgs_running(const LbfgsWork *work)
{
    return work->state->stage != STAGE_OVER;
}

const double *lbfgs_trial(const LbfgsWork *work, double **trial_gradient)
{
    assert(lbfgs_running(work));
    *trial_gradient = work->trial_gradient;
    return work->trial;
}

void lbfgs_tell(LbfgsWork *work, double value)
{
    assert(lbfgs_running(work));
    work->state->report.evaluations++;
    if (work->state->stage == STAGE_START) {
        start(work, value);
    } else if (work->state->stage == STAGE_SEARCH) {
        continue_chain(work, value);
    } else {
        move(work, value);
    }
}

Lbfgs lbfgs_report(const LbfgsWork *work, double x[])
{
    Lbfgs report = work->state->report;
    report.value = work->state->value;
    report.gradient = sqrt(work->state->product[work->vectors * work->vectors - 1]);
    memcpy(x, work->x, (size_t)work->count * sizeof(double));
    return report;
}

Lbfgs lbfgs_minimise(LbfgsWork *work, double x[], LbfgsFunction function, void *context,
                     const LbfgsSettings *settings)
{
    lbfgs_begin(work, x, settings);
    while (lbfgs_running(work)) {
        double *slope;
        const double *trial = lbfgs_trial(work, &slope);
        lbfgs_tell(work, function(trial, slope, context));
    }
    return lbfgs_report(work, x);
}
