/* Bias and linear unit beside S (theory.md section 13): the certificate of what they leave,
 * worked out row by row; labels that only they can fit change nothing else. */
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
#include "phasesweep/numerics/lapack.h"
#include "phasesweep/training/path.h"
#include "quadratic_case.h"

enum { D = 20, COLUMNS = D + 1, ROWS_MOST = 1000 };

static Problem unit_case(ModelId model, double n, double weight)
{
    Problem problem = quadratic_case(D, n, weight, 1e-10);
    problem.model = model;
    problem.random_signs = model == MODEL_SIGNED;
    problem.linear_unit = 1;
    return problem;
}

/* Symmetric, of both triangles. */
static void square_of(const Network *network, double s[D * D])
{
    memset(s, 0, sizeof(double) * D * D);
    for (int k = 0; k < network->columns; k++) {
        const double *column = network->factor + k * D;
        const double sign = k < network->columns - network->negative ? 1.0 : -1.0;
        for (int i = 0; i < D * D; i++) {
            s[i] += sign * column[i % D] * column[i / D];
        }
    }
}

/* A training on the rows of the problem with U beta added to the labels. */
static Observed train(MPI_Comm team, const Problem *problem, const TrainerSettings *settings,
                      const double beta[COLUMNS], double s[D * D])
{
    const SamplesSpec spec = samples_spec(problem);
    Samples samples = samples_create(team, &spec);
    Dataset data = samples_dataset(&samples);
    double *labels = checked_alloc((size_t)data.rows, sizeof *labels);
    double *buffer = checked_alloc((size_t)data.block_rows * D, sizeof *buffer);
    memcpy(labels, data.labels, (size_t)data.rows * sizeof *labels);
    for (size_t k = 0; beta != NULL && k < dataset_blocks(&data); k++) {
        const SampleBlock block = dataset_block(&data, k, buffer);
        for (int row = 0; row < block.rows; row++) {
            labels[block.offset + row] += beta[0];
            for (int i = 0; i < D; i++) {
                labels[block.offset + row] += beta[1 + i] * block.features[row * D + i];
            }
        }
    }
    data.labels = labels;
    void *work = trainer_convex.create(team, &data, problem, settings);
    double spectrum[D];
    double overlaps[D];
    Observed observed = observed_nothing(OUTCOME_RUNNING);
    trainer_convex.begin(work, problem);
    while (trainer_convex.advance(work)) {
    }
    trainer_convex.observe(work, &observed, spectrum, overlaps);
    const Network network = trainer_convex.network(work);
    square_of(&network, s);
    trainer_convex.release(work);
    samples_free(&samples);
    free(labels);
    free(buffer);
    return observed;
}

/* x by row and y of all samples, on every rank. */
static int all_rows(const Problem *problem, double x[], double y[])
{
    SamplesSpec spec = samples_spec(problem);
    spec.store = STORE_DOUBLE;
    Samples samples = samples_create(MPI_COMM_SELF, &spec);
    const Dataset data = samples_dataset(&samples);
    for (size_t k = 0; k < dataset_blocks(&data); k++) {
        const SampleBlock block = dataset_block(&data, k, NULL);
        memcpy(x + block.offset * D, block.features, sizeof(double) * D * (size_t)block.rows);
        memcpy(y + block.offset, block.labels, sizeof(double) * (size_t)block.rows);
    }
    const int n = (int)data.samples;
    samples_free(&samples);
    return n;
}

/* Least squares on 1 and x by the normal equations, in place; c, w in beta. */
static void regress(int n, const double x[], double values[], double beta[COLUMNS])
{
    double gram[COLUMNS * COLUMNS] = {0};
    double row[COLUMNS] = {1.0};
    int pivots[COLUMNS];
    const int columns = COLUMNS;
    const int one = 1;
    int info;
    memset(beta, 0, sizeof(double) * COLUMNS);
    for (int mu = 0; mu < n; mu++) {
        memcpy(row + 1, x + mu * D, sizeof(double) * D);
        for (int i = 0; i < COLUMNS; i++) {
            beta[i] += row[i] * values[mu];
            for (int j = 0; j < COLUMNS; j++) {
                gram[i + j * COLUMNS] += row[i] * row[j];
            }
        }
    }
    dgesv_(&columns, &one, gram, &columns, pivots, beta, &columns, &info);
    assert_int_equal(info, 0);
    for (int mu = 0; mu < n; mu++) {
        values[mu] -= beta[0];
        for (int i = 0; i < D; i++) {
            values[mu] -= beta[1 + i] * x[mu * D + i];
        }
    }
}

