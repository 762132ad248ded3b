/* Trained quadratic networks of more layers against state evolution (theory.md section 11). */
#include <math.h>
#include <mpi.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "phasesweep/theory/continuation.h"
#include "seeds.h"

enum { SEEDS = 5, D = 100 };

/* The lt whose threshold has its edge at `times` the noise of an eigenvalue, sqrt(Delta/2) over
 * sqrt(2 alpha). */
static double weight_of(const Problem *problem, double times)
{
    const double alpha = problem->samples / D / D;
    const Threshold threshold = threshold_of(1.0 / problem->depth);
    const double edge = times * sqrt(0.25 * problem->noise / alpha);
    return 4.0 * alpha * threshold_weight(&threshold, edge);
}

/* At d = 100 networks of every depth, the convex one too, have 3 % more risk than theory, which
 * is for d -> infinity; the mean of five seeds fluctuates by 2 %. */
static void test_evolution(void **unused)
{
    (void)unused;
    EvolutionWork theory = evolution_work();
    for (int depth = 2; depth <= 3; depth++) {
        Problem problem = {.model = MODEL_QUADRATIC,
                           .method = METHOD_STATE_EVOLUTION,
                           .source_exponent = 1.25,
                           .noise = 0.1,
                           .depth = depth,
                           .dimension = D,
                           .samples = D * D,
                           .width = D,
                           .tolerance = 1e-9};
        problem.weight_decay = problem_weight_decay(&problem, weight_of(&problem, 3.0));
        evolution_forget(&theory);
        const Evolution expected = evolution_solve(&theory, &problem);
        problem.tolerance = 1e-4;
        const SeedMean mean = mean_of_seeds(problem, SEEDS, OUTCOME_STATIONARY);
        assert_true(fabs(mean.risk / expected.overlaps.risk - 1.0) < 0.07);
        assert_true(fabs(mean.objective / expected.objective - 1.0) < 0.015);
        assert_true(fabs(mean.rank / expected.overlaps.rank - 1.0) < 0.06);
    }
    evolution_free(&theory);
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_evolution)};
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    MPI_Finalize();
    return failed;
}
