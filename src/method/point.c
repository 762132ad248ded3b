/* One result of a method, many fields of a record: what a field means for which model is
 * decided here and nowhere else, so that archive, JSON and figures agree.
 *
 * A chain starts cold and each point continues from the one before: a record depends on the
 * points before it in its chain, hence on the job, and on nothing else that this rank ever did.
 */
#include "phasesweep/method/point.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "phasesweep/base/check.h"
#include "phasesweep/model/method_facts.h"
#include "phasesweep/model/model.h"
#include "phasesweep/theory/bayes.h"
#include "phasesweep/theory/continuation.h"
#include "phasesweep/theory/decomposition.h"
#include "phasesweep/theory/measured_phase.h"
#include "phasesweep/theory/optimum.h"
#include "phasesweep/theory/spectrum_tables.h"
#include "point_line.h"

double point_clock(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void point_complete(const Problem *problem, double seconds, Record *record)
{
    assert(problem->samples > 0.0 && seconds >= 0.0);
    double *value = record->value;
    value[FIELD_SAMPLES] = problem->samples;
    value[FIELD_EFFECTIVE] = problem_effective_samples(problem);
    value[FIELD_WEIGHT_DECAY] = problem->weight_decay;
    value[FIELD_NUCLEAR] = problem_nuclear_weight(problem);
    value[FIELD_WIDTH] = problem->width;
    value[FIELD_SECONDS] = seconds;
    /* theory.md section 1; NAN, no risk, stays NAN */
    value[FIELD_PREDICTION_RISK] = value[FIELD_RISK] * model_of(problem)->prediction_per_risk;
}

/* A phase that cannot be told is absent. */
static double phase_code(Phase phase)
{
    return phase == PHASE_NONE ? NAN : (double)phase;
}

/* Notation of theory.md sections 2 and 3. */
static void put_overlaps(const Overlaps *o, double value[])
{
    value[FIELD_RISK] = o->risk;
    value[FIELD_OVERLAP_Q] = o->q;
    value[FIELD_OVERLAP_M] = o->m;
    value[FIELD_TRACE] = o->trace;
    value[FIELD_RANK] = o->rank;
}

/* The data term of the objective is sum res^2 / d^2, or sum res^2 / 2 (theory.md section 1). */
static double mean_of_data_term(const Problem *problem)
{
    return model_of(problem)->squares_per_loss(problem) / problem->samples;
}

static void put_evolution(const Problem *problem, const Teacher *teacher, const Evolution *e,
                          double value[])
{
    assert(e->outcome != OUTCOME_FAILED);
    put_overlaps(&e->overlaps, value);
    value[FIELD_DELTA] = e->delta;
    value[FIELD_THRESHOLD] = e->threshold;
    value[FIELD_OBJECTIVE] = e->objective;
    value[FIELD_TRAIN_LOSS] = e->train_loss * mean_of_data_term(problem);
    value[FIELD_RESIDUAL] = e->residual;
    value[FIELD_EXPONENT_SAMPLES] = e->exponent_samples;
    value[FIELD_EXPONENT_WEIGHT_DECAY] = e->exponent_weight_decay;
    value[FIELD_PHASE_MEASURED] = phase_code(phase_measured(problem, teacher, e));
}

struct PointWork {
    EvolutionWork evolution; /* teacher and scratch; a chain forgets its neighbour */
    Bands bands;             /* gaps of the teacher */
    BayesWork *bayes;        /* what is known of its denoising error */
};

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
    bands_free(&work->bands);
    evolution_free(&work->evolution);
    free(work);
}

/* Theory.md section 7.  The split of the risk and the bulk belong to a matrix: the diagonal
 * network has none. */
static void put_spectrum(PointWork *work, const Evolution *e, double value[])
{
    const SpectrumWork spectrum = {&work->evolution.overlaps, &work->bands};
    assert(e->outcome == OUTCOME_CONVERGED && e->delta > 0.0);
    /* the law of the eigenvalues is parametrised by delta^2 */
    const double t = e->delta * e->delta;
    const Decomposition split = spectrum_decompose(spectrum, t, e->threshold);
    const SpectrumForecast forecast = spectrum_forecast(spectrum, t, e->threshold);
    value[FIELD_OVERFITTING] = split.overfitting;
    value[FIELD_UNDERFITTING] = split.underfitting;
    value[FIELD_APPROXIMATION] = split.approximation;
    value[FIELD_CROSS] = split.cross;
    value[FIELD_OUTLIERS] = forecast.learned;
    value[FIELD_BULK_EDGE] = forecast.bulk_edge;
}