static void eigenvalues(double a[D * D], double w[D])
{
    static double work[40 * D];
    static int whole[10 * D];
    const int d = D;
    const int length = 40 * D;
    const int whole_length = 10 * D;
    int info;
    dsyevd_("N", "L", &d, a, &d, w, work, &length, whole, &whole_length, &info, 1, 1);
    assert_int_equal(info, 0);
}

/* (F - bound)/F of the problem min over S, w and c, by its definition: nu = (2/d^2) s r with
 * sum nu = 0, sum nu x = 0 and sum nu Z <= lt/d bounds F by nu.y - (d^2/4) |nu|^2. */
static double gap_by_rows(const Problem *problem, const double s[D * D], double *objective,
                          double beta[COLUMNS])
{
    static double x[ROWS_MOST * D], y[ROWS_MOST], r[ROWS_MOST];
    const double d = D;
    const int n = all_rows(problem, x, y);
    double gram[D * D] = {0};
    double copy[D * D];
    double w[D];
    double residual = 0.0;
    double label = 0.0;
    for (int mu = 0; mu < n; mu++) {
        r[mu] = y[mu];
        for (int i = 0; i < D * D; i++) {
            const double z =
                (x[mu * D + i % D] * x[mu * D + i / D] - (i % D == i / D)) / sqrt(D);
            r[mu] -= s[i] * z;
        }
    }
    regress(n, x, r, beta);
    for (int mu = 0; mu < n; mu++) {
        residual += r[mu] * r[mu];
        label += r[mu] * y[mu];
        for (int i = 0; i < D * D; i++) {
            gram[i] += r[mu] * x[mu * D + i % D] * x[mu * D + i / D] / sqrt(D);
        }
    }
    memcpy(copy, s, sizeof copy);
    eigenvalues(copy, w);
    double norm = 0.0;
    for (int i = 0; i < D; i++) {
        norm += fabs(w[i]);
    }
    *objective = residual / d / d + problem->weight_decay / d * norm;
    eigenvalues(gram, w);
    const double nu = 2.0 / d / d;
    const double largest = problem->model == MODEL_SIGNED ? fmax(w[D - 1], -w[0]) : w[D - 1];
    const double linear = nu * label;
    const double square = 0.5 * d * d * nu * nu * residual;
    const double scale = fmin(linear / square, problem->weight_decay / d / (nu * largest));
    return 1.0 - (scale * linear - 0.5 * scale * scale * square) / *objective;
}

/* The residual of a network with a gap of 1e-10 is off by its root, and so is the bound that it
 * proves itself; weights of the linear unit likewise. */
static void test_certificate(void **unused)
{
    (void)unused;
    static const double samples[] = {100.0, 300.0, 1000.0};
    for (int k = 0; k < 12; k++) {
        const ModelId model = k % 2 == 0 ? MODEL_QUADRATIC : MODEL_SIGNED;
        const Problem problem = unit_case(model, samples[k / 2 % 3], k < 6 ? 0.05 : 0.5);
        TrainerSettings settings = trainer_defaults();
        settings.gradient_only = k % 3 == 0;
        double s[D * D];
        double beta[COLUMNS];
        double objective;
        const Observed fit = train(MPI_COMM_WORLD, &problem, &settings, NULL, s);
        assert_int_equal(fit.outcome, OUTCOME_CONVERGED);
        const double gap = gap_by_rows(&problem, s, &objective, beta);
        double square = 0.0;
        for (int i = 0; i < COLUMNS; i++) {
            square += beta[i] * beta[i];
        }
        assert_true(fabs(objective / fit.objective - 1.0) < 1e-9);
        assert_true(gap > -1e-11 && gap < 1e-4 && fit.gap <= 1e-10);
        assert_true(fabs(square / fit.linear_square - 1.0) < 1e-9);
        assert_true(fabs(fit.prediction_risk - 2.0 * fit.risk - square) < 1e-9);
    }
}

/* F - F* <= gap F wherever a limit ends it. */
static void test_limits(void **unused)
{
    (void)unused;
    double s[D * D];
    for (int k = 0; k < 2; k++) {
        const Problem problem = unit_case(k == 0 ? MODEL_QUADRATIC : MODEL_SIGNED, 200.0, 0.05);
        TrainerSettings settings = trainer_defaults();
        settings.convex = CONVEX_DESCENT;
        const Observed best = train(MPI_COMM_WORLD, &problem, &settings, NULL, s);
        for (settings.iteration_limit = 2; settings.iteration_limit < 26;
             settings.iteration_limit += 4) {
            const Observed t = train(MPI_COMM_WORLD, &problem, &settings, NULL, s);
            assert_int_equal(t.outcome, OUTCOME_NOT_CONVERGED);
            assert_true(t.objective >= best.objective * (1.0 - 2e-10));
            assert_true(t.objective - best.objective <= t.gap * t.objective * (1.0 + 1e-9));
        }
    }
}

