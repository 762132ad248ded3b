/* L-BFGS on functions with known minima, their variables spread over the team. */
#include <math.h>
#include <mpi.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "spread_functions.h"

static void test_minima(void **unused)
{
    (void)unused;
    Share share = share_of();
    double x[SIZE];
    double all[SIZE];
    for (int memory = 1; memory <= 20; memory += 19) {
        LbfgsSettings settings = lbfgs_defaults();
        settings.absolute = 1e-22;
        for (int i = 0; i < share.count; i++) {
            x[i] = (share.first + i) % 2 == 0 ? -1.2 : 1.0;
        }
        Lbfgs report = minimise(&share, memory, x, rosenbrock, &settings);
        assert_int_equal(report.outcome, OUTCOME_CONVERGED);
        assert_true(report.value < 1e-18 && report.evaluations < (memory == 1 ? 2000 : 100));
        see_all(&share, x, all);
        for (int i = 0; i < SIZE; i++) {
            assert_true(fabs(all[i] - 1.0) < 1e-8);
        }
    }
    LbfgsSettings settings = lbfgs_defaults();
    settings.relative = 1e-13;
    for (int i = 0; i < share.count; i++) {
        x[i] = 0.0;
    }
    Lbfgs report = minimise(&share, 20, x, quadratic, &settings);
    assert_int_equal(report.outcome, OUTCOME_CONVERGED);
    /* the estimate is below the rest by about ten: not all curvatures are in 20 pairs */
    assert_true(fabs(report.value + 1.0) < 1e-11);
    settings.relative = 1e-4;
    for (int i = 0; i < share.count; i++) {
        x[i] = 0.0;
    }
    report = minimise(&share, 20, x, quadratic, &settings);
    assert_true(report.value + 1.0 < 1e-2 && report.value + 1.0 > 0.0);
}

static void test_outcomes(void **unused)
{
    (void)unused;
    Share share = share_of();
    double x[SIZE] = {0};
    LbfgsSettings settings = lbfgs_defaults();
    settings.evaluation_limit = 7;
    Lbfgs report = minimise(&share, 20, x, quadratic, &settings);
    assert_int_equal(report.outcome, OUTCOME_NOT_CONVERGED);
    settings.evaluation_limit = 300;
    settings.relative = 0.0;
    settings.absolute = 1e-30;
    report = minimise(&share, 20, x, bottomless, &settings);
    assert_true(report.outcome != OUTCOME_FAILED && report.value < 1e-8);
    for (int i = 0; i < share.count; i++) {
        x[i] = NAN;
    }
    report = minimise(&share, 20, x, quadratic, &settings);
    assert_int_equal(report.outcome, OUTCOME_FAILED);
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_minima),
                                       cmocka_unit_test(test_outcomes)};
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    MPI_Finalize();
    return failed;
}
