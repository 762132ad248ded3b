/* State evolution becomes a record.
 *
 * A chain starts cold and each point continues from the one before: a record depends on the
 * points before it in its chain, hence on the job, and on nothing else that this rank ever did.
 */
#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "phasesweep/base/check.h"
#include "phasesweep/model/features.h"
#include "phasesweep/model/model.h"
#include "phasesweep/theory/decomposition.h"
#include "phasesweep/theory/measured_phase.h"
#include "phasesweep/theory/spectrum_tables.h"
#include "methods.h"

/* A phase that cannot be told is absent. */
static double phase_code(Phase phase)
{
    return phase == PHASE_NONE ? NAN : (double)phase;
}

/* Notation of theory.md sections 2 and 3. */
static void put_overlaps(const Problem *problem, const Overlaps *o, double value[])
{
    value[FIELD_RISK] = o->risk;
    value[FIELD_PREDICTION_RISK] =
        model_of(problem)->prediction_per_risk * (o->risk + o->surplus);
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
    put_overlaps(problem, &e->overlaps, value);
    value[FIELD_DELTA] = e->delta;
    value[FIELD_THRESHOLD] = e->threshold;
    value[FIELD_OBJECTIVE] = e->objective;
    value[FIELD_TRAIN_LOSS] = e->train_loss * mean_of_data_term(problem);
    value[FIELD_RESIDUAL] = e->residual;
    value[FIELD_STABILITY] = e->stability;
    value[FIELD_STEEPNESS] = e->steepness;
    value[FIELD_SOLUTIONS] = e->solutions;
    value[FIELD_RISK_UNINFORMED] = e->risk_uninformed;
    value[FIELD_EXPONENT_SAMPLES] = e->exponent_samples;
    value[FIELD_EXPONENT_WEIGHT_DECAY] = e->exponent_weight_decay;
    value[FIELD_PHASE_MEASURED] = phase_code(phase_measured(problem, teacher, e));
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
    point_put_tail(&tail, value);
}

/* The spectrum of a network that is the teacher. */
static void put_truth(const Teacher *teacher, const Series *series, size_t k, double value[])
{
    const double d = teacher->dimension;
    value[FIELD_OVERFITTING] = value[FIELD_UNDERFITTING] = 0.0;
    value[FIELD_APPROXIMATION] = value[FIELD_CROSS] = 0.0;
    value[FIELD_OUTLIERS] = d;
    for (size_t i = 0; i < series->length[SERIES_OUTLIER_POSITION] && (double)i < d; i++) {
        series_row(series, SERIES_OUTLIER_POSITION, k)[i] =
            teacher_eigenvalue(teacher, (double)i + 1.0);
        series_row(series, SERIES_OUTLIER_OVERLAP, k)[i] = 1.0;
    }
}

/* Bands are those of a teacher that noise is added to, cut above 0. */
static bool has_spectrum(const Problem *problem, const Evolution *e)
{
    /* of S >= 0 */
    return model_has(problem->model, TRAIT_MATRIX) &&
           !model_has(problem->model, TRAIT_INDEFINITE) && !features_are_aligned(problem) &&
           !features_are_turned(problem) && (e->threshold > 0.0 || e->delta == 0.0);
}

/* A point that failed has no numbers but what it cost; one that did not converge has its best
 * iterate, without the spectrum of something that is no solution. */
Record record_of_evolution(const Chain *chain, size_t k, const Problem *problem,
                           const Evolution *e, FieldId found)
{
    PointWork *work = chain->team->work;
    Record record = record_empty();
    record.outcome = e->outcome;
    record.value[FIELD_ITERATIONS] = e->iterations;
    record.value[FIELD_PHASE_PREDICTED] = phase_code(phase_predicted(problem));
    if (e->outcome != OUTCOME_FAILED) {
        put_evolution(problem, &work->evolution.overlaps.teacher, e, record.value);
    }
    if (found != FIELD_COUNT) {
        record.value[found] =
            found == FIELD_OPTIMAL_WIDTH ? problem->width : problem->weight_decay;
    }
    point_check_answer(problem, &record);
    if (record.outcome == OUTCOME_CONVERGED && has_spectrum(problem, e)) {
        if (e->delta == 0.0) {
            put_truth(&work->evolution.overlaps.teacher, chain->series, k, record.value);
        } else {
            put_spectrum(work, e, record.value);
            put_portrait(work, e, chain->series, k, record.value);
        }
    }
    return record;
}

