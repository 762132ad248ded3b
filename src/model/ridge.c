/* f = theta.x, the penalty |theta|^2: linear regression with weight decay, on the data of the
 * diagonal network (theory.md section 10).  Training minimises sum (y - f)^2 + lambda
 * |theta|^2. */
#include <math.h>
#include <stddef.h>

#include "phasesweep/model/model.h"

static double samples_per_effective(const Problem *problem)
{
    (void)problem;
    return 1.0;
}

static double nuclear_factor(const Problem *problem)
{
    (void)problem;
    return 1.0;
}

static Channel channel(const Problem *problem)
{
    return (Channel){
        .capacity = problem->samples, .noise = problem->noise, .weight = problem->weight_decay};
}

/* The data term is sum res^2. */
static double squares_per_loss(const Problem *problem)
{
    (void)problem;
    return 1.0;
}

static double teacher_per_coefficient(const Problem *problem)
{
    return sqrt(problem->dimension);
}

const Model model_ridge = {
    .name = "ridge",
    .traits = TRAIT_SIGNS | TRAIT_SQUARED | TRAIT_POWER_LAW,
    .methods = ALL_METHODS & ~(1u << METHOD_AMP | 1u << METHOD_FLOW | 1u << METHOD_DESCENT),
    .side_most = 46000, /* LAPACK counts the Gram matrix, d^2, in 32 bits */
    .penalty_scale = 1.0,
    .loss_scale = 1.0,
    .prediction_per_risk = 1.0,
    .phases = {.noise_line = NULL}, /* the table is not of this network */
    .samples_per_effective = samples_per_effective,
    .nuclear_factor = nuclear_factor,
    .channel = channel,
    .squares_per_loss = squares_per_loss,
    .teacher_per_coefficient = teacher_per_coefficient,
};
