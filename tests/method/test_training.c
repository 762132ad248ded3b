/* Training: the proof of optimality, and theory. */
#include <math.h>
#include <mpi.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "phasesweep/theory/continuation.h"
#include "phasesweep/training/path.h"

static Problem problem_of(double d, double n, double weight)
{
    return (Problem){.model = MODEL_QUADRATIC,
                     .method = METHOD_TRAINING,
                     .dimension = d,
                     .width = d,
                     .samples = n,
                     .source_exponent = 1.25,
                     .noise = 0.1,
                     .weight_decay = weight,
                     .seed = 4.0,
                     .tolerance = 1e-10};
}

static Observed train(const Problem *problem, int limit, bool gradient)
{
    TrainerSettings settings = trainer_defaults();
    settings.iteration_limit = limit;
    settings.gradient_only = gradient;
    Path *path = path_create(MPI_COMM_WORLD, &trainer_convex, &settings);
    const Observed training = path_solve(path, problem, NULL, NULL);
    path_free(path);
    return training;
}

/* Wherever the iteration is cut off, F is above its minimum by at most the gap. */
static void test_certificate(void **unused)
{
    (void)unused;
    for (int gradient = 0; gradient < 2; gradient++) {
        for (double n = 40.0; n < 1000.0; n *= 4.0) {
            const Problem problem = problem_of(12.0, n, 0.05);
            const Observed best = train(&problem, 100000, gradient);
            assert_int_equal(best.outcome, OUTCOME_CONVERGED);
            assert_true(best.gap <= 1e-10);
            for (int limit = 2; limit < best.iterations; limit = 3 * limit + 1) {
                const Observed t = train(&problem, limit, gradient);
                assert_int_equal(t.outcome, OUTCOME_NOT_CONVERGED);
                assert_true(t.gap > 0.0 && t.iterations == limit);
                assert_true(t.objective - best.objective <= t.gap * t.objective);
                assert_true(t.objective >= best.objective * (1.0 - 2e-10));
            }
        }
    }
}

/* Means over seeds against state evolution, apart by O(1/d): 1-10 % at d = 50-100. */
static void test_theory(void **unused)
{
    (void)unused;
    static const double cases[][2] = {{10000.0, 0.1}, {5000.0, 0.5}};
    for (int k = 0; k < 2; k++) {
        Problem problem = problem_of(100.0, cases[k][0], cases[k][1]);
        problem.tolerance = 1e-9;
        EvolutionWork work = evolution_work();
        const Evolution theory = evolution_solve(&work, &problem);
        evolution_free(&work);
        problem.tolerance = 1e-5;
        double risk = 0.0;
        double objective = 0.0;
        for (problem.seed = 0.0; problem.seed < 3.0; problem.seed++) {
            const Observed t = train(&problem, 1000, false);
            assert_true(fabs(t.risk - (1.0 - 2.0 * t.overlap_m + t.overlap_q)) < 1e-12);
            risk += t.risk / 3.0;
            objective += t.objective / 3.0;
        }
        assert_true(fabs(risk / theory.overlaps.risk - 1.0) < 0.1);
        assert_true(fabs(objective / theory.objective - 1.0) < 0.05);
    }
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_certificate),
                                       cmocka_unit_test(test_theory)};
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    MPI_Finalize();
    return failed;
}
