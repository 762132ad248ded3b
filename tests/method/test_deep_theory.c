/* Trained diagonal networks of more layers against state evolution (theory.md section 11). */
#include <math.h>
#include <mpi.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "phasesweep/theory/continuation.h"
#include "seeds.h"

enum { SEEDS = 30, D = 1000 };

/* The weight decay whose threshold has its edge at `times` sqrt(Delta/n). */
static double weight_of(const Problem *problem, double times)
{
    const Threshold threshold = threshold_of(2.0 / problem->depth);
    const double edge = times * sqrt(problem->noise / problem->samples);
    const double layers = problem->depth;
    return problem->samples * threshold_weight(&threshold, edge) * 2.0 / layers /
           pow(problem->dimension, 1.0 / layers);
}

/* Risks fluctuate by 11 % from seed to seed, 2 % in the mean of 30. */
static void test_evolution(void **unused)
{
    (void)unused;
    EvolutionWork theory = evolution_work();
    for (int depth = 3; depth <= 4; depth++) {
        Problem problem = {.model = MODEL_DIAGONAL,
                           .method = METHOD_STATE_EVOLUTION,
                           .source_exponent = 1.25,
                           .noise = 0.1,
                           .depth = depth,
                           .dimension = D,
                           .samples = 2 * D,
                           .width = D,
                           .tolerance = 1e-9};
        problem.weight_decay = weight_of(&problem, 2.0);
        evolution_forget(&theory);
        const Evolution expected = evolution_solve(&theory, &problem);
        const SeedMean mean = mean_of_seeds(problem, SEEDS, OUTCOME_STATIONARY);
        assert_true(fabs(mean.risk / expected.overlaps.risk - 1.0) < 0.05);
        assert_true(fabs(mean.objective / expected.objective - 1.0) < 0.02);
        assert_true(fabs(mean.rank / expected.overlaps.rank - 1.0) < 0.04);
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
