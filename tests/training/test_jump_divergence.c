/* (E2) on realised numbers where the threshold jumps.  For Gaussian noise alone the divergence
 * is known by Stein's lemma: sum x f(x)/tau^2 for a vector, int x f dmu/t for a matrix. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdlib.h>
#include <cmocka.h>

#include "phasesweep/numerics/roots.h"
#include "amp/amp_model.h"
#include "matrix_threshold.h"

enum { D = 2000 };

/* Share of a law below x, less the share asked for. */
typedef struct Law {
    double share;
} Law;

static double normal_below(double x, void *context)
{
    return 0.5 * erfc(-x / M_SQRT2) - ((const Law *)context)->share;
}

static double semicircle_below(double x, void *context)
{
    return 0.5 + (x * sqrt(4.0 - x * x) / 4.0 + asin(0.5 * x)) / M_PI -
           ((const Law *)context)->share;
}

/* Quantiles, ascending. */
static void fill(double (*below)(double, void *), double most, double x[D])
{
    for (int k = 0; k < D; k++) {
        Law law = {(k + 0.5) / D};
        x[k] = root_bracketed(below, &law, -most, most, 1e-12);
    }
}

static double stein(const Threshold *threshold, const double x[D], double b, bool both)
{
    const double chi = threshold_weight(threshold, b);
    double sum = 0.0;
    for (int k = 0; k < D; k++) {
        sum += both || x[k] > 0.0 ? x[k] * threshold_shrink(threshold, x[k], chi) : 0.0;
    }
    return sum;
}

static void test_vector(void **unused)
{
    (void)unused;
    double x[D], magnitude[D];
    fill(normal_below, 8.0, x);
    for (int k = 0; k < D; k++) {
        magnitude[D - 1 - k] = fabs(x[(k % 2 == 0 ? D + k : D - 1 - k) / 2]);
    }
    for (int depth = 3; depth <= 8; depth++) {
        const Threshold threshold = threshold_of(2.0 / depth);
        for (double b = 0.5; b < 3.1; b += 0.5) {
            const double exact = stein(&threshold, x, b, true);
            const double found = amp_divergence_jump(&threshold, magnitude, D, 1.0, b);
            /* a kernel of width h adds h^2/2 times the curvature of the density, b^2 - 1 */
            assert_true(fabs(found / exact - 1.0) < 0.02 + 0.03 * fabs(b * b - 1.0));
            const double capacity = 3.0 * exact;
            const double chi = threshold_weight(&threshold, b);
            const double weight = chi * (capacity - found);
            const double root =
                amp_threshold_jump(&threshold, magnitude, D, 1.0, capacity, weight);
            const double left =
                threshold_weight(&threshold, root) *
                (capacity - amp_divergence_jump(&threshold, magnitude, D, 1.0, root));
            /* at two coefficients that leave, D falls by their f', at most 1/(1 - q/2) */
            assert_true(fabs(left / weight - 1.0) < 3.2 / (capacity - found));
        }
    }
}

static void test_matrix(void **unused)
{
    (void)unused;
    double x[D];
    fill(semicircle_below, 2.0, x);
    for (int layers = 2; layers <= 5; layers++) {
        const Threshold threshold = threshold_of(1.0 / layers);
        for (double b = 0.3; b < 1.8; b += 0.3) {
            const double exact = stein(&threshold, x, b, false) / D;
            const double capacity = 1.5 * exact;
            const double weight = threshold_weight(&threshold, b) * (capacity - exact);
            const double root =
                threshold_matrix_jump(&threshold, x, D, capacity, weight, 1e-10);
            assert_true(fabs(root / b - 1.0) < 0.02);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_vector),
                                       cmocka_unit_test(test_matrix)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
