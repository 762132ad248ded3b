/* Local exponents deep inside the phases approach theory.md section 4 as d grows. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "phasesweep/theory/measured_phase.h"

static const double sizes[] = {1e3, 1e4, 1e6, 1e8};
static const double gammas[] = {0.75, 1.0, 1.25, 2.0};
enum { SIZES = 4, GAMMAS = 4 };

/* The point at n_eff = d^x, lambda (nuclear weight) = d^y. */
static Evolution solve(ModelId model, double d, double gamma, double x, double y)
{
    const double per_effective = model == MODEL_QUADRATIC ? d : 1.0;
    const Problem problem = {.model = model,
                             .source_exponent = gamma,
                             .dimension = d,
                             .noise = 0.1,
                             .width = d,
                             .samples = pow(d, x) * per_effective,
                             .weight_decay = pow(d, y),
                             .tolerance = 1e-9};
    EvolutionWork work = evolution_work();
    const Evolution e = evolution_solve(&work, &problem);
    evolution_free(&work);
    assert_int_equal(e.outcome, OUTCOME_CONVERGED);
    return e;
}

/* A point well inside a phase; under-regularised ones far below the balance line. */
static void inside(Phase phase, double gamma, double *x, double *y)
{
    switch (phase) {
    case PHASE_II:
        *y = 2.0;
        *x = *y + 0.5 + 0.5 * gamma;
        break;
    case PHASE_III:
        *y = gamma + 1.0;
        *x = 2.0 * gamma + 2.0;
        break;
    case PHASE_VIA:
        *x = 0.5 + gamma;
        *y = 0.5 * (*x - 1.0) - 1.5;
        break;
    default:
        *x = 2.0 * gamma + 1.0;
        *y = 0.5 * (*x - 1.0) - 1.5;
    }
}

static double deviation(ModelId model, Phase phase, double gamma, double d)
{
    double x, y, expected[2];
    inside(phase, gamma, &x, &y);
    phase_exponents(model, gamma, 1.0, phase, expected);
    const Evolution e = solve(model, d, gamma, x, y);
    return fmax(fabs(e.exponent_samples - expected[0]),
                fabs(e.exponent_weight_decay - expected[1]));
}

/* In VIa the features still under the noise add n_eff^(-1 + 1/(2 gamma)) to d/n_eff.  Their
 * ratio falls as d^(x/(2 gamma) - 1) at n_eff = d^x, for the quadratic network and small gamma
 * too slowly to be small at d = 1e8: gamma = 1 must only come nearer, gamma = 3/4 is not there
 * yet. */
static bool is_slow(ModelId model, Phase phase, double gamma)
{
    return model == MODEL_QUADRATIC && phase == PHASE_VIA && gamma <= 1.0;
}

static void check(ModelId model, Phase phase)
{
    for (int g = 0; g < GAMMAS; g++) {
        const double first = deviation(model, phase, gammas[g], sizes[0]);
        const double last = deviation(model, phase, gammas[g], sizes[SIZES - 1]);
        printf("%s %s gamma %g: off by %.4f at d = 1e3, %.4f at d = 1e8\n", model_name(model),
               phase_name(phase), gammas[g], first, last);
        if (!is_slow(model, phase, gammas[g])) {
            assert_true(last < 0.02);
        }
        if (gammas[g] >= 1.0) {
            assert_true(last <= first + 1e-3);
        }
    }
}

static void test_phases(void **unused)
{
    (void)unused;
    for (ModelId model = MODEL_QUADRATIC; model <= MODEL_DIAGONAL; model++) {
        check(model, PHASE_II);
        check(model, PHASE_III);
        check(model, PHASE_VIA);
        check(model, PHASE_VIB);
    }
}

/* At interpolation, n_eff = d/4 and d, R grows as lambda^(-2/3) as long as lambda is above what
 * one eigenvalue of d resolves. */
static void test_peak(void **unused)
{
    (void)unused;
    for (int k = 2; k < SIZES; k++) {
        const double d = sizes[k];
        const double small = log(1e-6) / log(d);
        const double quarter = 1.0 - log(4.0) / log(d);
        const Evolution q = solve(MODEL_QUADRATIC, d, 2.0, quarter, small);
        const Evolution l = solve(MODEL_DIAGONAL, d, 2.0, 1.0, small);
        printf("peak at d = %g: %.4f quadratic, %.4f diagonal\n", d, q.exponent_weight_decay,
               l.exponent_weight_decay);
        assert_true(fabs(q.exponent_weight_decay + 2.0 / 3.0) < 0.02);
        assert_true(fabs(l.exponent_weight_decay + 2.0 / 3.0) < 0.02);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_phases),
        cmocka_unit_test(test_peak),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
