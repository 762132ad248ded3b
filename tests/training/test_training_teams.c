/* Training: equal for any team and store and on a line, and its edge cases. */
#include <math.h>
#include <mpi.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "phasesweep/training/path.h"
#include "quadratic_case.h"

enum { D = 24 };

static Problem problem_of(double n, double weight)
{
    return quadratic_case(D, n, weight, 1e-10);
}

static Observed train(MPI_Comm team, const Problem *problem, const TrainerSettings *settings,
                      double eigenvalues[])
{
    Path *path = path_create(team, &trainer_convex, settings);
    const Observed training = path_solve(path, problem, eigenvalues, NULL);
    path_free(path);
    return training;
}

static void test_teams_and_stores(void **unused)
{
    (void)unused;
    Problem problem = problem_of(400.0, 0.1);
    TrainerSettings settings = trainer_defaults();
    problem.store = STORE_DOUBLE;
    const Observed alone = train(MPI_COMM_SELF, &problem, &settings, NULL);
    assert_int_equal(alone.outcome, OUTCOME_CONVERGED);
    for (int store = STORE_AUTO; store < STORE_COUNT; store++) {
        problem.store = (SampleStore)store;
        settings.eigen = (EigenMethod)(store % EIGEN_COUNT);
        settings.double_only = store == STORE_DOUBLE;
        const Observed t = train(MPI_COMM_WORLD, &problem, &settings, NULL);
        assert_int_equal(t.outcome, OUTCOME_CONVERGED);
        assert_int_equal(t.rank, alone.rank);
        /* a gap of 1e-10 leaves 1e-9 in the risk; floats round the data by 3e-8 */
        const double most = store == STORE_FLOAT ? 1e-6 : 1e-9;
        assert_true(fabs(t.risk - alone.risk) < most);
        assert_true(fabs(t.objective / alone.objective - 1.0) < most);
    }
}

/* A line: each point starts from the one before and ends where a cold start does. */
static void test_line(void **unused)
{
    (void)unused;
    TrainerSettings settings = trainer_defaults();
    Problem problem = problem_of(400.0, 1.0);
    problem.rotated = 1;
    Path *path = path_create(MPI_COMM_WORLD, &trainer_convex, &settings);
    for (int k = 0; k < 5; k++, problem.weight_decay *= 0.6) {
        problem.width = D * (1.0 + k); /* p > d is the same convex problem at lt */
        double values[D];
        double overlaps[D];
        const Observed t = path_solve(path, &problem, values, overlaps);
        const Observed cold = train(MPI_COMM_WORLD, &problem, &settings, NULL);
        assert_true(fabs(t.risk - cold.risk) < 1e-9);
        double trace = 0.0;
        for (int i = 0; i < D; i++) {
            trace += values[i];
            assert_true((values[i] > 0.0) == (i < t.rank) && overlaps[i] <= 1.0 + 1e-12);
        }
        assert_true(fabs(trace / D - t.trace) < 1e-12);
        assert_true(overlaps[0] > 0.8); /* a feature far above the noise, in its basis */
    }
    path_free(path);
}

static void test_edges(void **unused)
{
    (void)unused;
    const TrainerSettings settings = trainer_defaults();
    double values[D];
    Problem problem = problem_of(300.0, 1e4);
    Observed t = train(MPI_COMM_WORLD, &problem, &settings, values);
    assert_int_equal(t.outcome, OUTCOME_CONVERGED);
    assert_true(t.rank == 0 && fabs(t.risk - 1.0) < 1e-14 && values[0] == 0.0); /* S = 0 */
    problem.noise = 1e307; /* squares overflow */
    t = train(MPI_COMM_WORLD, &problem, &settings, values);
    assert_int_equal(t.outcome, OUTCOME_FAILED);
    assert_true(isnan(t.risk) && isnan(t.gap) && isnan(values[0]));
    problem = problem_of(1.0, 0.1);
    t = train(MPI_COMM_WORLD, &problem, &settings, values);
    assert_int_equal(t.outcome, OUTCOME_CONVERGED);
    problem.noise = 0.0;
    t = train(MPI_COMM_WORLD, &problem, &settings, values);
    assert_int_equal(t.outcome, OUTCOME_CONVERGED);
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_teams_and_stores),
                                       cmocka_unit_test(test_line),
                                       cmocka_unit_test(test_edges)};
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    MPI_Finalize();
    return failed;
}
