/* The Bayes-optimal risk: below every other, its limits and exponents. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "phasesweep/numerics/rng.h"
#include "phasesweep/theory/bayes.h"
#include "phasesweep/theory/mmse.h"
#include "phasesweep/theory/optimum.h"

static BayesWork *work;
static EvolutionWork evolution;

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

/* No weight decay, the best one included, does better; known values help, signs cost. */
static void test_below_all(void **unused)
{
    (void)unused;
    for (int k = 0; k < 60; k++) {
        const ModelId model = k % 2 ? MODEL_DIAGONAL : MODEL_QUADRATIC;
        const double n_eff = pow(60.0, -0.5 + 3.0 * rng_uniform(5, 0, k, 0));
        Problem p = problem_of(model, n_eff, 60, k % 3 ? 0.1 : 0.01);
        const Bayes bayes = bayes_solve(work, &p, true);
        assert_int_equal(bayes.outcome, OUTCOME_CONVERGED);
        assert_true(bayes.roots % 2 == 1);
        const double reached = bayes.root[0].risk;
        const Optimum best = optimal_weight_decay(&evolution, &p);
        /* 1e-8: optimal_weight_decay stops there on its way to lambda -> 0 */
        assert_true(reached <= best.evolution.overlaps.risk * (1.0 + 1e-8));
        p.weight_decay = pow(10.0, -3.0 + 4.0 * rng_uniform(5, 0, k, 1));
        const Evolution e = evolution_solve(&evolution, &p);
        assert_true(reached <= e.overlaps.risk);
        const Bayes plain = bayes_solve(work, &p, false);
        assert_true(bayes_best(&plain)->risk <= bayes_best(&bayes)->risk * (1.0 + 1e-9));
    }
}

/* Few samples teach nothing but the mean; many: R = Delta/(4 alpha - 2) up to 1/d. */
static void test_limits(void **unused)
{
    (void)unused;
    Problem p = problem_of(MODEL_QUADRATIC, 1e-8, 100, 0.1);
    const Teacher teacher = teacher_create(1.25, 100);
    Bayes bayes = bayes_solve(work, &p, false);
    assert_true(fabs(bayes.root[0].risk + teacher.mean * teacher.mean - 1.0) < 1e-4);
    p = problem_of(MODEL_DIAGONAL, 1e-8, 100, 0.1);
    bayes = bayes_solve(work, &p, true);
    assert_true(fabs(bayes.root[0].risk - 1.0) < 1e-4);
    p = problem_of(MODEL_QUADRATIC, 1e8, 100, 0.1);
    bayes = bayes_solve(work, &p, false);
    /* mmse = t (1 - 1/d) once every band stands alone */
    const double limit = 0.1 * 0.99 / (4.0 * 1e6 - 2.0 * 0.99);
    assert_true(fabs(bayes.root[0].risk / limit - 1.0) < 1e-4);
    assert_true(fabs(bayes.root[0].exponent_samples + 1.0) < 1e-4);
}

enum { POINTS = 80 };

/* One way or the other along the line: within `bound` of mmse itself, the same both ways. */
static void along(BayesWork *mine, bool backwards, double tolerance, double bound,
                  Bayes seen[POINTS])
{
    Denoiser *denoiser = denoiser_create();
    const Teacher teacher = teacher_create(1.25, 400);
    for (int k = 0; k < POINTS; k++) {
        const int j = backwards ? POINTS - 1 - k : k;
        const double noise = j % 2 ? 0.1 : 0.02;
        Problem p = problem_of(MODEL_QUADRATIC, pow(10.0, -1.0 + 0.1 * j), 400, noise);
        p.tolerance = tolerance;
        const Bayes bayes = bayes_solve(mine, &p, false);
        const BayesRoot *best = bayes_best(&bayes);
        assert_true(bayes.outcome == OUTCOME_CONVERGED && best->residual <= tolerance);
        const double mmse = mmse_matrix(denoiser, &teacher, best->delta * best->delta).risk;
        assert_true(fabs(best->risk / mmse - 1.0) < bound);
        assert_true(!backwards || (best->risk == bayes_best(&seen[j])->risk &&
                                   best->delta == bayes_best(&seen[j])->delta &&
                                   bayes.iterations == seen[j].iterations));
        seen[j] = bayes;
    }
    denoiser_free(denoiser);
}

/* What is tabulated on the way is right, and does not depend on the way. */
static void test_table(void **unused)
{
    (void)unused;
    Bayes seen[POINTS];
    BayesWork *other = bayes_create();
    /* 1e-8 in mmse, more in R where the curves meet at a small angle */
    along(work, false, 1e-7, 1e-7, seen);
    along(other, true, 1e-7, 1e-7, seen);
    along(work, false, 1e-9, 1e-12, seen); /* mmse itself */
    along(other, true, 1e-9, 1e-12, seen);
    bayes_free(other);
}

static void test_exponent(void **unused)
{
    (void)unused;
    for (int model = 0; model < 2; model++) {
        Problem p = problem_of(model, 40.0, 100, 0.1);
        const double exponent = bayes_solve(work, &p, true).root[0].exponent_samples;
        p.samples *= 1.001;
        const double high = bayes_solve(work, &p, true).root[0].risk;
        p.samples /= 1.001 * 1.001;
        const double low = bayes_solve(work, &p, true).root[0].risk;
        assert_true(fabs(log(high / low) / (2.0 * log(1.001)) - exponent) < 1e-5);
    }
}

int main(void)
{
    work = bayes_create();
    evolution = evolution_work();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_below_all),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_exponent),
    };
    const int failures = cmocka_run_group_tests(tests, NULL, NULL);
    bayes_free(work);
    evolution_free(&evolution);
    return failures;
}
