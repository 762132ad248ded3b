/* Narrow networks: teams, lines, and agreement with the convex training where the width does
 * not bind. */
#include <math.h>
#include <mpi.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "narrow_case.h"

/* Width d, and a width between the rank of the convex solution and d: the same minimum as the
 * convex training, and a certificate near 0; below that rank no such thing. */
static void test_convex(void **unused)
{
    (void)unused;
    Problem problem = problem_of(24.0, 24.0, 700.0, 0.3);
    const TrainerSettings settings = trainer_defaults();
    problem.tolerance = 1e-9;
    Path *path = path_create(MPI_COMM_WORLD, &trainer_convex, &settings);
    const Observed convex = path_solve(path, &problem, NULL, NULL);
    path_free(path);
    assert_true(convex.rank > 2 && convex.rank < 20);
    for (int p = 24; p >= 20; p -= 4) {
        problem = problem_of(24.0, p, 700.0, 0.3);
        const Observed fit = train(MPI_COMM_WORLD, problem, 1e-11, false);
        assert_int_equal(fit.outcome, OUTCOME_CONVERGED);
        assert_true(fabs(fit.objective / convex.objective - 1.0) < 1e-6);
        assert_true(fabs(fit.risk / convex.risk - 1.0) < 1e-3);
        assert_true(fabs(fit.train_loss / convex.train_loss - 1.0) < 1e-3);
        assert_int_equal(fit.rank, convex.rank);
        assert_true(fit.gap < 1e-3);
    }
    problem = problem_of(24.0, 2.0, 700.0, 0.3);
    const Observed fit = train(MPI_COMM_WORLD, problem, 1e-11, false);
    assert_true(fit.objective > 1.001 * convex.objective && fit.gap > 1e-3);
    assert_true(fit.objective * (1.0 - fit.gap) <= convex.objective);
    assert_int_equal(fit.rank, 2);
}

/* Another team and another precision lead to the same minimum from the same starts. */
static void test_teams(void **unused)
{
    (void)unused;
    const Problem problem = problem_of(30.0, 3.0, 1500.0, 0.1);
    const Observed one = train(MPI_COMM_SELF, problem, 1e-14, true);
    const Observed team = train(MPI_COMM_WORLD, problem, 1e-14, true);
    const Observed single = train(MPI_COMM_WORLD, problem, 1e-14, false);
    assert_true(fabs(team.objective / one.objective - 1.0) < 1e-11);
    assert_true(fabs(single.objective / one.objective - 1.0) < 1e-11);
    /* the minimum is quadratic: S is known to the root of what F is */
    assert_true(fabs(team.risk / one.risk - 1.0) < 1e-5);
    assert_true(one.spread >= 0.0 && one.spread < 1e-4);
}

/* Along weight decay each point starts from its neighbour; arrays are those of S. */
static void test_line(void **unused)
{
    (void)unused;
    Problem problem = problem_of(30.0, 3.0, 1500.0, 0.4);
    const TrainerSettings settings = trainer_defaults();
    Path *path = path_create(MPI_COMM_WORLD, &trainer_factored, &settings);
    for (int k = 0; k < 3; k++) {
        problem = problem_of(30.0, 3.0, 1500.0, 0.4 / (1 << k));
        double values[30];
        double overlaps[30];
        const Observed fit = path_solve(path, &problem, values, overlaps);
        const Observed again = train(MPI_COMM_WORLD, problem, 1e-11, false);
        assert_true(fabs(fit.objective / again.objective - 1.0) < 1e-8);
        assert_true(fabs(values[0] + values[1] + values[2] - 30.0 * fit.trace) < 1e-9);
        assert_true(overlaps[0] > 0.9 && overlaps[0] <= 1.0 + 1e-12);
        const double *factor = path_network(path).factor; /* W / (p d)^(1/4) */
        double square = 0.0;
        for (int i = 0; i < 90; i++) {
            square += factor[i] * factor[i];
        }
        assert_true(fabs(square / 30.0 - fit.trace) < 1e-12);
    }
    path_free(path);
    problem.noise = INFINITY;
    assert_int_equal(train(MPI_COMM_WORLD, problem, 1e-8, false).outcome, OUTCOME_FAILED);
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_convex),
                                       cmocka_unit_test(test_teams),
                                       cmocka_unit_test(test_line)};
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    MPI_Finalize();
    return failed;
}
