/* Activations and their Hermite series: against the table that led here, plain quadrature,
 * closed forms and differences. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "phasesweep/model/activation.h"

static HermiteSeries series[ACTIVATION_COUNT];

static Activation activation_of(ActivationId id)
{
    return (Activation){.id = id, .coefficient = {0.1, -0.2, 0.3, 0.7, 0.0, -0.05, 0.02}};
}

static void assert_near(double value, double expected, double tolerance)
{
    if (!(fabs(value - expected) <= tolerance)) {
        fail_msg("%.15g, expected %.15g within %g", value, expected, tolerance);
    }
}

/* mu_1, mu_2, g(1) as published with five digits: half a unit of the last. */
static void table_of_moments(void **state)
{
    (void)state;
    static const struct {
        ActivationId id;
        double one, two, g;
    } rows[] = {
        {ACTIVATION_RELU, .5, .39894, .01127},    {ACTIVATION_GELU, .5, .42314, .00612},
        {ACTIVATION_SILU, .5, .35085, .00154},    {ACTIVATION_SOFTPLUS, .5, .20662, .00017},
        {ACTIVATION_ELU, .76158, .26158, .00497}, {ACTIVATION_ABS, 0., .79788, .04507},
        {ACTIVATION_COS, 0., -.60653, .01585},    {ACTIVATION_TANH, .60571, 0., .02742},
        {ACTIVATION_STEEP_TANH, 0., 0., .10312},  {ACTIVATION_ERF, .56419, 0., .01502},
        {ACTIVATION_QUADRATIC, 0., 2., 0.},
    };
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
        const HermiteSeries *its = &series[rows[k].id];
        double slope;
        assert_near(series_moment(its, 1), rows[k].one, 5.001e-6);
        assert_near(series_moment(its, 2), rows[k].two, 5.001e-6);
        assert_near(series_g(its, 1.0, &slope), rows[k].g, 5.001e-6);
    }
}

/* By Simpson's rule on either side of 0, without orthonormal functions.  Its error is
 * h^4/180 times the fourth derivative of the integrand, 1e-14 here but for He_6. */
static void moments_by_quadrature(void **state)
{
    (void)state;
    enum { STEPS = 40000 };
    for (ActivationId id = 0; id < ACTIVATION_COUNT; id++) {
        const Activation activation = activation_of(id);
        double moment[7] = {0.0};
        double square = 0.0;
        for (int k = -STEPS; k <= STEPS; k++) {
            const double step = 14.0 / STEPS;
            const double z = k * step;
            const double weight =
                (k % 2 != 0 ? 4.0 : 2.0) / 3.0 * step * exp(-0.5 * z * z) / sqrt(2.0 * M_PI);
            double value;
            double slope;
            activation_block(&activation, &z, 1, &value, &slope);
            double before = 0.0;
            double here = 1.0;
            for (int l = 0; l < 7; l++) {
                moment[l] += weight * value * here;
                const double next = z * here - l * before;
                before = here;
                here = next;
            }
            square += weight * value * value;
        }
        for (int l = 0; l < 7; l++) {
            assert_near(series_moment(&series[id], l), moment[l], 2e-12);
        }
        assert_near(series[id].square, square, 1e-12);
    }
}

/* Covariances of two neurons in closed form: relu and abs (Cho & Saul 2009), erf (Williams
 * 1997), cos.  What kinked ones have beyond the L = 1024 terms is known to leading order in
 * 1/L: L^(-5/2) in the value, L^(-3/2) = 3e-5 in the slope, times a few hundredths. */
static void covariances_in_closed_form(void **state)
{
    (void)state;
    const double at[] = {-1.0, -0.9, -0.3, 0.0, 0.2, 0.5, 0.8, 0.99, 0.999, 0.9999, 1.0};
    for (size_t k = 0; k < sizeof at / sizeof *at; k++) {
        const double q = at[k];
        const double root = sqrt(1.0 - q * q);
        double slope;
        const HermiteSeries *relu = &series[ACTIVATION_RELU];
        assert_near(series_overlap(relu, relu, q, 0, &slope),
                    (root + q * (M_PI - acos(q))) / (2.0 * M_PI), 3e-10);
        assert_near(slope, (M_PI - acos(q)) / (2.0 * M_PI), 1e-6);
        const HermiteSeries *absolute = &series[ACTIVATION_ABS];
        assert_near(series_overlap(absolute, absolute, q, 0, &slope),
                    2.0 / M_PI * (root + q * asin(q)), 1e-9);
        assert_near(series_overlap(relu, absolute, q, 0, &slope), (root + q * asin(q)) / M_PI,
                    5e-10);
        const HermiteSeries *erf = &series[ACTIVATION_ERF];
        assert_near(series_overlap(erf, erf, q, 0, &slope), 2.0 / M_PI * asin(0.5 * q), 1e-14);
        assert_near(slope, 2.0 / M_PI / sqrt(4.0 - q * q), 1e-14);
        const HermiteSeries *cosine = &series[ACTIVATION_COS];
        assert_near(series_overlap(cosine, cosine, q, 0, &slope), exp(-1.0) * cosh(q), 1e-14);
        assert_near(slope, exp(-1.0) * sinh(q), 1e-14);
    }
}

