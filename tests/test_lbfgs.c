/* L-BFGS on functions with known minima, their variables spread over the team. */
#include <math.h>
#include <mpi.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "phasesweep/lbfgs.h"

/* Variables first ... first + count - 1 of SIZE are this rank's; uneven on purpose. */
enum { SIZE = 60 };
typedef struct Share {
    int first, count;
} Share;

static Share share_of(void)
{
    int rank;
    int ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    const int first = rank == 0 ? 0 : SIZE - 20 + 20 * (rank - 1) / ranks;
    const int end = rank == ranks - 1 ? SIZE : SIZE - 20 + 20 * rank / ranks;
    return (Share){first, end - first};
}

/* Every rank sees all variables, computes all, keeps its part of the gradient. */
static void see_all(const Share *share, const double x[], double all[SIZE])
{
    for (int i = 0; i < SIZE; i++) {
        const bool mine = i >= share->first && i < share->first + share->count;
        all[i] = mine ? x[i - share->first] : 0.0;
    }
    MPI_Allreduce(MPI_IN_PLACE, all, SIZE, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
}

/* Sum over pairs of 100 (b - a^2)^2 + (1 - a)^2: minimum 0 at 1, curved valleys. */
static double rosenbrock(const double x[], double gradient[], void *context)
{
    const Share *share = context;
    double all[SIZE];
    double slope[SIZE];
    see_all(share, x, all);
    double sum = 0.0;
    for (int i = 0; i < SIZE; i += 2) {
        const double off = all[i + 1] - all[i] * all[i];
        const double left = 1.0 - all[i];
        sum += 100.0 * off * off + left * left;
        slope[i] = -400.0 * off * all[i] - 2.0 * left;
        slope[i + 1] = 200.0 * off;
    }
    for (int i = 0; i < share->count; i++) {
        gradient[i] = slope[share->first + i];
    }
    return sum;
}

/* Weights from 1 to 10 on a chain of coupled variables, condition about 1e4; minimum -1 where z
 * = 0, z_i = x_i - x_(i-1) - 1. */
static double quadratic(const double x[], double gradient[], void *context)
{
    const Share *share = context;
    double all[SIZE];
    double slope[SIZE + 1] = {0};
    see_all(share, x, all);
    double sum = -1.0;
    for (int i = 0; i < SIZE; i++) {
        const double weight = pow(10.0, i / (SIZE - 1.0));
        const double z = all[i] - (i > 0 ? all[i - 1] : 0.0) - 1.0;
        sum += 0.5 * weight * z * z;
        slope[i] += weight * z;
        if (i > 0) {
            slope[i - 1] -= weight * z;
        }
    }
    for (int i = 0; i < share->count; i++) {
        gradient[i] = slope[share->first + i];
    }
    return sum;
}

/* No minimum: exp(-sum x) falls for ever. */
static double bottomless(const double x[], double gradient[], void *context)
{
    const Share *share = context;
    double all[SIZE];
    see_all(share, x, all);
    double sum = 0.0;
    for (int i = 0; i < SIZE; i++) {
        sum += all[i];
    }
    for (int i = 0; i < share->count; i++) {
        gradient[i] = -exp(-sum);
    }
    return exp(-sum);
}

/* With room for `memory` pairs. */
static Lbfgs minimise(const Share *share, int memory, double x[], LbfgsFunction function,
                      const LbfgsSettings *settings)
{
    Share copy = *share;
    LbfgsWork *work = lbfgs_create(MPI_COMM_WORLD, share->count, memory);
    const Lbfgs report = lbfgs_minimise(work, x, function, &copy, settings);
    lbfgs_free(work);
    return report;
}

static void test_minima(void **unused)
{
    (void)unused;
    Share share = share_of();
    double x[SIZE];
    double all[SIZE];
    for (int memory = 1; memory <= 20; memory += 19) {
        LbfgsSettings settings = lbfgs_defaults();
        settings.absolute = 1e-22;
        for (int i = 0; i < share.count; i++) {
            x[i] = (share.first + i) % 2 == 0 ? -1.2 : 1.0;
        }
        Lbfgs report = minimise(&share, memory, x, rosenbrock, &settings);
        assert_int_equal(report.outcome, OUTCOME_CONVERGED);
        assert_true(report.value < 1e-18 && report.evaluations < (memory == 1 ? 2000 : 100));
        see_all(&share, x, all);
        for (int i = 0; i < SIZE; i++) {
            assert_true(fabs(all[i] - 1.0) < 1e-8);
        }
    }
    LbfgsSettings settings = lbfgs_defaults();
    settings.relative = 1e-13;
    for (int i = 0; i < share.count; i++) {
        x[i] = 0.0;
    }
    Lbfgs report = minimise(&share, 20, x, quadratic, &settings);
    assert_int_equal(report.outcome, OUTCOME_CONVERGED);
    /* the estimate is below the rest by about ten: not all curvatures are in 20 pairs */
    assert_true(fabs(report.value + 1.0) < 1e-11);
    settings.relative = 1e-4;
    for (int i = 0; i < share.count; i++) {
        x[i] = 0.0;
    }
    report = minimise(&share, 20, x, quadratic, &settings);
    assert_true(report.value + 1.0 < 1e-2 && report.value + 1.0 > 0.0);
}

static void test_outcomes(void **unused)
{
    (void)unused;
    Share share = share_of();
    double x[SIZE] = {0};
    LbfgsSettings settings = lbfgs_defaults();
    settings.evaluation_limit = 7;
    Lbfgs report = minimise(&share, 20, x, quadratic, &settings);
    assert_int_equal(report.outcome, OUTCOME_NOT_CONVERGED);
    settings.evaluation_limit = 300;
    settings.relative = 0.0;
    settings.absolute = 1e-30;
    report = minimise(&share, 20, x, bottomless, &settings);
    assert_true(report.outcome != OUTCOME_FAILED && report.value < 1e-8);
    for (int i = 0; i < share.count; i++) {
        x[i] = NAN;
    }
    report = minimise(&share, 20, x, quadratic, &settings);
    assert_int_equal(report.outcome, OUTCOME_FAILED);
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_minima),
                                       cmocka_unit_test(test_outcomes)};
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    MPI_Finalize();
    return failed;
}
