#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"
#include "phasesweep/numerics/rng.h"
#include "adam.h"
#include "neurons_state.h"

void neurons_gather(NeuronsWork *work, const double share[])
{
    MPI_Allgatherv(share, work->count[work->rank], MPI_DOUBLE, work->variables, work->count,
                   work->begin, MPI_DOUBLE, work->team);
}

double neurons_penalty(const NeuronsWork *work)
{
    double square = 0.0;
    for (int k = 0; k < work->free; k++) {
        square += work->variables[k] * work->variables[k];
    }
    return work->problem.weight_decay * square;
}

/* This rank's share of the gradient of the loss over these quanta, or all rows; returns the
 * loss of the rows that it has. */
static double evaluate(NeuronsWork *work, const double share[], const int64_t quanta[],
                       int64_t count, double slope[])
{
    neurons_gather(work, share);
    const double loss = neurons_pass_run(&work->pass, work->variables, quanta, count);
    MPI_Reduce_scatter(work->pass.sum, slope, work->count, MPI_DOUBLE, MPI_SUM, work->team);
    return loss;
}

/* ---- Adam -------------------------------------------------------------------------------- */

typedef struct Place {
    double at;
    int64_t quantum;
} Place;

static int ascending(const void *a, const void *b)
{
    const double x = ((const Place *)a)->at;
    const double y = ((const Place *)b)->at;
    return (x > y) - (x < y);
}

/* The same for any team. */
static void shuffle(NeuronsWork *work, int64_t epoch)
{
    const int64_t row = ((int64_t)work->progress.start << 32) + epoch;
    if (work->order_of == row) {
        return;
    }
    const size_t quanta = (size_t)work->quanta;
    Place *place = checked_alloc(quanta, sizeof *place);
    double *uniform = checked_alloc(quanta, sizeof *uniform);
    rng_uniforms((uint64_t)work->problem.seed, RNG_BATCHES, (uint64_t)row, (int)quanta,
                 uniform);
    for (size_t k = 0; k < quanta; k++) {
        place[k] = (Place){.at = uniform[k], .quantum = (int64_t)k};
    }
    qsort(place, quanta, sizeof *place, ascending);
    for (size_t k = 0; k < quanta; k++) {
        work->order[k] = place[k].quantum;
    }
    work->order_of = row;
    free(uniform);
    free(place);
}

/* Rows of these quanta: whole ones, but the last of all. */
static double rows_of(const NeuronsWork *work, const int64_t quanta[], int64_t count)
{
    double rows = 0.0;
    for (int64_t k = 0; k < count; k++) {
        const int64_t left = work->data->samples - quanta[k] * SAMPLES_QUANTUM;
        rows += left < SAMPLES_QUANTUM ? (double)left : SAMPLES_QUANTUM;
    }
    return rows;
}

/* On F/n, estimated from one batch; the rate goes to 0 as a cosine. */
static void adam_step(NeuronsWork *work)
{
    NeuronsProgress *progress = &work->progress;
    const int mine = work->count[work->rank];
    const int64_t batch = progress->step % work->batches;
    const int64_t from = work->quanta * batch / work->batches;
    const int64_t count = work->quanta * (batch + 1) / work->batches - from;
    shuffle(work, progress->step / work->batches);
    evaluate(work, work->share, work->order + from, count, work->slope);
    const double scale = 1.0 / rows_of(work, work->order + from, count);
    const double decay = 2.0 * work->problem.weight_decay / work->problem.samples;
    for (int k = 0; k < mine; k++) {
        work->slope[k] = scale * work->slope[k] + decay * work->share[k];
    }
    const double done = (double)progress->step / (double)work->steps;
    const double rate = 0.5 * work->problem.learning_rate * (1.0 + cos(M_PI * done));
    progress->step++;
    progress->evaluations += batch + 1 == work->batches;
    const AdamStep adam = {.rate = rate, .slope = 1.0, .steps = progress->step};
    adam_move(&adam, (size_t)mine, work->slope, work->mean, work->square, work->share);
}

/* ---- L-BFGS ------------------------------------------------------------------------------ */