/* Points of deeper networks from `first` on, which are solved together; *end: the first that is
 * not. */
static bool solve_deep(const Chain *chain, size_t first, size_t *end)
{
    PointWork *work = chain->team->work;
    const double start = point_clock();
    size_t k = first;
    while (k < chain->count && problem_power(&chain->problems[k]) < 1.0) {
        k++;
    }
    *end = k;
    const size_t count = k - first;
    if (count == 0) {
        return true;
    }
    Evolution *solved = checked_alloc(count, sizeof *solved);
    bool finished =
        evolution_branches(&work->evolution, &chain->problems[first], count, solved);
    const double seconds = (point_clock() - start) / (double)count;
    for (size_t j = 0; j < count && finished; j++) {
        const Problem *problem = &chain->problems[first + j];
        const double begun = point_clock();
        evolution_take(&work->evolution, problem); /* whose spectrum is asked for */
        chain->records[first + j] =
            record_of_evolution(chain, first + j, problem, &solved[j], FIELD_COUNT);
        point_complete(problem, seconds + point_clock() - begun, &chain->records[first + j]);
        finished = !chain_stopping((void *)chain);
    }
    free(solved);
    return finished;
}

/* A quadratic student of a teacher of neurons is a quadratic network with other noise. */
static bool solve_neurons(const Chain *chain, size_t k)
{
    PointWork *work = chain->team->work;
    const Problem *problem = &chain->problems[k];
    const double start = point_clock();
    const NeuronMoments *moments = point_neurons(work, problem);
    const Problem quadratic = neuron_as_quadratic(problem, moments);
    const Evolution e = evolution_solve(&work->evolution, &quadratic);
    if (chain_stopping((void *)chain)) {
        return false;
    }
    chain->records[k] = record_of_evolution(chain, k, &quadratic, &e, FIELD_COUNT);
    point_put_neurons(problem, moments, &chain->records[k]);
    point_complete(problem, point_clock() - start, &chain->records[k]);
    return true;
}

static bool solve(const Chain *chain)
{
    PointWork *work = chain->team->work;
    /* no neighbour from the chain before: results must not depend on who computed what
     * earlier */
    evolution_forget(&work->evolution);
    for (size_t k = 0; k < chain->count; k++) {
        if (!solve_deep(chain, k, &k)) {
            return false;
        }
        if (k == chain->count) {
            break;
        }
        const Problem *problem = &chain->problems[k];
        const double start = point_clock();
        if (model_has(problem->model, TRAIT_NEURONS)) {
            if (!solve_neurons(chain, k)) {
                return false;
            }
            continue;
        }
        const Evolution e = evolution_solve(&work->evolution, problem);
        if (chain_stopping((void *)chain)) {
            return false;
        }
        chain->records[k] = record_of_evolution(chain, k, problem, &e, FIELD_COUNT);
        point_complete(problem, point_clock() - start, &chain->records[k]);
    }
    return true;
}

/* Seconds, the fields of a record among them, measured at d = 100, 1000, 10^4: 2.4e-5, 6e-5,
 * 8.6e-5 quadratic, 9e-6, 2e-5, 2.6e-5 diagonal; at 10^6 and 10^8, in steps of .1
 * decades, 1.7e-4 and 5e-4 quadratic.  Cold at d = 100, 10^4: 1e-4, 5e-4; narrow at d = 400,
 * 1000: 9e-4, 1.3e-3. Deeper networks, each point of which looks for several solutions: 3e-4
 * and 1e-4 at 10^4.  Of vectors on correlated features 4 to 10 evaluations cold, two thirds of
 * that in a chain.  Beyond 10^6 more, and most in the wide steps of powers of d: with 40
 * weights from d^-2 to d^3 (exponents.yaml) 3.6 times from 10^6 to 10^8, both networks. */
static const double growth_of_large = 0.2; /* power of d beyond large */
static const double large = 1e6;

static double seconds(const Problem *problem, bool first, double *fixed)
{
    static const TheoryPrice price = {1.2e-4, 2.4e-5, 7e-6, 5e-4, 4e-5, 2e-8, 1.6, 7.0, 4.5};
    const double deeper = problem_power(problem) < 1.0 ? 3.0 : 1.0;
    const double beyond = pow(fmax(problem->dimension / large, 1.0), growth_of_large);
    const double all = beyond * deeper * theory_seconds(&price, problem, first, fixed);
    *fixed *= beyond * deeper;
    return all;
}

const Method method_state_evolution = {solve, seconds, theory_memory};
