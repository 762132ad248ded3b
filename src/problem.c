#include "phasesweep/problem.h"

#include <assert.h>
#include <math.h>

const char *model_name(Model model)
{
    static const char *const names[MODEL_COUNT] = {
        [MODEL_QUADRATIC] = "quadratic",
        [MODEL_DIAGONAL] = "diagonal",
    };
    assert(model >= 0 && model < MODEL_COUNT);
    return names[model];
}

const char *method_name(Method method)
{
    static const char *const names[METHOD_COUNT] = {
        [METHOD_STATE_EVOLUTION] = "state_evolution",
        [METHOD_BAYES] = "bayes",
        [METHOD_OPTIMAL] = "optimal",
        [METHOD_TRAINING] = "training",
        [METHOD_AMP] = "amp",
    };
    assert(method >= 0 && method < METHOD_COUNT);
    return names[method];
}

double problem_effective_samples(const Problem *problem)
{
    return problem->model == MODEL_QUADRATIC ? problem->samples / problem->dimension
                                             : problem->samples;
}

static double nuclear_factor(const Problem *problem)
{
    return problem->model == MODEL_QUADRATIC ? sqrt(problem->width / problem->dimension) : 1.0;
}

double problem_nuclear_weight(const Problem *problem)
{
    return problem->weight_decay * nuclear_factor(problem);
}

double problem_weight_decay(const Problem *problem, double nuclear_weight)
{
    return nuclear_weight / nuclear_factor(problem);
}
