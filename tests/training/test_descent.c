/* Descent in time: flow at many samples, the certified minimum at long times, the same on any
 * team, and one run for all times (theory.md section 17). */
#include <math.h>
#include <mpi.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "phasesweep/training/path.h"

static Problem problem_of(ModelId model, double d, double p, double n, double weight_decay)
{
    return (Problem){.model = model,
                     .method = METHOD_DESCENT,
                     .dimension = d,
                     .width = p,
                     .samples = n,
                     .source_exponent = 1.25,
                     .noise = 0.1,
                     .weight_decay = weight_decay,
                     .start_scale = 0.5,
                     .learning_rate = 0.01,
                     .seed = 4.0,
                     .tolerance = 1e-6};
}

static Observed run(MPI_Comm team, const Trainer *trainer, Problem problem,
                    const double times[], int count)
{
    TrainerSettings settings = trainer_defaults();
    Observed seen = {0};
    Path *path = path_create(team, trainer, &settings);
    for (int k = 0; k < count; k++) {
        problem.time = times[k];
        seen = path_solve(path, &problem, NULL, NULL);
    }
    path_free(path);
    return seen;
}

static void check_close(double got, double expected, double relative)
{
    if (!(fabs(got / expected - 1.0) <= relative)) {
        fail_msg("%.12g is not %.12g", got, expected);
    }
}

/* By hand: two steps of the diagonal network from an aligned start, on plain weights with the
 * plain loss (1/n)(sum r^2 + lambda (|a|^2 + |w|^2)): the step size is dtau sqrt(d)/2. */
static void step_by_hand(const Samples *samples, const Problem *p, int d, double a[],
                         double w[])
{
    const Dataset data = samples_dataset(samples);
    double slope[2][8] = {{0}};
    double buffer[8];
    for (int mu = 0; mu < (int)p->samples; mu++) {
        const double *x = data.ops->features(data.source, mu, 1, buffer);
        double r = data.labels[mu];
        for (int i = 0; i < d; i++) {
            r -= a[i] * w[i] * x[i] / sqrt(d);
        }
        for (int i = 0; i < d; i++) {
            slope[0][i] -= 2.0 / p->samples * r * w[i] * x[i] / sqrt(d);
            slope[1][i] -= 2.0 / p->samples * r * a[i] * x[i] / sqrt(d);
        }
    }
    for (int i = 0; i < d; i++) {
        const double step = p->learning_rate * sqrt(d) / 2.0;
        a[i] -= step * (slope[0][i] + 2.0 * p->weight_decay / p->samples * a[i]);
        w[i] -= step * (slope[1][i] + 2.0 * p->weight_decay / p->samples * w[i]);
    }
}

static void test_by_hand(void **unused)
{
    (void)unused;
    enum { D = 5 };
    Problem p = problem_of(MODEL_DIAGONAL, D, D, 40.0, 3.0);
    double a[D];
    double w[D];
    double spectrum[D];
    p.start_aligned = 1;
    p.time = 2.0 * p.learning_rate;
    SamplesSpec spec = samples_spec(&p);
    spec.store = STORE_DOUBLE;
    Samples samples = samples_create(MPI_COMM_SELF, &spec);
    for (int i = 0; i < D; i++) {
        a[i] = w[i] = p.start_scale;
    }
    step_by_hand(&samples, &p, D, a, w);
    step_by_hand(&samples, &p, D, a, w);
    const TrainerSettings settings = trainer_defaults();
    Path *path = path_create(MPI_COMM_SELF, &trainer_descent, &settings);
    const Observed seen = path_solve(path, &p, spectrum, NULL);
    double norm = 0.0;
    for (int i = 0; i < D; i++) {
        norm += fabs(a[i] * w[i]) / sqrt(D);
    }
    assert_int_equal(seen.evaluations, 2);
    check_close(seen.trace, norm, 1e-13);
    path_free(path);
    samples_free(&samples);
}

