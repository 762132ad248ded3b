/* Exponents and boundaries of the table in theory.md section 4, in logarithms to base d, in
 * which all boundaries but IV/V of the diagonal network are straight lines.
 *
 * Predicted by straight lines in (log_d n_eff, log_d lambda); measured by the exponents
 * nearest to those of the solution.  Crossovers are wide at any d that can be trained, so
 * the two may disagree near every line: the archive holds both.
 */
#include "phasesweep/model/phase.h"

#include <assert.h>
#include <math.h>
#include <stddef.h>

#include "phasesweep/model/features.h"
#include "phasesweep/model/model.h"

/* Names of the archive and of JSON. */
const char *phase_name(Phase phase)
{
    static const char *const names[PHASE_COUNT] = {
#define X(suffix, code, name) [code] = (name),
        PHASE_LIST(X)
#undef X
    };
    assert(phase >= 0 && phase < PHASE_COUNT);
    return names[phase];
}

void phase_exponents(ModelId model, double source_exponent, double power, Phase phase,
                     double exponents[2])
{
    assert(source_exponent > 0.5 && power > 0.0 && power <= 1.0);
    const double inverse = 1.0 / source_exponent;
    const double learned = (2.0 - inverse) / (2.0 - power);
    const double table[PHASE_COUNT][2] = {
        [PHASE_II] = {-learned, learned},
        [PHASE_III] = {-2.0, 2.0},
        [PHASE_IV] = {-1.0 + 0.5 * inverse, 0.0},
        [PHASE_V] = {power < 1.0 ? 0.0 : model_row(model)->phases.overfitting_exponent, 0.0},
        [PHASE_VIA] = {-1.0, 0.0},
        [PHASE_VIB] = {-1.0, 0.0},
    };
    assert(phase > PHASE_UNDEFINED && phase < PHASE_COUNT);
    exponents[0] = table[phase][0];
    exponents[1] = table[phase][1];
}

double phase_noise_line(ModelId model, double source_exponent, double dimension)
{
    assert(dimension >= 2.0 && source_exponent > 0.5);
    /* beyond d the interpolation peak ends both phases */
    const double line = model_row(model)->phases.noise_line(source_exponent, dimension);
    return fmin(line, 1.0);
}

bool phase_table_applies(const Problem *problem)
{
    return problem->noise > 0.0 && !model_is_narrow(problem) &&
           features_are_isotropic(problem) && !features_are_aligned(problem) &&
           model_of(problem)->phases.noise_line != NULL;
}

Phase phase_outside_table(const Problem *problem)
{
    assert(!phase_table_applies(problem));
    return problem->noise == 0.0 ? PHASE_NONE : PHASE_UNDEFINED;
}

/* log_d lambda of the line between over- and under-regularised, the best weight decay: where
 * the threshold is as large as the noise or, once every feature is above the noise, where what
 * the penalty takes from all features is as much as the noise. */
static double balance_line(double gamma, double q, double x)
{
    return x < 2.0 * gamma ? 0.5 * q * (x - 1.0) : 0.5 * (x - q) - gamma * (1.0 - q);
}

Phase phase_predicted(const Problem *problem)
{
    const double gamma = problem->source_exponent;
    const double q = problem_power(problem);
    const double log_d = log(problem->dimension);
    const double x = log(problem_effective_samples(problem)) / log_d;
    const double y = log(problem_nuclear_weight(problem)) / log_d;
    if (!phase_table_applies(problem)) {
        return phase_outside_table(problem);
    }
    if (y > balance_line(gamma, q, x)) { /* over-regularised */
        return x < y + 0.5 * q                       ? PHASE_IB
               : x < y + gamma * (2.0 - q) + 0.5 * q ? PHASE_II
                                                     : PHASE_III;
    }
    /* a threshold that jumps learns noise in pieces as large as the noise: no IV */
    const double line =
        q < 1.0 ? 0.0 : phase_noise_line(problem->model, gamma, problem->dimension);
    if (x < line || x < 0.0) {
        return x < 0.0 ? PHASE_IA : PHASE_IV;
    }
    return x < 1.0 ? PHASE_V : x < 2.0 * gamma ? PHASE_VIA : PHASE_VIB;
}
