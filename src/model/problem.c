#include "phasesweep/model/problem.h"

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
    /* a duality gap is relative to the objective and proves what is left to gain; a residual
     * of the equations is an error of the solution itself, and costs next to nothing to make
     * smaller, but for the matrix denoiser behind a Bayes risk */
    return method_trains(method) ? 1e-6 : method == METHOD_BAYES ? 1e-7 : 1e-9;
}

double problem_effective_samples(const Problem *problem)
{
    assert(problem->dimension >= 1.0);
    return problem->model == MODEL_QUADRATIC ? problem->samples / problem->dimension
                                             : problem->samples;
}

/* sqrt(p/d) of theory.md section 1: at fixed lambda, sweeping p moves lt. */
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
