/* Trained diagonal networks of more layers against state evolution (theory.md section 11). */
#include <math.h>
#include <mpi.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "phasesweep/theory/continuation.h"
#include "phasesweep/training/path.h"

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

/* Mean over seeds of risk, objective and active coefficients, in that order. */
static void train(Problem problem, double mean[3])
{
    const TrainerSettings settings = trainer_defaults();
    problem.method = METHOD_TRAINING;
    mean[0] = mean[1] = mean[2] = 0.0;
    for (int seed = 1; seed <= SEEDS; seed++) {
        problem.seed = seed;
        Path *path = path_create(MPI_COMM_WORLD, trainer_of(&problem), &settings);
        const Observed fit = path_solve(path, &problem, NULL, NULL);
        path_free(path);
        assert_int_equal(fit.outcome, OUTCOME_STATIONARY);
        mean[0] += fit.risk / SEEDS;
        mean[1] += fit.objective / SEEDS;
        mean[2] += fit.rank / (double)SEEDS;
    }
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
        double mean[3];
        train(problem, mean);
        assert_true(fabs(mean[0] / expected.overlaps.risk - 1.0) < 0.05);
        assert_true(fabs(mean[1] / expected.objective - 1.0) < 0.02);
        assert_true(fabs(mean[2] / expected.overlaps.rank - 1.0) < 0.04);
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
