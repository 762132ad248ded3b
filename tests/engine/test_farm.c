/* The farm on real ranks: every task once, teams of their own, stops. */
#include <math.h>
#include <mpi.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "farm_tally.h"

/* Teams of every size there can be, among short tasks; larger ones are refused. */
static void test_teams(void **unused)
{
    (void)unused;
    for (int master = FARM_MASTER_AUTO; master <= FARM_MASTER_COMPUTES; master++) {
        const int ranks = world() - (world() > 1 && master == FARM_MASTER_SLEEPS);
        Tally *tally = tally_new();
        TaskGroup groups[6] = {{0, 600, 0, 1e-6, 0.0, 1, 1, 1.0, false, false, 0.0, 0.0}};
        for (int k = 1; k < 6; k++) {
            groups[k] = (TaskGroup){(size_t)(585 + 15 * k),
                                    15,
                                    1,
                                    1e-3,
                                    0.1,
                                    k,
                                    k + 1,
                                    1.0,
                                    false,
                                    k % 2 == 1,
                                    0.0,
                                    0.0};
        }
        const FarmReport report = farm(tally, groups, 6, (FarmMaster)master, INFINITY);
        gather(tally);
        size_t done = 0;
        for (int k = 0; k < 6; k++) {
            const int least = groups[k].least;
            for (size_t i = groups[k].first; i < groups[k].first + groups[k].count; i++) {
                if (master != FARM_MASTER_AUTO) { /* which leaves open how many ranks compute */
                    assert_true(least > ranks ? tally->ranks[i] == 0
                                              : tally->ranks[i] >= least);
                }
                assert_true(tally->ranks[i] <= groups[k].most);
                done += tally->ranks[i] > 0;
            }
        }
        assert_int_equal(report.state.done, done);
        assert_int_equal(report.state.done + report.state.refused, 675);
        free(tally);
    }
}

/* What is running when a stop comes is finished, the rest is not begun; a task may give up. */
static void test_stop(void **unused)
{
    (void)unused;
    const TaskGroup group = {0, TASKS, 0, 1e-3, 0.0, 1, 1, 1.0, false, false, 0.0, 0.0};
    for (int give_up = 0; give_up < 2; give_up++) {
        Tally *tally = tally_new();
        tally->stop_after = 40;
        tally->give_up = give_up ? 5 : 0;
        for (size_t k = 0; k < TASKS; k++) {
            tally->seconds[k] = 5e-3;
        }
        const FarmReport report = farm(tally, &group, 1, FARM_MASTER_AUTO, INFINITY);
        gather(tally);
        size_t done = 0;
        for (size_t k = 0; k < TASKS; k++) {
            assert_in_range(tally->ranks[k], 0, 1);
            done += tally->ranks[k] > 0;
            assert_true(k >= tally->give_up || tally->ranks[k] == 0);
        }
        assert_int_equal(report.state.done, done);
        assert_true(done < TASKS - 100 && done >= 10);
        free(tally);
    }
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_teams),
                                       cmocka_unit_test(test_stop)};
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    MPI_Finalize();
    return failed;
}