/* Only where the sweep asks for it: a quantile for every eigenvalue costs more than the
 * point. */
static void put_portrait(PointWork *work, const Evolution *e, const Series *series, size_t k,
                         double value[])
{
    const SpectrumWork spectrum = {&work->evolution.overlaps, &work->bands};
    const double t = e->delta * e->delta;
    if (series->length[SERIES_DENSITY] == 0) {
        return;
    }
    spectrum_table_density(
        spectrum, t, e->threshold, series_row(series, SERIES_DENSITY_POSITION, k),
        series_row(series, SERIES_DENSITY, k), series->length[SERIES_DENSITY]);
    spectrum_table_outliers(
        spectrum, t, e->threshold, series_row(series, SERIES_OUTLIER_POSITION, k),
        series_row(series, SERIES_OUTLIER_OVERLAP, k), series->length[SERIES_OUTLIER_POSITION]);
    const TailFit tail = spectrum_table_tail(spectrum, t, e->threshold);
    value[FIELD_TAIL_EXPONENT] = tail.exponent;
    value[FIELD_TAIL_ERROR] = tail.error;
}

/* A point that failed has no numbers but what it cost; one that did not converge has its best
 * iterate, without the spectrum of something that is no solution. */
static Record record_of_evolution(const Chain *chain, size_t k, const Problem *problem,
                                  const Evolution *e)
{
    PointWork *work = chain->team->work;
    Record record = record_empty();
    record.outcome = e->outcome;
    record.value[FIELD_ITERATIONS] = e->iterations;
    record.value[FIELD_PHASE_PREDICTED] = phase_code(phase_predicted(problem));
    if (e->outcome != OUTCOME_FAILED) {
        put_evolution(problem, &work->evolution.overlaps.teacher, e, record.value);
    }
    if (e->outcome == OUTCOME_CONVERGED && model_has(problem->model, TRAIT_MATRIX)) {
        put_spectrum(work, e, record.value);
        put_portrait(work, e, chain->series, k, record.value);
    }
    return record;
}

/* Always finishes: a chain takes too short to be stopped in it. */
static bool solve_evolution(const Chain *chain)
{
    PointWork *work = chain->team->work;
    /* no neighbour from the chain before: results must not depend on who computed what
     * earlier */
    evolution_forget(&work->evolution);
    for (size_t k = 0; k < chain->count; k++) {
        const Problem *problem = &chain->problems[k];
        const double start = point_clock();
        const Evolution e = evolution_solve(&work->evolution, problem);
        chain->records[k] = record_of_evolution(chain, k, problem, &e);
        point_complete(problem, point_clock() - start, &chain->records[k]);
    }
    return true;
}

/* The best weight decay or, where the job gives a nuclear weight, the best width. */
static Optimum optimise(PointWork *work, const Problem *problem)
{
    if (isnan(problem->weight_decay)) {
        return optimal_weight_decay(&work->evolution, problem);
    }
    const Optimum best = optimal_width(&work->evolution, problem);
    /* other widths were tried after it; the spectrum is asked for next */
    work->evolution.overlaps.width = best.width;
    return best;
}

static bool solve_optimal(const Chain *chain)
{
    PointWork *work = chain->team->work;
    evolution_forget(&work->evolution);
    for (size_t k = 0; k < chain->count; k++) {
        assert(chain->problems[k].method == METHOD_OPTIMAL);
        Problem problem = chain->problems[k];
        const double start = point_clock();
        const bool width = !isnan(problem.weight_decay);
        const Optimum best = optimise(work, &problem);
        problem.weight_decay = best.weight_decay;
        problem.width = best.width;
        if (best.evolution.outcome == OUTCOME_FAILED) {
            /* a place that was not found */
            (width ? &problem.width : &problem.weight_decay)[0] = NAN;
        }
        chain->records[k] = record_of_evolution(chain, k, &problem, &best.evolution);
        chain->records[k].value[width ? FIELD_OPTIMAL_WIDTH : FIELD_OPTIMAL_WEIGHT_DECAY] =
            width ? problem.width : problem.weight_decay;
        chain->records[k].value[FIELD_ITERATIONS] = best.iterations;
        point_complete(&problem, point_clock() - start, &chain->records[k]);
    }
    return true;
}

