/* Ridge regression against its definition, worked out row by row without the trainer's sums. */
#include <math.h>
#include <mpi.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "phasesweep/base/check.h"
#include "phasesweep/numerics/lapack.h"
#include "phasesweep/training/path.h"

enum { D = 60 };

/* The data of the problem, all rows on every rank; features and labels owned by the caller. */
typedef struct Data {
    int n;
    double *x, *y;
} Data;

static Data draw(const Problem *problem)
{
    SamplesSpec spec = samples_spec(problem);
    spec.store = STORE_DOUBLE;
    Samples samples = samples_create(MPI_COMM_SELF, &spec);
    const Dataset rows = samples_dataset(&samples);
    Data data = {.n = (int)rows.rows,
                 .x = checked_alloc((size_t)rows.rows * D, sizeof(double)),
                 .y = checked_alloc((size_t)rows.rows, sizeof(double))};
    for (size_t k = 0; k < dataset_blocks(&rows); k++) {
        const SampleBlock block = dataset_block(&rows, k, NULL);
        for (int row = 0; row < block.rows; row++) {
            const size_t at = (size_t)(block.offset + row);
            data.y[at] = block.labels[row];
            for (int j = 0; j < D; j++) {
                data.x[at * D + (size_t)j] = block.features[(size_t)row * D + (size_t)j];
            }
        }
    }
    samples_free(&samples);
    return data;
}

/* theta of (X^T X + lambda) theta = X^T y by Gaussian elimination. */
static void solve(const Data *data, double lambda, double theta[D])
{
    const int d = D;
    const int one = 1;
    int pivots[D];
    int info;
    double *matrix = checked_alloc((size_t)D * D, sizeof *matrix);
    for (int i = 0; i < D; i++) {
        theta[i] = 0.0;
        matrix[i * D + i] = lambda;
        for (int row = 0; row < data->n; row++) {
            const double *x = data->x + (size_t)row * D;
            theta[i] += x[i] * data->y[row];
            for (int j = 0; j < D; j++) {
                matrix[i * D + j] += x[i] * x[j];
            }
        }
    }
    dgesv_(&d, &one, matrix, &d, pivots, theta, &d, &info);
    assert_int_equal(info, 0);
    free(matrix);
}

/* |y - X theta|^2 + lambda |theta|^2 */
static double objective(const Data *data, double lambda, const double theta[D])
{
    double sum = 0.0;
    for (int row = 0; row < data->n; row++) {
        double error = data->y[row];
        for (int j = 0; j < D; j++) {
            error -= data->x[(size_t)row * D + (size_t)j] * theta[j];
        }
        sum += error * error;
    }
    for (int j = 0; j < D; j++) {
        sum += lambda * theta[j] * theta[j];
    }
    return sum;
}

static Problem problem_of(double samples)
{
    return (Problem){.model = MODEL_RIDGE,
                     .method = METHOD_TRAINING,
                     .source_exponent = 1.25,
                     .dimension = D,
                     .width = D,
                     .noise = 0.1,
                     .seed = 3,
                     .samples = samples,
                     .random_signs = true,
                     .tolerance = 1e-9};
}

/* With fewer data than coefficients and with many more, along a chain of weights. */
static void test_definition(void **unused)
{
    (void)unused;
    const TrainerSettings settings = trainer_defaults();
    for (double samples = 20; samples <= 20000; samples *= 10) {
        Problem problem = problem_of(samples);
        Path *path = path_create(MPI_COMM_WORLD, &trainer_ridge, &settings);
        const Data data = draw(&problem);
        for (problem.weight_decay = 1e4; problem.weight_decay > 1e-3;
             problem.weight_decay *= 0.1) {
            const double lambda = problem.weight_decay;
            const Observed fit = path_solve(path, &problem, NULL, NULL);
            const double *theta = path_network(path).theta;
            double expected[D];
            double error = 0.0;
            solve(&data, lambda, expected);
            for (int j = 0; j < D; j++) {
                error = fmax(error, fabs(theta[j] - expected[j]));
            }
            assert_int_equal(fit.outcome, OUTCOME_CONVERGED);
            assert_true(fit.gap >= 0.0 && fit.gap < 1e-16);
            assert_true(error < 1e-9);
            assert_true(fabs(fit.objective / objective(&data, lambda, theta) - 1.0) < 1e-9);
        }
        free(data.x);
        free(data.y);
        path_free(path);
    }
}

static bool always(void *context)
{
    ++*(int *)context;
    return true;
}

/* Stopped after every block, and gone on with from the file each time: the same bits. */
static void test_resume(void **unused)
{
    (void)unused;
    char name[64];
    snprintf(name, sizeof name, "test_ridge.%d.state", (int)getppid());
    Problem problem = problem_of(60000);
    problem.weight_decay = 3.0;
    TrainerSettings settings = trainer_defaults();
    Path *path = path_create(MPI_COMM_WORLD, &trainer_ridge, &settings);
    const Observed whole = path_solve(path, &problem, NULL, NULL);
    path_free(path);
    int stops = 0;
    settings.checkpoint = name;
    settings.identity = "ridge";
    settings.identity_bytes = 5;
    settings.stop = always;
    settings.stop_context = &stops;
    Observed part = {.stopped = true};
    for (int calls = 0; part.stopped; calls++) {
        assert_true(calls < 1000);
        path = path_create(MPI_COMM_WORLD, &trainer_ridge, &settings);
        part = path_solve(path, &problem, NULL, NULL);
        path_free(path);
    }
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    if (rank == 0) {
        assert_true(stops > 2);
        remove(name);
    }
    assert_true(part.risk == whole.risk && part.objective == whole.objective);
    assert_true(part.gap == whole.gap && part.trace == whole.trace);
}

/* The method says by itself which trainer is meant, and what it takes. */
static void test_choice(void **unused)
{
    (void)unused;
    const Problem problem = problem_of(1000);
    assert_ptr_equal(trainer_of(&problem), &trainer_ridge);
    assert_true(trainer_memory(&problem, 1, STORE_NONE, INFINITY, INFINITY) > 8 * 2 * D * D);
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_definition),
                                       cmocka_unit_test(test_resume),
                                       cmocka_unit_test(test_choice)};
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    MPI_Finalize();
    return failed;
}
