/* Newton steps among networks of one rank, on rows of laws and variances that message passing
 * is not made for: their proof, that they come sooner, wherever they are cut off. */
#include <math.h>
#include <mpi.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "phasesweep/training/path.h"

enum { D = 30 };

typedef struct Case {
    ModelId model;
    FeatureLaw features;
    double covariance_exponent, samples, weight;
    bool unit;
} Case;

/* Interior steps are for S >= 0 and 8192 samples. */
static const Case cases[] = {
    {MODEL_SIGNED, FEATURES_SPARSE, 0.0, 3000.0, 10.0, false},
    {MODEL_SIGNED, FEATURES_SPARSE, 0.0, 3000.0, 10.0, true},
    {MODEL_SIGNED, FEATURES_GAUSSIAN, 1.0, 3000.0, 0.5, false},
    {MODEL_QUADRATIC, FEATURES_SPARSE, 0.0, 9000.0, 40.0, false},
};
enum { CASES = sizeof cases / sizeof *cases };

static Problem problem_of(const Case *c, double tolerance)
{
    return (Problem){.model = c->model,
                     .method = METHOD_TRAINING,
                     .features = c->features,
                     .sparse_share = 0.1,
                     .covariance_exponent = c->covariance_exponent,
                     .linear_unit = c->unit,
                     .dimension = D,
                     .width = D,
                     .samples = c->samples,
                     .source_exponent = 1.25,
                     .random_signs = c->model == MODEL_SIGNED,
                     .noise = 0.1,
                     .weight_decay = c->weight,
                     .seed = 5.0,
                     .tolerance = tolerance};
}

static Observed train(const Problem *problem, ConvexWay way, int limit)
{
    TrainerSettings settings = trainer_defaults();
    settings.convex = way;
    settings.iteration_limit = limit;
    Path *path = path_create(MPI_COMM_WORLD, &trainer_convex, &settings);
    const Observed training = path_solve(path, problem, NULL, NULL);
    path_free(path);
    return training;
}

/* F is above that of a descent to 1e-10 by at most the gap, and fewer iterations, those of
 * conjugate gradients included, lead there, all cases together: one may take a path that ends
 * later by its rounding. */
static void test_certificate(void **unused)
{
    (void)unused;
    double taken = 0.0;
    double before = 0.0;
    for (int k = 0; k < CASES; k++) {
        const Problem problem = problem_of(&cases[k], 1e-6);
        const Problem hard = problem_of(&cases[k], 1e-10);
        const Observed best = train(&hard, CONVEX_DESCENT, 0);
        const Observed plain = train(&problem, CONVEX_DESCENT, 0);
        const Observed newton = train(&problem, CONVEX_AUTO, 0);
        assert_int_equal(best.outcome, OUTCOME_CONVERGED);
        assert_int_equal(newton.outcome, OUTCOME_CONVERGED);
        assert_true(newton.objective >= best.objective * (1.0 - 1e-10));
        assert_true(newton.objective - best.objective <= newton.gap * newton.objective);
        assert_true(fabs(newton.risk / best.risk - 1.0) < 1e-3);
        taken += newton.iterations;
        before += plain.iterations;
    }
    assert_true(taken < 0.95 * before);
}

/* A limit is kept, and what there is then has its proof. */
static void test_limits(void **unused)
{
    (void)unused;
    const Problem problem = problem_of(&cases[0], 1e-6);
    const Problem hard = problem_of(&cases[0], 1e-10);
    const Observed best = train(&hard, CONVEX_DESCENT, 0);
    const int all = train(&problem, CONVEX_AUTO, 0).iterations;
    for (int limit = all - 40; limit <= all + 1; limit += 14) {
        const Observed seen = train(&problem, CONVEX_AUTO, limit);
        assert_true(seen.iterations <= limit);
        assert_true(seen.objective - best.objective <= seen.gap * seen.objective);
        assert_int_equal(seen.outcome, seen.gap <= problem.tolerance ? OUTCOME_CONVERGED
                                                                     : OUTCOME_NOT_CONVERGED);
    }
}

/* A chain goes on from a network of a Newton step. */
static void test_chain(void **unused)
{
    (void)unused;
    const TrainerSettings settings = trainer_defaults();
    Path *path = path_create(MPI_COMM_WORLD, &trainer_convex, &settings);
    Problem problem = problem_of(&cases[1], 1e-6);
    for (int k = 0; k < 3; k++, problem.weight_decay *= 0.5) {
        const Observed next = path_solve(path, &problem, NULL, NULL);
        const Observed cold = train(&problem, CONVEX_DESCENT, 0);
        assert_int_equal(next.outcome, OUTCOME_CONVERGED);
        assert_true(fabs(next.objective / cold.objective - 1.0) <= problem.tolerance);
    }
    path_free(path);
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_certificate),
                                       cmocka_unit_test(test_limits),
                                       cmocka_unit_test(test_chain)};
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    MPI_Finalize();
    return failed;
}
