#include "phasesweep/model/method_facts.h"

#include <assert.h>
#include <stddef.h>

#include "phasesweep/model/model.h"

/* A duality gap is relative to the objective and proves what is left to gain; a residual of the
 * equations is an error of the solution itself, and costs next to nothing to make smaller, but
 * for the matrix denoiser behind a Bayes risk. */
static const MethodFacts facts[METHOD_COUNT] = {
    [METHOD_STATE_EVOLUTION] = {.name = "state_evolution",
                                .tolerance = 1e-9,
                                .takes_weight = true,
                                .takes_width = true,
                                .predicts = true},
    [METHOD_BAYES] = {.name = "bayes",
                      .tolerance = 1e-7,
                      .stands_alone = true,
                      .knows_signs = true},
    [METHOD_OPTIMAL] = {.name = "optimal",
                        .tolerance = 1e-9,
                        .stands_alone = true,
                        .optimises = true,
                        .takes_width = true,
                        .predicts = true},
    [METHOD_TRAINING] = {.name = "training",
                         .tolerance = 1e-6,
                         .draws_data = true,
                         .shares_data = true,
                         .stands_alone = true,
                         .takes_weight = true,
                         .takes_width = true},
    /* of message passing for a network that is cut to its width there is no theory */
    [METHOD_AMP] = {.name = "amp",
                    .tolerance = 1e-6,
                    .draws_data = true,
                    .stands_alone = true,
                    .takes_weight = true,
                    .passes_messages = true},
    [METHOD_FLOW] = {.name = "flow",
                     .tolerance = 1e-9,
                     .stands_alone = true,
                     .takes_weight = true,
                     .takes_width = true,
                     .in_time = true},
    [METHOD_DESCENT] = {.name = "descent",
                        .tolerance = 1e-6,
                        .draws_data = true,
                        .stands_alone = true,
                        .takes_weight = true,
                        .takes_width = true,
                        .in_time = true},
};

const MethodFacts *method_facts(MethodId id)
{
    assert(id >= 0 && id < METHOD_COUNT && facts[id].name != NULL);
    return &facts[id];
}

const char *method_name(MethodId id)
{
    return method_facts(id)->name;
}

bool point_stands_alone(const Problem *problem)
{
    const MethodFacts *its = method_facts(problem->method);
    return its->stands_alone && !(its->shares_data && !model_is_convex(problem));
}
