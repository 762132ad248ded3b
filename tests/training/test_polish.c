/* Trainings whose dual vector is polished: their proof, and that it comes sooner. */
#include <math.h>
#include <mpi.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "phasesweep/training/path.h"

enum { D = 40 };

static Problem problem_of(ModelId model, double n, double weight, double noise)
{
    return (Problem){.model = model,
                     .method = METHOD_TRAINING,
                     .dimension = D,
                     .width = D,
                     .samples = n,
                     .source_exponent = 1.25,
                     .noise = noise,
                     .weight_decay = weight,
                     .seed = 5.0,
                     .tolerance = 1e-6};
}

static Observed train(const Problem *problem, bool plain, int limit)
{
    TrainerSettings settings = trainer_defaults();
    settings.convex = CONVEX_DESCENT;
    settings.plain_dual = plain;
    settings.iteration_limit = limit;
    Path *path = path_create(MPI_COMM_WORLD, &trainer_convex, &settings);
    const Observed training = path_solve(path, problem, NULL, NULL);
    path_free(path);
    return training;
}

/* Against a plain training to a gap of 1e-10: F is above the minimum by at most the gap. */
static Observed check(const Problem *problem, int limit)
{
    Problem hard = *problem;
    hard.tolerance = 1e-10;
    const Observed best = train(&hard, true, 0);
    const Observed seen = train(problem, false, limit);
    assert_int_equal(best.outcome, OUTCOME_CONVERGED);
    assert_true(seen.objective >= best.objective * (1.0 - 1e-10));
    assert_true(seen.objective - best.objective <= seen.gap * seen.objective);
    /* S errs by the length of a step, at most ten tolerances, over what it shrinks by */
    assert_true(limit > 0 || fabs(seen.risk / best.risk - 1.0) < 1e3 * problem->tolerance);
    return seen;
}

/* Few samples and many, without noise, next to no weight, eigenvalues of either sign. */
static void test_certificate(void **unused)
{
    (void)unused;
    static const double cases[][3] = {{30, 0.5, 0.1},    {300, 0.05, 0.1},  {700, 0.01, 0.0},
                                      {1500, 1e-4, 0.1}, {1500, 0.05, 0.1}, {4000, 0.1, 0.1}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        const Problem problem =
            problem_of(MODEL_QUADRATIC, cases[k][0], cases[k][1], cases[k][2]);
        const Observed polished = check(&problem, 0);
        const Observed plain = train(&problem, true, 0);
        assert_int_equal(polished.outcome, OUTCOME_CONVERGED);
        assert_true(polished.gap <= problem.tolerance);
        /* a try that proves nothing costs a pass */
        assert_true(polished.iterations <= plain.iterations + 4);
    }
    const Problem either = problem_of(MODEL_SIGNED, 3000.0, 0.5, 0.1);
    const Observed polished = check(&either, 0);
    assert_int_equal(polished.outcome, OUTCOME_CONVERGED);
    assert_true(polished.iterations < train(&either, true, 0).iterations);
}

/* Where the gap shrinks slowly the last factor of ten needs no passes. */
static void test_sooner(void **unused)
{
    (void)unused;
    const Problem problem = problem_of(MODEL_QUADRATIC, 1500.0, 0.02, 0.1);
    const Observed polished = train(&problem, false, 0);
    const Observed plain = train(&problem, true, 0);
    assert_int_equal(polished.outcome, OUTCOME_CONVERGED);
    assert_true(polished.iterations < 0.9 * plain.iterations);
}

/* Wherever it is cut off, also next to a try. */
static void test_limits(void **unused)
{
    (void)unused;
    const Problem problem = problem_of(MODEL_QUADRATIC, 1500.0, 0.05, 0.1);
    const int all = train(&problem, false, 0).iterations;
    for (int limit = all - 6; limit <= all + 1; limit++) {
        const Observed seen = check(&problem, limit);
        assert_true(seen.iterations <= limit);
        assert_int_equal(seen.outcome, seen.gap <= problem.tolerance ? OUTCOME_CONVERGED
                                                                     : OUTCOME_NOT_CONVERGED);
    }
}

/* A chain goes on from a network with a polished vector. */
static void test_chain(void **unused)
{
    (void)unused;
    TrainerSettings settings = trainer_defaults();
    settings.convex = CONVEX_DESCENT;
    Path *path = path_create(MPI_COMM_WORLD, &trainer_convex, &settings);
    Problem problem = problem_of(MODEL_QUADRATIC, 2000.0, 0.4, 0.1);
    for (int k = 0; k < 4; k++, problem.weight_decay *= 0.5) {
        const Observed next = path_solve(path, &problem, NULL, NULL);
        const Observed cold = check(&problem, 0);
        assert_int_equal(next.outcome, OUTCOME_CONVERGED);
        assert_true(fabs(next.objective / cold.objective - 1.0) <= problem.tolerance);
    }
    path_free(path);
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_certificate), cmocka_unit_test(test_sooner),
        cmocka_unit_test(test_limits), cmocka_unit_test(test_chain)};
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    MPI_Finalize();
    return failed;
}
