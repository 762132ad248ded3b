/* The Bayes-optimal risk becomes a record. */
#include <assert.h>
#include <math.h>

#include "phasesweep/model/model.h"
#include "methods.h"

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

/* Before anything specialises: what is learned of the quadratic part, the rest being noise. */
static Record record_of_universal(PointWork *work, const Problem *problem)
{
    NeuronMoments moments = *point_neurons(work, problem);
    moments.lost = 0.0; /* a linear unit and a bias are part of what is best */
    moments.quadratic = fabs(moments.quadratic);
    const Problem quadratic = neuron_as_quadratic(problem, &moments);
    Record record = record_of_bayes(work->bayes, &quadratic);
    point_check_answer(&quadratic, &record);
    moments.quadratic = point_neurons(work, problem)->quadratic;
    point_put_neurons(problem, &moments, &record);
    return record;
}

static Record record_of(PointWork *work, const Problem *problem)
{
    if (model_has(problem->model, TRAIT_NEURONS)) {
        const bool quadratic = point_neurons(work, problem)->quadratic != 0.0;
        return !quadratic                         ? point_specialised(work, problem)
               : problem->readout_exponent == 0.0 ? point_alike(work, problem)
                                                  : record_of_universal(work, problem);
    }
    Record record = record_of_bayes(work->bayes, problem);
    point_check_answer(problem, &record);
    return record;
}

static bool solve(const Chain *chain)
{
    for (size_t k = 0; k < chain->count; k++) {
        assert(chain->problems[k].method == METHOD_BAYES);
        const double start = point_clock();
        chain->records[k] = record_of(chain->team->work, &chain->problems[k]);
        if (chain_stopping((void *)chain)) {
            return false;
        }
        point_complete(&chain->problems[k], point_clock() - start, &chain->records[k]);
    }
    return true;
}

/* Are all neurons of a teacher with a quadratic part alike? */
static bool is_alike(const Problem *problem)
{
    const Activation activation = problem_teacher_activation(problem);
    return model_has(problem->model, TRAIT_NEURONS) && problem->readout_exponent == 0.0 &&
           activation_curvature(&activation) != 0.0;
}

/* Have the teacher's neurons no quadratic part, so that each is learned or not? */
static bool is_specialised(const Problem *problem)
{
    const Activation activation = problem_teacher_activation(problem);
    return model_has(problem->model, TRAIT_NEURONS) && activation_curvature(&activation) == 0.0;
}

/* Seconds, measured at d = 100, 1000, 10^4, the table of the denoising error among them: .5, 2,
 * 7e-3 quadratic, 1, 3, 5e-3 diagonal. */
static double seconds(const Problem *problem, bool first, double *fixed)
{
    if (is_alike(problem)) { /* a scan of one unknown, whatever d; the series is made once */
        *fixed = 0.0;
        return first ? 1.4e-2 : 3.3e-3;
    }
    if (is_specialised(problem)) { /* a branch a neuron: 5 and 70 ms for 30 and 300 */
        return *fixed = 2.3e-4 * problem->teacher_width;
    }
    static const TheoryPrice price = {4e-3, 1.1e-3, 1.1e-3, 1.1e-3, 0.0, 0.0, 2.0, 0.0, 0.0};
    return theory_seconds(&price, problem, first, fixed);
}

const Method method_bayes = {solve, seconds, theory_memory};
