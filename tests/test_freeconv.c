/* Identities of the free convolution, in bulk, gaps and isolated bands. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "phasesweep/freeconv.h"

static const double deltas[] = {1e-4, 1e-2, 0.1, 1.0, 30.0};

/* Both sides of any threshold add up to mass 1, mean Tr S*, variance 1 + delta^2, and to
 * int 2 H dmu = 0, int 2 x H dmu = 1. */
static void test_sides_add_up(void **unused)
{
    (void)unused;
    Teacher teacher = teacher_create(1.25, 100);
    for (size_t k = 0; k < sizeof deltas / sizeof *deltas; k++) {
        const double delta = deltas[k];
        for (double u = 1.3e-3; u < 20.0; u *= 1.7) {
            const SpectralPoint at = freeconv_point(&teacher, delta, u);
            const SideMoments a = freeconv_side(&teacher, delta, &at, 1);
            const SideMoments g = freeconv_side(&teacher, delta, &at, -1);
            const double b = at.x;
            const double scale = 1.0 + b * b + delta * delta;
            const double second = 1.0 + delta * delta - 2.0 * b * teacher.mean + b * b;
            assert_true(fabs(a.mass + g.mass - 1.0) < 1e-12);
            assert_true(fabs(a.first - g.first - (teacher.mean - b)) < 1e-12 * scale);
            assert_true(fabs(a.second + g.second - second) < 1e-12 * scale);
            assert_true(fabs(a.hilbert + g.hilbert) < 1e-12 / delta);
            assert_true(fabs(a.mixed - g.mixed - 1.0) < 1e-12 * (1.0 + b / delta));
        }
    }
    teacher_free(&teacher);
}

/* In a gap the mass above is an exact multiple of 1/d. */
static void test_isolated_bands_hold_one_each(void **unused)
{
    (void)unused;
    Teacher teacher = teacher_create(1.25, 100);
    for (size_t i = 0; i < 8; i++) {
        const double u = 0.5 * (teacher.eigenvalue[i] + teacher.eigenvalue[i + 1]);
        const SpectralPoint at = freeconv_point(&teacher, 1e-3, u);
        assert_true(at.v == 0.0 && at.density == 0.0);
        const SideMoments above = freeconv_side(&teacher, 1e-3, &at, 1);
        assert_true(fabs(above.mass - (double)(i + 1) / 100.0) < 1e-13);
    }
    teacher_free(&teacher);
}

/* A large noise hides the teacher: mu is a semicircle of radius 2 delta. */
static void test_semicircle(void **unused)
{
    (void)unused;
    Teacher teacher = teacher_create(1.25, 100);
    const double delta = 1e4;
    const SpectralPoint at = freeconv_point(&teacher, delta, teacher.mean);
    assert_true(fabs(at.density * M_PI * delta - 1.0) < 1e-7);
    const SideMoments above = freeconv_side(&teacher, delta, &at, 1);
    assert_true(fabs(above.mass - 0.5) < 1e-7);
    assert_true(fabs(above.second / (delta * delta) - 0.5) < 1e-7);
    teacher_free(&teacher);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sides_add_up),
        cmocka_unit_test(test_isolated_bands_hold_one_each),
        cmocka_unit_test(test_semicircle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
