/* What is planned for a training, the passes that its trainer expects from the rank that theory
 * predicts, against the iterations that it makes.  Iterations are counted, not timed: the same
 * on any machine but for rounding. */
#include <math.h>
#include <mpi.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "phasesweep/method/method.h"
#include "phasesweep/model/model.h"
#include "phasesweep/theory/continuation.h"
#include "phasesweep/training/trainer.h"

static double iterations_of(const Problem *problem)
{
    PointWork *work = point_work();
    const PointTeam team = {.work = work, .comm = MPI_COMM_WORLD, .memory = 1e9};
    const Series none = {0};
    Record record;
    assert_true(point_solve(&team, problem, 1, &record, &none));
    point_work_free(work);
    assert_true(outcome_is_good(record.outcome));
    return record.value[FIELD_ITERATIONS];
}

/* Of state evolution; INFINITY of networks whose trainers do not ask. */
static double rank_expected(const Problem *problem)
{
    if (!model_is_convex(problem)) {
        return INFINITY;
    }
    EvolutionWork work = evolution_work();
    Problem at = *problem;
    at.method = METHOD_STATE_EVOLUTION;
    const Evolution e = evolution_solve(&work, &at);
    evolution_free(&work);
    return e.overlaps.rank;
}

/* Planned over made, in the geometric mean of two seeds. */
static double planned_over_made(Problem problem)
{
    const TrainerPrice price = trainer_of(&problem)->price(&problem, rank_expected(&problem));
    double sum = 0.0;
    for (int seed = 0; seed < 2; seed++) {
        problem.seed = seed;
        sum += log(iterations_of(&problem)) / 2.0;
    }
    printf("  planned %.1f made %.1f\n", price.first, exp(sum));
    return price.first / exp(sum);
}

static Problem quadratic(double d, double samples, double weight)
{
    return (Problem){.model = MODEL_QUADRATIC,
                     .method = METHOD_TRAINING,
                     .source_exponent = 1.25,
                     .noise = 0.1,
                     .dimension = d,
                     .width = d,
                     .depth = 1,
                     .samples = samples,
                     .weight_decay = weight,
                     .tolerance = 1e-6};
}

static Problem diagonal(double d, double samples, double weight)
{
    Problem problem = quadratic(d, samples, weight);
    problem.model = MODEL_DIAGONAL;
    problem.depth = 2;
    return problem;
}

/* From many samples a free number to few, and from a strong weight to a weak one: 8 ... 60
 * passes. */
static void test_convex(void **unused)
{
    (void)unused;
    static const double samples[] = {25000, 5000, 1250};
    static const double weight[] = {3, 1, 0.1};
    for (int k = 0; k < 9; k++) {
        const double ratio = planned_over_made(quadratic(50, samples[k / 3], weight[k % 3]));
        assert_true(ratio > 0.5 && ratio < 2.0);
    }
}

/* Slower where more numbers are active, and where d is small; there they scatter. */
static void test_amp(void **unused)
{
    (void)unused;
    for (int k = 0; k < 4; k++) {
        Problem problem = k < 2 ? quadratic(80, 6400, k == 0 ? 1 : 0.1)
                                : diagonal(300, 300, k == 2 ? 0.3 : 0.1);
        problem.method = METHOD_AMP;
        problem.damping = -1.0;
        const double ratio = planned_over_made(problem);
        assert_true(ratio > 0.4 && ratio < 2.5);
    }
}

/* Sums, columns with few and many active, and interpolation: 3 ... 300 steps. */
static void test_lasso(void **unused)
{
    (void)unused;
    const Problem problems[] = {diagonal(200, 2000, 1), diagonal(400, 600, 1),
                                diagonal(400, 400, 0.1), diagonal(400, 60, 0.0025),
                                diagonal(400, 160, 0.0025)};
    for (size_t k = 0; k < sizeof problems / sizeof *problems; k++) {
        const double ratio = planned_over_made(problems[k]);
        assert_true(ratio > 0.4 && ratio < 2.5);
    }
}

/* On the weights, more evaluations for more columns and for fewer samples. */
static void test_factored(void **unused)
{
    (void)unused;
    for (int k = 0; k < 3; k++) {
        Problem problem = quadratic(50, k == 2 ? 1000 : 4000, 0.1);
        problem.width = k == 0 ? 2 : 10;
        problem.weight_decay = 0.1 * sqrt(problem.dimension / problem.width);
        const double ratio = planned_over_made(problem);
        assert_true(ratio > 0.5 && ratio < 2.0);
    }
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_convex),
                                       cmocka_unit_test(test_amp), cmocka_unit_test(test_lasso),
                                       cmocka_unit_test(test_factored)};
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    MPI_Finalize();
    return failed;
}
