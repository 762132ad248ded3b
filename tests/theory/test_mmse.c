/* Mean squared errors against direct quadrature of their definitions. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "phasesweep/theory/freeconv.h"
#include "phasesweep/theory/mmse.h"

enum { STEPS = 400 };

static Denoiser *denoiser;
static Bands bands;
static Atoms atoms;

/* int density^3 dx between two u, by a midpoint rule that is flat at both ends. */
static double cubes(const Teacher *teacher, double t, double low, double high)
{
    double sum = 0.0;
    for (int k = 0; k < STEPS; k++) {
        const double at = M_PI * (k + 0.5) / STEPS;
        const double flat = at - 0.5 * sin(2.0 * at);
        const double u = low + 0.5 * (high - low) * (1.0 - cos(flat));
        const double du = 0.5 * (high - low) * sin(flat) * (1.0 - cos(2.0 * at)) * M_PI / STEPS;
        const SpectralPoint p = freeconv_point(teacher, t, u, &atoms);
        if (p.v > 0.0) {
            const double complex w = p.u + I * p.v;
            double complex derivative;
            teacher_atoms_resolvent(teacher, &w, 1, &atoms);
            atoms_resolvent_at(&atoms, w, &derivative);
            const double complex z = 1.0 + t * derivative;
            sum += pow(p.density, 3.0) * creal(z * conj(z)) / creal(z) * du;
        }
    }
    return sum;
}

/* R = t (1 - (4 pi^2/3) t int density^3): theory.md section 6. */
static double by_density(const Teacher *teacher, double t)
{
    double sum = 0.0;
    const double d = teacher->dimension;
    for (double i = 1.0; i <= d; i++) {
        const Gap above = i > 1.0 ? bands_gap(&bands, teacher, i - 1.0) : (Gap){.t = INFINITY};
        const Gap below = i < d ? bands_gap(&bands, teacher, i) : (Gap){.t = INFINITY};
        const double high = above.t > t ? bands_edge(&bands, teacher, t, i, 1) : above.u;
        const double low = below.t > t ? bands_edge(&bands, teacher, t, i, -1) : below.u;
        sum += cubes(teacher, t, low, high);
    }
    return t * (1.0 - 4.0 * M_PI * M_PI / 3.0 * t * sum);
}

static void assert_near(double value, double expected, double tolerance)
{
    if (!(fabs(value - expected) <= tolerance * fabs(expected))) {
        fail_msg("%.15g, expected %.15g within %g", value, expected, tolerance);
    }
}

static void test_matrix(void **unused)
{
    (void)unused;
    for (int k = 0; k < 6; k++) {
        const Teacher teacher =
            teacher_create(k % 2 ? 1.25 : 0.7, (double[]){2, 10, 40}[k / 2]);
        for (double t = 1e-5; t < 50.0; t *= 5.3) {
            const Denoised r = mmse_matrix(denoiser, &teacher, t);
            /* 1 - ... of the definition loses digits where t is large */
            assert_near(r.risk, by_density(&teacher, t), 2e-10 + 1e-12 * t / r.risk);
            const double high = mmse_matrix(denoiser, &teacher, t * 1.001).risk;
            const double low = mmse_matrix(denoiser, &teacher, t / 1.001).risk;
            /* the third derivative in log t times 1.001's logarithm squared / 6 */
            assert_near(r.slope, (high - low) / (2.0 * log(1.001)), 2e-6);
        }
    }
}

/* E Var(theta | theta + tau z) by the trapezoidal rule, in units where |theta*|^2 = d. */
static double by_density_scalar(const Teacher *teacher, double t, bool signs)
{
    const double d = teacher->dimension;
    const double tau = sqrt(t * d);
    const double top = teacher_eigenvalue(teacher, 1.0) + 11.0 * tau;
    const double step = tau / 20.0;
    double sum = 0.0;
    for (double x = signs ? -top : -11.0 * tau; x < top; x += step) {
        double moments[3] = {0};
        for (double i = 1.0; i <= d; i++) {
            for (int sign = 1; sign >= (signs ? -1 : 1); sign -= 2) {
                const double s = sign * teacher_eigenvalue(teacher, i);
                const double weight = exp(-0.5 * pow((x - s) / tau, 2.0));
                moments[0] += weight;
                moments[1] += weight * s;
                moments[2] += weight * s * s;
            }
        }
        if (moments[0] > 1e-250) {
            sum += moments[2] - moments[1] * moments[1] / moments[0];
        }
    }
    return sum * step / (tau * sqrt(2.0 * M_PI)) / d / (signs ? 2.0 : 1.0);
}

static void test_scalar(void **unused)
{
    (void)unused;
    for (int k = 0; k < 8; k++) {
        const Teacher teacher = teacher_create(k % 2 ? 1.25 : 0.7, k / 4 ? 150 : 10);
        const bool signs = k / 2 % 2;
        for (double t = 3e-4; t < 10.0; t *= 7.1) {
            const Denoised r = mmse_scalar(denoiser, &teacher, t, signs);
            assert_near(r.risk, by_density_scalar(&teacher, t, signs), 1e-9);
            const double high = mmse_scalar(denoiser, &teacher, t * 1.001, signs).risk;
            const double low = mmse_scalar(denoiser, &teacher, t / 1.001, signs).risk;
            assert_near(r.slope, (high - low) / (2.0 * log(1.001)), 1e-5);
        }
    }
}

int main(void)
{
    denoiser = denoiser_create();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_matrix),
        cmocka_unit_test(test_scalar),
    };
    const int failures = cmocka_run_group_tests(tests, NULL, NULL);
    denoiser_free(denoiser);
    bands_free(&bands);
    atoms_free(&atoms);
    return failures;
}
