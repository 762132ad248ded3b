/* Summaries of eigenvalues: closed forms, and power laws drawn at random. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "phasesweep/numerics/rng.h"
#include "phasesweep/numerics/tail_statistics.h"

enum { N = 1000, SAMPLES = 40 };

/* Pareto values: the estimate is right on average and its spread is the standard error.  The
 * start is fitted too, which widens the spread; Clauset et al. see the same. */
static void test_pareto(void **unused)
{
    (void)unused;
    const double exponent = 2.3;
    double sum = 0.0;
    double square = 0.0;
    double error = 0.0;
    for (int k = 0; k < SAMPLES; k++) {
        double x[N];
        for (int i = 0; i < N; i++) {
            x[i] = pow(rng_uniform(3, 0, k, i), -1.0 / (exponent - 1.0));
        }
        const TailFit fit = summary_tail(x, N, 0.0);
        sum += fit.exponent / SAMPLES;
        square += fit.exponent * fit.exponent / SAMPLES;
        error += fit.error / SAMPLES;
    }
    assert_true(fabs(sum - exponent) < 0.05);
    const double spread = sqrt(square - sum * sum);
    assert_true(spread > 0.7 * error && spread < 2.0 * error);
}

/* Below 1 the law is another one: the fit must find where the tail starts. */
static void test_start(void **unused)
{
    (void)unused;
    double x[2 * N];
    for (int i = 0; i < N; i++) {
        x[i] = pow(rng_uniform(4, 0, 0, i), -1.0 / 1.5);
        x[N + i] = rng_uniform(4, 0, 1, i);
    }
    const TailFit fit = summary_tail(x, 2 * N, 0.0);
    assert_true(fit.start > 0.9 && fit.start < 2.0);
    assert_true(fabs(fit.exponent - 2.5) < 4.0 * fit.error);
}

/* A teacher's eigenvalues i^-gamma have the tail exponent 1 + 1/gamma. */
static void test_teacher(void **unused)
{
    (void)unused;
    double x[N];
    for (int i = 0; i < N; i++) {
        x[i] = pow(i + 1.0, -1.25);
    }
    const TailFit fit = summary_tail(x, N, 0.0);
    assert_true(fabs(fit.exponent - 1.8) < 2.0 * fit.error);
}

/* A tail of 20 in a long list tells no exponent; one of 50 does. */
static void test_few(void **unused)
{
    (void)unused;
    double x[220];
    for (int i = 0; i < 220; i++) {
        x[i] = i < 20 ? 10.0 * pow((i + 0.5) / 20.0, -0.5) : 1.0 + 1e-3 * i;
    }
    const TailFit few = summary_tail(x, 220, 0.0);
    assert_true(few.count == 20 && !summary_tail_tells(&few));
    assert_true(summary_tail_tells(&(TailFit){.count = 50}));
    assert_false(summary_tail_tells(&(TailFit){.count = 49}));
}

/* r equal eigenvalues: every effective rank is r, whatever the order and the zeros. */
static void test_ranks(void **unused)
{
    (void)unused;
    double x[50] = {0};
    for (int i = 0; i < 7; i++) {
        x[7 * i] = 3.0;
    }
    const SpectrumSummary s = summary_of(x, 50, 1e-12);
    assert_int_equal(s.rank, 7);
    assert_true(fabs(s.stable_rank - 7.0) < 1e-12 && fabs(s.participation - 7.0) < 1e-12);
    assert_true(isnan(s.tail.exponent) && s.largest == 3.0);
    const SpectrumSummary none = summary_of(x, 50, 4.0);
    assert_true(none.rank == 0 && isnan(none.stable_rank) && none.bulk_edge == 0.0);
}

/* A semicircle's quantiles with five spikes above: the gaps alone tell them apart. */
static void test_outliers(void **unused)
{
    (void)unused;
    double x[205];
    for (int i = 0; i < 200; i++) {
        const double quantile = (i + 0.5) / 200.0;
        double angle = 0.5 * M_PI; /* mass above 2 cos(angle): (angle - sin cos)/pi */
        for (int step = 0; step < 50; step++) {
            const double mass = (angle - sin(angle) * cos(angle)) / M_PI;
            angle -= (mass - quantile) * M_PI / fmax(2.0 * pow(sin(angle), 2.0), 1e-3);
        }
        x[i] = 3.0 + 2.0 * cos(angle);
    }
    const double spikes[] = {20.0, 11.0, 8.0, 6.5, 5.9};
    for (int i = 0; i < 5; i++) {
        x[200 + i] = spikes[i];
    }
    const SpectrumSummary s = summary_of(x, 205, 0.0);
    assert_int_equal(s.outliers, 5);
    assert_int_equal(s.outliers, summary_count_above(x, 205, 5.0));
    assert_true(fabs(s.bulk_edge - 5.0) < 0.1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pareto),   cmocka_unit_test(test_start),
        cmocka_unit_test(test_teacher),  cmocka_unit_test(test_ranks),
        cmocka_unit_test(test_outliers), cmocka_unit_test(test_few),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
