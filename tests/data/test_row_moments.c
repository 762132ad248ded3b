/* Moments of the rows of a file: the same on any team, also where ranks have no rows, and what
 * their definitions say. */
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
#include "phasesweep/data/file_rows.h"
#include "phasesweep/numerics/rng.h"
#include "npy_file.h"

enum { SIDE = 5, ROWS = 200 };

static char folder[] = "test_row_moments.XXXXXX";
static char *features, *labels;
static double x[ROWS * SIDE], y[ROWS];

static RowMoments moments_on(MPI_Comm team, int64_t samples)
{
    const FileSpec spec = {.file = {.file = features, .target = "y.npy", .rows = ROWS},
                           .dimension = SIDE,
                           .seed = 7,
                           .samples = samples,
                           .test_first = samples};
    FileRows rows = file_rows_create(team, &spec);
    const RowMoments moments = rows.moments;
    file_rows_free(&rows);
    return moments;
}

static double product_of(const double *a, const double *b)
{
    double sum = 0.0;
    for (int i = 0; i < SIDE; i++) {
        sum += a[i] * b[i];
    }
    return sum;
}

/* Over all pairs of neighbours, from the definitions. */
static RowMoments moments_by_hand(int64_t samples)
{
    int64_t *order = file_rows_order(7, ROWS);
    double square = 0.0;
    double fourth = 0.0;
    double products = 0.0;
    double traces = 0.0;
    for (int64_t k = 0; k < samples; k++) {
        const double *now = x + order[k] * SIDE;
        const double norm = product_of(now, now);
        square += norm / (double)samples;
        fourth += norm * norm / (double)samples;
        if (k > 0) {
            const double *before = x + order[k - 1] * SIDE;
            const double product = product_of(now, before);
            const double trace =
                (product * product - norm - product_of(before, before) + SIDE) / SIDE;
            products += product * product / (double)(samples - 1);
            traces += trace * trace / (double)(samples - 1);
        }
    }
    free(order);
    return (RowMoments){(fourth - square * square) / SIDE, SIDE * products / (square * square),
                        traces * SIDE / (2.0 * (SIDE + 1))};
}

static void assert_same(const RowMoments *a, const RowMoments *b)
{
    assert_true(fabs(a->norm_variance / b->norm_variance - 1.0) < 1e-11);
    assert_true(fabs(a->covariance_square / b->covariance_square - 1.0) < 1e-11);
    assert_true(fabs(a->pair_covariance / b->pair_covariance - 1.0) < 1e-11);
}

/* Shares are of 64 rows: of 2 and 63 the first rank has all, of 65 and 129 the last has one. */
static void test_any_team(void **unused)
{
    (void)unused;
    static const int64_t samples[] = {2, 63, 64, 65, 129, 199, 200};
    for (size_t k = 0; k < sizeof samples / sizeof *samples; k++) {
        const RowMoments hand = moments_by_hand(samples[k]);
        const RowMoments team = moments_on(MPI_COMM_WORLD, samples[k]);
        const RowMoments alone = moments_on(MPI_COMM_SELF, samples[k]);
        assert_same(&team, &hand);
        assert_same(&alone, &hand);
    }
}

static void test_one_row(void **unused)
{
    (void)unused;
    const RowMoments one = moments_on(MPI_COMM_WORLD, 1);
    assert_true(isnan(one.covariance_square) && isnan(one.pair_covariance));
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    if (rank == 0 && mkdtemp(folder) == NULL) {
        return 1;
    }
    MPI_Bcast(folder, sizeof folder, MPI_CHAR, 0, MPI_COMM_WORLD);
    features = checked_format("%s/x.npy", folder);
    labels = checked_format("%s/y.npy", folder);
    rng_normals(3, RNG_ROWS, 0, ROWS * SIDE, x);
    rng_normals(3, RNG_ROWS, 1, ROWS, y);
    if (rank == 0) {
        write_npy(features, ROWS, SIDE, x);
        write_npy(labels, ROWS, 1, y);
    }
    MPI_Barrier(MPI_COMM_WORLD);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_any_team),
                                       cmocka_unit_test(test_one_row)};
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    MPI_Barrier(MPI_COMM_WORLD);
    if (rank == 0) {
        remove(features);
        remove(labels);
        rmdir(folder);
    }
    free(features);
    free(labels);
    MPI_Finalize();
    return failed;
}
