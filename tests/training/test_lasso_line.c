/* The LASSO solver: teams and layouts, chains against cold starts. */
#include <math.h>
#include <mpi.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lasso_case.h"

enum { D = 400 };

/* A rank alone, the team, and both layouts; a step of Newton's method ends at the minimum but
 * for rounding, so that a gap of 1e-10 leaves 1e-9 of the risk. */
static void test_teams(void **unused)
{
    (void)unused;
    double theta[D];
    for (int samples = 2; samples <= 900; samples = samples == 2 ? 100 : 3 * samples) {
        const Problem problem = problem_of(D, samples, 0.1, 1e-10);
        const Observed one = cold(MPI_COMM_SELF, &problem, LASSO_COLUMNS, theta);
        const Observed team = cold(MPI_COMM_WORLD, &problem, LASSO_COLUMNS, theta);
        const Observed sums = cold(MPI_COMM_WORLD, &problem, LASSO_SUMS, theta);
        assert_true(fabs(team.risk - one.risk) < 1e-9 * one.risk);
        assert_true(fabs(sums.risk - one.risk) < 1e-9 * one.risk);
        assert_int_equal(team.rank, one.rank);
        assert_true(sums.gap <= 1e-10 && team.gap <= 1e-10);
    }
}

/* Down, up and across a wide gap, against cold starts; coefficients are those of the network.
 */
static void test_line(void **unused)
{
    (void)unused;
    static const double line[] = {300.0, 1.0, 0.7, 0.5, 0.35, 0.05, 0.01, 0.3, 3.0};
    double theta[D];
    double coefficients[D];
    for (int samples = 100; samples <= 2700; samples *= 3) {
        Problem problem = problem_of(D, samples, 1.0, 1e-10);
        const TrainerSettings settings = settings_of(LASSO_AUTO);
        Path *path = path_create(MPI_COMM_WORLD, &trainer_lasso, &settings);
        for (size_t k = 0; k < sizeof line / sizeof *line; k++) {
            problem.weight_decay = line[k];
            const Observed fit = path_solve(path, &problem, coefficients, NULL);
            const Observed again = cold(MPI_COMM_WORLD, &problem, LASSO_AUTO, theta);
            assert_int_equal(fit.outcome, OUTCOME_CONVERGED);
            assert_true(fabs(fit.objective - again.objective) < 2e-10 * fit.objective);
            assert_true(fabs(fit.risk - again.risk) <= 1e-8 * again.risk);
            assert_true((k > 0) == (fit.rank > 0));
            double norm = 0.0;
            for (int i = 0; i < D; i++) {
                assert_true(i == 0 || coefficients[i] <= coefficients[i - 1]);
                norm += coefficients[i];
            }
            assert_true(fabs(norm - fit.trace) <= 1e-12 * norm);
        }
        path_free(path);
    }
}

/* Just below interpolation, straight down from a network of few coefficients: active sets come
 * from nearly singular ones there, and a factor of those is no good for them. */
static void test_interpolation(void **unused)
{
    (void)unused;
    for (int seed = 0; seed < 20; seed++) {
        Problem problem = problem_of(100, 20, 1.0, 1e-6);
        problem.seed = seed;
        const TrainerSettings settings = trainer_defaults();
        Path *path = path_create(MPI_COMM_WORLD, &trainer_lasso, &settings);
        for (int k = 0; k < 2; k++) {
            problem.weight_decay = k == 0 ? 1.0 : 0.01;
            assert_int_equal(path_solve(path, &problem, NULL, NULL).outcome, OUTCOME_CONVERGED);
        }
        path_free(path);
    }
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_teams),
                                       cmocka_unit_test(test_line),
                                       cmocka_unit_test(test_interpolation)};
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    MPI_Finalize();
    return failed;
}
