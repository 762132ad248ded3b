/* Message passing on features correlated in blocks ends at the trained network, whose own
 * duality gap is the proof, the same for any team. */
#include <math.h>
#include <mpi.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "phasesweep/training/path.h"
#include "amp_problem.h"

static Observed solve(MPI_Comm team, const Problem *problem)
{
    const TrainerSettings settings = trainer_defaults();
    Path *path = path_create(team, trainer_of(problem), &settings);
    const Observed observed = path_solve(path, problem, NULL, NULL);
    path_free(path);
    assert_int_equal(observed.outcome, OUTCOME_CONVERGED);
    return observed;
}

/* F - F* is quadratic in the error of the iterate, R linear. */
static void check_trained(Problem problem, double most)
{
    const Observed amp = solve(MPI_COMM_WORLD, &problem);
    problem.method = METHOD_TRAINING;
    problem.tolerance = 1e-11;
    const Observed trained = solve(MPI_COMM_WORLD, &problem);
    assert_true(fabs(amp.objective / trained.objective - 1.0) < 1e-9);
    assert_true(fabs(amp.risk / trained.risk - 1.0) < most);
    assert_true(fabs(amp.prediction_risk / trained.prediction_risk - 1.0) < most);
    assert_true(fabs(1.0 - 2.0 * amp.overlap_m + amp.overlap_q - amp.risk) < 1e-12);
    assert_int_equal(amp.rank, trained.rank);
}

/* More samples than coefficients and fewer; blocks that divide d and such that do not. */
static void test_vectors(void **unused)
{
    (void)unused;
    static const double correlations[] = {0.3, 0.8};
    static const double blocks[] = {2.0, 10.0, 7.0};
    for (int k = 0; k < 12; k++) {
        const bool few = k % 4 < 2;
        Problem problem = problem_of(MODEL_DIAGONAL, few ? 200 : 120, few ? 110 : 260, 0.3);
        problem.random_signs = true;
        problem.block_correlation = correlations[k % 2];
        problem.block_size = blocks[k % 3];
        problem.covariance_exponent = k < 6 ? 0.0 : 0.8;
        problem.tolerance = 1e-9;
        check_trained(problem, 1e-6);
    }
}

/* Teachers aligned with the features and turned, rows of any law. */
static void test_matrices(void **unused)
{
    (void)unused;
    Problem problem = problem_of(MODEL_QUADRATIC, 40, 1200, 0.3);
    problem.block_correlation = 0.3;
    problem.block_size = 10.0;
    problem.covariance_exponent = 0.5;
    check_trained(problem, 1e-5);
    problem.block_correlation = 0.8;
    problem.block_size = 7.0;
    problem.covariance_exponent = 0.0;
    problem.features = FEATURES_LAPLACE;
    check_trained(problem, 1e-5);
    problem.rotated = true;
    problem.features = FEATURES_GAUSSIAN;
    problem.samples = 300.0;
    check_trained(problem, 1e-5);
}

/* Sums over a team differ by rounding alone. */
static void test_teams(void **unused)
{
    (void)unused;
    for (int k = 0; k < 2; k++) {
        Problem problem = k == 0 ? problem_of(MODEL_QUADRATIC, 24, 400, 0.3)
                                 : problem_of(MODEL_DIAGONAL, 150, 300, 0.2);
        problem.block_correlation = 0.6;
        problem.block_size = 4.0;
        problem.covariance_exponent = 0.4;
        problem.tolerance = 1e-11;
        const Observed alone = solve(MPI_COMM_SELF, &problem);
        const Observed team = solve(MPI_COMM_WORLD, &problem);
        assert_true(fabs(team.objective / alone.objective - 1.0) < 1e-10);
        assert_true(fabs(team.risk / alone.risk - 1.0) < 1e-10);
        assert_true(fabs(team.trace / alone.trace - 1.0) < 1e-10);
        assert_true(fabs(team.threshold / alone.threshold - 1.0) < 1e-8);
    }
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_vectors),
                                       cmocka_unit_test(test_matrices),
                                       cmocka_unit_test(test_teams)};
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    MPI_Finalize();
    return failed;
}
