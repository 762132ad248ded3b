/* Every trainer at a limit of time: it ends within a few iterations with what it has, and the
 * next point of the chain is as good as any. */
#include <math.h>
#include <mpi.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "resume_case.h"

/* A certificate holds wherever it is asked for: F - F* <= gap F. */
static void test_time(void **unused)
{
    (void)unused;
    for (int k = 0; k < CASES; k++) {
        const Case *c = &cases[k];
        const Problem problem = problem_of(c, 0);
        TrainerSettings settings = settings_of(c);
        Path *path = path_create(MPI_COMM_WORLD, c->trainer, &settings);
        const Observed whole = path_solve(path, &problem, NULL, NULL);
        path_free(path);
        settings.time_limit = 1e-9;
        path = path_create(MPI_COMM_WORLD, c->trainer, &settings);
        for (int point = 0; point < 2; point++) {
            const Observed late = path_solve(path, &problem, NULL, NULL);
            assert_int_equal(late.outcome, OUTCOME_NOT_CONVERGED);
            assert_true(isfinite(late.objective) && isfinite(late.risk));
            assert_true(late.evaluations < whole.evaluations);
            if (c->trainer == &trainer_lasso || c->trainer == &trainer_convex ||
                c->trainer == &trainer_spread) {
                assert_true(late.gap > c->tolerance);
                assert_true(late.objective - whole.objective <=
                            late.gap * late.objective + 1e-9 * whole.objective);
            }
        }
        path_free(path);
    }
}

/* Effort is no part of a point: what a larger limit reaches is what no limit reaches. */
static void test_iterations(void **unused)
{
    (void)unused;
    for (int k = 0; k < CASES; k++) {
        const Problem problem = problem_of(&cases[k], 0);
        TrainerSettings settings = settings_of(&cases[k]);
        Observed seen[2];
        for (int limited = 0; limited < 2; limited++) {
            settings.iteration_limit = limited ? 1000000 : 0;
            settings.time_limit = limited ? 1e9 : 0.0;
            Path *path = path_create(MPI_COMM_WORLD, cases[k].trainer, &settings);
            seen[limited] = path_solve(path, &problem, NULL, NULL);
            path_free(path);
        }
        assert_true(outcome_is_good(seen[1].outcome));
        assert_int_equal(seen[0].outcome, seen[1].outcome);
        assert_true(seen[0].risk == seen[1].risk);
        assert_int_equal(seen[0].evaluations, seen[1].evaluations);
    }
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_time),
                                       cmocka_unit_test(test_iterations)};
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    MPI_Finalize();
    return failed;
}
