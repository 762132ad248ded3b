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

#include "expected_active.h"
#include "phasesweep/method/method.h"
#include "phasesweep/model/model.h"
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

/* Of its own state evolution; INFINITY of networks whose trainers do not ask. */
static double rank_expected(const Problem *problem)
{
    return model_is_convex(problem) ? solved_active(problem) : INFINITY;
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
    return price.first / exp(sum);
}

/* The numbers are told where they are not as expected. */
static void assert_between(double ratio, double low, double high)
{
    if (!(ratio > low && ratio < high)) {
        fail_msg("planned over made: %g, not in %g ... %g", ratio, low, high);
    }
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
        assert_between(ratio, 0.5, 2.0);
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
        assert_between(ratio, 0.4, 2.5);
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
        assert_between(ratio, 0.4, 2.5);
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
        assert_between(ratio, 0.5, 2.0);
    }
}

/* Seconds of so many iterations more. */
static double limited(Problem problem, double from, double to)
{
    double fixed;
    problem.iteration_limit = to;
    const double seconds = trainer_seconds(&problem, 10.0, true, &fixed);
    problem.iteration_limit = from;
    return seconds - trainer_seconds(&problem, 10.0, true, &fixed);
}

/* No training is longer than its limit of iterations, of each start where there are several;
 * and one that is never reached changes nothing. */
static void test_limit(void **unused)
{
    (void)unused;
    Problem problems[] = {quadratic(50, 5000, 0.1), quadratic(50, 5000, 0.1),
                          quadratic(50, 5000, 0.1), quadratic(50, 5000, 0.1),
                          diagonal(400, 60, 0.1)};
    problems[0].method = METHOD_AMP;
    problems[2].depth = 2;
    problems[3].width = 3;
    for (size_t k = 0; k < sizeof problems / sizeof *problems; k++) {
        const double step = limited(problems[k], 1, 2);
        assert_true(step > 0.0);
        assert_true(fabs(limited(problems[k], 2, 6) / step - 4.0) < 1e-6);
        assert_true(limited(problems[k], 1e6, 0) == 0.0);
        const TrainerPrice price = trainer_of(&problems[k])->price(&problems[k], 10.0);
        const double starts = k == 2 || k == 3 ? trainer_defaults().starts : 1.0;
        const double all = limited(problems[k], 1, 1e6) / step * starts + starts;
        assert_true(fabs(all / price.first - 1.0) < 1e-6);
    }
    /* the trainer's own */
    Problem slow = quadratic(4, 1, 0.1);
    slow.method = METHOD_AMP;
    slow.tolerance = 1e-300;
    assert_true(trainer_of(&slow)->price(&slow, 4.0).first == 5000.0);
}

/* More passes where features are correlated in blocks, but not by message passing. */
static void test_blocks(void **unused)
{
    (void)unused;
    for (int k = 0; k < 3; k++) {
        Problem problem = quadratic(30, k < 2 ? 900 : 5000, k == 1 ? 0.1 : 1);
        const double rank = solved_active(&problem);
        problem.block_correlation = 0.5;
        problem.block_size = 10;
        const double planned = trainer_of(&problem)->price(&problem, rank).first;
        assert_between(planned / iterations_of(&problem), 0.33, 3.0);
        problem.method = METHOD_AMP;
        problem.damping = -1.0;
        const double passed = trainer_of(&problem)->price(&problem, rank).first;
        assert_between(passed / iterations_of(&problem), 0.33, 3.0);
    }
}

/* ---- what theory is asked for ------------------------------------------------------------ */

static double seconds_of(const Problem *problem)
{
    double fixed;
    return method_seconds(problem, true, &fixed);
}

/* The bill is that of the rank that theory has, for the rows as they are. */
static void test_seconds(void **unused)
{
    (void)unused;
    const Problem problems[] = {quadratic(50, 5000, 0.1), diagonal(400, 400, 0.1)};
    for (int k = 0; k < 2; k++) {
        double fixed;
        const double rank = solved_active(&problems[k]);
        const double expected = trainer_seconds(&problems[k], rank, true, &fixed);
        assert_true(rank > 1.0 && rank < problems[k].dimension);
        assert_true(fabs(seconds_of(&problems[k]) / expected - 1.0) < 1e-6);
    }
}

