#include "phasesweep/point.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <time.h>

#include "phasesweep/evolution.h"
#include "phasesweep/phases.h"

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* A phase that cannot be told is absent. */
static double phase_code(Phase phase)
{
    return phase == PHASE_NONE ? NAN : (double)phase;
}

static void put_overlaps(const Overlaps *o, double value[])
{
    value[FIELD_RISK] = o->risk;
    value[FIELD_OVERLAP_Q] = o->q;
    value[FIELD_OVERLAP_M] = o->m;
    value[FIELD_TRACE] = o->trace;
    value[FIELD_RANK] = o->rank;
}

static Record record_of_evolution(const Problem *problem, const Teacher *teacher,
                                  const Evolution *e)
{
    Record record = record_empty();
    double *value = record.value;
    record.outcome = e->outcome;
    value[FIELD_ITERATIONS] = e->iterations;
    value[FIELD_PHASE_PREDICTED] = phase_code(phase_predicted(problem));
    if (e->outcome == OUTCOME_FAILED) {
        return record;
    }
    put_overlaps(&e->overlaps, value);
    value[FIELD_DELTA] = e->delta;
    value[FIELD_THRESHOLD] = e->threshold;
    value[FIELD_OBJECTIVE] = e->objective;
    value[FIELD_TRAIN_LOSS] = e->train_loss;
    value[FIELD_RESIDUAL] = e->residual;
    value[FIELD_EXPONENT_SAMPLES] = e->exponent_samples;
    value[FIELD_EXPONENT_WEIGHT_DECAY] = e->exponent_weight_decay;
    value[FIELD_PHASE_MEASURED] = phase_code(phase_measured(problem, teacher, e));
    return record;
}

/* What every method has. */
static void complete(const Problem *problem, double seconds, Record *record)
{
    double *value = record->value;
    value[FIELD_SAMPLES] = problem->samples;
    value[FIELD_EFFECTIVE] = problem_effective_samples(problem);
    value[FIELD_WEIGHT_DECAY] = problem->weight_decay;
    value[FIELD_NUCLEAR] = problem_nuclear_weight(problem);
    value[FIELD_WIDTH] = problem->width;
    value[FIELD_SECONDS] = seconds;
    value[FIELD_PREDICTION_RISK] =
        value[FIELD_RISK] * (problem->model == MODEL_QUADRATIC ? 2.0 : 1.0);
}

static void solve_evolution(const Problem problems[], size_t count, Record records[])
{
    EvolutionWork work = evolution_work();
    for (size_t k = 0; k < count; k++) {
        const double start = now();
        const Evolution e = evolution_solve(&work, &problems[k]);
        records[k] = record_of_evolution(&problems[k], &work.overlaps.teacher, &e);
        complete(&problems[k], now() - start, &records[k]);
    }
    evolution_free(&work);
}

/* A new method is a row here. */
static void (*const solvers[METHOD_COUNT])(const Problem problems[], size_t count,
                                           Record records[]) = {
    [METHOD_STATE_EVOLUTION] = solve_evolution,
};

void point_solve(const Problem problems[], size_t count, Record records[])
{
    assert(count > 0 && solvers[problems[0].method] != NULL);
    solvers[problems[0].method](problems, count, records);
}

static void print_field(FieldId field, double value)
{
    const char *name = record_fields[field].name;
    if (!isfinite(value)) {
        return;
    }
    if (record_fields[field].kind == FIELD_PHASE) {
        printf(", \"%s\": \"%s\"", name, phase_name((Phase)value));
    } else {
        printf(", \"%s\": %.15g", name, value);
    }
}

void point_print(const Problem *problem, const Record *record)
{
    printf("{\"model\": \"%s\", \"method\": \"%s\", \"outcome\": \"%s\"",
           model_name(problem->model), method_name(problem->method),
           outcome_name(record->outcome));
    for (FieldId field = 0; field < FIELD_COUNT; field++) {
        print_field(field, record->value[field]);
    }
    printf("}\n");
}