static void begin_descent(NeuronsWork *work)
{
    LbfgsSettings settings = lbfgs_defaults();
    settings.relative = work->problem.tolerance;
    settings.evaluation_limit = work->limit;
    work->progress.stage = NEURONS_DESCENT;
    lbfgs_forget(work->lbfgs);
    lbfgs_begin(work->lbfgs, work->share, &settings);
}

static void descend(NeuronsWork *work)
{
    double *slope;
    const double *trial = lbfgs_trial(work->lbfgs, &slope);
    double loss = evaluate(work, trial, NULL, 0, slope);
    MPI_Allreduce(MPI_IN_PLACE, &loss, 1, MPI_DOUBLE, MPI_SUM, work->team);
    for (int k = 0; k < work->count[work->rank]; k++) {
        slope[k] += 2.0 * work->problem.weight_decay * trial[k];
    }
    work->progress.evaluations++;
    lbfgs_tell(work->lbfgs, loss + neurons_penalty(work));
}

/* ---- stages ------------------------------------------------------------------------------ */

/* This rank's share of W, a ~ N(0, 1), the same network for any team. */
static void draw_start(NeuronsWork *work)
{
    const size_t d = (size_t)work->d;
    const int first = work->begin[work->rank];
    const int neurons = work->p + (work->free > work->d * work->p);
    const uint64_t start = (uint64_t)work->progress.start * (uint64_t)(work->p + 1);
    double *row = checked_alloc(d > (size_t)work->p ? d : (size_t)work->p, sizeof *row);
    for (int neuron = 0; neuron < neurons; neuron++) {
        const int count = neuron < work->p ? work->d : work->p;
        rng_normals((uint64_t)work->problem.seed, RNG_PROBE, start + (uint64_t)neuron, count,
                    row);
        for (int i = 0; i < count; i++) {
            const int k = neuron * work->d + i - first;
            if (k >= 0 && k < work->count[work->rank]) {
                work->share[k] = row[i];
            }
        }
    }
    free(row);
}

static void begin_start(NeuronsWork *work, int start)
{
    const size_t mine = (size_t)work->count[work->rank] * sizeof(double);
    work->progress.start = start;
    work->progress.step = 0;
    memset(work->mean, 0, mine);
    memset(work->square, 0, mine);
    draw_start(work);
    work->progress.stage = NEURONS_ADAM;
}

/* The lowest of the ends is kept. */
static void end_start(NeuronsWork *work)
{
    NeuronsProgress *progress = &work->progress;
    const Lbfgs end = lbfgs_report(work->lbfgs, work->share);
    const bool first = isnan(progress->lowest);
    progress->highest = first ? end.value : fmax(progress->highest, end.value);
    if (first || end.value < progress->lowest) {
        progress->lowest = end.value;
        progress->outcome = end.outcome;
        progress->estimate = end.estimate;
        progress->iterations = (int)progress->step + end.iterations;
        memcpy(work->best, work->share, (size_t)work->count[work->rank] * sizeof *work->best);
    }
    if (progress->start < progress->last) {
        begin_start(work, progress->start + 1);
    } else {
        progress->stage = NEURONS_END;
    }
}

void neurons_begin_point(NeuronsWork *work)
{
    work->progress = (NeuronsProgress){.lowest = NAN, .highest = NAN};
    work->progress.last = work->started ? 0 : work->settings.starts - 1;
    if (work->started) {
        memcpy(work->share, work->best, (size_t)work->count[work->rank] * sizeof(double));
        begin_descent(work);
    } else {
        begin_start(work, 0);
    }
}

void neurons_step(NeuronsWork *work)
{
    const NeuronsProgress *progress = &work->progress;
    if (progress->stage == NEURONS_ADAM && progress->step < work->steps) {
        adam_step(work);
    } else if (progress->stage == NEURONS_ADAM) {
        begin_descent(work);
    } else if (lbfgs_running(work->lbfgs)) {
        descend(work);
    } else {
        end_start(work);
    }
}

void neurons_hurry(NeuronsWork *work)
{
    work->limit = 1;
    work->steps = work->progress.step;
    work->progress.last = work->progress.start;
    if (work->progress.stage == NEURONS_DESCENT) {
        lbfgs_limit(work->lbfgs, work->limit);
    }
}
