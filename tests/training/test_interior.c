/* Interior steps: their proof, where descent is hard and where it is not, their limits. */
#include <math.h>
#include <mpi.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "phasesweep/base/check.h"
#include "phasesweep/numerics/rng.h"
#include "phasesweep/training/path.h"
#include "convex/interior.h"

enum { D = 16 };

static Problem problem_of(double n, double weight, double noise)
{
    return (Problem){.model = MODEL_QUADRATIC,
                     .method = METHOD_TRAINING,
                     .dimension = D,
                     .width = D,
                     .samples = n,
                     .source_exponent = 0.75,
                     .noise = noise,
                     .weight_decay = weight,
                     .seed = 3.0,
                     .tolerance = 1e-10};
}

static Observed train(MPI_Comm team, const Problem *problem, ConvexWay way, int limit)
{
    TrainerSettings settings = trainer_defaults();
    settings.convex = way;
    settings.iteration_limit = limit;
    Path *path = path_create(team, &trainer_convex, &settings);
    const Observed training = path_solve(path, problem, NULL, NULL);
    path_free(path);
    return training;
}

/* Wherever they are cut off, F is above its minimum by at most the gap; both ways find it. */
static void test_certificate(void **unused)
{
    (void)unused;
    static const double cases[][3] = {{10, 0.05, 0.1},  {60, 1e-4, 0.0}, {60, 0.05, 0.1},
                                      {200, 1e-3, 0.1}, {200, 1.0, 0.1}, {900, 0.05, 0.0}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        const Problem problem = problem_of(cases[k][0], cases[k][1], cases[k][2]);
        const Observed best = train(MPI_COMM_WORLD, &problem, CONVEX_INTERIOR, 0);
        assert_int_equal(best.outcome, OUTCOME_CONVERGED);
        assert_true(best.gap <= 1e-10 && best.iterations < 60);
        Problem easy = problem;
        easy.tolerance = 1e-6;
        const Observed other = train(MPI_COMM_WORLD, &easy, CONVEX_DESCENT, 0);
        assert_true(fabs(other.objective / best.objective - 1.0) <= 1.1e-6);
        for (int limit = 3; limit < best.iterations; limit += 3) {
            const Observed t = train(MPI_COMM_WORLD, &problem, CONVEX_INTERIOR, limit);
            /* the pass at the end may prove more than the steps had promised */
            assert_true(t.outcome == (t.gap <= problem.tolerance ? OUTCOME_CONVERGED
                                                                 : OUTCOME_NOT_CONVERGED));
            assert_true(t.iterations <= limit);
            assert_true(t.objective - best.objective <= t.gap * t.objective);
            assert_true(t.objective >= best.objective * (1.0 - 2e-10));
        }
    }
}

/* Rank 0 makes the steps, from the same rows whatever the team is. */
static void test_teams(void **unused)
{
    (void)unused;
    const Problem problem = problem_of(300.0, 0.01, 0.1);
    const Observed alone = train(MPI_COMM_SELF, &problem, CONVEX_INTERIOR, 0);
    const Observed together = train(MPI_COMM_WORLD, &problem, CONVEX_INTERIOR, 0);
    assert_int_equal(together.outcome, OUTCOME_CONVERGED);
    assert_int_equal(together.rank, alone.rank);
    assert_true(fabs(together.objective / alone.objective - 1.0) < 1e-10);
    assert_true(fabs(together.risk - alone.risk) < 1e-9);
}

/* Left to itself a training that descends slowly goes over to them, and the points after it
 * begin with them. */
static void test_choice(void **unused)
{
    (void)unused;
    TrainerSettings settings = trainer_defaults();
    Path *path = path_create(MPI_COMM_WORLD, &trainer_convex, &settings);
    Problem problem = problem_of(60.0, 0.3, 0.1);
    for (int k = 0; k < 6; k++, problem.weight_decay *= 0.2) {
        const Observed t = path_solve(path, &problem, NULL, NULL);
        const Observed best = train(MPI_COMM_WORLD, &problem, CONVEX_INTERIOR, 0);
        assert_int_equal(t.outcome, OUTCOME_CONVERGED);
        assert_true(fabs(t.objective / best.objective - 1.0) < 2e-10);
        assert_true(k < 4 || t.iterations < 60);
    }
    path_free(path);
}

static void test_failures(void **unused)
{
    (void)unused;
    Problem problem = problem_of(60.0, 0.01, 1e307); /* squares overflow */
    Observed t = train(MPI_COMM_WORLD, &problem, CONVEX_INTERIOR, 0);
    assert_int_equal(t.outcome, OUTCOME_FAILED);
    assert_true(isnan(t.risk) && isnan(t.gap));
    problem = problem_of(60.0, 1e5, 0.1);
    t = train(MPI_COMM_WORLD, &problem, CONVEX_INTERIOR, 0);
    assert_int_equal(t.outcome, OUTCOME_CONVERGED);
    assert_true(t.rank == 0.0 && fabs(t.risk - 1.0) < 1e-14);
}

static const Covariance white = {.dimension = D};

/* Labels of a teacher with `features` equal eigenvalues, without noise. */
static Interior *tied(int n, int features, bool broken)
{
    double *x = checked_alloc((size_t)n * D, sizeof *x);
    double *y = checked_alloc((size_t)n, sizeof *y);
    for (int row = 0; row < n; row++) {
        double *mine = x + (size_t)row * D;
        rng_normals(5, 1, (uint64_t)row, D, mine);
        for (int k = 0; k < features; k++) {
            y[row] += (mine[k] * mine[k] - 1.0) / sqrt(D);
        }
    }
    y[n / 2] = broken ? NAN : y[n / 2];
    return interior_create(n, D, x, y, &white);
}

static void test_ties(void **unused)
{
    (void)unused;
    double factor[D * D];
    Interior *work = tied(150, 3, false);
    interior_begin(work, 1e-5);
    while (interior_progress(work)->gap > 1e-8) {
        assert_true(interior_progress(work)->steps < 50 && interior_step(work));
    }
    assert_int_equal(interior_network(work, factor), 3);
    for (int column = 0; column < 3; column++) {
        double square = 0.0;
        for (int row = 0; row < D; row++) {
            square += factor[row + column * D] * factor[row + column * D];
        }
        assert_true(fabs(square - 1.0) < 1e-4);
    }
    interior_free(work);
    work = tied(150, 3, true);
    interior_begin(work, 1e-5);
    assert_false(interior_step(work));
    interior_free(work);
}

/* What is planned for a point: passes of the descent, many where samples are few, but no more
 * than interior steps leave of them. */
static void test_price(void **unused)
{
    (void)unused;
    Problem problem = problem_of(0.0, 1e-3, 0.1);
    problem.dimension = problem.width = 400.0;
    problem.samples = 160000.0;
    const double rank = 40.0;
    const double many = trainer_convex.price(&problem, rank).first;
    problem.samples = 9000.0; /* too many for interior steps */
    const double few = trainer_convex.price(&problem, rank).first;
    assert_true(many < 0.2 * few);
    for (double n = 200.0; n < 8193.0; n *= 1.5) {
        problem.samples = n;
        const TrainerPrice price = trainer_convex.price(&problem, rank);
        assert_true(price.first > many && price.first <= few && price.next <= price.first);
    }
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_certificate), cmocka_unit_test(test_teams),
        cmocka_unit_test(test_choice),      cmocka_unit_test(test_failures),
        cmocka_unit_test(test_ties),        cmocka_unit_test(test_price)};
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    MPI_Finalize();
    return failed;
}