/* Of one point theory is asked once, for all seeds, ranks and widths at its nuclear weight, and
 * for memory as for time. */
static void test_seeds(void **unused)
{
    (void)unused;
    const size_t before = method_theory_calls();
    for (int k = 0; k < 5000; k++) {
        Problem problem = diagonal(100, 100 + 10 * (k % 10), 0.3);
        problem.seed = k / 10;
        assert_true(seconds_of(&problem) > 0.0);
        assert_true(method_memory(&problem, 1 + k % 7, STORE_DOUBLE, INFINITY) > 0.0);
    }
    assert_int_equal(method_theory_calls() - before, 10);
    Problem wide = quadratic(40, 2000, 0.5);
    const double seconds = seconds_of(&wide);
    wide.width = 160;
    wide.weight_decay = 0.25;
    assert_true(fabs(seconds_of(&wide) / seconds - 1.0) < 1e-9);
    assert_int_equal(method_theory_calls() - before, 11);
}

/* Rows of any law, variances or blocks take the theory of plain ones, which is cheap. */
static void test_simpler(void **unused)
{
    (void)unused;
    Problem plain = quadratic(40, 3000, 0.5);
    const double seconds = seconds_of(&plain);
    const size_t before = method_theory_calls();
    Problem other = plain;
    other.features = FEATURES_LAPLACE;
    assert_true(seconds_of(&other) == seconds);
    other = plain;
    other.rotated = 1;
    assert_true(seconds_of(&other) == seconds);
    other = plain;
    other.block_correlation = 0.5;
    other.block_size = 10;
    assert_true(seconds_of(&other) > seconds);
    assert_int_equal(method_theory_calls(), before);
    other = plain;
    other.covariance_exponent = 0.5;
    plain.source_exponent += 0.5;
    seconds_of(&plain);
    assert_int_equal(method_theory_calls(), before + 1);
    assert_true(seconds_of(&other) > seconds_of(&plain));
    assert_int_equal(method_theory_calls(), before + 1);
}

static bool always(void *context)
{
    ++*(int *)context;
    return true;
}

/* A plan that nobody waits for is made of what is known. */
static void test_interrupt(void **unused)
{
    (void)unused;
    const size_t before = method_theory_calls();
    const Problem known = quadratic(50, 5000, 0.1);
    const Problem beside = quadratic(50, 5050, 0.1);
    int asked = 0;
    const double seconds = seconds_of(&known);
    method_prices_interrupt((Interrupt){always, &asked});
    assert_true(seconds_of(&known) == seconds);
    assert_true(seconds_of(&beside) > 0.5 * seconds && seconds_of(&beside) < 2.0 * seconds);
    assert_true(asked > 0);
    method_prices_interrupt((Interrupt){0});
    assert_int_equal(method_theory_calls(), before);
}

/* However many points differ, theory is asked for few; and a price that was given stays.  Last,
 * for it uses up what theory may take. */
static void test_bounds(void **unused)
{
    (void)unused;
    enum { POINTS = 3000 };
    static double seconds[POINTS];
    for (int twice = 0; twice < 2; twice++) {
        for (int k = 0; k < POINTS; k++) {
            const Problem problem = diagonal(100, 50 + k, pow(10.0, k % 7 / 3.0 - 2.0));
            const double now = seconds_of(&problem);
            assert_true(now > 0.0 && isfinite(now) && (twice == 0 || now == seconds[k]));
            seconds[k] = now;
        }
        assert_true(method_theory_calls() <= 192);
    }
    /* what stands for a point is near it */
    for (int k = 0; k < POINTS; k += 97) {
        const Problem problem = diagonal(100, 50 + k, pow(10.0, k % 7 / 3.0 - 2.0));
        double fixed;
        const double exact = trainer_seconds(&problem, solved_active(&problem), true, &fixed);
        assert_between(seconds[k] / exact, 0.4, 2.5);
    }
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_convex),  cmocka_unit_test(test_amp),
        cmocka_unit_test(test_lasso),   cmocka_unit_test(test_factored),
        cmocka_unit_test(test_limit),   cmocka_unit_test(test_blocks),
        cmocka_unit_test(test_seconds), cmocka_unit_test(test_seeds),
        cmocka_unit_test(test_simpler), cmocka_unit_test(test_interrupt),
        cmocka_unit_test(test_bounds)};
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    MPI_Finalize();
    return failed;
}
