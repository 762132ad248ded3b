/* The split of the risk against the risk; density, quantiles and masses against each other. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "phasesweep/numerics/rng.h"
#include "phasesweep/theory/decomposition.h"

enum { D = 120 };

static OverlapsWork overlaps;
static Bands bands;
static const SpectrumWork work = {.overlaps = &overlaps, .bands = &bands};

static void set(double gamma, double d, double width)
{
    overlaps.teacher = teacher_create(gamma, d);
    overlaps.width = width;
    overlaps.near.v = -1.0;
}

/* The numbers of theory.md section 7. */
static void test_example(void **unused)
{
    (void)unused;
    set(1.25, 100, 100);
    const Decomposition r = spectrum_decompose(work, 0.01, 0.15);
    assert_true(fabs(r.overfitting - 0.002653) < 5e-7);
    assert_true(fabs(r.underfitting - 0.010746) < 5e-7);
    assert_true(fabs(r.approximation - 0.004406) < 5e-7);
    assert_true(fabs(r.cross + 0.007957) < 5e-7);
}

/* The four parts add up to the risk: cuts in the bulk, in outliers, in gaps, below all. */
static void test_parts_add_up(void **unused)
{
    (void)unused;
    const double gammas[] = {0.6, 1.25, 3.0};
    const double dimensions[] = {2, 10, 100, 400, 1e4, 1e6, 1e8};
    for (int k = 0; k < 21; k++) {
        const double d = dimensions[k % 7];
        for (int narrow = 0; narrow < 2; narrow++) {
            set(gammas[k / 7], d, narrow ? fmax(1.0, floor(0.05 * d)) : d);
            for (int j = 0; j < (d > 400.0 ? 6 : 150); j++) {
                const double t = 1e-8 * pow(1e12, rng_uniform(1, 0, j, 0));
                const double b = 1e-4 * pow(3e5, rng_uniform(1, 0, j, 1));
                const Decomposition r = spectrum_decompose(work, t, b);
                const double risk = overlaps_quadratic(&overlaps, t, b).risk;
                const double sum = r.overfitting + r.underfitting + r.approximation + r.cross;
                /* what bulk and its features add may be 1e5 times what is left of them */
                assert_true(fabs(sum - risk) <= 1e-10 * risk + 1e-15 * r.underfitting);
                assert_true(r.overfitting >= 0.0 && r.underfitting >= 0.0);
            }
        }
    }
}

/* Density, quantiles and mass above describe one law. */
static void test_one_law(void **unused)
{
    (void)unused;
    set(1.25, D, 20);
    double values[D];
    spectrum_quantiles(work, 0.04, 0.1, values, D);
    for (int j = 0; j < D; j++) {
        assert_true((values[j] > 0.0) == (j < 20));
    }
    assert_true(spectrum_distance(work, 0.04, 0.1, values, D, 0.0) <= 0.5001 / D);
    double mass = 0.0;
    double x[1000];
    double density[1000];
    for (int k = 0; k < 1000; k++) {
        x[k] = values[19] + (k + 0.5) * 0.05 / 1000;
    }
    spectrum_density(work, 0.04, 0.1, x, 1000, density);
    for (int k = 0; k < 1000; k++) {
        mass += density[k] * 0.05 / 1000;
    }
    const double expected = spectrum_mass_above(work, 0.04, 0.1, values[19]) -
                            spectrum_mass_above(work, 0.04, 0.1, values[19] + 0.05);
    assert_true(fabs(mass - expected) < 1e-3 * expected); /* midpoint rule at square roots */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_example),
        cmocka_unit_test(test_parts_add_up),
        cmocka_unit_test(test_one_law),
    };
    const int failures = cmocka_run_group_tests(tests, NULL, NULL);
    atoms_free(&overlaps.atoms);
    bands_free(&bands);
    return failures;
}
