#include "phasesweep/farm.h"

#include <assert.h>
#include <stdlib.h>
#include <time.h>

#include "phasesweep/check.h"

enum { TAG_TASK = 1, TAG_DONE = 2, QUEUED = 2, POLL_NANOSECONDS = 50000 };

static const long long NO_MORE = -1;

static size_t run_alone(MPI_Comm comm, const FarmWork *work)
{
    size_t done = 0;
    while (done < work->count && !work->stop(work->context)) {
        work->run(work->context, comm, done);
        work->progress(work->context, ++done);
    }
    return done;
}

static void nap(void)
{
    const struct timespec pause = {.tv_nsec = POLL_NANOSECONDS};
    nanosleep(&pause, NULL);
}

static void give(MPI_Comm comm, int worker, long long task)
{
    MPI_Send(&task, 1, MPI_LONG_LONG, worker, TAG_TASK, comm);
}

static size_t run_master(MPI_Comm comm, int workers, const FarmWork *work)
{
    size_t next = 0;
    size_t done = 0;
    for (int k = 0; k < QUEUED * workers && next < work->count; k++) {
        give(comm, 1 + k % workers, (long long)next++);
    }
    while (done < next) {
        int arrived;
        MPI_Status status;
        MPI_Iprobe(MPI_ANY_SOURCE, TAG_DONE, comm, &arrived, &status);
        if (!arrived) {
            work->progress(work->context, done);
            nap();
            continue;
        }
        long long task;
        MPI_Recv(&task, 1, MPI_LONG_LONG, status.MPI_SOURCE, TAG_DONE, comm, &status);
        done++;
        if (next < work->count && !work->stop(work->context)) {
            give(comm, status.MPI_SOURCE, (long long)next++);
        }
    }
    for (int worker = 1; worker <= workers; worker++) {
        give(comm, worker, NO_MORE);
    }
    work->progress(work->context, done);
    return done;
}

static void run_worker(MPI_Comm comm, MPI_Comm team, const FarmWork *work)
{
    for (;;) {
        long long task;
        int arrived = 0;
        while (!arrived) { /* a blocking receive would burn a core */
            MPI_Iprobe(0, TAG_TASK, comm, &arrived, MPI_STATUS_IGNORE);
            if (!arrived) {
                nap();
            }
        }
        MPI_Recv(&task, 1, MPI_LONG_LONG, 0, TAG_TASK, comm, MPI_STATUS_IGNORE);
        if (task == NO_MORE) {
            return;
        }
        assert(task >= 0 && (size_t)task < work->count);
        work->run(work->context, team, (size_t)task);
        MPI_Send(&task, 1, MPI_LONG_LONG, 0, TAG_DONE, comm);
    }
}

size_t farm_run(MPI_Comm comm, const FarmWork *work)
{
    int rank;
    int size;
    MPI_Comm_rank(comm, &rank);
    MPI_Comm_size(comm, &size);
    if (size == 1) {
        return run_alone(comm, work);
    }
    MPI_Comm team;
    MPI_Comm_split(comm, rank, 0, &team);
    unsigned long long done = 0;
    if (rank == 0) {
        done = run_master(comm, size - 1, work);
    } else {
        run_worker(comm, team, work);
    }
    MPI_Bcast(&done, 1, MPI_UNSIGNED_LONG_LONG, 0, comm);
    MPI_Comm_free(&team);
    return (size_t)done;
}
