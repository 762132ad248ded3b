/* Identities of the free convolution, in bulk, gaps and isolated bands. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "phasesweep/theory/contour.h"

static const double deltas[] = {1e-4, 1e-2, 0.1, 1.0, 30.0};

static Teacher teacher;
static Atoms atoms;

/* Both sides of any threshold add up to mass 1, mean Tr S*, variance 1 + delta^2, and to
 * int 2 H dmu = 0, int 2 x H dmu = 1, at any d. */
static void check_sides(const Teacher *of, double delta, double u)
{
    const SpectralPoint at = freeconv_point(of, delta * delta, u, &atoms);
    const SideMoments a = contour_side(of, delta * delta, &at, at.x, 1, &atoms);
    const SideMoments g = contour_side(of, delta * delta, &at, at.x, -1, &atoms);
    const double b = at.x;
    const double scale = 1.0 + b * b + delta * delta;
    const double second = 1.0 + delta * delta - 2.0 * b * of->mean + b * b;
    assert_true(fabs(a.mass + g.mass - 1.0) < 1e-12);
    assert_true(fabs(a.first - g.first - (of->mean - b)) < 1e-12 * scale);
    assert_true(fabs(a.second + g.second - second) < 1e-12 * scale);
    assert_true(fabs(a.hilbert + g.hilbert) < 1e-12 / delta);
    assert_true(fabs(a.mixed - g.mixed - 1.0) < 1e-12 * (1.0 + b / delta));
}

static void test_sides_add_up(void **unused)
{
    (void)unused;
    static const double gammas[] = {0.6, 0.75, 1.25, 3.0};
    for (double d = 100; d < 1e9; d *= 1e3) {
        for (int g = 0; g < 4; g++) {
            const Teacher of = teacher_create(gammas[g], d);
            for (size_t k = 0; k < sizeof deltas / sizeof *deltas; k++) {
                for (double u = 1.3e-3; u < 20.0; u *= 1.7) {
                    check_sides(&of, deltas[k], u);
                }
            }
        }
    }
}

/* In a gap the mass above is an exact multiple of 1/d. */
static void test_isolated_bands_hold_one_each(void **unused)
{
    (void)unused;
    const double t = 1e-6;
    for (int i = 0; i < 8; i++) {
        const double u = 0.5 * (teacher_eigenvalue(&teacher, i + 1.0) +
                                teacher_eigenvalue(&teacher, i + 2.0));
        const SpectralPoint at = freeconv_point(&teacher, t, u, &atoms);
        assert_true(at.v == 0.0 && at.density == 0.0);
        const SideMoments above = contour_side(&teacher, t, &at, at.x, 1, &atoms);
        assert_true(fabs(above.mass - (double)(i + 1) / 100.0) < 1e-13);
    }
}

/* A large noise hides the teacher: mu is a semicircle of radius 2 delta. */
static void test_semicircle(void **unused)
{
    (void)unused;
    const double delta = 1e4;
    const SpectralPoint at = freeconv_point(&teacher, delta * delta, teacher.mean, &atoms);
    assert_true(fabs(at.density * M_PI * delta - 1.0) < 1e-7);
    const SideMoments above = contour_side(&teacher, delta * delta, &at, at.x, 1, &atoms);
    assert_true(fabs(above.mass - 0.5) < 1e-7);
    assert_true(fabs(above.second / (delta * delta) - 0.5) < 1e-7);
}

/* A position is found again, from nothing and from a poor guess; so is a mass. */
static void test_locate(void **unused)
{
    (void)unused;
    const SpectralPoint nothing = {.v = -1.0};
    for (size_t k = 0; k < sizeof deltas / sizeof *deltas; k++) {
        const double t = deltas[k] * deltas[k];
        SpectralPoint near = nothing;
        for (double x = 1e-3; x < 10.0; x *= 1.3) {
            const SpectralPoint cold = freeconv_locate(&teacher, t, x, nothing, &atoms);
            near = freeconv_locate(&teacher, t, x, near, &atoms);
            assert_true(fabs(cold.x - x) < 1e-10 * deltas[k] + 1e-15 * x);
            assert_true(fabs(near.density - cold.density) < 1e-8 / deltas[k]);
            const double mass = freeconv_mass_above(&teacher, t, &near, &atoms);
            if (near.v > 0.0) {
                const SpectralPoint again =
                    freeconv_quantile(&teacher, t, mass, nothing, &atoms);
                assert_true(fabs(again.x - x) < 1e-7 * (x + deltas[k]));
            }
        }
    }
}

int main(void)
{
    teacher = teacher_create(1.25, 100);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sides_add_up),
        cmocka_unit_test(test_isolated_bands_hold_one_each),
        cmocka_unit_test(test_semicircle),
        cmocka_unit_test(test_locate),
    };
    const int failures = cmocka_run_group_tests(tests, NULL, NULL);
    atoms_free(&atoms);
    return failures;
}
