/* The quadratic student of a teacher of neurons. */
#include <assert.h>
#include <math.h>

#include "phasesweep/model/neuron_moments.h"

/* sum v_k at sum v_k^2 = 1 */
static double readout_sum(const Problem *problem)
{
    double sum = 0.0;
    double square = 0.0;
    for (double k = problem->teacher_width; k >= 1.0; k--) {
        const double v = pow(k, -problem->readout_exponent);
        sum += v;
        square += v * v;
    }
    return sum / sqrt(square);
}

NeuronMoments neuron_moments(const Problem *problem)
{
    const Activation activation = problem_teacher_activation(problem);
    HermiteSeries series;
    double slope;
    activation_series(&activation, &series);
    NeuronMoments moments = {.constant = series_moment(&series, 0),
                             .linear = series_moment(&series, 1),
                             .quadratic = activation_curvature(&activation),
                             .higher = series_g(&series, 1.0, &slope)};
    if (!problem->linear_unit) {
        /* of directions that are not parallel |sum v_k w_k|^2 = 1 in the mean */
        const double constant =
            moments.constant == 0.0 ? 0.0 : moments.constant * readout_sum(problem);
        moments.lost = moments.linear * moments.linear + constant * constant;
    }
    return moments;
}

double neuron_noise(const Problem *problem, const NeuronMoments *moments)
{
    const double signal = 0.5 * moments->quadratic * moments->quadratic;
    return 2.0 * (problem->noise + moments->higher + moments->lost) / signal;
}

Problem neuron_as_quadratic(const Problem *problem, const NeuronMoments *moments)
{
    assert(moments->quadratic > 0.0 && problem->teacher_width == problem->dimension);
    Problem quadratic = *problem;
    quadratic.model = MODEL_QUADRATIC;
    quadratic.source_exponent = problem->readout_exponent;
    quadratic.noise = neuron_noise(problem, moments);
    quadratic.weight_decay = problem->weight_decay * 2.0 / moments->quadratic;
    return quadratic;
}
