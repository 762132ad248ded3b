/* The scalar minimiser behind every penalty. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "phasesweep/numerics/threshold.h"

static double cost(const Threshold *f, double t, double y, double chi)
{
    return 0.5 * (y - t) * (y - t) + chi * threshold_penalty(f, t);
}

/* Closed forms are the root that Newton's method finds, from the edge to where nothing is
 * shrunk, at any scale. */
static void test_closed_forms(void **unused)
{
    (void)unused;
    static const double powers[] = {0.5, 2.0 / 3.0};
    for (int k = 0; k < 2; k++) {
        const Threshold f = threshold_of(powers[k]);
        assert_ptr_not_equal((void *)f.shrink, (void *)threshold_newton);
        for (double chi = 1e-12; chi < 1e13; chi *= 10.0) {
            for (double x = 1.0 + 1e-12; x < 1e9; x = 1.0 + (x - 1.0) * 2.7) {
                const double y = x * threshold_edge(&f, chi);
                const double newton = threshold_newton(f.power, y, chi);
                assert_true(fabs(threshold_shrink(&f, y, chi) / newton - 1.0) < 1e-14);
            }
        }
    }
}

/* eta is least of all t, 0 and the jump are equally good at the edge, y follows from eta, the
 * slope is that of differences. */
static void test_minimum(void **unused)
{
    (void)unused;
    static const double powers[] = {0.0, 0.01,      0.2, 1.0 / 3.0, 0.4,
                                    0.5, 2.0 / 3.0, 0.9, 1.0,       2.0};
    for (int k = 0; k < 10; k++) {
        const Threshold f = threshold_of(powers[k]);
        const double q = f.power;
        const double chi = 0.7;
        if (q <= 1.0) {
            const double edge = threshold_edge(&f, chi);
            const double jump = threshold_jump(&f, chi);
            const double zero = cost(&f, 0.0, edge, chi);
            assert_true(fabs(cost(&f, jump, edge, chi) / zero - 1.0) < 1e-14);
            assert_true(fabs(threshold_weight(&f, edge) / chi - 1.0) < 1e-14);
            assert_true(threshold_shrink(&f, 0.999 * edge, chi) == 0.0);
            assert_true(fabs(threshold_shrink(&f, edge * (1.0 + 1e-9), chi) - jump) < 1e-7);
        }
        for (double y = -5.0; y < 5.0; y += 0.3) {
            const double t = threshold_shrink(&f, y, chi);
            const double least = cost(&f, t, y, chi);
            for (double other = -6.0; other < 6.0; other += 0.01) {
                assert_true(least <= cost(&f, other, y, chi) + 1e-12);
            }
            assert_true(threshold_shrink(&f, -y, chi) == -t);
            if (t != 0.0) {
                const double bias = q == 0.0 ? 0.0 : chi * q * pow(fabs(t), q - 1.0);
                assert_true(fabs(fabs(t) + bias - fabs(y)) < 1e-13);
                const double rise =
                    threshold_shrink(&f, y + 1e-6, chi) - threshold_shrink(&f, y - 1e-6, chi);
                assert_true(fabs(rise / 2e-6 - threshold_slope(&f, y, chi)) < 1e-8);
            }
        }
    }
}

/* q -> 0 is hard thresholding, q -> 1 soft. */
static void test_limits(void **unused)
{
    (void)unused;
    const Threshold hard = threshold_of(0.0);
    const Threshold soft = threshold_of(1.0);
    const Threshold low = threshold_of(1e-9);
    const Threshold high = threshold_of(1.0 - 1e-9);
    for (double y = 0.05; y < 4.0; y += 0.1) {
        assert_true(fabs(threshold_shrink(&hard, y, 0.7) - threshold_shrink(&low, y, 0.7)) <
                    1e-7);
        assert_true(fabs(threshold_shrink(&soft, y, 0.7) - threshold_shrink(&high, y, 0.7)) <
                    1e-7);
    }
    assert_true(threshold_edge(&soft, 0.7) == 0.7 && threshold_weight(&soft, 0.7) == 0.7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_closed_forms),
        cmocka_unit_test(test_minimum),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
