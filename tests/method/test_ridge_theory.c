/* Trained ridge regression against state evolution (theory.md section 10). */
#include <math.h>
#include <mpi.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "phasesweep/theory/continuation.h"
#include "phasesweep/training/path.h"

enum { SEEDS = 12 };

/* Means over seeds of numbers that concentrate as d grows: at d = 400 R fluctuates by some
 * percent from seed to seed, the objective and |theta|_1 by one. */
static void test_evolution(void **unused)
{
    (void)unused;
    const TrainerSettings settings = trainer_defaults();
    EvolutionWork theory = evolution_work();
    for (int k = 0; k < 6; k++) {
        Problem problem = {.model = MODEL_RIDGE,
                           .method = METHOD_TRAINING,
                           .source_exponent = 1.25,
                           .noise = 0.1,
                           .dimension = 400,
                           .width = 400,
                           .samples = (const double[]){120, 600, 4000}[k / 2],
                           .weight_decay = (const double[]){4, 200}[k % 2],
                           .tolerance = 1e-9};
        double risk = 0.0, trace = 0.0, objective = 0.0;
        for (int seed = 1; seed <= SEEDS; seed++) {
            problem.seed = seed;
            Path *path = path_create(MPI_COMM_WORLD, &trainer_ridge, &settings);
            const Observed fit = path_solve(path, &problem, NULL, NULL);
            path_free(path);
            risk += fit.risk / SEEDS;
            trace += fit.trace / SEEDS;
            objective += fit.objective / SEEDS;
        }
        evolution_forget(&theory);
        const Evolution expected = evolution_solve(&theory, &problem);
        assert_true(fabs(risk / expected.overlaps.risk - 1.0) < 0.05);
        assert_true(fabs(trace / expected.overlaps.trace - 1.0) < 0.03);
        assert_true(fabs(objective / expected.objective - 1.0) < 0.05);
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
