/* Systems on changing active sets of a spread Gram matrix, against their definition. */
#include <math.h>
#include <mpi.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "gram_case.h"
#include "lasso/lasso_active.h"

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

/* Columns of a step: one of two sets, replaced half way; a few columns blink. */
static int choose(int step, int index[SIZE])
{
    int size = 0;
    for (int j = 0; j < SIZE; j++) {
        const bool chosen =
            rng_uniform(5 + (uint64_t)(step / 6), RNG_PROBE, 0, (uint64_t)j) < 0.6;
        const bool blinks = rng_uniform(9, RNG_PROBE, (uint64_t)step, (uint64_t)j) < 0.02;
        if (chosen != blinks) {
            index[size++] = j;
        }
    }
    return size;
}

/* Sets that gain and lose a few columns, then are replaced: fewer factors than systems. */
static void test_systems(void **unused)
{
    (void)unused;
    double *x = calloc(ROWS * SIZE, sizeof *x);
    Gram gram = make_gram(x);
    double v[SIZE];
    rng_normals(4, RNG_PROBE, 0, SIZE, v);
    ActiveSystem system = {0};
    for (int step = 0; step < 12; step++) {
        int index[SIZE];
        const int size = choose(step, index);
        double b[SIZE];
        double solution[SIZE];
        for (int j = 0; j < size; j++) {
            b[j] = solution[j] = v[index[j]];
        }
        assert_true(active_solve(&gram, &system, index, size, solution));
        assert_true(residual(x, index, size, solution, b) < 1e-11);
    }
    assert_true(system.factorisations < 12);
    active_free(&system);
    gram_free(&gram);
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
