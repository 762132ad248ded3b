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

void phase_exponents(ModelId model, double source_exponent, Phase phase, double exponents[2])
{
    assert(source_exponent > 0.5);
    const double inverse = 1.0 / source_exponent;
    const double table[PHASE_COUNT][2] = {
        [PHASE_II] = {-(2.0 - inverse), 2.0 - inverse},
        [PHASE_III] = {-2.0, 2.0},
        [PHASE_IV] = {-1.0 + 0.5 * inverse, 0.0},
        [PHASE_V] = {model_row(model)->phases.overfitting_exponent, 0.0},
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
           model_of(problem)->phases.noise_line != NULL;
}

Phase phase_outside_table(const Problem *problem)
{
    assert(!phase_table_applies(problem));
    return problem->noise == 0.0 ? PHASE_NONE : PHASE_UNDEFINED;
}

Phase phase_predicted(const Problem *problem)
{
    const double gamma = problem->source_exponent;
    const double log_d = log(problem->dimension);
    const double x = log(problem_effective_samples(problem)) / log_d;
    const double y = log(problem_nuclear_weight(problem)) / log_d;
    if (!phase_table_applies(problem)) {
        return phase_outside_table(problem);
    }
    /* the two halves of the table meet at lambda = sqrt(n_eff/d), the best weight decay */
    if (y > 0.5 * (x - 1.0)) { /* over-regularised: lambda above sqrt(n_eff / d) */
        return x < y + 0.5 ? PHASE_IB : x < y + gamma + 0.5 ? PHASE_II : PHASE_III;
    }
    if (x < phase_noise_line(problem->model, gamma, problem->dimension)) {
        return x < 0.0 ? PHASE_IA : PHASE_IV;
    }
    return x < 1.0 ? PHASE_V : x < 2.0 * gamma ? PHASE_VIA : PHASE_VIB;
}
