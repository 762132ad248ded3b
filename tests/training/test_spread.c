/* Training on spread matrices: the network of the convex trainer, whatever the team. */
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

enum { D = 25 };

static Problem problem_of(double n, double weight)
{
    return quadratic_case(D, n, weight, 1e-10);
}

static Observed train(const Trainer *trainer, MPI_Comm team, const Problem *problem,
                      const TrainerSettings *settings, double spectrum[], double overlaps[])
{
    Path *path = path_create(team, trainer, settings);
    const Observed training = path_solve(path, problem, spectrum, overlaps);
    path_free(path);
    return training;
}

static void assert_same(const Observed *a, const Observed *b, double most)
{
    assert_int_equal(a->outcome, OUTCOME_CONVERGED);
    assert_int_equal(b->outcome, OUTCOME_CONVERGED);
    assert_true(a->rank == b->rank);
    assert_true(fabs(a->objective / b->objective - 1.0) < most);
    assert_true(fabs(a->risk - b->risk) < most);
    assert_true(fabs(a->trace - b->trace) < most);
    assert_true(fabs(a->overlap_q - b->overlap_q) < most);
    assert_true(fabs(a->overlap_m - b->overlap_m) < most);
}

/* A gap of 1e-10 leaves 1e-9 in the risk, floats round the data by 3e-8. */
static void test_as_convex(void **unused)
{
    (void)unused;
    TrainerSettings settings = trainer_defaults();
    double spectrum[2][D];
    double overlaps[2][D];
    for (int store = STORE_AUTO; store < STORE_COUNT; store++) {
        Problem problem = problem_of(store == STORE_NONE ? 300.0 : 1100.0, 0.1);
        problem.store = (SampleStore)store;
        settings.double_only = store == STORE_DOUBLE;
        settings.gradient_only = store == STORE_AUTO;
        problem.tolerance = settings.gradient_only ? 1e-6 : 1e-10;
        const Observed whole = train(&trainer_convex, MPI_COMM_SELF, &problem, &settings,
                                     spectrum[0], overlaps[0]);
        const Observed spread = train(&trainer_spread, MPI_COMM_WORLD, &problem, &settings,
                                      spectrum[1], overlaps[1]);
        const double most = settings.gradient_only ? 1e-3 : store == STORE_FLOAT ? 1e-7 : 1e-8;
        assert_same(&whole, &spread, most);
        for (int k = 0; k < D; k++) {
            assert_true(fabs(spectrum[0][k] - spectrum[1][k]) < 10.0 * most);
        }
        assert_true(fabs(overlaps[0][0] - overlaps[1][0]) < 10.0 * most);
    }
}

/* A limit ends it early: the certificate holds, F - F* <= gap F. */
static void test_certificate(void **unused)
{
    (void)unused;
    const TrainerSettings settings = trainer_defaults();
    static const double noises[] = {0.1, 0.0};
    for (int k = 0; k < 2; k++) {
        Problem problem = problem_of(k == 0 ? 15.0 : 100.0, k == 0 ? 1e-2 : 0.05);
        problem.noise = noises[k];
        const Observed best =
            train(&trainer_convex, MPI_COMM_SELF, &problem, &settings, NULL, NULL);
        assert_true(best.gap <= 1e-10);
        problem.tolerance = 1e-3;
        const Observed early =
            train(&trainer_spread, MPI_COMM_WORLD, &problem, &settings, NULL, NULL);
        assert_true(early.gap <= 1e-3 && early.gap > 1e-10);
        assert_true(early.objective - best.objective <= early.gap * early.objective);
        assert_true(early.objective - best.objective >= -1e-9 * best.objective);
    }
}

static void test_edges(void **unused)
{
    (void)unused;
    const TrainerSettings settings = trainer_defaults();
    double values[D];
    Problem problem = problem_of(300.0, 1e4);
    Observed t = train(&trainer_spread, MPI_COMM_WORLD, &problem, &settings, values, NULL);
    assert_int_equal(t.outcome, OUTCOME_CONVERGED);
    assert_true(t.rank == 0 && fabs(t.risk - 1.0) < 1e-14 && values[0] == 0.0); /* S = 0 */
    problem.noise = 1e307; /* squares overflow */
    t = train(&trainer_spread, MPI_COMM_WORLD, &problem, &settings, values, NULL);
    assert_int_equal(t.outcome, OUTCOME_FAILED);
    assert_true(isnan(t.risk) && isnan(t.gap) && isnan(values[0]));
    problem = problem_of(1.0, 0.1); /* most ranks have no sample */
    t = train(&trainer_spread, MPI_COMM_WORLD, &problem, &settings, values, NULL);
    assert_int_equal(t.outcome, OUTCOME_CONVERGED);
}

/* By memory, and by size on a team; what no team of a size can index is not for it. */
static void test_choice(void **unused)
{
    (void)unused;
    Problem problem = problem_of(1e4, 0.1);
    problem.dimension = problem.width = 400.0;
    assert_ptr_equal(trainer_for(&problem, 4, 1e9), &trainer_convex);
    assert_ptr_equal(trainer_for(&problem, 4, 3e7), &trainer_spread);
    assert_true(trainer_memory(&problem, 4, STORE_NONE, INFINITY, 3e7) < 3e7);
    problem.dimension = problem.width = 4000.0;
    assert_ptr_equal(trainer_for(&problem, 1, INFINITY), &trainer_convex);
    assert_ptr_equal(trainer_for(&problem, 2, INFINITY), &trainer_spread);
    problem.dimension = problem.width = 1e5;
    problem.samples = 1e9;
    assert_true(trainer_memory(&problem, 4, STORE_NONE, INFINITY, 1e15) == SIZE_MAX);
    assert_true(trainer_memory(&problem, 6, STORE_NONE, INFINITY, 1e15) < 2e11);
    problem.width = 100.0;
    assert_ptr_equal(trainer_for(&problem, 6, 1e15), &trainer_factored);
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_convex), cmocka_unit_test(test_certificate),
        cmocka_unit_test(test_edges), cmocka_unit_test(test_choice)};
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    MPI_Finalize();
    return failed;
}
