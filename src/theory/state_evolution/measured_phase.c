#include "phasesweep/theory/measured_phase.h"

#include <assert.h>
#include <math.h>

#include "phasesweep/model/model.h"

/* How far the solution's exponents are from those of a phase.  Around the interpolation peak
 * R rises and falls faster than any power law: a larger exponent in n is phase V too, a
 * smaller one phase VI. */
static double distance(const Problem *problem, const Evolution *solution, Phase phase)
{
    double expected[2];
    phase_exponents(problem->model, problem->source_exponent, problem_power(problem), phase,
                    expected);
    double along_n = solution->exponent_samples - expected[0];
    if ((phase == PHASE_V && along_n > 0.0) || (phase == PHASE_VIA && along_n < 0.0)) {
        along_n = 0.0;
    }
    return hypot(along_n, solution->exponent_weight_decay - expected[1]);
}

/* Exponents below this are flat; in phase V of the diagonal network they are 1/log(d/n). */
static const double steepest_flat = 0.05;

static const double above_noise = 3.0;

/* The weight decay, and not the samples, is what (E2) balances the threshold with. */
static bool is_collapsed(const Problem *problem, const Evolution *solution)
{
    return solution->overlaps.divergence < 0.5 * model_of(problem)->channel(problem).capacity;
}

Phase phase_measured(const Problem *problem, const Teacher *teacher, const Evolution *solution)
{
    const double delta = solution->delta;
    if (!phase_table_applies(problem)) {
        return phase_outside_table(problem);
    }
    if (solution->outcome == OUTCOME_FAILED || !isfinite(solution->exponent_samples) ||
        !isfinite(solution->exponent_weight_decay)) {
        return PHASE_NONE;
    }
    /* VIa and VIb have the same exponents and are told apart at the end; where a threshold that
     * jumps is well above the noise features enter in steps, between which R is flat, and none
     * of the phases that are under-regularised is meant */
    const bool steps =
        problem_power(problem) < 1.0 && solution->threshold > above_noise * delta;
    const Phase last = steps ? PHASE_III : PHASE_VIA;
    Phase best = PHASE_II;
    for (Phase phase = PHASE_II; phase <= last; phase++) {
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
    /* theory.md section 7: a feature leaves the bulk if s_i > delta, in units of what is
     * learned */
    const double weakest = teacher_eigenvalue(teacher, problem->dimension) /
                           model_of(problem)->teacher_per_coefficient(problem);
    return best == PHASE_VIA && delta < weakest ? PHASE_VIB : best;
}
