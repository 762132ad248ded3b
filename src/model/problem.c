#include "phasesweep/model/problem.h"

#include <assert.h>

#include "phasesweep/model/model.h"

const char *model_name(ModelId id)
{
    return model_row(id)->name;
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
    return problem->samples / model_of(problem)->samples_per_effective(problem);
}

double problem_nuclear_weight(const Problem *problem)
{
    return problem->weight_decay * model_of(problem)->nuclear_factor(problem);
}

double problem_weight_decay(const Problem *problem, double nuclear_weight)
{
    return nuclear_weight / model_of(problem)->nuclear_factor(problem);
}
