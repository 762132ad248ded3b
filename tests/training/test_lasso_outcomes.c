/* How a LASSO training may end: at a limit, without numbers, or because it was told to stop. */
#include <math.h>
#include <mpi.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lasso_case.h"

enum { D = 400 };

/* Outcomes: a limit reached keeps its gap; what is not finite has no numbers. */
static void test_outcomes(void **unused)
{
    (void)unused;
    TrainerSettings settings = trainer_defaults();
    settings.iteration_limit = 3;
    Problem problem = problem_of(D, D, 0.01, 1e-10);
    Path *path = path_create(MPI_COMM_WORLD, &trainer_lasso, &settings);
    const Observed limited = path_solve(path, &problem, NULL, NULL);
    assert_int_equal(limited.outcome, OUTCOME_NOT_CONVERGED);
    assert_true(limited.gap > 1e-10 && limited.gap <= 1.0);
    path_free(path);
    problem.noise = INFINITY;
    for (int layout = LASSO_COLUMNS; layout <= LASSO_SUMS; layout++) {
        double theta[D];
        const Observed broken = cold(MPI_COMM_WORLD, &problem, (LassoLayout)layout, theta);
        assert_int_equal(broken.outcome, OUTCOME_FAILED);
        assert_true(isnan(broken.risk) && isnan(broken.gap));
    }
}

/* Yes, once the countdown has ended. */
static bool count_down(void *context)
{
    int *left = context;
    return --*left < 0;
}

/* Stopped after every possible number of questions, while drawing sums included: a stop never
 * hangs, is known on all ranks, and the line begun again ends as if nothing had been. */
static void test_stops(void **unused)
{
    (void)unused;
    double theta[D];
    for (int layout = LASSO_COLUMNS; layout <= LASSO_SUMS; layout++) {
        const Problem problem = problem_of(D, 700, 0.05, 1e-10);
        TrainerSettings settings = settings_of((LassoLayout)layout);
        Observed fit = {.stopped = true};
        int stops = 0;
        for (int patience = 0; fit.stopped; patience += 7, stops++) {
            int left = patience;
            settings.stop = count_down;
            settings.stop_context = &left;
            Path *path = path_create(MPI_COMM_WORLD, &trainer_lasso, &settings);
            fit = path_solve(path, &problem, NULL, NULL);
            path_free(path);
            assert_true(!fit.stopped || fit.outcome == OUTCOME_RUNNING);
        }
        const Observed whole = cold(MPI_COMM_WORLD, &problem, (LassoLayout)layout, theta);
        assert_true(stops > 2);
        assert_int_equal(fit.outcome, OUTCOME_CONVERGED);
        assert_true(fit.risk == whole.risk && fit.iterations == whole.iterations);
    }
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_outcomes),
                                       cmocka_unit_test(test_stops)};
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    MPI_Finalize();
    return failed;
}