/* E x^2 sigma' tells elu: mu_1 = 1/2 + sqrt(e) Phi(-1), mu_2 = mu_1 - 1/2; and the relu has
 * mu_2 = phi(0), mu_4 = -phi(0), mu_6 = 3 phi(0), the coefficients of gelu are those of Phi by
 * He_{l+1} and He_{l-1}. */
static void moments_in_closed_form(void **state)
{
    (void)state;
    const double low = sqrt(M_E) * 0.5 * erfc(M_SQRT1_2);
    const double height = 1.0 / sqrt(2.0 * M_PI);
    assert_near(series_moment(&series[ACTIVATION_ELU], 1), 0.5 + low, 1e-14);
    assert_near(series_moment(&series[ACTIVATION_ELU], 2), low, 1e-14);
    assert_near(series_moment(&series[ACTIVATION_RELU], 2), height, 1e-14);
    assert_near(series_moment(&series[ACTIVATION_RELU], 4), -height, 1e-14);
    assert_near(series_moment(&series[ACTIVATION_RELU], 6), 3.0 * height, 1e-13);
    assert_near(series_moment(&series[ACTIVATION_GELU], 2), 1.5 * M_SQRT1_2 * height, 1e-14);
    assert_near(series_moment(&series[ACTIVATION_GELU], 4), -1.25 * M_SQRT1_2 * height, 1e-13);
}

/* Of smooth ones the sum over l is E sigma^2 and E sigma'^2: nothing is beyond the terms. */
static void nothing_left(void **state)
{
    (void)state;
    double slope;
    for (ActivationId id = 0; id < ACTIVATION_COUNT; id++) {
        const double all = series_overlap(&series[id], &series[id], 1.0, 0, &slope);
        assert_near(all, series[id].square, 1e-13);
        assert_near(slope, series[id].slope_square, 1e-12);
    }
    /* tanh: E (1 - tanh^2)^2 by the same quadrature as no other test sees */
    double sum = 0.0;
    for (int k = -4000; k <= 4000; k++) {
        const double z = 0.003 * k;
        sum += 0.003 * pow(cosh(z), -4.0) * exp(-0.5 * z * z) / sqrt(2.0 * M_PI);
    }
    assert_near(series[ACTIVATION_TANH].slope_square, sum, 1e-13);
}

/* Central differences of five points, error of the order of h^4 = 1e-12. */
static void derivatives_by_differences(void **state)
{
    (void)state;
    enum { COUNT = 37 };
    const double h = 1e-3;
    double z[COUNT];
    double value[5][COUNT];
    double slope[COUNT];
    double unused[COUNT];
    for (ActivationId id = 0; id < ACTIVATION_COUNT; id++) {
        const Activation activation = activation_of(id);
        for (int shift = -2; shift <= 2; shift++) {
            for (int k = 0; k < COUNT; k++) {
                z[k] = -4.51 + 0.25 * k + shift * h; /* none near the kink */
            }
            activation_block(&activation, z, COUNT, value[shift + 2],
                             shift == 0 ? slope : unused);
        }
        for (int k = 0; k < COUNT; k++) {
            const double by_differences =
                (8.0 * (value[3][k] - value[1][k]) - (value[4][k] - value[0][k])) / (12.0 * h);
            assert_near(slope[k], by_differences, 3e-11 * (1.0 + fabs(slope[k])));
        }
    }
}

/* Large arguments give what they should, and in place. */
static void far_away(void **state)
{
    (void)state;
    const double expected[ACTIVATION_COUNT][2] = {
        [ACTIVATION_RELU] = {0.0, 800.0}, [ACTIVATION_GELU] = {0.0, 800.0},
        [ACTIVATION_SILU] = {0.0, 800.0}, [ACTIVATION_SOFTPLUS] = {0.0, 800.0},
        [ACTIVATION_ELU] = {-1.0, 800.0}, [ACTIVATION_ABS] = {800.0, 800.0},
        [ACTIVATION_TANH] = {-1.0, 1.0},  [ACTIVATION_ERF] = {-1.0, 1.0},
    };
    for (ActivationId id = ACTIVATION_RELU; id <= ACTIVATION_ERF; id++) {
        const Activation activation = activation_of(id);
        double z[2] = {-800.0, 800.0};
        double slope[2];
        activation_block(&activation, z, 2, z, slope);
        for (int k = 0; k < 2; k++) {
            assert_near(z[k], expected[id][k], 1e-12);
            assert_true(isfinite(slope[k]));
        }
    }
}

static int all_series(void **state)
{
    (void)state;
    for (ActivationId id = 0; id < ACTIVATION_COUNT; id++) {
        const Activation activation = activation_of(id);
        activation_series(&activation, &series[id]);
    }
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_of_moments),
        cmocka_unit_test(moments_by_quadrature),
        cmocka_unit_test(covariances_in_closed_form),
        cmocka_unit_test(moments_in_closed_form),
        cmocka_unit_test(nothing_left),
        cmocka_unit_test(derivatives_by_differences),
        cmocka_unit_test(far_away),
    };
    return cmocka_run_group_tests(tests, all_series, NULL);
}
