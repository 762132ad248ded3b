/* The farm starts what the simulation says it will. */
#include <math.h>
#include <mpi.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "phasesweep/engine/simulate.h"
#include "farm_tally.h"

/* Sleeping tasks against a deadline: the simulation tells which start.  The deadline lies half
 * a long task after an end, far from where a slow machine would decide otherwise. */
static void test_simulation(void **unused)
{
    (void)unused;
    const int ranks = world() > 1 ? world() - 1 : 1;
    const double deadline = 0.3 * (2 + 8 / ranks) / 2 + 0.15;
    const TaskGroup groups[] = {{0, 8, 0, 0.3, 0.0, 1, 1, 1.0, false, false, 0.0, 0.0},
                                {8, 8, 1, 0.03, 0.0, 1, 1, 1.0, false, false, 0.0, 0.0}};
    Tally *tally = tally_new();
    for (size_t k = 0; k < 16; k++) {
        tally->seconds[k] = k < 8 ? 0.3 : 0.03;
    }
    SimulateSettings settings = {.schedule = schedule_settings(ranks)};
    settings.schedule.deadline = deadline;
    const Simulated predicted = simulate(groups, 1, &settings, NULL);
    const FarmReport report = farm(tally, groups, 2, FARM_MASTER_SLEEPS, deadline);
    gather(tally);
    size_t long_ones = 0;
    for (size_t k = 0; k < 8; k++) {
        long_ones += (size_t)tally->ranks[k];
    }
    assert_int_equal(long_ones, predicted.done);
    assert_true(long_ones == 8 || long_ones % (size_t)ranks == 0);
    assert_true(report.state.done > long_ones && tally->sorted);
    free(tally);
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_simulation)};
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    MPI_Finalize();
    return failed;
}
