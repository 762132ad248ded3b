/* Population gradient flow becomes a record. */
#include "phasesweep/theory/flow.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"
#include "phasesweep/model/model.h"
#include "methods.h"

/* Values that the tail is fitted to: the time of the fit goes with their square. */
enum { TAIL_FITTED = 2048 };

static size_t kept_values(const Problem *problem)
{
    return (size_t)fmin(problem->dimension, FLOW_STORED);
}

/* Stable rank and participation do not ask for small eigenvalues one by one. */
static void put_spectrum(const FlowPoint *point, double norm, const double spectrum[],
                         size_t count, double value[])
{
    const TailFit tail = summary_tail(spectrum, count < TAIL_FITTED ? count : TAIL_FITTED, 0.0);
    const double square = point->overlap_q * norm;
    value[FIELD_RANK] = point->rank;
    value[FIELD_STABLE_RANK] = square / (point->largest * point->largest);
    point_put_tail(&tail, value);
    value[FIELD_FEATURE_OVERLAP] = point->feature_overlap;
}

static Record record_of(const Problem *problem, const FlowPoint *point, const double spectrum[],
                        size_t count)
{
    Record record = record_empty();
    double *value = record.value;
    const bool matrix = model_has(problem->model, TRAIT_MATRIX);
    /* sums over i from means: theta's are sums already */
    const double norm = matrix ? problem->dimension : 1.0;
    const double trace = point->trace * norm;
    if (!isfinite(point->risk)) {
        return record_unsolved(problem, OUTCOME_FAILED);
    }
    record.outcome = OUTCOME_CONVERGED;
    value[FIELD_RISK] = point->risk;
    value[FIELD_OVERLAP_Q] = point->overlap_q;
    value[FIELD_OVERLAP_M] = point->overlap_m;
    value[FIELD_TRACE] = point->trace;
    value[FIELD_PARTICIPATION] = trace * trace / (point->overlap_q * norm);
    value[FIELD_ITERATIONS] = point->steps;
    value[FIELD_EXPONENT_TIME] = point->exponent;
    put_spectrum(point, norm, spectrum, count, value);
    return record;
}

static bool solve(const Chain *chain)
{
    const size_t count = kept_values(&chain->problems[0]);
    double *spectrum = checked_alloc(count, sizeof *spectrum);
    Flow *flow = flow_create(&chain->problems[0]);
    bool going_on = true;
    for (size_t k = 0; k < chain->count && going_on; k++) {
        const Problem *problem = &chain->problems[k];
        assert(problem->method == METHOD_FLOW);
        const double start = point_clock();
        const FlowPoint point = flow_at(flow, problem->time, count, spectrum);
        double *row = series_row(chain->series, SERIES_EIGENVALUES, k);
        if (row != NULL) {
            memcpy(row, spectrum, count * sizeof *row);
        }
        chain->records[k] = record_of(problem, &point, spectrum, count);
        point_complete(problem, point_clock() - start, &chain->records[k]);
        going_on = !chain_stopping((void *)chain);
    }
    flow_free(flow);
    free(spectrum);
    return going_on;
}

static double seconds(const Problem *problem, bool first, double *fixed)
{
    /* the start is drawn */
    return *fixed = flow_seconds(problem) * (first ? 2.0 : 1.0);
}

static double memory(const Problem *problem, int ranks, SampleStore store, double limit)
{
    (void)ranks;
    (void)store;
    (void)limit;
    return flow_memory(problem);
}

const Method method_flow = {solve, seconds, memory};
