/* Does a record stand that its solver calls converged?  Only its own numbers are looked at, and
 * what holds of every solution whatever the parameters. */
#include <math.h>

#include "phasesweep/model/features.h"
#include "phasesweep/model/method_facts.h"
#include "phasesweep/model/model.h"
#include "phasesweep/theory/model_theory.h"
#include "methods.h"

/* What rounding is to bounds of order 1. */
static const double slack = 1e-9;

/* |log| of left over right side of an equation: 0 if both are 0, INFINITY if no number. */
static double apart(double left, double right)
{
    const double error = left == right ? 0.0 : fabs(log(left / right));
    return isfinite(error) ? error : INFINITY;
}

/* (E1) of theory.md sections 2, 3 and 14 in a form that holds for t below the range of doubles.
 */
static double noise_error(const Problem *problem, const Channel *channel, const double value[])
{
    const double delta = value[FIELD_DELTA];
    /* in units of R: what the kurtosis of rows adds to it, too */
    const double risk =
        matrix_kurtosis(problem) != 0.0
            ? value[FIELD_PREDICTION_RISK] / model_of(problem)->prediction_per_risk
            : value[FIELD_RISK];
    return 2.0 * apart(sqrt(channel->capacity) * delta, sqrt(risk + channel->noise));
}

/* Is D no function of the overlaps alone?  Where the threshold jumps, and of ridge regression
 * where variances differ, it takes the penalty too. */
static bool asks_penalty(const Problem *problem)
{
    return problem_power(problem) < 1.0 ||
           (!features_are_isotropic(problem) && model_has(problem->model, TRAIT_SQUARED));
}

/* D from the other overlaps, and what rounding leaves of it; the penalty of the solution is
 * what the objective has beside the data term. */
static double divergence_of(const Problem *problem, double share, const double value[],
                            double *rounding)
{
    const Model *model = model_of(problem);
    const double b = value[FIELD_THRESHOLD];
    const double t = value[FIELD_DELTA] * value[FIELD_DELTA];
    const Overlaps others = {.q = value[FIELD_OVERLAP_Q],
                             .m = value[FIELD_OVERLAP_M],
                             .trace = value[FIELD_TRACE],
                             .rank = value[FIELD_RANK]};
    const double q = problem_power(problem);
    if (!asks_penalty(problem)) {
        return model_theory(problem->model)->divergence(&others, t, b, rounding);
    }
    const double penalty = value[FIELD_OBJECTIVE] - model->loss_scale * share * share * t;
    const double divergence =
        divergence_of_penalty(&others, t, penalty / model->penalty_scale / share * q, rounding);
    *rounding += 1e-13 * value[FIELD_OBJECTIVE] / model->penalty_scale / share / t;
    return divergence;
}

/* (E2), D from the other overlaps.  A weight decay that is a limit has no such equation, and
 * where rows have a kurtosis they do not tell D. */
static double threshold_error(const Problem *problem, const Channel *channel,
                              const double value[])
{
    if (!(channel->weight > 0.0 && isfinite(channel->weight)) ||
        matrix_kurtosis(problem) != 0.0) {
        return 0.0;
    }
    const Threshold threshold = threshold_of(problem_power(problem));
    const double share = channel->weight / threshold_weight(&threshold, value[FIELD_THRESHOLD]);
    double rounding;
    const double divergence = divergence_of(problem, share, value, &rounding);
    return fmax(0.0,
                apart(channel->capacity, divergence + share) - rounding / channel->capacity);
}

/* What every S has: |m| <= sqrt(q).  What the best has: an objective that S = 0 does not beat,
 * and R <= 1 if the weight decay is free to grow. */
static bool within_bounds(const Problem *problem, const Channel *channel, const double value[])
{
    const double risk = value[FIELD_RISK];
    const double q = value[FIELD_OVERLAP_Q];
    const double low = pow(1.0 - sqrt(q), 2.0);
    const double high = pow(1.0 + sqrt(q), 2.0);
    /* E f*^2 is at most that at a teacher that is diagonal */
    const double most = 1.0 + 0.5 * fmax(matrix_kurtosis(problem), 0.0);
    const double zero =
        model_of(problem)->loss_scale * channel->capacity * (most + channel->noise);
    const bool free = isfinite(value[FIELD_OPTIMAL_WEIGHT_DECAY]) ||
                      value[FIELD_OPTIMAL_WEIGHT_DECAY] == INFINITY;
    return q >= 0.0 && risk >= low - slack * (1.0 + q) && risk <= high + slack * (1.0 + q) &&
           (model_is_narrow(problem) || value[FIELD_OBJECTIVE] <= zero * (1.0 + 1e-6)) &&
           (!free || risk <= 1.0 + slack);
}

void point_check_answer(const Problem *problem, Record *record)
{
    double *value = record->value;
    const MethodFacts *facts = method_facts(problem->method);
    if (!outcome_is_good(record->outcome)) {
        return;
    }
    /* without a truth there is no risk, which is no failure of a training */
    const FieldId essential = facts->draws_data ? FIELD_OBJECTIVE : FIELD_RISK;
    if (!isfinite(value[essential])) {
        const double iterations = value[FIELD_ITERATIONS];
        *record = record_unsolved(problem, OUTCOME_FAILED);
        value[FIELD_ITERATIONS] = iterations;
        return;
    }
    bool good = !(value[FIELD_RISK] < 0.0);
    if (good && !facts->draws_data) {
        const Channel channel = model_of(problem)->channel(problem);
        double error = noise_error(problem, &channel, value);
        if (facts->predicts) {
            error = fmax(error, threshold_error(problem, &channel, value));
            good = within_bounds(problem, &channel, value);
        } else {
            good = value[FIELD_RISK] <= 1.0 + slack && !(value[FIELD_RISK_SIGNS] < 0.0) &&
                   !(value[FIELD_RISK_SIGNS] > 1.0 + slack);
        }
        if (error > problem->tolerance + 1e-12) {
            good = false;
            value[FIELD_RESIDUAL] = fmax(value[FIELD_RESIDUAL], error);
        }
    }
    if (!good) {
        record->outcome = OUTCOME_NOT_CONVERGED;
    }
}
