/* schedule.h - which task starts next, on which ranks.
 *
 * Plain C that neither communicates nor looks at a clock: the farm, a simulation and a test
 * pass `now` in, in seconds, and are told the same.  Rules:
 *   - the longest task first, on as many ranks as the work left asks for, so that large
 *     tasks and the tail of a sweep are spread over all ranks;
 *   - a task that needs more ranks than are free has those that come free first RESERVED;
 *     meanwhile others start beside it, and on reserved ranks what is expected to end before.
 *     The predicted start never moves back, so no task can starve;
 *   - nothing starts that its estimate, with the spread seen so far, puts past the deadline,
 *     but tasks that poll and would outlast any run: these are interrupted, and
 *     a later run goes on with them;
 *   - short tasks go out in batches, some milliseconds ahead, and one by one at the end.
 * State per finished task: none.
 *
 * Times are seconds on the clock of `now`, which must not run backwards.  Ranks are numbered
 * from 0 within the schedule; the farm adds its offset.
 */
#ifndef PHASESWEEP_ENGINE_SCHEDULE_H
#define PHASESWEEP_ENGINE_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>

#include "phasesweep/engine/cost.h"

/* Ranks among which the master's own share is still worth a late answer. */
enum { SCHEDULE_MASTER_MOST = 256 };

/* What the schedule is told at the beginning and never again. */
typedef struct ScheduleSettings {
    int ranks;       /* that compute, >= 1 */
    bool master;     /* rank 0 hands out tasks and computes only in between: it joins no
                        team but that of all ranks or of a task that polls */
    int batch;       /* most tasks started at once, >= 1 */
    double window;   /* seconds of work a busy rank is given ahead, >= 0 */
    double deadline; /* on the clock of `now`; INFINITY: none */
    double limit;    /* the longest time before a deadline that a run can have, this one or a
                        later; seconds, INFINITY: no limit */
} ScheduleSettings;

/* `count` tasks for one team; one after the other if several. */
typedef struct ScheduleStart {
    size_t first, count;
    int size;         /* of the team */
    const int *ranks; /* [size], ascending; the first leads; borrowed, until next call */
    bool polls;
    double estimate; /* seconds for all of them */
    int kind;        /* cost class */
    double assumed;  /* the estimate if nothing had been learned */
    double alone;    /* the same for a team of one */
} ScheduleStart;

/* What became of a batch; seconds teach the cost model. */
typedef struct ScheduleResult {
    size_t done;    /* tasks finished, from the first on */
    size_t failed;  /* points of them that failed, to be counted only */
    double seconds; /* that they took */
} ScheduleResult;

/* Counts for people; nothing is decided by them. */
typedef struct ScheduleState {
    size_t tasks, done; /* of all that were given */
    size_t refused;     /* tasks that need more ranks than there are */
    double points, points_done;
    size_t failed;
    int busy, ranks;
    int teams, team_ranks; /* tasks running on several ranks; these ranks */
    double team_seconds;   /* until the last of these is expected to end */
    double share;          /* of the work that is done, by cost */
    double seconds_left;   /* expected, for all that may still start */
} ScheduleState;

typedef struct Schedule Schedule;

/* Local.  Batches of 64, 2 ms ahead, no deadline. */
ScheduleSettings schedule_settings(int ranks);

/* Local.  `model` is what earlier runs learned; NULL: nothing.  Groups are copied.  Released
 * by schedule_free; tasks that need more ranks than there are count as refused. */
Schedule *schedule_create(const TaskGroup groups[], size_t count,
                          const ScheduleSettings *settings, const CostModel *model);
void schedule_free(Schedule *schedule);

/* Local.  What starts now; call until it returns false, and again after each end of a task.
 * With `master`, a start that rank 0 takes part in comes last, unless its task polls. */
bool schedule_next(Schedule *schedule, double now, ScheduleStart *start);

/* Local.  The batch that `rank` leads and that it has had longest has ended.  Tasks below
 * `done` short of its count were given up and do not start again. */
void schedule_finished(Schedule *schedule, double now, int rank, const ScheduleResult *result);

/* Local.  Nothing more starts, reserved tasks included; what was given ahead stays given,
 * and the farm returns it unfinished. */
void schedule_stop(Schedule *schedule);

/* Local.  Is nothing running? */
bool schedule_quiet(const Schedule *schedule);

/* Local.  For a progress bar.  Costs a pass over the ranks. */
ScheduleState schedule_state(const Schedule *schedule, double now);

/* Local.  Tasks that have not started, cannot be interrupted and outlast any run.  A pass over
 * all that waits: for the end of a run, not for a progress bar. */
size_t schedule_too_long(const Schedule *schedule);

/* Local.  What was learned so far.  A copy: keep it with the archive for the next run
 * (cost_export). */
CostModel schedule_learned(const Schedule *schedule);

#endif
