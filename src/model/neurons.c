/* f = sum_k v_k sigma(w_k.x) with unit rows w_k and sum v_k^2 = 1 (theory.md section 16).
 * Training minimises sum (y - f)^2 + lambda |W|^2; what the quadratic student of it amounts to
 * is said in theory/neurons.h. */
#include <math.h>
#include <stddef.h>

#include "phasesweep/model/model.h"

static double samples_per_effective(const Problem *problem)
{
    return problem->dimension;
}

static double nuclear_factor(const Problem *problem)
{
    return sqrt(problem->width / problem->dimension);
}

/* of a quadratic student of a quadratic teacher */
static Channel channel(const Problem *problem)
{
    const double d = problem->dimension;
    return (Channel){.capacity = 2.0 * problem->samples / d / d,
                     .noise = 0.5 * problem->noise,
                     .weight = 0.5 * problem_nuclear_weight(problem)};
}

static double squares_per_loss(const Problem *problem)
{
    return problem->dimension * problem->dimension;
}

static double teacher_per_coefficient(const Problem *problem)
{
    (void)problem;
    return 1.0;
}

const Model model_neurons = {
    .name = "neurons",
    .traits = TRAIT_MATRIX | TRAIT_NEURONS,
    .methods = 1u << METHOD_STATE_EVOLUTION | 1u << METHOD_BAYES | 1u << METHOD_TRAINING,
    .side_most = 46000,
    .penalty_scale = 2.0,
    .loss_scale = 1.0,
    .prediction_per_risk = 1.0, /* R is the error of the output */
    .phases = {.noise_line = NULL},
    .samples_per_effective = samples_per_effective,
    .nuclear_factor = nuclear_factor,
    .channel = channel,
    .squares_per_loss = squares_per_loss,
    .teacher_per_coefficient = teacher_per_coefficient,
};
