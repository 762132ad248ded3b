/* Deeper diagonal networks: teams, chains, limits, and that no coefficient alone lowers F. */
#include <math.h>
#include <mpi.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "deep_case.h"

enum { D = 200 };

/* A rank alone and a team follow the same starts to the same ends. */
static void test_teams(void **unused)
{
    (void)unused;
    double alone[D];
    double shared[D];
    for (int depth = 3; depth <= 6; depth++) {
        for (int samples = 100; samples <= 1600; samples *= 4) {
            const Problem problem = problem_of(depth, D, samples, 0.2);
            const Observed one = cold(MPI_COMM_SELF, &problem, alone);
            const Observed team = cold(MPI_COMM_WORLD, &problem, shared);
            assert_int_equal(team.outcome, OUTCOME_STATIONARY);
            assert_true(team.stationarity <= 1e-9 && isnan(team.gap));
            assert_true(team.spread >= 0.0 && team.risk_spread >= 0.0);
            assert_true(fabs(team.objective - one.objective) <= 1e-10 * one.objective);
            assert_int_equal(team.rank, one.rank);
            for (int i = 0; i < D; i++) {
                assert_true(fabs(shared[i] - alone[i]) < 1e-7);
            }
        }
    }
}

/* What is reported is that of the network, by definition; and F, along every axis through it,
 * is nowhere lower, 0 included. */
static void test_definition(void **unused)
{
    (void)unused;
    double theta[D];
    for (int depth = 3; depth <= 5; depth++) {
        const Problem problem = problem_of(depth, D, 150, 0.1);
        const Observed fit = cold(MPI_COMM_WORLD, &problem, theta);
        double *rows = gather(&problem);
        const double lowest = objective(&problem, rows, theta);
        assert_true(fabs(fit.objective / lowest - 1.0) < 1e-11);
        assert_true(fit.rank > 5.0);
        for (int i = 0; i < D; i += 7) {
            const double here = theta[i];
            for (int k = -40; k <= 40; k++) {
                theta[i] = k == 0 ? 0.0 : copysign(pow(1.25, abs(k) - 30), k);
                assert_true(objective(&problem, rows, theta) >= lowest * (1.0 - 1e-12));
            }
            theta[i] = here;
        }
        free(rows);
    }
}

/* A point of a chain starts from the one before, too: again at the same weight it never ends
 * higher, and where minima are many it may end in another one than alone. */
static void test_chain(void **unused)
{
    (void)unused;
    static const double line[] = {3.0, 1.0, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.05};
    const TrainerSettings settings = trainer_defaults();
    Path *path = path_create(MPI_COMM_WORLD, &trainer_deep_lasso, &settings);
    bool other = false;
    for (size_t k = 0; k < sizeof line / sizeof *line; k++) {
        const Problem problem = problem_of(4, D, 80, line[k]);
        const Observed fit = path_solve(path, &problem, NULL, NULL);
        const Observed again = path_solve(path, &problem, NULL, NULL);
        const Observed alone = cold(MPI_COMM_WORLD, &problem, NULL);
        assert_int_equal(fit.outcome, OUTCOME_STATIONARY);
        assert_true(again.objective <= fit.objective * (1.0 + 1e-12));
        assert_true(fabs(fit.objective / alone.objective - 1.0) < 0.03);
        other = other || fabs(fit.objective / alone.objective - 1.0) > 1e-6;
    }
    assert_true(other);
    path_free(path);
}

static void test_outcomes(void **unused)
{
    (void)unused;
    Problem problem = problem_of(3, D, 300, 0.1);
    TrainerSettings settings = trainer_defaults();
    for (settings.iteration_limit = 1; settings.iteration_limit < 20000;
         settings.iteration_limit *= 100) {
        Path *path = path_create(MPI_COMM_WORLD, &trainer_deep_lasso, &settings);
        const Observed limited = path_solve(path, &problem, NULL, NULL);
        assert_int_equal(limited.outcome, settings.iteration_limit < 1000
                                              ? OUTCOME_NOT_CONVERGED
                                              : OUTCOME_STATIONARY);
        assert_true(isfinite(limited.objective) && isfinite(limited.risk));
        path_free(path);
    }
    settings.iteration_limit = 0;
    settings.time_limit = 1e-9;
    Path *path = path_create(MPI_COMM_WORLD, &trainer_deep_lasso, &settings);
    assert_int_equal(path_solve(path, &problem, NULL, NULL).outcome, OUTCOME_NOT_CONVERGED);
    path_free(path);
    /* nothing is learned at a large weight, and that is an end, too */
    problem.weight_decay = 1e6;
    const Observed nothing = cold(MPI_COMM_WORLD, &problem, NULL);
    assert_true(nothing.outcome == OUTCOME_STATIONARY && nothing.rank == 0.0);
    assert_true(nothing.stationarity == 0.0);
    problem.noise = INFINITY;
    const Observed broken = cold(MPI_COMM_WORLD, &problem, NULL);
    assert_int_equal(broken.outcome, OUTCOME_FAILED);
    assert_true(isnan(broken.risk) && isnan(broken.stationarity));
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_teams), cmocka_unit_test(test_definition),
        cmocka_unit_test(test_chain), cmocka_unit_test(test_outcomes)};
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    MPI_Finalize();
    return failed;
}
