/* The LASSO of blocks of correlated features that is a step of message passing: its conditions
 * of optimality, and the search for a threshold over divergences that jump. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "amp/amp_model.h"

enum { D = 230 };

static double variances[D], deviations[D];

static Covariance covariance_of(double exponent, int block, double rho)
{
    for (int i = 0; i < D; i++) {
        variances[i] = pow(1.0 + i, -exponent);
        deviations[i] = sqrt(variances[i]);
    }
    return (Covariance){.dimension = D,
                        .variances = variances,
                        .deviations = deviations,
                        .block = block,
                        .correlation = rho};
}

/* |pull_i - (C D^(1/2) theta)_i| sqrt(sigma_i) <= b, and = b with the sign of theta_i if that
 * is not 0; to the rounding of sums over a block of D^(1/2) theta, which is up to 1/(1 - rho).
 */
static int check_optimal(const Covariance *sigma, const double pull[], double b)
{
    double theta[D];
    double product[D];
    const double sum = sigma->block / (1.0 - sigma->correlation);
    int active = 0;
    const int counted = amp_threshold_blocks(sigma, pull, b, theta);
    covariance_product(sigma, 1, theta, product);
    for (int i = 0; i < D; i++) {
        const double gradient = deviations[i] * pull[i] - product[i];
        const double rounding = 1e-15 * deviations[i] * sum;
        active += theta[i] != 0.0;
        assert_true(fabs(gradient) < b + rounding);
        assert_true(theta[i] == 0.0 || fabs(gradient - copysign(b, theta[i])) < rounding);
    }
    assert_int_equal(counted, active);
    return active;
}

static void make_pull(double noise, double pull[])
{
    for (int i = 0; i < D; i++) {
        pull[i] = sin(1.0 + 7.0 * i * i) + noise * cos(1.0 + 3.0 * i);
    }
}

/* Blocks of all sizes, the last one with what is left, or one with all. */
static void test_optimal(void **unused)
{
    (void)unused;
    static const int blocks[] = {2, 3, 10, 100, 1000};
    static const double correlations[] = {0.1, 0.8, 0.999};
    static const double thresholds[] = {1e-3, 0.1, 0.5, 1.2, 3.0};
    for (int k = 0; k < 5 * 3 * 5; k++) {
        for (int stretched = 0; stretched < 2; stretched++) {
            const Covariance sigma =
                covariance_of(stretched ? 0.8 : 0.0, blocks[k / 15], correlations[k / 5 % 3]);
            double pull[D];
            make_pull(0.3 * stretched, pull);
            const int active = check_optimal(&sigma, pull, thresholds[k % 5]);
            assert_true((active == 0) == (thresholds[k % 5] > 1.0)); /* pulls are below 1.1 */
        }
    }
}

/* Equal pulls enter at one place, and leave exactly at their bound. */
static void test_ties(void **unused)
{
    (void)unused;
    const Covariance sigma = covariance_of(0.0, 10, 0.5);
    double pull[D];
    for (int i = 0; i < D; i++) {
        pull[i] = i % 2 ? 1.0 : -0.25;
    }
    check_optimal(&sigma, pull, 0.25);
    assert_int_equal(check_optimal(&sigma, pull, 1.0), 0);
    assert_int_equal(check_optimal(&sigma, pull, 0.999), D / 2);
}

/* The root, from either side, or a jump over it. */
static void test_search(void **unused)
{
    (void)unused;
    const Covariance sigma = covariance_of(0.4, 10, 0.7);
    double pull[D];
    double theta[D];
    make_pull(0.2, pull);
    for (int k = 0; k < 12; k++) {
        const double capacity = k % 2 ? 0.4 * D : 2.0 * D;
        const double weight = capacity * pow(10.0, -0.25 * k);
        double balance[2];
        AmpSearch search = amp_search_begin(k % 3 ? 0.0 : 10.0, capacity, weight);
        int trials = 1;
        while (amp_search_goes_on(&search,
                                  amp_threshold_blocks(&sigma, pull, exp(search.x), theta))) {
            trials++;
        }
        for (int side = 0; side < 2; side++) {
            const double b = exp(search.x) * (side ? 1.0 + 1e-9 : 1.0 - 1e-9);
            balance[side] = b * (capacity - amp_threshold_blocks(&sigma, pull, b, theta));
        }
        assert_true(trials < 100);
        assert_true(balance[0] < weight * (1.0 + 1e-9) && balance[1] > weight * (1.0 - 1e-9));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_optimal),
                                       cmocka_unit_test(test_ties),
                                       cmocka_unit_test(test_search)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
