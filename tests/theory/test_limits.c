/* State evolution against closed forms and limits (theory.md section 4). */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "solve.h"

/* VIb: all features learned; Delta/(4 alpha - 2) and for the diagonal network
 * Delta/(alpha - 1), alpha = n/d. */
static void test_many_samples(void **unused)
{
    (void)unused;
    const double alpha = 1e6;
    const Evolution q = solve(problem_of(MODEL_QUADRATIC, alpha * 1e4, 100, 0.75, 1e-6, 0.1));
    assert_near("VIb", q.overlaps.risk, 0.1 / (4.0 * alpha - 2.0), 1e-6);
    const Evolution d = solve(problem_of(MODEL_DIAGONAL, alpha * 100, 100, 0.75, 1e-6, 0.1));
    assert_near("VIb", d.overlaps.risk, 0.1 / (alpha - 1.0), 1e-6);
}

/* VIa: as many samples per parameter, all of them noise; teacher small. */
static void test_noise_learned(void **unused)
{
    (void)unused;
    const double noise = 1e8;
    const Evolution q = solve(problem_of(MODEL_QUADRATIC, 50 * 1e8, 1e4, 2.0, 1e-4, noise));
    assert_near("VIa", q.overlaps.risk, noise / (2.0 * (4.0 * 50 - 1.0)), 1e-4);
    const Evolution d = solve(problem_of(MODEL_DIAGONAL, 50 * 1e4, 1e4, 2.0, 1e-4, noise));
    assert_near("VIa", d.overlaps.risk, noise / (50 - 1.0), 1e-4);
}

/* III: R = delta^2 + b^2, b near (lambda d / n_eff), divided by 4 in the quadratic network. */
static void test_shrunk(void **unused)
{
    (void)unused;
    const Evolution q = solve(problem_of(MODEL_QUADRATIC, 1e16, 1e3, 0.75, 1e8, 0.1));
    assert_near("sum", q.overlaps.risk, q.delta * q.delta + q.threshold * q.threshold, 1e-9);
    assert_near("III", q.overlaps.risk, pow(1e8 * 1e3 / 1e13, 2.0) / 16.0, 1e-3);
    const Evolution d = solve(problem_of(MODEL_DIAGONAL, 1e13, 1e3, 0.75, 1e7, 0.1));
    const double sum = d.delta * d.delta + d.threshold * d.threshold;
    assert_near("sum", d.overlaps.risk, 1e3 * sum, 1e-9);
    assert_near("III", d.overlaps.risk, pow(1e7 * 1e3 / 1e13, 2.0), 1e-3);
}

/* Interpolation peak, lambda -> 0, teacher small. */
static void test_peak(void **unused)
{
    (void)unused;
    const double noise = 1e16;
    double last[2] = {1.0, 1.0};
    for (double lambda = 1e7; lambda > 50.0; lambda /= 10.0) {
        const double scale = pow(noise, 4.0 / 3.0) * pow(lambda, -2.0 / 3.0);
        const double risk[2] = {
            solve(problem_of(MODEL_QUADRATIC, 1e8 / 4, 1e4, 2.0, lambda, noise)).overlaps.risk,
            solve(problem_of(MODEL_DIAGONAL, 1e4, 1e4, 2.0, lambda, noise)).overlaps.risk};
        const double constant[2] = {0.2213, 0.4613};
        for (int k = 0; k < 2; k++) {
            const double off = fabs(risk[k] / (constant[k] * scale) - 1.0);
            /* four digits are given */
            assert_true(off < last[k] || off < 3e-4);
            last[k] = off;
        }
    }
    assert_true(last[0] < 3e-4 && last[1] < 3e-4);
}

/* (1/2 pi) int_c^2 (x - c)^k x^(2-k) sqrt(4 - x^2) dx by the midpoint rule in x = 2 cos a. */
static double semicircle(double c, int k)
{
    enum { STEPS = 4000 };
    const double top = acos(0.5 * c);
    double sum = 0.0;
    for (int i = 0; i < STEPS; i++) {
        const double a = (i + 0.5) / STEPS * top;
        const double x = 2.0 * cos(a);
        sum += pow(x - c, k) * pow(x, 2 - k) * sin(a) * sin(a);
    }
    return 2.0 / M_PI * sum * top / STEPS;
}

/* V, lambda -> 0, teacher small: exact, and the power law with its known error. */
static void test_noise_plateau(void **unused)
{
    (void)unused;
    static const double alphas[] = {1e-4, 1e-3, 1e-2};
    static const double low[] = {0.04, 0.10, 0.27};
    const double noise = 1e14;
    for (int k = 0; k < 3; k++) {
        double c[2] = {0.0, 2.0};
        for (int step = 0; step < 100; step++) { /* int (x - c)_+ x = 2 alpha */
            const double middle = 0.5 * (c[0] + c[1]);
            c[semicircle(middle, 1) < 2.0 * alphas[k]] = middle;
        }
        const double q = semicircle(c[0], 2);
        const double exact = noise * q / (2.0 * (2.0 * alphas[k] - q));
        const Evolution e =
            solve(problem_of(MODEL_QUADRATIC, alphas[k] * 1e8, 1e4, 2.0, 1e-3, noise));
        assert_near("V", e.overlaps.risk, exact, 1e-5);
        const double law = noise / 7.0 * pow(15.0 * M_PI * alphas[k] / 4.0, 0.4);
        assert_near("V law", law, e.overlaps.risk * (1.0 - low[k]), 0.01);
    }
}

/* A weight decay above every eigenvalue leaves S = 0, R = 1 exactly. */
static void test_collapsed(void **unused)
{
    (void)unused;
    const Evolution e = solve(problem_of(MODEL_QUADRATIC, 1000, 100, 1.25, 1e3, 0.5));
    assert_near("risk", e.overlaps.risk, 1.0, 1e-14);
    assert_near("b", e.threshold, 1e3 / (4.0 * 0.1), 1e-10);
    assert_near("delta", e.delta, sqrt(1.25 / 0.2), 1e-12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_many_samples),  cmocka_unit_test(test_noise_learned),
        cmocka_unit_test(test_shrunk),        cmocka_unit_test(test_peak),
        cmocka_unit_test(test_noise_plateau), cmocka_unit_test(test_collapsed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
