/* farm_tally.h - tasks that sleep and count who ran them. */
#ifndef FARM_TALLY_H
#define FARM_TALLY_H

#include <time.h>

#include "phasesweep/engine/farm.h"

enum { TASKS = 900 };

typedef struct Tally {
    int ranks[TASKS];      /* of the teams that ran a task, counted by their members */
    double seconds[TASKS]; /* to sleep in a task */
    size_t runs, stop_after, give_up; /* by this rank; rank 0 stops after so many runs of all */
    size_t seen;
    double last; /* seconds of the task before */
    bool sorted, team_right;
} Tally;

static inline void rest(double seconds)
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

static inline Tally *tally_new(void)
{
    Tally *tally = calloc(1, sizeof *tally);
    tally->sorted = tally->team_right = true;
    tally->last = INFINITY;
    return tally;
}

/* Sum over all ranks, so that all fail together. */
static inline void gather(Tally *tally)
{
    MPI_Allreduce(MPI_IN_PLACE, tally->ranks, TASKS, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    MPI_Allreduce(MPI_IN_PLACE, &tally->team_right, 1, MPI_C_BOOL, MPI_LAND, MPI_COMM_WORLD);
    MPI_Allreduce(MPI_IN_PLACE, &tally->sorted, 1, MPI_C_BOOL, MPI_LAND, MPI_COMM_WORLD);
    assert_true(tally->team_right);
}

static inline FarmReport farm(Tally *tally, const TaskGroup groups[], size_t count,
                              FarmMaster master, double deadline)
{
    const FarmWork work = {.groups = groups,
                           .group_count = count,
                           .master = master,
                           .deadline = deadline,
                           .limit = deadline,
                           .run = run,
                           .progress = watch,
                           .stop = stop,
                           .context = tally};
    return farm_run(MPI_COMM_WORLD, &work);
}

static inline int world(void)
{
    int size;
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    return size;
}

#endif
