/* Eigendecomposition: residual and orthogonality, also with fewer rows than a block. */
#include <math.h>
#include <mpi.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "phasesweep/numerics/rng.h"
#include "phasesweep/parallel/dist_matrix.h"

static double symmetric(int i, int j, const void *unused)
{
    (void)unused;
    const uint64_t low = (uint64_t)(i < j ? i : j);
    const uint64_t high = (uint64_t)(i < j ? j : i);
    return rng_uniform(7, 1, low, high) - 0.5;
}

/* Two eigenvalues, the larger d - 1 times: no rank may make a part of its eigenvectors. */
static double two_values(int i, int j, const void *unused)
{
    (void)unused;
    return (i == j) -
           2.0 * rng_uniform(3, 1, 0, (uint64_t)i) * rng_uniform(3, 1, 0, (uint64_t)j);
}

static double eigenvalue(int i, int j, const void *w)
{
    return i == j ? ((const double *)w)[i] : 0.0;
}

/* Largest entry over all ranks, so that all ranks fail together. */
static double largest(const DistMatrix *a)
{
    double value = 0.0;
    for (int k = 0; k < a->local_rows * a->local_columns; k++) {
        value = fmax(value, fabs(a->local[k]));
    }
    MPI_Allreduce(MPI_IN_PLACE, &value, 1, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
    return value;
}

static double last_columns(int i, int j, const void *first)
{
    return i == j && j >= *(const int *)first ? 1.0 : 0.0;
}

/* The last `count` columns of z; the others are made zero, as nothing is said of them. */
static void keep_last(DistMatrix *z, int count)
{
    for (int k = 0; k < z->local_rows * z->local_columns; k++) {
        const int column =
            dist_matrix_global(k / z->local_rows, z->block, z->grid->column, z->grid->columns);
        z->local[k] = column >= z->columns - count ? z->local[k] : 0.0;
    }
}

static void check_size(const ProcessGrid *grid, double (*entry)(int, int, const void *), int n,
                       int count, int block)
{
    DistMatrix m[6];
    for (int k = 0; k < 6; k++) {
        m[k] = dist_matrix_zeros(grid, n, n, block);
    }
    DistMatrix *a = &m[0], *z = &m[1], *copy = &m[2], *diagonal = &m[3], *product = &m[4];
    double *w = calloc((size_t)n, sizeof *w);
    dist_matrix_fill(a, entry, NULL);
    dist_matrix_fill(copy, entry, NULL);
    DistReduction *reduction = dist_matrix_reduce(a);
    assert_int_equal(dist_matrix_eigenvalues(reduction, w), OUTCOME_CONVERGED);
    assert_int_equal(dist_matrix_eigenvectors(reduction, count, z), OUTCOME_CONVERGED);
    dist_matrix_reduction_free(reduction);
    keep_last(z, count);
    dist_matrix_fill(diagonal, eigenvalue, w);
    dist_matrix_multiply(1.0, z, 0, diagonal, 0, 0.0, product);
    dist_matrix_multiply(1.0, copy, 0, z, 0, -1.0, product); /* A Z - Z diag(w) */
    assert_true(largest(product) < 1e-12);
    const int first = n - count;
    dist_matrix_fill(product, last_columns, &first);
    dist_matrix_multiply(1.0, z, 1, z, 0, -1.0, product); /* Z^T Z - 1 */
    assert_true(largest(product) < 1e-12);
    free(w);
    for (int k = 0; k < 6; k++) {
        dist_matrix_free(&m[k]);
    }
}

static void test_eigh(void **unused)
{
    (void)unused;
    static const int sizes[] = {5, 17, 31, 50, 64, 100, 200};
    ProcessGrid grid = process_grid_create(MPI_COMM_WORLD);
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        for (int block = 32; block <= 64; block *= 2) {
            check_size(&grid, symmetric, sizes[k], sizes[k], block);
            check_size(&grid, symmetric, sizes[k], (sizes[k] + 4) / 5, block); /* all, few */
            check_size(&grid, symmetric, sizes[k], 1, block);
            check_size(&grid, two_values, sizes[k], (sizes[k] + 1) / 2, block);
        }
    }
    process_grid_free(&grid);
}

/* The lower triangle of z z^T by the last columns alone. */
static void test_square(void **unused)
{
    (void)unused;
    enum { N = 50, BLOCK = 8 };
    ProcessGrid grid = process_grid_create(MPI_COMM_WORLD);
    DistMatrix m[3];
    for (int count = 0; count <= N; count += 7) {
        for (int k = 0; k < 3; k++) {
            m[k] = dist_matrix_zeros(&grid, N, N, BLOCK);
            dist_matrix_fill(&m[k], symmetric, NULL);
        }
        dist_matrix_square(&m[0], count, &m[1]);
        keep_last(&m[2], count);
        dist_matrix_multiply(1.0, &m[2], 0, &m[2], 1, 0.0, &m[0]);
        for (int k = 0; k < m[0].local_rows * m[0].local_columns; k++) {
            const int i = dist_matrix_global(k % m[0].local_rows, BLOCK, grid.row, grid.rows);
            const int j =
                dist_matrix_global(k / m[0].local_rows, BLOCK, grid.column, grid.columns);
            m[0].local[k] = i >= j ? m[0].local[k] - m[1].local[k] : 0.0;
        }
        assert_true(largest(&m[0]) < 1e-13);
        for (int k = 0; k < 3; k++) {
            dist_matrix_free(&m[k]);
        }
    }
    process_grid_free(&grid);
}

/* Every index is counted on the one place that has it. */
static void test_counts(void **unused)
{
    (void)unused;
    for (int n = 0; n < 60; n++) {
        for (int places = 1; places <= 5; places++) {
            int sum = 0;
            for (int mine = 0; mine < places; mine++) {
                const int count = dist_matrix_count(n, 7, mine, places);
                assert_true(count == 0 || dist_matrix_global(count - 1, 7, mine, places) < n);
                assert_true(dist_matrix_global(count, 7, mine, places) >= n);
                sum += count;
            }
            assert_int_equal(sum, n);
        }
    }
}

/* Around a largest eigenvalue that is known; an entry that is not finite. */
static void test_below(void **unused)
{
    (void)unused;
    ProcessGrid grid = process_grid_create(MPI_COMM_WORLD);
    for (int d = 3; d <= 60; d += 19) {
        DistMatrix a = dist_matrix_zeros(&grid, d, d, 8);
        /* I - 2 x x^T: eigenvalues 1, and one that is lower */
        dist_matrix_fill(&a, two_values, NULL);
        assert_true(dist_matrix_below(&a, 1.0 + 1e-11));
        dist_matrix_fill(&a, two_values, NULL);
        assert_false(dist_matrix_below(&a, 1.0 - 1e-11));
        dist_matrix_fill(&a, two_values, NULL);
        assert_false(dist_matrix_below(&a, NAN));
        dist_matrix_fill(&a, two_values, NULL);
        if (grid.row == 0 && grid.column == 0 && dist_matrix_entries(&a) > 0) {
            a.local[0] = NAN;
        }
        assert_false(dist_matrix_below(&a, 2.0));
        dist_matrix_free(&a);
    }
    process_grid_free(&grid);
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_eigh), cmocka_unit_test(test_square),
        cmocka_unit_test(test_below), cmocka_unit_test(test_counts)};
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    MPI_Finalize();
    return failed;
}
