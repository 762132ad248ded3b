/* w(z) of faddeeva.h against its values on both axes, published ones, and its equation. */
#include <complex.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "phasesweep/numerics/faddeeva.h"

/* w(x + i y) in every lane, the others of which have points of their own; all must agree. */
static double complex w_of(double x, double y)
{
    double complex first = 0.0;
    for (int lane = 0; lane < FADDEEVA_LANES; lane++) {
        double at[FADDEEVA_LANES];
        double re[FADDEEVA_LANES];
        double im[FADDEEVA_LANES];
        for (int l = 0; l < FADDEEVA_LANES; l++) {
            at[l] = x + 0.1 * (l - lane);
        }
        faddeeva_row(at, y, re, im);
        const double complex w = re[lane] + I * im[lane];
        first = lane == 0 ? w : first;
        assert_true(creal(w) == creal(first) && cimag(w) == cimag(first));
    }
    return first;
}

/* Every lane of a call with its own x. */
static void test_lanes(void **unused)
{
    (void)unused;
    double at[FADDEEVA_LANES];
    double re[FADDEEVA_LANES];
    double im[FADDEEVA_LANES];
    for (int l = 0; l < FADDEEVA_LANES; l++) {
        at[l] = (l % 2 == 0 ? 0.7 : -1.3) * l;
    }
    faddeeva_row(at, 0.0, re, im);
    for (int l = 0; l < FADDEEVA_LANES; l++) {
        assert_true(fabs(re[l] - exp(-at[l] * at[l])) < 2e-13);
    }
    faddeeva_row(at, 0.6, re, im);
    for (int l = 0; l < FADDEEVA_LANES; l++) {
        const double complex w = w_of(at[l], 0.6);
        assert_true(re[l] == creal(w) && im[l] == cimag(w));
    }
}

/* exp(y^2) erfc(y) for z = iy, exp(-x^2) as the real part for z = x. */
static void test_axes(void **unused)
{
    (void)unused;
    for (double s = 0.0; s < 5.0; s += 0.01) {
        assert_true(fabs(creal(w_of(0.0, s)) - exp(s * s) * erfc(s)) < 2e-13);
        assert_true(fabs(cimag(w_of(0.0, s))) < 1e-13);
        assert_true(fabs(creal(w_of(s, 0.0)) - exp(-s * s)) < 2e-13);
        assert_true(fabs(creal(w_of(-s, 0.0)) - exp(-s * s)) < 2e-13);
    }
}

/* Published to six digits (Abramowitz & Stegun, table 7.9), here by the code of S. G. Johnson.
 */
static void test_published(void **unused)
{
    (void)unused;
    static const double known[][4] = {{1.0, 1.0, 0.30474420525691254, 0.2082189382028316},
                                      {0.5, 0.5, 0.5331567079121748, 0.2304882313844585},
                                      {2.0, 1.0, 0.14023958136627798, 0.22221344017989925},
                                      {1.0, 2.0, 0.21849261527489067, 0.09299780939260188},
                                      {3.0, 3.0, 0.09640250558304467, 0.0912363260042189}};
    for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
        const double complex w = w_of(known[k][0], known[k][1]);
        if (cabs(w - (known[k][2] + I * known[k][3])) > 1e-13) {
            fail_msg("w(%g + %g i) = %.9g + %.9g i", known[k][0], known[k][1], creal(w),
                     cimag(w));
        }
    }
}

/* w' = -2 z w + 2 i/sqrt(pi), by differences of sixth order; and w ~ i/(sqrt(pi) z) far out. */
static void test_equation(void **unused)
{
    (void)unused;
    const double h = 5e-3;
    for (double x = -6.0; x < 6.0; x += 0.37) {
        for (double y = 0.0; y < 6.0; y += 0.41) {
            const double complex z = x + I * y;
            const double complex slope = (45.0 * (w_of(x + h, y) - w_of(x - h, y)) -
                                          9.0 * (w_of(x + 2.0 * h, y) - w_of(x - 2.0 * h, y)) +
                                          (w_of(x + 3.0 * h, y) - w_of(x - 3.0 * h, y))) /
                                         (60.0 * h);
            const double complex expected = -2.0 * z * w_of(x, y) + I * M_2_SQRTPI;
            assert_true(cabs(slope - expected) < 1e-10);
        }
    }
    const double complex z = 1e4 + 3e3 * I;
    assert_true(cabs(w_of(1e4, 3e3) * z / I * sqrt(M_PI) - 1.0) < 1e-8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_axes),
        cmocka_unit_test(test_lanes),
        cmocka_unit_test(test_published),
        cmocka_unit_test(test_equation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
