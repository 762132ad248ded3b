/* The spread Gram matrix and systems on changing active sets, against their definitions. */
#include <math.h>
#include <mpi.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "../src/lasso_active.h"
#include "phasesweep/rng.h"

/* More than two panels, the last one not full. */
enum { ROWS = 400, SIZE = 2 * GRAM_PANEL + 77 };

/* All of x on every rank, and this rank's rows of it by column. */
static void make_data(MPI_Comm team, double *x, double *mine, int *rows)
{
    int rank;
    int ranks;
    MPI_Comm_rank(team, &rank);
    MPI_Comm_size(team, &ranks);
    const int first = ROWS * rank / ranks;
    *rows = ROWS * (rank + 1) / ranks - first;
    for (int j = 0; j < SIZE; j++) {
        rng_normals(3, RNG_PROBE, (uint64_t)j, ROWS, x + j * ROWS);
        for (int i = 0; i < *rows; i++) {
            mine[j * *rows + i] = x[j * ROWS + first + i];
        }
    }
}

static double product(const double *x, int i, int j)
{
    double sum = 0.0;
    for (int k = 0; k < ROWS; k++) {
        sum += x[i * ROWS + k] * x[j * ROWS + k];
    }
    return sum;
}

/* |G_SS v - b|_inf / |b|_inf, from x. */
static double residual(const double *x, const int index[], int size, const double v[],
                       const double b[])
{
    double *xv = calloc(ROWS, sizeof *xv);
    for (int j = 0; j < size; j++) {
        for (int k = 0; k < ROWS; k++) {
            xv[k] += v[j] * x[index[j] * ROWS + k];
        }
    }
    double worst = 0.0;
    double scale = 0.0;
    for (int j = 0; j < size; j++) {
        double sum = -b[j];
        for (int k = 0; k < ROWS; k++) {
            sum += xv[k] * x[index[j] * ROWS + k];
        }
        worst = fmax(worst, fabs(sum));
        scale = fmax(scale, fabs(b[j]));
    }
    free(xv);
    return worst / scale;
}

/* Sets that gain and lose a few columns, then are replaced. */
static void test_systems(void **unused)
{
    (void)unused;
    double *x = calloc(ROWS * SIZE, sizeof *x);
    double *mine = calloc(ROWS * SIZE, sizeof *mine);
    int rows;
    make_data(MPI_COMM_WORLD, x, mine, &rows);
    Gram gram = gram_create(MPI_COMM_WORLD);
    gram_extend(&gram, mine, rows, rows, 50); /* grows within and across panels */
    gram_extend(&gram, mine, rows, rows, 60);
    gram_extend(&gram, mine, rows, rows, SIZE);
    double v[SIZE];
    double image[SIZE];
    rng_normals(4, RNG_PROBE, 0, SIZE, v);
    gram_apply(&gram, SIZE, v, image);
    const int all[] = {0, 49, 50, 127, 128, 300, SIZE - 1};
    double entries[49];
    gram_entries(&gram, all, 7, all, 7, entries);
    for (int k = 0; k < 49; k++) {
        assert_true(fabs(entries[k] - product(x, all[k % 7], all[k / 7])) < 1e-10);
    }
    ActiveSystem system = {0};
    int worst_factors = 0;
    for (int step = 0; step < 12; step++) {
        int index[SIZE];
        int size = 0;
        for (int j = 0; j < SIZE; j++) {
            /* two sets of columns, replaced half way; a few of them blink */
            const bool chosen =
                rng_uniform(5 + (uint64_t)(step / 6), RNG_PROBE, 0, (uint64_t)j) < 0.6;
            const bool blinks = rng_uniform(9, RNG_PROBE, (uint64_t)step, (uint64_t)j) < 0.02;
            if (chosen != blinks) {
                index[size++] = j;
            }
        }
        double b[SIZE];
        double solution[SIZE];
        for (int j = 0; j < size; j++) {
            b[j] = solution[j] = v[index[j]];
        }
        assert_true(active_solve(&gram, &system, index, size, solution));
        assert_true(residual(x, index, size, solution, b) < 1e-11);
        worst_factors = system.factorisations;
    }
    assert_true(worst_factors < 12);
    for (int j = 0; j < SIZE; j++) {
        image[j] -= product(x, j, 0) * v[0]; /* what is left is linear in the others */
    }
    v[0] = 0.0;
    double without[SIZE];
    gram_apply(&gram, SIZE, v, without);
    for (int j = 0; j < SIZE; j++) {
        assert_true(fabs(image[j] - without[j]) < 1e-9);
    }
    active_free(&system);
    gram_free(&gram);
    free(mine);
    free(x);
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_systems)};
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    MPI_Finalize();
    return failed;
}
