/* From where a point descends, and by way of which penalties. */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"
#include "deep_state.h"
#include "network.h"

/* Penalties on the way: rung 0 is the convex problem or the widest, or narrowest, edge of the
 * threshold, rung RUNGS the penalty of the point; powers are q^(k/RUNGS), edges likewise.  How
 * nearly each but the last is solved, and in how many steps at most: it is only a start for the
 * next. */
enum { RUNGS = 6, RUNG_STEPS = 30 };
static const double widest = 4.0;
static const double narrowest = 1.0 / 16.0;
static const double rung_tolerance = 1e-2;

/* The same of the descent whose rank is bounded, which is to settle before it is free. */
enum { BOUND_STEPS = 100 };
static const double bound_tolerance = 1e-3;

/* Steps this long, over the network, may go through the data in single precision. */
static const double single_until = 1e-3;

/* Of the tolerance: the step that is measured at the end, from the network made again, may be
 * somewhat longer than that which ended the descent. */
static const double margin = 0.5;

/* Ends closer than this share of F are the same. */
static const double clearly = 1e-7;

/* ---- penalties --------------------------------------------------------------------------- */

/* The weight lt at power `power` whose threshold has `times` the edge that the point's has, at
 * the mean curvature. */
static double edge_weight(const DeepWork *work, double power, double times)
{
    const double unit = work->d * deep_descent_curvature(&work->descent);
    const Threshold own = threshold_of(problem_power(&work->problem));
    const Threshold other = threshold_of(power);
    const double edge = threshold_edge(&own, problem_nuclear_weight(&work->problem) / unit);
    return unit * threshold_weight(&other, times * edge);
}

/* The penalty of the rung in hand. */
static void penalise(DeepWork *work)
{
    const DeepProgress *progress = &work->progress;
    const double done = (double)progress->rung / RUNGS; /* of the way */
    double power = problem_power(&work->problem);
    double weight = problem_nuclear_weight(&work->problem);
    const bool own = progress->rung == RUNGS || progress->start == FROM_FEWER;
    if (!own && progress->start == FROM_CONVEX) {
        power = pow(power, done);
        weight = edge_weight(work, power, 1.0);
    } else if (!own) {
        const double far = progress->start == FROM_ZERO ? widest : narrowest;
        /* what nearly interpolates is found by the convex problem */
        power = progress->start != FROM_ZERO && progress->rung == 0 ? 1.0 : power;
        weight = edge_weight(work, power, pow(far, 1.0 - done));
    }
    deep_descent_penalise(&work->descent, power, weight);
}

void deep_resume(DeepWork *work)
{
    const DeepPace pace = work->descent.pace;
    penalise(work);
    work->descent.pace = pace;
}

/* ---- starts and ends --------------------------------------------------------------------- */

static void begin_start(DeepWork *work)
{
    DeepProgress *progress = &work->progress;
    const bool fewer = progress->start == FROM_FEWER;
    const bool near = fewer || progress->start == FROM_NEIGHBOUR;
    /* without the weakest feature until it has settled */
    progress->rung = fewer ? RUNGS - 1 : near ? RUNGS : 0;
    progress->steps = 0;
    progress->single = !work->settings.double_only;
    /* columns are in decreasing order */
    deep_descent_place(&work->descent, near ? progress->best.columns - fewer : 0, work->best);
    if (fewer) {
        deep_descent_bound(&work->descent, progress->best.columns - 1);
    }
    penalise(work);
}

void deep_begin_starts(DeepWork *work, bool neighbour)
{
    work->progress.start = neighbour ? FROM_NEIGHBOUR : FROM_CONVEX;
    begin_start(work);
}

static double risk_of(DeepWork *work)
{
    const size_t d = (size_t)work->d;
    double *arrays = checked_alloc(2 * d, sizeof *arrays);
    const Network network = {.columns = work->descent.pace.columns,
                             .factor = work->descent.factor};
    Observed seen = observed_nothing(OUTCOME_RUNNING);
    network_observe_matrix(work->data, &network, work->matrix, &seen, arrays, arrays + d);
    free(arrays);
    return seen.risk;
}

/* A start has come to its end, or as far as it may: is it the lowest so far? */
static bool end_start(DeepWork *work)
{
    DeepProgress *progress = &work->progress;
    DeepBest *best = &progress->best;
    if (progress->rung < RUNGS) {
        progress->rung = RUNGS;
        penalise(work);
    }
    const double value = deep_descent_value(&work->descent);
    const bool lower = progress->ends.count == 0 || value < best->value * (1.0 - clearly);
    ends_add(&progress->ends, value, risk_of(work));
    if (lower) {
        const DeepPace *pace = &work->descent.pace;
        *best = (DeepBest){value, pace->used, pace->columns};
        memcpy(work->best, work->descent.factor,
               (size_t)best->columns * (size_t)work->d * sizeof(double));
    }
    return lower;
}

static void begin_last(DeepWork *work)
{
    DeepProgress *progress = &work->progress;
    progress->stage = DEEP_LAST;
    progress->single = false;
    progress->rung = RUNGS;
    deep_descent_place(&work->descent, progress->best.columns, work->best);
    work->descent.pace.smoothness = progress->best.smoothness;
    penalise(work);
}

/* The network in hand counts only where there is no other: it is not at an end. */
void deep_cut(DeepWork *work)
{
    DeepProgress *progress = &work->progress;
    assert(progress->stage == DEEP_DESCENT);
    if (progress->ends.count == 0) {
        end_start(work);
        ends_unknown(&progress->ends);
    }
    progress->cut = true;
    begin_last(work);
}

/* What comes after a rung: the next of this start, another start, or the last pass. */
static void turn(DeepWork *work)
{
    DeepProgress *progress = &work->progress;
    if (progress->rung < RUNGS) {
        progress->rung++;
        progress->steps = 0;
        deep_descent_bound(&work->descent, work->d);
        penalise(work);
        return;
    }
    const bool lower = end_start(work);
    if (progress->start < FROM_FEWER) {
        progress->start++;
    } else if (!lower) {
        begin_last(work);
        return;
    }
    if (progress->start == FROM_FEWER && progress->best.columns == 0) {
        begin_last(work);
        return;
    }
    begin_start(work);
}

/* Is this rung, which is not the last, near enough to its end? */
static bool is_near(const DeepWork *work)
{
    const bool bound = work->progress.start == FROM_FEWER;
    return work->descent.pace.moved <= (bound ? bound_tolerance : rung_tolerance) ||
           work->progress.steps >= (bound ? BOUND_STEPS : RUNG_STEPS);
}

void deep_look(DeepWork *work)
{
    DeepProgress *progress = &work->progress;
    DeepPace *pace = &work->descent.pace;
    progress->steps++;
    if (progress->rung < RUNGS) {
        if (is_near(work)) {
            turn(work);
        }
    } else if (progress->single && pace->moved <= fmax(single_until, work->problem.tolerance)) {
        progress->single = false;
        pace->unknown = true;
    } else if (pace->moved <= margin * work->problem.tolerance && pace->direct) {
        turn(work);
    } else if (pace->moved <= margin * work->problem.tolerance) {
        /* a step from the network itself is to tell */
        pace->unknown = true;
    }
}