/* Without an end of time it comes to the minimum that the convex training certifies; the gap
 * bounds how far F still is, at any time. */
static void test_minimum(void **unused)
{
    (void)unused;
    static const double times[] = {1.0, 8.0, 60.0};
    for (int k = 0; k < 2; k++) {
        const ModelId model = k == 0 ? MODEL_QUADRATIC : MODEL_DIAGONAL;
        Problem p = problem_of(model, 16.0, 18.0, 300.0, k == 0 ? 5.0 : 6.0);
        p.learning_rate = k == 0 ? 0.02 : 0.1;
        Problem trained = p;
        trained.method = METHOD_TRAINING;
        trained.tolerance = 1e-10;
        const double once = 0.0;
        const Observed best = run(MPI_COMM_WORLD, trainer_of(&trained), trained, &once, 1);
        const Observed early = run(MPI_COMM_WORLD, &trainer_descent, p, times, 1);
        const double late_times[] = {times[0], times[1], k == 0 ? times[2] : 400.0};
        const Observed late = run(MPI_COMM_WORLD, &trainer_descent, p, late_times, 3);
        assert_int_equal(late.outcome, OUTCOME_CONVERGED);
        /* what is left falls as e^(-c tau): of the matrix nothing but the gap of 1e-10 on the
         * other side, of the vector 5e-7 of F at these times, and of the risk, off by a root,
         * less than 1e-3 */
        check_close(late.objective, best.objective, k == 0 ? 1e-9 : 1e-6);
        check_close(late.risk, best.risk, k == 0 ? 1e-4 : 1e-3);
        /* the gap is at least what is left of F, and at most some 20 times that; early F is far
         * above the minimum */
        assert_true(late.gap < 2e-5);
        assert_true(early.gap > 1.0 - best.objective / early.objective - 1e-9);
        assert_true(early.objective * (1.0 - early.gap) <= best.objective * (1.0 + 1e-9));
    }
}

/* Snapshots do not touch the run, and rows of a step are the same on any team. */
static void test_teams(void **unused)
{
    (void)unused;
    static const double times[] = {0.05, 0.3, 0.9};
    for (int k = 0; k < 6; k++) {
        Problem p =
            problem_of(k % 2 == 0 ? MODEL_QUADRATIC : MODEL_DIAGONAL, 24.0, 5.0, 700.0, 1.0);
        p.optimizer = (Optimizer)(k / 2);
        p.batch = p.optimizer == OPTIMIZER_GD ? 0.0 : 90.0;
        const Observed one = run(MPI_COMM_SELF, &trainer_descent, p, times + 2, 1);
        const Observed often = run(MPI_COMM_SELF, &trainer_descent, p, times, 3);
        const Observed team = run(MPI_COMM_WORLD, &trainer_descent, p, times, 3);
        assert_true(one.risk == often.risk && one.objective == often.objective);
        assert_int_equal(one.evaluations, 90);
        /* rounding of sums in another order grows with what is learned, by e^(2 tau s_1) at
         * most: 2 tau s_1 is 8 here */
        check_close(team.risk, one.risk, 1e-11);
        check_close(team.gap, one.gap, 1e-11);
    }
}

/* Too large a step is an outcome. */
static void test_divergence(void **unused)
{
    (void)unused;
    Problem p = problem_of(MODEL_QUADRATIC, 24.0, 5.0, 700.0, 1.0);
    p.learning_rate = 3.0;
    p.time = 300.0;
    const double time = 300.0;
    const Observed seen = run(MPI_COMM_WORLD, &trainer_descent, p, &time, 1);
    assert_int_equal(seen.outcome, OUTCOME_DIVERGED);
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_hand),
        cmocka_unit_test(test_minimum),
        cmocka_unit_test(test_teams),
        cmocka_unit_test(test_divergence),
    };
    const int failed = cmocka_run_group_tests_name("descent", tests, NULL, NULL);
    MPI_Finalize();
    return failed;
}
