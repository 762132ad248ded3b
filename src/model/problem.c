#include "phasesweep/model/problem.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "phasesweep/model/model.h"

const char *model_name(ModelId id)
{
    return model_row(id)->name;
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

const char *directions_name(TeacherDirections directions)
{
    assert(directions >= 0 && directions < DIRECTIONS_COUNT);
    return directions == DIRECTIONS_GAUSSIAN ? "gaussian" : "orthonormal";
}

const char *readout_name(Readout readout)
{
    assert(readout >= 0 && readout < READOUT_COUNT);
    return readout == READOUT_TRAINED ? "trained" : "fixed";
}

static Activation activation_by(const Problem *problem, ActivationId id)
{
    Activation activation = {.id = id};
    memcpy(activation.coefficient, problem->hermite, sizeof activation.coefficient);
    return activation;
}

Activation problem_activation(const Problem *problem)
{
    return activation_by(problem, problem->activation);
}

Activation problem_teacher_activation(const Problem *problem)
{
    return activation_by(problem, problem->teacher_activation);
}

double problem_effective_samples(const Problem *problem)
{
    assert(problem->dimension >= 1.0);
    return problem->samples / model_of(problem)->samples_per_effective(problem);
}

double problem_power(const Problem *problem)
{
    const double least = model_of(problem)->depth_least;
    return problem->depth > least && least > 0.0 ? least / problem->depth : 1.0;
}

double problem_nuclear_weight(const Problem *problem)
{
    return problem->weight_decay * model_of(problem)->nuclear_factor(problem);
}

double problem_time_decay(const Problem *problem)
{
    const double d = problem->dimension;
    return model_has(problem->model, TRAIT_MATRIX)
               ? problem_nuclear_weight(problem) * d * d / (4.0 * problem->samples)
               : problem->weight_decay * sqrt(d) / problem->samples;
}

double problem_weight_decay(const Problem *problem, double nuclear_weight)
{
    return nuclear_weight / model_of(problem)->nuclear_factor(problem);
}

/* |S*|^2 = d bounds its largest eigenvalue. */
double problem_flow_steps(const Problem *problem)
{
    return problem->time * sqrt(problem->dimension) / FLOW_GROWTH_MOST;
}
