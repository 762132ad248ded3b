/* f = Tr[S (x x^T - I)] / sqrt(d), S = W^T W / sqrt(p d) (theory.md section 1); and the same
 * with S = W^T diag(a) W / sqrt(p d), a_k = +-1 (section 13). */
#include <math.h>
#include <stddef.h>

#include "phasesweep/model/model.h"

static double samples_per_effective(const Problem *problem)
{
    return problem->dimension;
}

/* At fixed lambda, sweeping p moves lt.  Of h layers h (p d)^(1/(2 h)) / d. */
static double nuclear_factor(const Problem *problem)
{
    const double q = problem_power(problem);
    const double p = problem->width;
    const double d = problem->dimension;
    return q == 1.0 ? sqrt(p / d) : pow(p * d, 0.5 * q) / d / q;
}

static Channel channel(const Problem *problem)
{
    const double d = problem->dimension;
    return (Channel){.capacity = 2.0 * problem->samples / d / d,
                     .noise = 0.5 * problem->noise,
                     .weight = 0.5 * problem_nuclear_weight(problem)};
}

/* The data term is sum res^2 / d^2. */
static double squares_per_loss(const Problem *problem)
{
    return problem->dimension * problem->dimension;
}

static double teacher_per_coefficient(const Problem *problem)
{
    (void)problem;
    return 1.0;
}

/* d^(4 gamma/(14 gamma - 5)) */
static double noise_line(double source_exponent, double dimension)
{
    (void)dimension;
    return 4.0 * source_exponent / (14.0 * source_exponent - 5.0);
}

const Model model_quadratic = {
    .name = "quadratic",
    .traits = TRAIT_MATRIX | TRAIT_LAYERS | TRAIT_POWER_LAW,
    .methods = ALL_METHODS,
    .side_most = 46000, /* LAPACK counts its workspace, n^2 and some, in 32 bits */
    .spread_most = 100000,
    .depth_least = 1.0,
    .penalty_scale = 2.0,
    .loss_scale = 1.0,
    .prediction_per_risk = 2.0,
    .phases = {.overfitting_exponent = 0.4, .noise_line = noise_line},
    .samples_per_effective = samples_per_effective,
    .nuclear_factor = nuclear_factor,
    .channel = channel,
    .squares_per_loss = squares_per_loss,
    .teacher_per_coefficient = teacher_per_coefficient,
};

/* At p >= d every symmetric S is one of its networks, and the least |W|_F^2 / sqrt(p d) of
 * those with that S is the sum of |eigenvalues|: lt is the weight of |S|_*. */
const Model model_signed = {
    .name = "signed",
    .traits = TRAIT_MATRIX | TRAIT_SIGNS | TRAIT_INDEFINITE | TRAIT_POWER_LAW,
    .methods = 1u << METHOD_STATE_EVOLUTION | 1u << METHOD_TRAINING | 1u << METHOD_AMP,
    .side_most = 46000,
    .penalty_scale = 2.0,
    .loss_scale = 1.0,
    .prediction_per_risk = 2.0,
    .phases = {.noise_line = NULL}, /* the table is not of this network */
    .samples_per_effective = samples_per_effective,
    .nuclear_factor = nuclear_factor,
    .channel = channel,
    .squares_per_loss = squares_per_loss,
    .teacher_per_coefficient = teacher_per_coefficient,
};
