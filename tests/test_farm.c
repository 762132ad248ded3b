/* The farm on real ranks: every task once, teams of their own, stops, and the same starts as
 * the simulation. */
#include <math.h>
#include <mpi.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "phasesweep/farm.h"
#include "phasesweep/simulate.h"

enum { TASKS = 900 };

typedef struct Tally {
    int    ranks[TASKS];    /* of the teams that ran a task, counted by their members */
    double seconds[TASKS];  /* to sleep in a task */
    size_t runs, stop_after, give_up;   /* by this rank; rank 0 stops after so many runs of all */
    size_t seen;
    double last;            /* seconds of the task before */
    bool   sorted, team_right;
} Tally;

static void rest(double seconds)
{
    nanosleep(&(struct timespec){.tv_nsec = (long)(1e9 * seconds)}, NULL);
}

static int run(void *context, FarmTeam *team, size_t task)
{
    Tally *tally = context;
    int size;
    int sum = 1;
    MPI_Comm_size(farm_comm(team), &size);
    MPI_Allreduce(MPI_IN_PLACE, &sum, 1, MPI_INT, MPI_SUM, farm_comm(team));
    tally->team_right &= sum == size;
    tally->sorted &= tally->seconds[task] <= tally->last;
    tally->last = tally->seconds[task];
    rest(tally->seconds[task]);
    if (task < tally->give_up) {
        return FARM_UNFINISHED;
    }
    tally->ranks[task]++;
    tally->runs++;
    return task % 10 == 0;
}

static void watch(void *context, const ScheduleState *state)
{
    Tally *tally = context;
    tally->seen = state->done;
}

static bool stop(void *context)
{
    const Tally *tally = context;
    return tally->stop_after > 0 && tally->runs + tally->seen >= tally->stop_after;
}

static Tally *tally_new(void)
{
    Tally *tally = calloc(1, sizeof *tally);
    tally->sorted = tally->team_right = true;
    tally->last = INFINITY;
    return tally;
}

/* Sum over all ranks, so that all fail together. */
static void gather(Tally *tally)
{
    MPI_Allreduce(MPI_IN_PLACE, tally->ranks, TASKS, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    MPI_Allreduce(MPI_IN_PLACE, &tally->team_right, 1, MPI_C_BOOL, MPI_LAND, MPI_COMM_WORLD);
    MPI_Allreduce(MPI_IN_PLACE, &tally->sorted, 1, MPI_C_BOOL, MPI_LAND, MPI_COMM_WORLD);
    assert_true(tally->team_right);
}

static FarmReport farm(Tally *tally, const TaskGroup groups[], size_t count, FarmMaster master,
                       double deadline)
{
    const FarmWork work = {.groups = groups, .group_count = count, .master = master,
                           .deadline = deadline, .run = run, .progress = watch, .stop = stop,
                           .context = tally};
    return farm_run(MPI_COMM_WORLD, &work);
}

static int world(void)
{
    int size;
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    return size;
}

/* Teams of every size there can be, among short tasks; larger ones are refused. */
static void test_teams(void **unused)
{
    (void)unused;
    for (int master = FARM_MASTER_AUTO; master <= FARM_MASTER_COMPUTES; master++) {
        const int ranks = world() - (world() > 1 && master == FARM_MASTER_SLEEPS);
        Tally *tally = tally_new();
        TaskGroup groups[6] = {{0, 600, 0, 1e-6, 0.0, 1, 1, 1.0, false}};
        for (int k = 1; k < 6; k++) {
            groups[k] = (TaskGroup){(size_t)(585 + 15 * k), 15, 1, 1e-3, 0.1, k, k + 1, 1.0, false};
        }
        const FarmReport report = farm(tally, groups, 6, (FarmMaster)master, INFINITY);
        gather(tally);
        size_t done = 0;
        for (int k = 0; k < 6; k++) {
            const int least = groups[k].least;
            for (size_t i = groups[k].first; i < groups[k].first + groups[k].count; i++) {
                if (master != FARM_MASTER_AUTO) { /* which leaves open how many ranks compute */
                    assert_true(least > ranks ? tally->ranks[i] == 0 : tally->ranks[i] >= least);
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
    const TaskGroup group = {0, TASKS, 0, 1e-3, 0.0, 1, 1, 1.0, false};
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

/* Sleeping tasks against a deadline: the simulation tells which start.  The deadline lies half
 * a long task after an end, far from where a slow machine would decide otherwise. */
static void test_simulation(void **unused)
{
    (void)unused;
    const int ranks = world() > 1 ? world() - 1 : 1;
    const double deadline = 0.3 * (2 + 8 / ranks) / 2 + 0.15;
    const TaskGroup groups[] = {{0, 8, 0, 0.3, 0.0, 1, 1, 1.0, false}, {8, 8, 1, 0.03, 0.0, 1, 1, 1.0, false}};
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
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_teams), cmocka_unit_test(test_stop),
                                       cmocka_unit_test(test_simulation)};
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    MPI_Finalize();
    return failed;
}