/* The diagonal network has two numbers: with the signs of the coefficients known, and without
 * (theory.md section 6). */
static Record record_of_bayes(BayesWork *work, const Problem *problem)
{
    Record record = record_empty();
    double *value = record.value;
    const Bayes bayes = bayes_solve(work, problem, false);
    record.outcome = bayes.outcome;
    value[FIELD_ITERATIONS] = bayes.iterations;
    value[FIELD_RISK] = bayes_best(&bayes)->risk;
    value[FIELD_DELTA] = bayes_best(&bayes)->delta;
    value[FIELD_RESIDUAL] = bayes_best(&bayes)->residual;
    value[FIELD_RISK_UNINFORMED] = bayes.root[0].risk;
    value[FIELD_SOLUTIONS] = bayes.roots;
    if (model_has(problem->model, TRAIT_SIGNS)) {
        const Bayes unsigned_prior = bayes_solve(work, problem, true);
        value[FIELD_RISK_SIGNS] = bayes_best(&unsigned_prior)->risk;
        value[FIELD_ITERATIONS] += unsigned_prior.iterations;
        if (unsigned_prior.outcome != OUTCOME_CONVERGED) {
            record.outcome = unsigned_prior.outcome;
        }
    }
    return record;
}

static bool solve_bayes(const Chain *chain)
{
    for (size_t k = 0; k < chain->count; k++) {
        assert(chain->problems[k].method == METHOD_BAYES);
        const double start = point_clock();
        chain->records[k] = record_of_bayes(chain->team->work->bayes, &chain->problems[k]);
        point_complete(&chain->problems[k], point_clock() - start, &chain->records[k]);
    }
    return true;
}

/* A new method is a row here. */
static bool (*const solvers[METHOD_COUNT])(const Chain *chain) = {
    [METHOD_STATE_EVOLUTION] = solve_evolution,
    [METHOD_BAYES] = solve_bayes,
    [METHOD_OPTIMAL] = solve_optimal,
    [METHOD_TRAINING] = point_train,
    [METHOD_AMP] = point_amp,
};

bool point_solve(const PointTeam *team, const Problem problems[], size_t count,
                 Record records[], const Series *series)
{
    const Chain chain = {.team = team,
                         .problems = problems,
                         .count = count,
                         .records = records,
                         .series = series};
    assert(count > 0 && solvers[problems[0].method] != NULL);
    assert(team != NULL && team->work != NULL && records != NULL);
    for (size_t k = 0; k < count; k++) {
        series_clear(series, k);
    }
    return solvers[problems[0].method](&chain);
}

static void print_field(FieldId field, double value)
{
    const char *name = record_fields[field].name;
    if (!isfinite(value)) {
        return;
    }
    assert(field >= 0 && field < FIELD_COUNT);
    if (record_fields[field].kind == FIELD_PHASE) {
        printf(", \"%s\": \"%s\"", name, phase_name((Phase)value));
    } else {
        printf(", \"%s\": %.15g", name, value);
    }
}

/* JSON has no NAN: those at the end are padding, one before it is null. */
static void print_series(const Series *series, SeriesId id)
{
    const double *row = series_row(series, id, 0);
    size_t count = series->length[id];
    while (count > 0 && isnan(row[count - 1])) {
        count--;
    }
    if (count == 0) {
        return;
    }
    printf(", \"%s\": [", record_series[id].name);
    for (size_t k = 0; k < count; k++) {
        const char *comma = k > 0 ? ", " : "";
        isfinite(row[k]) ? printf("%s%.15g", comma, row[k]) : printf("%snull", comma);
    }
    printf("]");
}

void point_print(const Problem *problem, const Record *record, const Series *series)
{
    printf("{\"model\": \"%s\", \"method\": \"%s\", \"outcome\": \"%s\"",
           model_name(problem->model), method_name(problem->method),
           outcome_name(record->outcome));
    /* absent and infinite alike are left out: JSON has neither */
    for (FieldId field = 0; field < FIELD_COUNT; field++) {
        print_field(field, record->value[field]);
    }
    for (SeriesId id = 0; id < SERIES_COUNT; id++) {
        print_series(series, id);
    }
    printf("}\n");
}