/* What the linear unit alone can fit goes there and changes no S: to the 1e-16 of labels ten
 * times as large, and what a gap of 1e-10 leaves. */
static void test_invariance(void **unused)
{
    (void)unused;
    const TrainerSettings settings = trainer_defaults();
    const Problem problem = unit_case(MODEL_SIGNED, 400.0, 0.1);
    double beta[COLUMNS];
    for (int i = 0; i < COLUMNS; i++) {
        beta[i] = 10.0 * cos(i);
    }
    double s[2][D * D];
    const Observed one = train(MPI_COMM_WORLD, &problem, &settings, NULL, s[0]);
    const Observed two = train(MPI_COMM_WORLD, &problem, &settings, beta, s[1]);
    assert_int_equal(two.outcome, OUTCOME_CONVERGED);
    assert_true(fabs(two.objective / one.objective - 1.0) < 1e-9);
    for (int i = 0; i < D * D; i++) {
        assert_true(fabs(s[0][i] - s[1][i]) < 1e-6);
    }
    /* E (w.x + c)^2 of w + beta, w of order 1/sqrt(n) */
    assert_true(fabs(sqrt(two.linear_square) - 10.0 * sqrt(COLUMNS / 2.0)) < 2.0);
    /* without it such labels are noise */
    Problem without = problem;
    without.linear_unit = 0;
    const Observed three = train(MPI_COMM_WORLD, &without, &settings, beta, s[1]);
    assert_true(three.train_loss > 10.0 * two.train_loss && isnan(three.linear_square));
}

/* Any team, store and precision: 1e-9 in the risk at a gap of 1e-10. */
static void test_teams(void **unused)
{
    (void)unused;
    Problem problem = unit_case(MODEL_QUADRATIC, 500.0, 0.1);
    TrainerSettings settings = trainer_defaults();
    double s[D * D];
    const Observed alone = train(MPI_COMM_SELF, &problem, &settings, NULL, s);
    for (int k = 0; k < 4; k++) {
        problem.store = k % 2 == 0 ? STORE_DOUBLE : STORE_NONE;
        settings.double_only = k / 2 == 1;
        const Observed t = train(MPI_COMM_WORLD, &problem, &settings, NULL, s);
        assert_int_equal(t.outcome, OUTCOME_CONVERGED);
        assert_true(t.rank == alone.rank && fabs(t.risk - alone.risk) < 1e-9);
        assert_true(fabs(t.linear_square - alone.linear_square) < 1e-9);
        assert_true(fabs(t.error_estimate / alone.error_estimate - 1.0) < 1e-4);
    }
}

/* Labels of no more rows than the unit has weights are all its own. */
static void test_nothing_left(void **unused)
{
    (void)unused;
    const TrainerSettings settings = trainer_defaults();
    const Problem problem = unit_case(MODEL_QUADRATIC, COLUMNS, 0.1);
    double s[D * D];
    const Observed t = train(MPI_COMM_WORLD, &problem, &settings, NULL, s);
    assert_int_equal(t.outcome, OUTCOME_FAILED);
    assert_true(isnan(t.objective) && isnan(t.risk) && isnan(t.linear_square));
}

/* Six seeds: 1 - 2 % of noise in the mean of estimate over truth, whose bias at n = d^2 is
 * below 2 % (doc/theory.md section 12). */
static void test_estimate(void **unused)
{
    (void)unused;
    enum { SEEDS = 6 };
    const TrainerSettings settings = trainer_defaults();
    double ratio = 0.0;
    for (int seed = 0; seed < SEEDS; seed++) {
        Problem problem = quadratic_case(60, 3600.0, 0.5, 1e-6);
        problem.model = MODEL_SIGNED;
        problem.noise = 0.5;
        problem.linear_unit = 1;
        problem.seed = seed;
        Path *path = path_create(MPI_COMM_WORLD, &trainer_convex, &settings);
        const Observed t = path_solve(path, &problem, NULL, NULL);
        path_free(path);
        ratio += t.error_estimate / (t.prediction_risk + problem.noise) / SEEDS;
    }
    assert_true(fabs(ratio - 1.0) < 0.05);
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_certificate),  cmocka_unit_test(test_limits),
        cmocka_unit_test(test_invariance),   cmocka_unit_test(test_teams),
        cmocka_unit_test(test_nothing_left), cmocka_unit_test(test_estimate)};
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    MPI_Finalize();
    return failed;
}
