#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"
#include "phasesweep/numerics/rng.h"
#include "narrow_state.h"

/* Starts are compared, and single precision ends, at this estimate of what is left: rounding
 * in single precision moves F by about 1e-7 of it. */
static const double comparable = 1e-6;
static const double single_rounding = 1e-7;

void narrow_gather(NarrowWork *work, const double share[])
{
    MPI_Allgatherv(share, work->count[work->rank], MPI_DOUBLE, work->factor, work->count,
                   work->begin, MPI_DOUBLE, work->team);
}

/* This rank's share of W ~ N(0, 1), the same network for any team. */
static void draw_start(const NarrowWork *work, int start, double share[])
{
    const double scale = pow((double)work->p * work->d, -0.25);
    const int first = work->begin[work->rank];
    double *row = checked_alloc((size_t)work->d, sizeof *row);
    int drawn = -1;
    for (int k = 0; k < work->count[work->rank]; k++) {
        const int neuron = (first + k) / work->d;
        if (neuron != drawn) {
            rng_normals((uint64_t)work->problem.seed, RNG_PROBE,
                        (uint64_t)start * (uint64_t)work->p + (uint64_t)neuron, work->d, row);
            drawn = neuron;
        }
        share[k] = scale * row[(first + k) % work->d];
    }
    free(row);
}

/* ---- evaluation ---------------------------------------------------------------------- */

/* F, and its gradient -(4/d^2) sum r Z F + 2 (lt/d) F at a rank's share of the variables. */
static double add_penalty(NarrowWork *work, double loss, const double factor[], double sum[],
                          const double share[], double gradient[])
{
    const double d = work->d;
    const size_t variables = (size_t)work->d * (size_t)work->p;
    double square = 0.0;
    for (size_t k = 0; k < variables; k++) {
        square += factor[k] * factor[k];
        sum[k] *= -4.0 / (d * d);
    }
    MPI_Reduce_scatter(sum, gradient, work->count, MPI_DOUBLE, MPI_SUM, work->team);
    for (int k = 0; k < work->count[work->rank]; k++) {
        gradient[k] += 2.0 * work->weight / d * share[k];
    }
    return loss / (d * d) + work->weight / d * square;
}

/* All descents that still run, in one pass over the data: side by side their products are
 * wide enough to be fast (bench_narrow). */
static void evaluate(NarrowWork *work)
{
    assert(work->weight > 0.0);
    const size_t variables = (size_t)work->d * (size_t)work->p;
    const int mine = work->count[work->rank];
    double *loss = checked_alloc((size_t)work->together, sizeof *loss);
    double *gradient;
    int running = 0;
    for (int k = 0; k < narrow_descents(work); k++) {
        if (lbfgs_running(work->lbfgs[k])) {
            MPI_Allgatherv(lbfgs_trial(work->lbfgs[k], &gradient), mine, MPI_DOUBLE,
                           work->factor + (size_t)running * variables, work->count, work->begin,
                           MPI_DOUBLE, work->team);
            running++;
        }
    }
    narrow_pass_run(&work->pass, running, work->factor, loss);
    work->progress.evaluations += running;
    running = 0;
    for (int k = 0; k < narrow_descents(work); k++) {
        if (lbfgs_running(work->lbfgs[k])) {
            const size_t at = (size_t)running * variables;
            const double *trial = lbfgs_trial(work->lbfgs[k], &gradient);
            const double value = add_penalty(work, loss[running], work->factor + at,
                                             work->pass.sum + at, trial, gradient);
            lbfgs_tell(work->lbfgs[k], value);
            running++;
        }
    }
    free(loss);
}

/* ---- stages -------------------------------------------------------------------------- */

int narrow_descents(const NarrowWork *work)
{
    return work->progress.stage == NARROW_SEARCH ? work->progress.group : 1;
}

static LbfgsSettings settings_of(const NarrowWork *work, double relative)
{
    LbfgsSettings settings = lbfgs_defaults();
    settings.relative = relative;
    settings.rounding = work->pass.single ? single_rounding : settings.rounding;
    settings.evaluation_limit = work->limit;
    return settings;
}

static void begin_group(NarrowWork *work, int first)
{
    work->pass.single = !work->settings.double_only;
    const LbfgsSettings settings = settings_of(work, comparable);
    const int left = work->settings.starts - first;
    work->progress.stage = NARROW_SEARCH;
    work->progress.first = first;
    work->progress.group = left < work->together ? left : work->together;
    for (int k = 0; k < work->progress.group; k++) {
        draw_start(work, first + k, work->share);
        lbfgs_forget(work->lbfgs[k]);
        lbfgs_begin(work->lbfgs[k], work->share, &settings);
    }
}

static void begin_polish(NarrowWork *work)
{
    work->pass.single = false;
    const LbfgsSettings settings = settings_of(work, work->problem.tolerance);
    work->progress.stage = NARROW_POLISH;
    lbfgs_begin(work->lbfgs[0], work->best, &settings);
}

/* The lowest of the ends is kept; its descent, which knows the curvature there, goes on unless
 * it was of an earlier group. */
static void end_group(NarrowWork *work)
{
    NarrowProgress *progress = &work->progress;
    int lowest = -1;
    for (int k = 0; k < progress->group; k++) {
        const Lbfgs end = lbfgs_report(work->lbfgs[k], work->share);
        const bool first = progress->first + k == 0;
        progress->highest = first ? end.value : fmax(progress->highest, end.value);
        /* also after a start that ended at NAN */
        if (first || (!isnan(end.value) && !(progress->lowest <= end.value))) {
            progress->lowest = end.value;
            progress->iterations = end.iterations;
            memcpy(work->best, work->share,
                   (size_t)work->count[work->rank] * sizeof *work->best);
            lowest = k;
        }
    }
    if (lowest > 0) {
        LbfgsWork *const swap = work->lbfgs[0];
        work->lbfgs[0] = work->lbfgs[lowest];
        work->lbfgs[lowest] = swap;
    } else if (lowest < 0) {
        lbfgs_forget(work->lbfgs[0]);
    }
    if (progress->first + progress->group < work->settings.starts) {
        begin_group(work, progress->first + progress->group);
    } else {
        begin_polish(work);
    }
}

void narrow_begin_point(NarrowWork *work)
{
    work->progress = (NarrowProgress){0};
    if (work->started) {
        begin_polish(work);
    } else {
        begin_group(work, 0);
    }
}

void narrow_step(NarrowWork *work)
{
    const bool search = work->progress.stage == NARROW_SEARCH;
    bool running = false;
    for (int k = 0; k < narrow_descents(work); k++) {
        running |= lbfgs_running(work->lbfgs[k]);
    }
    work->pass.single = search && !work->settings.double_only;
    if (running) {
        evaluate(work);
    } else if (search) {
        end_group(work);
    } else {
        work->progress.stage = NARROW_END;
    }
}
