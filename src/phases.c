/* Exponents and boundaries of the table in theory.md section 4, in logarithms to base d, in
 * which all boundaries but IV/V of the diagonal network are straight lines.
 *
 * Predicted by straight lines in (log_d n_eff, log_d lambda); measured by the exponents
 * nearest to those of the solution.  Crossovers are wide at any d that can be trained, so
 * the two may disagree near every line: the archive holds both.
 */
#include "phasesweep/phases.h"

#include <assert.h>
#include <math.h>

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

void phase_exponents(Model model, double source_exponent, Phase phase, double exponents[2])
{
    assert(source_exponent > 0.5);
    const double inverse = 1.0 / source_exponent;
    const double table[PHASE_COUNT][2] = {
        [PHASE_II] = {-(2.0 - inverse), 2.0 - inverse},
        [PHASE_III] = {-2.0, 2.0},
        [PHASE_IV] = {-1.0 + 0.5 * inverse, 0.0},
        [PHASE_V] = {model == MODEL_QUADRATIC ? 0.4 : 0.0, 0.0},
        [PHASE_VIA] = {-1.0, 0.0},
        [PHASE_VIB] = {-1.0, 0.0},
    };
    assert(phase > PHASE_UNDEFINED && phase < PHASE_COUNT);
    exponents[0] = table[phase][0];
    exponents[1] = table[phase][1];
}

double phase_noise_line(Model model, double source_exponent, double dimension)
{
    assert(dimension >= 2.0 && source_exponent > 0.5);
    const double gamma = source_exponent;
    /* d^(4 gamma/(14 gamma - 5)) quadratic, (log d)^(2 gamma/(2 gamma - 1)) diagonal; log d
     * below 1 would turn the second around, and beyond d the interpolation peak ends both
     * phases */
    const double line = model == MODEL_QUADRATIC
                            ? 4.0 * gamma / (14.0 * gamma - 5.0)
                            : log(fmax(log(dimension), 1.0)) / log(dimension) * 2.0 * gamma /
                                  (2.0 * gamma - 1.0);
    return fmin(line, 1.0);
}

/* The table is for p >= d and Delta > 0. */
static bool in_the_table(const Problem *problem)
{
    return problem->noise > 0.0 &&
           (problem->model == MODEL_DIAGONAL || problem->width >= problem->dimension);
}

/* What to say outside it: without noise nothing, for narrow networks that it does not apply. */
static Phase outside_the_table(const Problem *problem)
{
    assert(!in_the_table(problem));
    return problem->noise == 0.0 ? PHASE_NONE : PHASE_UNDEFINED;
}

Phase phase_predicted(const Problem *problem)
{
    const double gamma = problem->source_exponent;
    const double log_d = log(problem->dimension);
    const double x = log(problem_effective_samples(problem)) / log_d;
    const double y = log(problem_nuclear_weight(problem)) / log_d;
    if (!in_the_table(problem)) {
        return outside_the_table(problem);
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

/* How far the solution's exponents are from those of a phase.  Around the interpolation peak
 * R rises and falls faster than any power law: a larger exponent in n is phase V too, a
 * smaller one phase VI. */
static double distance(const Problem *problem, const Evolution *solution, Phase phase)
{
    double expected[2];
    phase_exponents(problem->model, problem->source_exponent, phase, expected);
    double along_n = solution->exponent_samples - expected[0];
    if ((phase == PHASE_V && along_n > 0.0) || (phase == PHASE_VIA && along_n < 0.0)) {
        along_n = 0.0;
    }
    return hypot(along_n, solution->exponent_weight_decay - expected[1]);
}

/* Exponents below this are flat; in phase V of the diagonal network they are 1/log(d/n). */
static const double steepest_flat = 0.05;

/* The weight decay, and not the samples, is what (E2) balances the threshold with. */
static bool is_collapsed(const Problem *problem, const Evolution *solution)
{
    const double d = problem->dimension;
    const double capacity =
        problem->model == MODEL_QUADRATIC ? 2.0 * problem->samples / d / d : problem->samples;
    return solution->overlaps.divergence < 0.5 * capacity;
}

Phase phase_measured(const Problem *problem, const Teacher *teacher, const Evolution *solution)
{
    const double delta = solution->delta;
    if (!in_the_table(problem)) {
        return outside_the_table(problem);
    }
    if (solution->outcome == OUTCOME_FAILED || !isfinite(solution->exponent_samples) ||
        !isfinite(solution->exponent_weight_decay)) {
        return PHASE_NONE;
    }
    /* VIa and VIb have the same exponents and are told apart at the end */
    Phase best = PHASE_II;
    for (Phase phase = PHASE_II; phase <= PHASE_VIA; phase++) {
        if (distance(problem, solution, phase) < distance(problem, solution, best)) {
            best = phase;
        }
    }
    /* flat at R = 1 is phase I; flat elsewhere is no phase, and the nearest slope decides */
    const double slope = hypot(solution->exponent_samples, solution->exponent_weight_decay);
    if (solution->overlaps.risk > 0.5 &&
        slope < fmax(steepest_flat, distance(problem, solution, best))) {
        return is_collapsed(problem, solution) ? PHASE_IB : PHASE_IA;
    }
    /* theory.md section 7: a feature leaves the bulk if s_i > delta; in units of theta for the
     * diagonal network */
    const double weakest = teacher_eigenvalue(teacher, problem->dimension) /
                           (problem->model == MODEL_DIAGONAL ? sqrt(problem->dimension) : 1.0);
    return best == PHASE_VIA && delta < weakest ? PHASE_VIB : best;
}
