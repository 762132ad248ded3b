#include "phasesweep/model/model.h"

#include <assert.h>
#include <stddef.h>

/* The place of a row is part of the file format: content ids of chains depend on it. */
static const Model *const models[MODEL_COUNT] = {
    [MODEL_QUADRATIC] = &model_quadratic, [MODEL_DIAGONAL] = &model_diagonal,
    [MODEL_RIDGE] = &model_ridge,         [MODEL_SIGNED] = &model_signed,
    [MODEL_NEURONS] = &model_neurons,
};

const Model *model_row(ModelId id)
{
    assert(id >= 0 && id < MODEL_COUNT && models[id] != NULL);
    return models[id];
}

const Model *model_of(const Problem *problem)
{
    return model_row(problem->model);
}

bool model_has(ModelId id, unsigned traits)
{
    return (model_row(id)->traits & traits) == traits;
}

bool model_is_narrow(const Problem *problem)
{
    return model_has(problem->model, TRAIT_MATRIX) && problem->width < problem->dimension;
}

bool model_is_convex(const Problem *problem)
{
    /* neurons are trained on their weights, whatever the activation */
    const bool weights =
        model_has(problem->model, TRAIT_NEURONS) && problem->method == METHOD_TRAINING;
    return !model_is_narrow(problem) && problem_power(problem) == 1.0 && !weights;
}
