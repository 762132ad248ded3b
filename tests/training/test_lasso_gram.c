/* The spread Gram matrix against its definition. */
#include <math.h>
#include <mpi.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "gram_case.h"

/* Entries against their definition; what an image loses with a column is that column's. */
static void test_products(void **unused)
{
    (void)unused;
    double *x = calloc(ROWS * SIZE, sizeof *x);
    Gram gram = make_gram(x);
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
    for (int j = 0; j < SIZE; j++) {
        image[j] -= product(x, j, 0) * v[0]; /* what is left is linear in the others */
    }
    v[0] = 0.0;
    double without[SIZE];
    gram_apply(&gram, SIZE, v, without);
    for (int j = 0; j < SIZE; j++) {
        assert_true(fabs(image[j] - without[j]) < 1e-9);
    }
    gram_free(&gram);
    free(x);
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_products)};
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    MPI_Finalize();
    return failed;
}
