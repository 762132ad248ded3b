/* The optimum over the whole diagram: stationary everywhere, where and how theory.md says. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "phasesweep/theory/optimum.h"

static EvolutionWork work;

static Optimum optimum(ModelId model, double gamma, double d, double x, double noise)
{
    const double n_eff = pow(d, x);
    const Problem p = {.model = model,
                       .source_exponent = gamma,
                       .dimension = d,
                       .noise = noise,
                       .width = d,
                       .samples = model == MODEL_QUADRATIC ? n_eff * d : n_eff,
                       .weight_decay = 1.0,
                       .tolerance = 1e-9};
    const Optimum best = optimal_weight_decay(&work, &p);
    assert_int_equal(best.evolution.outcome, OUTCOME_CONVERGED);
    return best;
}

/* d log R / d log lambda is of order 1 away from the optimum; also where R is far below any
 * tolerance, as at gamma = 2, d = 1e8, n_eff = d^2. */
static void test_stationary(void **unused)
{
    (void)unused;
    static const double gammas[] = {0.75, 1.25, 2.0, 3.0};
    static const double noises[] = {0.1, 1e-12};
    for (int g = 0; g < 4; g++) {
        for (double d = 1e2; d < 2e8; d *= 1e3) {
            for (double x = 0.5; x < 3.1; x += 0.5) {
                for (int k = 0; k < 4; k++) {
                    const Optimum best = optimum(k / 2, gammas[g], d, x, noises[k % 2]);
                    assert_true(best.place != OPTIMUM_COLLAPSED);
                    /* where features are told from noise one by one, lambda -> 0 is worse */
                    const bool one_by_one = k == 0 && gammas[g] > 1.0 && d > 1e4 && x > 0.9 &&
                                            x < 2.0 * gammas[g] - 0.9;
                    assert_true(best.place == OPTIMUM_INSIDE || !one_by_one);
                    assert_true(fabs(best.evolution.exponent_weight_decay) < 1e-6);
                }
            }
        }
    }
}

/* Where features are learned one by one, n_eff << d^gamma, the best threshold is the edge of
 * the bulk: lambda_opt = 4 sqrt(Delta alpha), as d grows. */
static void test_place(void **unused)
{
    (void)unused;
    for (double gamma = 1.25; gamma < 3.1; gamma += 0.25) {
        for (double x = 0.5; x < 1.1; x += 0.25) {
            double off = INFINITY;
            for (double d = 1e4; d < 2e8; d *= 1e2) {
                const Optimum best = optimum(MODEL_QUADRATIC, gamma, d, x, 0.1);
                const double alpha = pow(d, x - 1.0);
                const double now = fabs(log(best.weight_decay / (4.0 * sqrt(0.1 * alpha))));
                assert_true(now < off);
                off = now;
            }
            assert_true(off < 0.05);
        }
    }
}

/* At the optimum the exponent at fixed lambda is that of the optimised risk.  Bayes rates:
 * -1 + 1/(2 gamma) up to n_eff ~ d^(2 gamma), then -1.  Where features are few, corrections
 * fall as powers of d (at gamma = 3/4 too slowly for d = 1e8); LASSO pays log d for them. */
static void test_rates(void **unused)
{
    (void)unused;
    for (double gamma = 1.0; gamma < 3.1; gamma += 0.25) {
        const double rate = -1.0 + 0.5 / gamma;
        for (int k = 0; k < 2; k++) {
            const ModelId model = (ModelId)k;
            const double early =
                optimum(model, gamma, 1e8, 0.75 * gamma, 0.1).evolution.exponent_samples;
            const double late =
                optimum(model, gamma, 1e8, 2.0 * gamma + 0.75, 0.1).evolution.exponent_samples;
            printf("%s gamma %g: %.4f for %.4f, %.4f for -1\n", model_name(model), gamma, early,
                   rate, late);
            assert_true(fabs(early - rate) < (model == MODEL_QUADRATIC ? 0.01 : 0.04));
            assert_true(fabs(late + 1.0) < 0.01);
        }
    }
}

int main(void)
{
    work = evolution_work();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stationary),
        cmocka_unit_test(test_place),
        cmocka_unit_test(test_rates),
    };
    const int failures = cmocka_run_group_tests(tests, NULL, NULL);
    evolution_free(&work);
    return failures;
}
