/* L-BFGS whose caller evaluates: descents in turns, put down and taken up again. */
#include <math.h>
#include <mpi.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "spread_functions.h"

/* Two descents in turns, one of them put down and taken up by another work half way, end where
 * one alone does, bit by bit. */
static void test_turns(void **unused)
{
    (void)unused;
    Share share = share_of();
    double x[3][SIZE] = {{0}};
    LbfgsSettings settings = lbfgs_defaults();
    const Lbfgs alone = minimise(&share, 5, x[0], quadratic, &settings);
    LbfgsWork *work[3];
    for (int k = 0; k < 3; k++) {
        work[k] = lbfgs_create(MPI_COMM_WORLD, share.count, 5);
        lbfgs_begin(work[k], x[1], &settings);
    }
    for (int turn = 0; turn < alone.evaluations; turn++) {
        if (turn == alone.evaluations / 2) {
            size_t bytes;
            const void *scalars = lbfgs_scalars(work[1], &bytes);
            memcpy(lbfgs_scalars(work[2], &bytes), scalars, bytes);
            for (int k = 0; k < lbfgs_vectors(work[1]); k++) {
                memcpy(lbfgs_vector(work[2], k), lbfgs_vector(work[1], k),
                       (size_t)share.count * sizeof(double));
            }
            lbfgs_free(work[1]);
            work[1] = work[2];
        }
        for (int k = 0; k < 2; k++) {
            double *slope;
            assert_true(lbfgs_running(work[k]));
            const double *trial = lbfgs_trial(work[k], &slope);
            lbfgs_tell(work[k], quadratic(trial, slope, &share));
        }
    }
    for (int k = 0; k < 2; k++) {
        assert_true(!lbfgs_running(work[k]));
        assert_true(lbfgs_report(work[k], x[1 + k]).value == alone.value);
        assert_memory_equal(x[0], x[1 + k], (size_t)share.count * sizeof(double));
        lbfgs_free(work[k]);
    }
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_turns)};
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    MPI_Finalize();
    return failed;
}
