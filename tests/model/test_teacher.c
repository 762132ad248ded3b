/* Compressed sums over the spectrum against sums over every eigenvalue. */
#include <complex.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "phasesweep/model/teacher.h"

static const double exponents[] = {0.51, 0.75, 1.25, 2.0, 3.7, 9.0};
enum { EXPONENTS = sizeof exponents / sizeof *exponents };

static void test_norm_and_mean(void **unused)
{
    (void)unused;
    for (int k = 0; k < EXPONENTS; k++) {
        const double d = 1e4;
        const Teacher teacher = teacher_create(exponents[k], d);
        double square = 0.0;
        double sum = 0.0;
        for (double i = d; i >= 1.0; i--) {
            const double s = teacher_eigenvalue(&teacher, i);
            square += s * s / d;
            sum += s / d;
        }
        assert_true(fabs(square - 1.0) < 1e-12);
        assert_true(fabs(sum / teacher.mean - 1.0) < 1e-12);
    }
}

static double complex exact_resolvent(const Teacher *teacher, double complex w)
{
    double complex sum = 0.0;
    for (double i = teacher->dimension; i >= 1.0; i--) {
        sum += 1.0 / (w - teacher_eigenvalue(teacher, i)) / teacher->dimension;
    }
    return sum;
}

/* G at points over the spectrum, from far above the line to a hair's breadth beside it; the
 * size of a sum is that of its terms' moduli. */
static void test_resolvent(void **unused)
{
    (void)unused;
    Atoms atoms = {0};
    for (int k = 0; k < EXPONENTS; k++) {
        const Teacher teacher = teacher_create(exponents[k], 1e4);
        for (double index = 0.7; index < 3e4; index *= 2.3) {
            const double u = teacher_eigenvalue(&teacher, index);
            for (double height = 1e-9; height < 100.0; height *= 30.0) {
                const double complex w = u * (1.0 + I * height);
                teacher_atoms_resolvent(&teacher, &w, 1, &atoms);
                assert_true(atoms.count < 600);
                double complex derivative;
                const double complex g = atoms_resolvent_at(&atoms, w, &derivative);
                const double complex exact = exact_resolvent(&teacher, w);
                double size = 0.0;
                double rounding = 0.0; /* of s itself, gamma log(i) units in the last place */
                for (size_t i = 0; i < atoms.count; i++) {
                    const double distance = cabs(w - atoms.position[i]);
                    size += atoms.mass[i] / distance;
                    rounding += 4e-14 * atoms.mass[i] * atoms.position[i] / distance / distance;
                }
                assert_true(cabs(g - exact) < 1e-12 * size + rounding);
            }
        }
    }
    atoms_free(&atoms);
}

/* d = 10^12 costs what its 40 octaves cost, and keeps the norm: zeta(2 gamma) is known. */
static void test_large_dimension(void **unused)
{
    (void)unused;
    const double d = 1e12;
    const Teacher teacher = teacher_create(1.0, d);
    const double norm = M_PI * M_PI / 6.0 - 1.0 / d; /* sum i^-2 up to d, error d^-2 */
    assert_true(fabs(teacher.scale * teacher.scale * norm / d - 1.0) < 1e-12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_norm_and_mean),
        cmocka_unit_test(test_resolvent),
        cmocka_unit_test(test_large_dimension),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
