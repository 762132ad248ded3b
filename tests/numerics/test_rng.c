/* The normal generator: its law, and that an entry does not depend on the length of its row. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "phasesweep/numerics/rng.h"

/* Moments of the normals, within five standard errors; neighbours are uncorrelated. */
static void test_normals(void **unused)
{
    (void)unused;
    enum { ROWS = 2000, LENGTH = 200 };
    double row[LENGTH + 1];
    double sum[6] = {0};
    for (uint64_t mu = 0; mu < ROWS; mu++) {
        rng_normals(3, RNG_FEATURES, mu, LENGTH + 1, row);
        for (int i = 0; i < LENGTH; i++) {
            const double x = row[i];
            sum[0] += x, sum[1] += x * x - 1.0, sum[2] += x * x * x;
            sum[3] += x * x * x * x - 3.0, sum[4] += x * row[i + 1];
            sum[5] += i >= 16 ? x * row[i - 16] : 0.0; /* the partner of its pair */
        }
    }
    static const double variance[6] = {1.0, 2.0, 15.0, 96.0, 1.0, 1.0};
    for (int k = 0; k < 6; k++) {
        assert_true(fabs(sum[k]) < 5.0 * sqrt(variance[k] * ROWS * LENGTH));
    }
}

/* Every length gives the beginning of the same row; rows, purposes and seeds differ. */
static void test_entries(void **unused)
{
    (void)unused;
    double row[100];
    double other[100];
    rng_normals(3, RNG_FEATURES, 5, 100, row);
    for (int count = 0; count < 100; count++) {
        rng_normals(3, RNG_FEATURES, 5, count, other);
        assert_memory_equal(row, other, (size_t)count * sizeof *row);
    }
    static const uint64_t streams[][3] = {{4, RNG_FEATURES, 5},
                                          {3, RNG_NOISE, 5},
                                          {3, RNG_FEATURES, 6},
                                          {3, RNG_FEATURES, 1ull << 40}};
    for (int k = 0; k < 4; k++) {
        rng_normals(streams[k][0], streams[k][1], streams[k][2], 100, other);
        for (int i = 0; i < 100; i++) {
            assert_true(row[i] != other[i]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_normals),
                                       cmocka_unit_test(test_entries)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
