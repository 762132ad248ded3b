/* Exact local exponents approach those of theory.md section 4 as d grows. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "phasesweep/theory/measured_phase.h"
#include "phasesweep/theory/optimum.h"
#include "solve.h"

static const double exponents[] = {0.75, 1.0, 1.25, 2.0};
static const double dimensions[] = {1e3, 1e4, 1e6, 1e8};
enum {
    EXPONENTS = sizeof exponents / sizeof *exponents,
    DIMENSIONS = sizeof dimensions / sizeof *dimensions
};

/* The problem at log_d n_eff = x, log_d lambda = y. */
static Problem place(ModelId model, double gamma, double d, double x, double y, double noise)
{
    const double n = pow(d, x) * (model == MODEL_QUADRATIC ? d : 1.0);
    return problem_of(model, n, d, gamma, pow(d, y), noise);
}

/* Deviations fall with d until they are small; `end` bounds that at d = 1e8. */
static void assert_approach(const char *what, const double off[DIMENSIONS], double end)
{
    for (int i = 1; i < DIMENSIONS; i++) {
        if (!(off[i] < off[i - 1] || off[i] < 0.003)) {
            fail_msg("%s: deviation %g after %g", what, off[i], off[i - 1]);
        }
    }
    if (!(off[DIMENSIONS - 1] < end)) {
        fail_msg("%s: deviation %g at d = 1e8", what, off[DIMENSIONS - 1]);
    }
}

/* Distance of the exponents solved at x, y from those of the phase, which must also be the one
 * measured from d = 1e4 on. */
static double deviation(const Problem *at, Phase phase)
{
    double expected[2];
    phase_exponents(at->model, at->source_exponent, 1.0, phase, expected);
    EvolutionWork work = evolution_work();
    Problem problem = *at;
    Evolution e;
    if (phase == PHASE_IV) { /* at the optimal weight decay */
        const Optimum best = optimal_weight_decay(&work, at);
        e = best.evolution;
        problem.weight_decay = best.weight_decay;
    } else {
        e = evolution_solve(&work, at);
    }
    assert_int_equal(e.outcome, OUTCOME_CONVERGED);
    if (at->dimension > 5e3) {
        assert_int_equal(phase_measured(&problem, &work.overlaps.teacher, &e), phase);
    }
    evolution_free(&work);
    return hypot(e.exponent_samples - expected[0], e.exponent_weight_decay - expected[1]);
}

/* Noise of order one: with little noise phases IV and VIa begin at n_eff far above 1, and the
 * window of VIa at gamma = .75 is narrow, d ... d^1.5. */
static void check_measured(ModelId model, double g)
{
    const bool quadratic = model == MODEL_QUADRATIC;
    const double noise = quadratic ? 3.0 : 1.0;
    const double middle = quadratic && g < 1.0 ? 1.2 : 0.5 + g;
    const double iv = fmin(g, 1.5);
    const struct {
        Phase phase;
        double x, y, end;
    } cases[] = {
        {PHASE_II, 1.5 * g + 0.5, g, 0.02},
        {PHASE_III, 3.5 * g + 0.75, 2.0 * g, 0.02},
        {PHASE_IV, iv, 0.0, quadratic ? 0.02 : 0.04}, /* log d in the diagonal network */
        {PHASE_VIA, middle, 0.5 * middle - 1.5, 0.02},
        {PHASE_VIB, 2.0 * g + 1.0, g - 1.0, 0.02},
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        double off[DIMENSIONS];
        for (int i = 0; i < DIMENSIONS; i++) {
            const Problem at = place(model, g, dimensions[i], cases[k].x, cases[k].y, noise);
            off[i] = deviation(&at, cases[k].phase);
        }
        assert_approach(phase_name(cases[k].phase), off, cases[k].end);
    }
}

static void test_measured(void **unused)
{
    (void)unused;
    for (int k = 0; k < EXPONENTS; k++) {
        check_measured(MODEL_QUADRATIC, exponents[k]);
        check_measured(MODEL_DIAGONAL, exponents[k]);
    }
}

/* At the peak R ~ lambda^(-2/3) while the teacher is small beside the noise learned. */
static void test_peak(void **unused)
{
    (void)unused;
    for (int k = 0; k < EXPONENTS; k++) {
        double off[2][DIMENSIONS];
        for (int i = 0; i < DIMENSIONS; i++) {
            const double d = dimensions[i];
            const Problem q =
                problem_of(MODEL_QUADRATIC, d * d / 4.0, d, exponents[k], 1e-3, 100.0);
            const Problem l = problem_of(MODEL_DIAGONAL, d, d, exponents[k], 1e-3, 100.0);
            off[0][i] = fabs(solve(q).exponent_weight_decay + 2.0 / 3.0);
            off[1][i] = fabs(solve(l).exponent_weight_decay + 2.0 / 3.0);
        }
        assert_approach("peak", off[0], 0.02);
        assert_approach("peak", off[1], 0.02);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_measured),
        cmocka_unit_test(test_peak),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
