/* The table of methods, and what they share. */
#include "phasesweep/method/method.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "phasesweep/base/check.h"
#include "phasesweep/model/features.h"
#include "phasesweep/model/model.h"
#include "methods.h"

static const Method *const methods[METHOD_COUNT] = {
    [METHOD_STATE_EVOLUTION] = &method_state_evolution,
    [METHOD_BAYES] = &method_bayes,
    [METHOD_OPTIMAL] = &method_optimal,
    [METHOD_TRAINING] = &method_training,
    [METHOD_AMP] = &method_amp,
    [METHOD_FLOW] = &method_flow,
    [METHOD_DESCENT] = &method_descent,
};

const double program_bytes = 36e6;

static const Method *method_of(const Problem *problem)
{
    assert(problem->method >= 0 && problem->method < METHOD_COUNT);
    return methods[problem->method];
}

PointWork *point_work(void)
{
    PointWork *work = checked_alloc(1, sizeof *work);
    work->evolution = evolution_work();
    work->bayes = bayes_create();
    return work;
}

void point_work_free(PointWork *work)
{
    bayes_free(work->bayes);
    specialisation_free(&work->neurons.specialisation);
    bands_free(&work->bands);
    evolution_free(&work->evolution);
    free(work);
}

bool point_solve(const PointTeam *team, const Problem problems[], size_t count,
                 Record records[], const Series *series)
{
    const Chain chain = {.team = team,
                         .problems = problems,
                         .count = count,
                         .records = records,
                         .series = series,
                         .begun = point_clock()};
    assert(count > 0 && problems != NULL);
    assert(team != NULL && team->work != NULL && records != NULL);
    for (size_t k = 0; k < count; k++) {
        series_clear(series, k);
    }
    PointWork *work = team->work;
    const Interrupt ask = {chain_stopping, (void *)&chain};
    work->evolution.interrupt = ask;
    bayes_interrupt(work->bayes, ask);
    const bool finished = method_of(&problems[0])->solve(&chain);
    work->evolution.interrupt = (Interrupt){0};
    bayes_interrupt(work->bayes, (Interrupt){0});
    return finished;
}

double method_seconds(const Problem *problem, bool first, double *fixed)
{
    return method_of(problem)->seconds(problem, first, fixed);
}

double method_memory(const Problem *problem, int ranks, SampleStore store, double limit)
{
    assert(ranks >= 1 && store != STORE_AUTO && limit > 0.0);
    const double room = fmax(limit - program_bytes, 1.0);
    return program_bytes + method_of(problem)->memory(problem, ranks, store, room);
}

static double block_size(const Problem *problem)
{
    return fmin(problem->block_size, problem->dimension);
}

/* Of one evaluation of all blocks of a LASSO (block_soft.h), measured in CPU time a coordinate
 * at B = 10: 90, 145, 350, 1400 and 7500 us at rho = .1, .5, .9, .99 and .999, up to twice as
 * much or half of it by where the point is; at B = 50 some 1.4 times that, at B = 256 .8 to
 * 2.5 times.  Of more than 48 blocks some are nodes of a rule, some 20 an octave. */
static double soft_seconds(const Problem *problem)
{
    const double size = block_size(problem);
    const double blocks = ceil(problem->dimension / size);
    const double runs = fmin(blocks, 48.0 + 20.0 * fmax(log2(blocks / 48.0), 0.0));
    const double rest = 1.0 - problem->block_correlation;
    return size * runs * (5.5e-5 * pow(rest, -0.7) + 4.5e-5) *
           pow(fmin(size, 50.0) / 10.0, 0.2);
}

/* Ridge regression decomposes each block once in a chain and goes through its eigenvectors at
 * each evaluation, measured at d = 2000 and 20000, B = 10, 50 and 256. */
