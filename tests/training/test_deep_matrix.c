/* Quadratic networks of more layers: teams, chains, limits, and what is reported of them. */
#include <math.h>
#include <mpi.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "phasesweep/numerics/threshold.h"
#include "deep_matrix_case.h"

enum { D = 24 };

/* A rank alone and a team follow the same starts to the same ends; so does double precision
 * from the start. */
static void test_teams(void **unused)
{
    (void)unused;
    double alone[D];
    double shared[D];
    for (int depth = 2; depth <= 4; depth++) {
        for (int samples = 200; samples <= 800; samples *= 2) {
            const Problem problem = problem_of(depth, D, samples, 0.3);
            const Observed one = cold(MPI_COMM_SELF, &problem, alone);
            const Observed team = cold(MPI_COMM_WORLD, &problem, shared);
            assert_int_equal(team.outcome, OUTCOME_STATIONARY);
            assert_true(team.stationarity <= 1e-8 && isnan(team.gap));
            assert_true(team.spread >= 0.0 && team.risk_spread >= 0.0);
            assert_true(fabs(team.objective / one.objective - 1.0) < 1e-9);
            assert_true(fabs(team.risk / one.risk - 1.0) < 1e-5);
            assert_int_equal(team.rank, one.rank);
            for (int i = 0; i < D; i++) {
                assert_true(fabs(shared[i] - alone[i]) < 1e-5);
            }
        }
    }
}

/* F by its definition from the loss and the spectrum; what is learned has jumped. */
static void test_definition(void **unused)
{
    (void)unused;
    double spectrum[D];
    for (int depth = 2; depth <= 4; depth++) {
        const Problem problem = problem_of(depth, D, 500, 0.4);
        const Observed fit = cold(MPI_COMM_WORLD, &problem, spectrum);
        double value = fit.train_loss * problem.samples / D / D;
        double trace = 0.0;
        for (int k = 0; k < D; k++) {
            value += spectrum[k] > 0.0 ? 0.4 / D * pow(spectrum[k], 1.0 / depth) : 0.0;
            trace += spectrum[k] / D;
        }
        assert_true(fabs(fit.objective / value - 1.0) < 1e-10);
        assert_true(fabs(fit.trace - trace) < 1e-10 && fit.rank > 2.0 && fit.rank < D);
        /* a minimum has no eigenvalue below the jump at its curvature */
        const Threshold threshold = threshold_of(1.0 / depth);
        const double chi = 0.4 / (D * fit.smoothness);
        assert_true(spectrum[(int)fit.rank - 1] >= threshold_jump(&threshold, chi));
    }
}

/* A chain has one start more than a point alone. */
static void test_chain(void **unused)
{
    (void)unused;
    static const double line[] = {2.0, 1.0, 0.5, 0.2, 0.1, 0.5};
    const TrainerSettings settings = trainer_defaults();
    Path *path = path_create(MPI_COMM_WORLD, &trainer_deep_matrix, &settings);
    for (size_t k = 0; k < sizeof line / sizeof *line; k++) {
        const Problem problem = problem_of(2, D, 250, line[k]);
        const Observed fit = path_solve(path, &problem, NULL, NULL);
        const Observed alone = cold(MPI_COMM_WORLD, &problem, NULL);
        assert_int_equal(fit.outcome, OUTCOME_STATIONARY);
        assert_true(fit.objective <= alone.objective * (1.0 + 2e-3));
    }
    path_free(path);
}

static void test_outcomes(void **unused)
{
    (void)unused;
    Problem problem = problem_of(2, D, 400, 0.4);
    TrainerSettings settings = trainer_defaults();
    static const int limits[] = {1, 20, 20000};
    for (int k = 0; k < 3; k++) {
        settings.iteration_limit = limits[k];
        Path *path = path_create(MPI_COMM_WORLD, &trainer_deep_matrix, &settings);
        const Observed limited = path_solve(path, &problem, NULL, NULL);
        assert_int_equal(limited.outcome, k < 2 ? OUTCOME_NOT_CONVERGED : OUTCOME_STATIONARY);
        assert_true(limited.evaluations <= limits[k]);
        assert_true(isfinite(limited.objective) && isfinite(limited.risk));
        path_free(path);
    }
    settings.iteration_limit = 0;
    settings.time_limit = 1e-9;
    Path *path = path_create(MPI_COMM_WORLD, &trainer_deep_matrix, &settings);
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

/* One layer goes the old way. */
static void test_choice(void **unused)
{
    (void)unused;
    for (int depth = 0; depth <= 2; depth++) {
        const Problem problem = problem_of(depth, D, 400, 0.4);
        assert_true(trainer_of(&problem) ==
                    (depth > 1 ? &trainer_deep_matrix : &trainer_convex));
    }
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_teams), cmocka_unit_test(test_definition),
        cmocka_unit_test(test_chain), cmocka_unit_test(test_outcomes),
        cmocka_unit_test(test_choice)};
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    MPI_Finalize();
    return failed;
}
