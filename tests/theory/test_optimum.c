/* The optimum against dense scans of weight decay and width, and where it is known. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "phasesweep/theory/optimum.h"

static EvolutionWork work;

static Problem problem_of(ModelId model, double n_eff, double d, double noise)
{
    return (Problem){.model = model,
                     .source_exponent = 1.25,
                     .dimension = d,
                     .noise = noise,
                     .width = d,
                     .samples = model == MODEL_QUADRATIC ? n_eff * d : n_eff,
                     .weight_decay = 1.0,
                     .tolerance = 1e-9};
}

/* A scan in steps of 5 % finds nothing better, and comes near. */
static void check_scan(const Problem *problem)
{
    const Optimum best = optimal_weight_decay(&work, problem);
    assert_int_equal(best.evolution.outcome, OUTCOME_CONVERGED);
    const double risk = best.evolution.overlaps.risk;
    double lowest = INFINITY;
    Problem at = *problem;
    evolution_forget(&work);
    for (double log_decay = 4.0; log_decay > -25.0; log_decay -= 0.05) {
        at.weight_decay = exp(log_decay);
        const Evolution e = evolution_solve(&work, &at);
        if (e.outcome == OUTCOME_CONVERGED) {
            lowest = fmin(lowest, e.overlaps.risk);
        }
    }
    /* 1e-8: what is left to lambda -> 0 where the exponent is below 1e-8 */
    assert_true(risk <= lowest * (1.0 + 1e-8));
    assert_true(risk >= lowest * (1.0 - 1e-3)); /* curvature times half a step squared */
    if (best.place == OPTIMUM_INSIDE) {
        assert_true(fabs(best.evolution.exponent_weight_decay) < 1e-6);
        at.weight_decay = best.weight_decay;
        evolution_forget(&work);
        const Evolution again = evolution_solve(&work, &at);
        assert_true(fabs(again.overlaps.risk - risk) < 1e-9 * risk);
    }
}

static void test_scan(void **unused)
{
    (void)unused;
    for (int k = 0; k < 24; k++) {
        const Problem p = problem_of(k % 2 == 0 ? MODEL_QUADRATIC : MODEL_DIAGONAL,
                                     pow(60.0, -0.2 + 0.2 * (k / 2)), 60, k % 3 ? 0.1 : 1e-3);
        check_scan(&p);
    }
    Problem narrow = problem_of(MODEL_QUADRATIC, 300.0, 100, 0.1);
    narrow.width = 6;
    check_scan(&narrow);
}

/* With everything learned shrinking only harms: R = Delta/(4 alpha - 2) as lambda -> 0. */
static void test_at_zero(void **unused)
{
    (void)unused;
    const Problem p = problem_of(MODEL_QUADRATIC, 1e6, 100, 0.1);
    const Optimum best = optimal_weight_decay(&work, &p);
    assert_int_equal(best.place, OPTIMUM_AT_ZERO);
    assert_true(best.weight_decay == 0.0);
    const double limit = 0.1 / (4.0 * 1e4 - 2.0);
    assert_true(fabs(best.evolution.overlaps.risk - limit) < 1e-6 * limit);
}

/* Without noise the truth is found: the risk falls like lambda^2 without end. */
static void test_no_noise(void **unused)
{
    (void)unused;
    const Problem p = problem_of(MODEL_DIAGONAL, 90.0, 60, 0.0);
    const Optimum best = optimal_weight_decay(&work, &p);
    assert_int_equal(best.place, OPTIMUM_AT_ZERO);
    assert_true(best.evolution.overlaps.risk < 1e-12);
}

/* Every width tried: none is better at the same nuclear weight. */
static void test_width(void **unused)
{
    (void)unused;
    const double samples[] = {300, 3000, 30000};
    for (int k = 0; k < 3; k++) {
        Problem p = problem_of(MODEL_QUADRATIC, samples[k] / 60.0, 60, 0.1);
        const double nuclear = 0.1 * sqrt(samples[k]) / 60.0;
        p.weight_decay = problem_weight_decay(&p, nuclear);
        const Optimum best = optimal_width(&work, &p);
        for (p.width = 1.0; p.width <= 60.0; p.width += 1.0) {
            p.weight_decay = problem_weight_decay(&p, nuclear);
            evolution_forget(&work); /* at p = d the point would be its own neighbour */
            const Evolution e = evolution_solve(&work, &p);
            assert_true(best.evolution.overlaps.risk <= e.overlaps.risk * (1.0 + 1e-9));
            if (p.width == best.width) {
                assert_true(fabs(best.evolution.overlaps.risk / e.overlaps.risk - 1.0) < 1e-9);
                assert_true(p.weight_decay == best.weight_decay);
            }
        }
    }
}

int main(void)
{
    work = evolution_work();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scan),
        cmocka_unit_test(test_at_zero),
        cmocka_unit_test(test_no_noise),
        cmocka_unit_test(test_width),
    };
    const int failures = cmocka_run_group_tests(tests, NULL, NULL);
    evolution_free(&work);
    return failures;
}
