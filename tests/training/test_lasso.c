/* The LASSO solver against plain proximal gradient on gathered data, and its certificate. */
#include <math.h>
#include <mpi.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "phasesweep/data/gaussian_rows.h"
#include "lasso_case.h"

enum { D = 50 };

/* All rows [n][D + 1], the label last. */
static double *gather(const Problem *problem)
{
    const SamplesSpec spec = samples_spec(problem);
    Samples samples = samples_create(MPI_COMM_SELF, &spec);
    const Dataset data = samples_dataset(&samples);
    double *buffer = calloc((size_t)samples.spec.block_rows * D, sizeof *buffer);
    double *rows = calloc((size_t)samples.rows * (D + 1), sizeof *rows);
    for (size_t k = 0; k < dataset_blocks(&data); k++) {
        const SampleBlock block = dataset_block(&data, k, buffer);
        for (int row = 0; row < block.rows; row++) {
            double *to = rows + (block.offset + row) * (D + 1);
            memcpy(to, block.features + row * D, D * sizeof *to);
            to[D] = block.labels[row];
        }
    }
    free(buffer);
    samples_free(&samples);
    return rows;
}

/* gradient = X^T (y - X theta), row by row; returns F. */
static double objective(const Problem *problem, const double *rows, const double theta[],
                        double gradient[])
{
    double sum = 0.0;
    memset(gradient, 0, D * sizeof *gradient);
    for (int mu = 0; mu < problem->samples; mu++) {
        const double *x = rows + mu * (D + 1);
        double r = x[D];
        for (int i = 0; i < D; i++) {
            r -= theta[i] * x[i];
        }
        sum += 0.5 * r * r;
        for (int i = 0; i < D; i++) {
            gradient[i] += r * x[i];
        }
    }
    for (int i = 0; i < D; i++) {
        sum += problem->weight_decay * sqrt(D) * fabs(theta[i]);
    }
    return sum;
}

/* 4000 plain steps of length 1/L, L >= |X|^2: n (1 + sqrt(d/n))^2 and a third more for the
 * fluctuations at this size. */
static double plain_minimum(const Problem *problem, const double *rows)
{
    double theta[D] = {0};
    double gradient[D];
    const double step = 0.7 / (problem->samples * pow(1.0 + sqrt(D / problem->samples), 2.0));
    const double threshold = step * problem->weight_decay * sqrt(D);
    for (int k = 0; k < 4000; k++) {
        objective(problem, rows, theta, gradient);
        for (int i = 0; i < D; i++) {
            const double x = theta[i] + step * gradient[i];
            theta[i] = copysign(fmax(fabs(x) - threshold, 0.0), x);
        }
    }
    return objective(problem, rows, theta, gradient);
}

/* Objective equal to the plain solver's to its own convergence, optimality conditions to the
 * root of the gap's rounding; at loose tolerances the certificate holds. */
static void test_minimum(void **unused)
{
    (void)unused;
    for (int k = 0; k < 4; k++) {
        const int samples = k % 2 == 0 ? 30 : 300;
        Problem problem = problem_of(D, samples, k < 2 ? 0.3 : 0.05, 1e-12);
        double theta[D];
        double gradient[D];
        double *rows = gather(&problem);
        const Observed fit = cold(MPI_COMM_WORLD, &problem, LASSO_AUTO, theta);
        assert_int_equal(fit.outcome, OUTCOME_CONVERGED);
        assert_true(fabs(fit.objective - plain_minimum(&problem, rows)) < 1e-7 * fit.objective);
        assert_true(fabs(fit.objective - objective(&problem, rows, theta, gradient)) <
                    1e-11 * fit.objective);
        const double weight = problem.weight_decay * sqrt(D);
        for (int i = 0; i < D; i++) {
            const double excess = theta[i] == 0.0
                                      ? fabs(gradient[i]) - weight
                                      : fabs(gradient[i] - copysign(weight, theta[i]));
            assert_true(excess < 1e-7 * weight);
        }
        for (problem.tolerance = 0.3; problem.tolerance > 1e-9; problem.tolerance *= 0.1) {
            const Observed loose = cold(MPI_COMM_WORLD, &problem, LASSO_AUTO, theta);
            assert_true(loose.gap >= 0.0 && loose.gap <= problem.tolerance);
            assert_true(loose.objective - fit.objective <=
                        loose.objective * (loose.gap + 1e-12));
        }
        free(rows);
    }
}

/* Next to nothing to regularise, with few data and many, with and without noise: the gap at a
 * loose tolerance holds against a run to 1e-10, on a rank alone and in a team.  At these
 * weights |r| lies below the rounding of y where n < d. */
static void test_tiny_weights(void **unused)
{
    (void)unused;
    static const double weights[] = {1e-5, 1e-8, 1e-12};
    double theta[120];
    for (int k = 0; k < 12; k++) {
        Problem problem = problem_of(120, k % 4 < 2 ? 40 : 300, weights[k / 4], 1e-10);
        problem.noise = k % 2 == 0 ? 0.1 : 0.0;
        const Observed best = cold(MPI_COMM_WORLD, &problem, LASSO_AUTO, theta);
        assert_int_equal(best.outcome, OUTCOME_CONVERGED);
        assert_true(best.gap <= 1e-10 && best.iterations < 3000);
        for (problem.tolerance = 1e-2; problem.tolerance > 1e-7; problem.tolerance *= 1e-2) {
            const Observed team = cold(MPI_COMM_WORLD, &problem, LASSO_AUTO, theta);
            const Observed one = cold(MPI_COMM_SELF, &problem, LASSO_COLUMNS, theta);
            assert_true(team.gap <= problem.tolerance && one.gap <= problem.tolerance);
            assert_true(team.objective - best.objective <= team.objective * (team.gap + 1e-10));
            assert_true(one.objective - best.objective <= one.objective * (one.gap + 1e-10));
        }
    }
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_minimum),
                                       cmocka_unit_test(test_tiny_weights)};
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    MPI_Finalize();
    return failed;
}
