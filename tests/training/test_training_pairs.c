/* Trainings whose steps find the pairs above the threshold alone: the same minimum as by
 * decompositions, for any rule, precision and team. */
#include <math.h>
#include <mpi.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "convex/training_state.h"
#include "quadratic_case.h"

enum { D = 60 };

static Problem problem_of(double n, double weight, double tolerance)
{
    return quadratic_case(D, n, weight, tolerance);
}

/* *found: steps that needed no decomposition. */
static Observed train(const Problem *problem, const TrainerSettings *settings, int *found)
{
    const SamplesSpec spec = samples_spec(problem);
    Samples samples = samples_create(MPI_COMM_WORLD, &spec);
    const Dataset data = samples_dataset(&samples);
    TrainingWork *work = trainer_convex.create(MPI_COMM_WORLD, &data, problem, settings);
    double spectrum[D];
    double overlaps[D];
    Observed observed = observed_nothing(OUTCOME_RUNNING);
    trainer_convex.begin(work, problem);
    while (trainer_convex.advance(work)) {
    }
    *found = work->active.state.found;
    trainer_convex.observe(work, &observed, spectrum, overlaps);
    MPI_Bcast(found, 1, MPI_INT, 0, MPI_COMM_WORLD); /* rank 0 counts */
    trainer_convex.release(work);
    samples_free(&samples);
    return observed;
}

/* By both ways, and the same within what two gaps allow. */
static void compare(const Problem *problem, TrainerSettings settings, int least)
{
    int none;
    int found;
    settings.convex = CONVEX_DESCENT;
    settings.pairs = PAIRS_ALL;
    const Observed whole = train(problem, &settings, &none);
    settings.pairs = PAIRS_ACTIVE;
    const Observed active = train(problem, &settings, &found);
    assert_int_equal(none, 0);
    assert_true(found >= least);
    assert_int_equal(whole.outcome, OUTCOME_CONVERGED);
    assert_int_equal(active.outcome, OUTCOME_CONVERGED);
    assert_true(active.gap <= problem->tolerance);
    assert_true(active.iterations <= 1.2 * whole.iterations + 2);
    assert_true(fabs(active.objective / whole.objective - 1.0) <= 1.1 * problem->tolerance);
    /* S errs by the root of the gap */
    assert_true(fabs(active.risk - whole.risk) < 0.1 * sqrt(problem->tolerance));
}

static void test_tolerances(void **unused)
{
    (void)unused;
    const TrainerSettings settings = trainer_defaults();
    static const double tolerance[] = {1e-6, 1e-8, 1e-10};
    for (int k = 0; k < 3; k++) {
        const Problem some = problem_of(2000.0, 1.5, tolerance[k]);
        compare(&some, settings, 5);
    }
}

static void test_rules(void **unused)
{
    (void)unused;
    TrainerSettings settings = trainer_defaults();
    const Problem problem = problem_of(2000.0, 1.5, 1e-8);
    settings.double_only = true;
    compare(&problem, settings, 5);
    settings.gradient_only = true;
    compare(&problem, settings, 5);
    settings.double_only = false;
    settings.eigen = EIGEN_SCALAPACK;
    compare(&problem, settings, 5);
}

/* S = 0, and more pairs than pay: no step is wrong, whether pairs are found or not. */
static void test_ends(void **unused)
{
    (void)unused;
    const TrainerSettings settings = trainer_defaults();
    const Problem zero = problem_of(300.0, 50.0, 1e-8);
    const Problem many = problem_of(4000.0, 0.05, 1e-8);
    compare(&zero, settings, 0);
    compare(&many, settings, 0);
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_tolerances),
                                       cmocka_unit_test(test_rules),
                                       cmocka_unit_test(test_ends)};
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    MPI_Finalize();
    return failed;
}
