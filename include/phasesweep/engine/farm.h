/* farm.h - runs the tasks of a schedule on the ranks of a communicator; knows no physics.
 *
 * Rank 0 is the master.  It sleeps between polls, so that one rank more than cores costs a
 * node nothing; where ranks do not outnumber cores it computes short tasks in between.
 * A task runs on a team: a rank by itself, or idle ranks put into a communicator of their own
 * that is freed after it.  Messages carry task numbers, counts and times only; results are
 * stored by the team.
 *
 * Order on the ranks: a task begins on all ranks of its team and ends on them together;
 * which team gets which task depends on times, and no result may depend on that.
 */
#ifndef PHASESWEEP_ENGINE_FARM_H
#define PHASESWEEP_ENGINE_FARM_H

#include <mpi.h>
#include <stdbool.h>
#include <stddef.h>

#include "phasesweep/engine/schedule.h"

typedef enum FarmMaster {
    FARM_MASTER_AUTO, /* compute if no rank of any node has to share a core */
    FARM_MASTER_SLEEPS,
    FARM_MASTER_COMPUTES
} FarmMaster;

/* Apart from every number of failed points. */
enum { FARM_UNFINISHED = -1 };

/* The ranks that run a task, as the task sees them; opaque. */
typedef struct FarmTeam FarmTeam;

/* What is to be run.  Callbacks and context are called on the ranks named beside them; they
 * may not use the communicator of the farm. */
typedef struct FarmWork {
    const TaskGroup *groups; /* [group_count], read on rank 0; borrowed */
    size_t group_count;
    const CostModel *model; /* read on rank 0: what earlier runs learned, NULL: nothing;
                               borrowed */
    FarmMaster master;      /* rank 0 decides */
    int batch;              /* most tasks in one message; 0: the schedule's default */
    double deadline;        /* seconds from now, of rank 0; INFINITY: none */
    double limit;           /* the most that a run has of them, this one or a later; the same */

    /* Collective on the team: compute and store a task.  Returns the number of its points
     * that failed, or FARM_UNFINISHED if it was given up because farm_stopping said so;
     * the value of the team's rank 0 counts. */
    int (*run)(void *context, FarmTeam *team, size_t task);
    void (*progress)(void *context,
                     const ScheduleState *state); /* rank 0, ten times a second */
    bool (*stop)(void *context);                  /* rank 0, often: hand out no more? */
    void *context;                                /* borrowed */
} FarmWork;

typedef struct FarmReport {
    ScheduleState state; /* at the end; state.done < state.tasks: stopped, or refused */
    size_t too_long;     /* of the tasks left: outlast any run (schedule_too_long) */
    CostModel learned;
} FarmReport;

/* Collective on comm, any size.  Run the tasks of all groups.  Once stop asks for it, and
 * for what would not end before the deadline, nothing more starts; what runs is finished.
 * The report is the same on all ranks. run must be given on every rank; progress and stop on
 * rank 0.  comm is borrowed and duplicated: messages of the caller cannot meet those of the
 * farm. */
FarmReport farm_run(MPI_Comm comm, const FarmWork *work);

/* Local.  The communicator of a team, valid while its task runs.  That of a rank by itself
 * has size 1.  Not to be freed. */
MPI_Comm farm_comm(const FarmTeam *team);

/* Local.  Has the run been told to stop?  A long task should ask now and then, on rank 0 of
 * its team, and tell the others; a master that computes serves the workers meanwhile.
 * Cheap: at most every 5 ms (50 microseconds on rank 0) it does more than read a clock. */
bool farm_stopping(FarmTeam *team);

/* Collective on comm.  Ranks of it that farm_run lets compute: all of them, or all but the
 * master. The wish of rank 0 counts. */
int farm_workers(MPI_Comm comm, FarmMaster wish);

#endif
