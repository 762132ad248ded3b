/* The roots of a covariance, their inverses and what they make of matrices: identities to
 * rounding, of equal and unequal variances, with blocks and without. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "phasesweep/data/covariance.h"

enum { D = 14, SIDE = D * D, KINDS = 4 };

static double variances[D], deviations[D];

/* Equal variances, unequal ones, blocks of 4 with one of 2 left, one block with all. */
static Covariance covariance_of(int kind)
{
    for (int i = 0; i < D; i++) {
        variances[i] = pow(1.0 + i, -0.7);
        deviations[i] = sqrt(variances[i]);
    }
    if (kind == 0) {
        return (Covariance){.dimension = D};
    }
    return (Covariance){.dimension = D,
                        .variances = variances,
                        .deviations = deviations,
                        .block = kind == 2   ? 4
                                 : kind == 3 ? 2 * D
                                             : 0,
                        .correlation = kind < 2    ? 0.0
                                       : kind == 2 ? 0.6
                                                   : 0.9};
}

static void assert_near(int count, const double a[], const double b[])
{
    for (int k = 0; k < count; k++) {
        assert_true(fabs(a[k] - b[k]) < 1e-13 * fmax(1.0, fabs(b[k])));
    }
}

/* Numbers without a pattern, D columns. */
static void fill(double x[SIDE])
{
    for (int k = 0; k < SIDE; k++) {
        x[k] = sin(1.0 + 7.0 * k * k);
    }
}

/* A^-1 A = A^-T A^T = 1, A A^T = Sigma, y.x = (A^-T y).(A x). */
static void test_vectors(void **unused)
{
    (void)unused;
    for (int kind = 0; kind < KINDS; kind++) {
        const Covariance sigma = covariance_of(kind);
        double x[SIDE];
        double y[SIDE];
        double out[SIDE];
        fill(x);
        fill(y);
        covariance_colour(&sigma, D, y);
        covariance_whiten(&sigma, D, y);
        assert_near(SIDE, y, x);
        covariance_whiten_dual(&sigma, D, y);
        covariance_colour_dual(&sigma, D, y);
        assert_near(SIDE, y, x);
        covariance_whiten_dual(&sigma, D, y);
        covariance_colour(&sigma, D, y);
        covariance_product(&sigma, D, x, out);
        assert_near(SIDE, y, out);
        fill(out);
        covariance_colour(&sigma, 1, out);
        covariance_colour_dual(&sigma, 1, x + D);
        fill(y);
        double before = 0.0;
        double after = 0.0;
        for (int i = 0; i < D; i++) {
            before += y[i] * y[D + i];
            after += out[i] * x[D + i];
        }
        assert_true(fabs(before - after) < 1e-13);
    }
}

static void lower(double s[SIDE])
{
    for (int k = 0; k < SIDE; k++) {
        s[k] = k % D < k / D ? 0.0 : s[k];
    }
}

/* A^-1 Sigma A^-T = 1, A^-1 A^-T = (A^T A)^-1; of both only lower triangles are seen. */
static void test_squares(void **unused)
{
    (void)unused;
    for (int kind = 0; kind < KINDS; kind++) {
        const Covariance sigma = covariance_of(kind);
        double s[SIDE] = {0.0};
        double dual[SIDE] = {0.0};
        double unit[SIDE] = {0.0};
        for (int i = 0; i < D; i++) {
            unit[i * (D + 1)] = 1.0;
        }
        covariance_add(&sigma, 1.0, s);
        covariance_whiten_square(&sigma, s);
        lower(s);
        assert_near(SIDE, s, unit);
        covariance_whiten_square(&sigma, unit);
        lower(unit);
        covariance_add_dual(&sigma, 1.0, dual);
        assert_near(SIDE, unit, dual);
    }
}

/* Tr[(A^T A)^-1 A^T S A] = Tr S of S = x x^T. */
static void test_trace(void **unused)
{
    (void)unused;
    for (int kind = 0; kind < KINDS; kind++) {
        const Covariance sigma = covariance_of(kind);
        double x[SIDE];
        double dual[SIDE] = {0.0};
        double expected = 0.0;
        double trace = 0.0;
        fill(x);
        for (int i = 0; i < D; i++) {
            expected += x[i] * x[i];
        }
        covariance_whiten_dual(&sigma, 1, x);
        covariance_add_dual(&sigma, 1.0, dual);
        for (int k = 0; k < SIDE; k++) {
            trace += (k % D == k / D ? 1.0 : 2.0) * dual[k] * x[k % D] * x[k / D];
        }
        assert_true(fabs(trace - expected) < 1e-12);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_vectors),
                                       cmocka_unit_test(test_squares),
                                       cmocka_unit_test(test_trace)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
