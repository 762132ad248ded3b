#include "phasesweep/point.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <time.h>

#include "phasesweep/evolution.h"

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static Record record_of(const Problem *problem, const Evolution *e, double seconds)
{
    Record record = {.outcome = e->outcome};
    double *value = record.value;
    for (int field = 0; field < FIELD_COUNT; field++) {
        value[field] = NAN;
    }
    value[FIELD_SAMPLES] = problem->samples;
    value[FIELD_EFFECTIVE] = problem_effective_samples(problem);
    value[FIELD_WEIGHT_DECAY] = problem->weight_decay;
    value[FIELD_NUCLEAR] = problem_nuclear_weight(problem);
    value[FIELD_WIDTH] = problem->width;
    value[FIELD_ITERATIONS] = e->iterations;
    value[FIELD_SECONDS] = seconds;
    if (e->outcome == OUTCOME_FAILED) {
        return record;
    }
    value[FIELD_RISK] = e->overlaps.risk;
    value[FIELD_PREDICTION_RISK] = 2.0 * e->overlaps.risk;
    value[FIELD_DELTA] = e->delta;
    value[FIELD_THRESHOLD] = e->threshold;
    value[FIELD_OVERLAP_Q] = e->overlaps.q;
    value[FIELD_OVERLAP_M] = e->overlaps.m;
    value[FIELD_TRACE] = e->overlaps.trace;
    value[FIELD_RANK] = e->overlaps.rank;
    value[FIELD_OBJECTIVE] = e->objective;
    value[FIELD_RESIDUAL] = e->residual;
    return record;
}

void point_solve(const Problem problems[], size_t count, Record records[])
{
    EvolutionWork work = evolution_work();
    for (size_t k = 0; k < count; k++) {
        const Problem *p = &problems[k];
        assert(p->method == METHOD_STATE_EVOLUTION);
        const double start = now();
        const Evolution e = evolution_solve(&work, p);
        records[k] = record_of(p, &e, now() - start);
    }
    evolution_free(&work);
}

void point_print(const Problem *problem, const Record *record)
{
    printf("{\"model\": \"%s\", \"method\": \"%s\", \"outcome\": \"%s\"",
           model_name(problem->model), method_name(problem->method),
           outcome_name(record->outcome));
    for (int field = FIELD_RISK; field < FIELD_COUNT; field++) {
        if (isfinite(record->value[field])) {
            printf(", \"%s\": %.15g", record_fields[field].name, record->value[field]);
        }
    }
    printf("}\n");
}
