/* f = a.(w o x) / sqrt(d), theta = a o w / sqrt(d): the LASSO (theory.md section 1). */
#include <math.h>

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
    const double q = problem_power(problem);
    const double factor =
        q == 1.0 ? sqrt(problem->dimension) : pow(problem->dimension, 0.5 * q) / q;
    return (Channel){.capacity = problem->samples,
                     .noise = problem->noise,
                     .weight = problem->weight_decay * factor};
}

/* The data term is sum res^2 / 2. */
static double squares_per_loss(const Problem *problem)
{
    (void)problem;
    return 2.0;
}

static double teacher_per_coefficient(const Problem *problem)
{
    return sqrt(problem->dimension);
}

/* (log d)^(2 gamma/(2 gamma - 1)); log d below 1 would turn it around. */
static double noise_line(double source_exponent, double dimension)
{
    return log(fmax(log(dimension), 1.0)) / log(dimension) * 2.0 * source_exponent /
           (2.0 * source_exponent - 1.0);
}

const Model model_diagonal = {
    .name = "diagonal",
    .traits = TRAIT_SIGNS | TRAIT_LAYERS | TRAIT_POWER_LAW,
    .methods = ALL_METHODS,
    .side_most = 100000, /* a longer vector is a slip of the pen */
    .depth_least = 2.0,
    .penalty_scale = 1.0,
    .loss_scale = 0.5,
    .prediction_per_risk = 1.0,
    .phases = {.overfitting_exponent = 0.0, .noise_line = noise_line}, /* -1/log t: no power */
    .samples_per_effective = samples_per_effective,
    .nuclear_factor = nuclear_factor,
    .channel = channel,
    .squares_per_loss = squares_per_loss,
    .teacher_per_coefficient = teacher_per_coefficient,
};