static double ridge_seconds(const Problem *problem, bool first, double evaluations)
{
    const double size = block_size(problem);
    const double once = first ? size * (5.3e-10 * size + 3e-8) : 0.0;
    return problem->dimension * (once + evaluations * (1.1e-8 * size + 1e-7));
}

static double blocks_seconds(const TheoryPrice *price, const Problem *problem, bool first)
{
    const double evaluations = first ? price->evaluations_first : price->evaluations;
    return model_has(problem->model, TRAIT_SQUARED) ? ridge_seconds(problem, first, evaluations)
                                                    : evaluations * soft_seconds(problem);
}

double theory_seconds(const TheoryPrice *price, const Problem *problem, bool first,
                      double *fixed)
{
    const bool matrix = model_has(problem->model, TRAIT_MATRIX);
    if (features_are_turned(problem)) {
        return *fixed = price->first + price->cube * pow(problem->dimension, 3.0);
    }
    if (features_are_aligned(problem)) {
        return *fixed = price->first + price->coordinate * problem->dimension;
    }
    if (features_are_correlated(problem)) {
        return *fixed = blocks_seconds(price, problem, first);
    }
    const double warm = model_is_narrow(problem) ? price->narrow
                        : matrix                 ? price->matrix
                                                 : price->vector;
    const double decades = fmax(log10(problem->dimension / 100.0), 0.0);
    return *fixed = (first ? fmax(price->first, warm) : warm) * (1.0 + price->growth * decades);
}

/* Two complex numbers for every coordinate of a block and node of omega, whose step sees a
 * common noise that is spread by up to 1 + size rho/(1 - rho) (block_soft.h): 20 kB at B = 10
 * and rho = .5, 75 MB at 256 and .999. */
static double blocks_memory(const Problem *problem)
{
    const double rho = problem->block_correlation;
    const double size = block_size(problem);
    const double nodes = 18.0 * sqrt(1.0 + size * rho / (1.0 - rho)) + 16.0;
    return 32.0 * size * nodes;
}

double theory_memory(const Problem *problem, int ranks, SampleStore store, double limit)
{
    (void)limit;
    (void)ranks;
    (void)store;
    if (features_are_correlated(problem) && !model_has(problem->model, TRAIT_MATRIX)) {
        /* eigenvectors of all blocks, or nodes of one */
        return model_has(problem->model, TRAIT_SQUARED)
                   ? 8.0 * problem->dimension * (block_size(problem) + 2.0)
                   : blocks_memory(problem);
    }
    /* three matrices, and two of a decomposition at work (overlaps_turned.c) */
    return features_are_turned(problem) ? 5.0 * 8.0 * pow(problem->dimension, 2.0) : 0.0;
}

double point_clock(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

bool chain_stopping(void *context)
{
    const Chain *chain = context;
    const PointTeam *team = chain->team;
    return team->stopping != NULL && point_clock() - chain->begun > 0.5 &&
           team->stopping(team->context);
}

void point_complete(const Problem *problem, double seconds, Record *record)
{
    assert(problem->samples > 0.0 && seconds >= 0.0);
    double *value = record->value;
    for (FieldId field = FIELD_SAMPLES; field <= FIELD_WIDTH; field++) {
        value[field] = record_resolved(problem, field);
    }
    value[FIELD_SECONDS] = seconds;
    /* theory.md section 1; NAN, no risk, stays NAN; of other features, and of a linear unit,
     * the method knows */
    const bool twice = problem->features == FEATURES_GAUSSIAN && !problem->linear_unit &&
                       !model_has(problem->model, TRAIT_NEURONS);
    if (twice || !model_has(problem->model, TRAIT_MATRIX)) {
        value[FIELD_PREDICTION_RISK] =
            value[FIELD_RISK] * model_of(problem)->prediction_per_risk;
    }
    if (!isfinite(value[FIELD_PREDICTION_RISK])) {
        value[FIELD_PREDICTION_RISK] = NAN; /* no fourth moment */
    }
}
