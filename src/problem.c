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

const char *store_name(SampleStore store)
{
    static const char *const names[STORE_COUNT] = {
        [STORE_AUTO] = "auto",
        [STORE_DOUBLE] = "double",
        [STORE_FLOAT] = "float",
        [STORE_NONE] = "none",
    };
    assert(store >= 0 && store < STORE_COUNT);
    return names[store];
}

bool method_trains(Method method)
{
    return method == METHOD_TRAINING || method == METHOD_AMP;
}

bool method_decays(Method method)
{
    return method != METHOD_BAYES && method != METHOD_OPTIMAL;
}

double method_tolerance(Method method)
{
    return method_trains(method) ? 1e-6 : 1e-9;
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
