/* backlog.h - private to schedule.c: the tasks left, and which of them fits where.
 *
 * A SLOT is a number of ranks that are free for some time.  The SPAN is how long a task should
 * last at most, so that all of them end as early as possible (team_size.h).
 *
 * Seconds are those of the cost model, corrected as tasks finish.
 */
#ifndef PHASESWEEP_ENGINE_BACKLOG_H
#define PHASESWEEP_ENGINE_BACKLOG_H

#include "task_lanes.h"
#include "team_size.h"

/* What has not started yet, and what is known of its cost. */
typedef struct Work {
    CostModel model;
    Lanes lanes;
    Allotment allotment;
    bool wide;              /* is any task of use to several ranks? */
    double deadline, limit; /* as in ScheduleSettings */
    bool waiting;           /* a task has been taken and not started: the late ones wait too */
    double found_left, found_at; /* seconds left and clock when the span was found */
} Work;

typedef struct Slot {
    int ranks;           /* for any task */
    int all;             /* the master too, for tasks that poll */
    double begin, until; /* seconds on the clock */
    double longest;      /* seconds */
} Slot;

/* Local.  See team_size.h for ranks and master; `model` is copied, NULL: nothing learned. */
Work backlog_create(const TaskGroup groups[], size_t count, int ranks, bool master,
                    const CostModel *model);
void backlog_free(Work *work);

/* Local.  Seconds that what has not started would take one rank.  By what was learned; teams
 * would take longer. */
double backlog_left(const Work *work);

/* Local.  Find the span again if the work left or the time since have changed by more than a
 * twentieth; what runs is asked from the pool. */
struct Pool;
void backlog_refresh(Work *work, const struct Pool *pool, double now);

/* Local.  May a task start on that many ranks?  If it ends in time, by the plain estimate
 * against slot->longest and the cautious one against slot->until; or if it would outlast
 * any run, and can be interrupted and continued by the next. */
bool backlog_in_time(const Work *work, const Slot *slot, const TaskGroup *group, int size);

/* Local.  Does no team end a task of the group within work->limit, however early it starts? */
bool backlog_too_long(const Work *work, const TaskGroup *group);

/* Local.  Team for a task in a slot, wider than usual if only that ends in time; 0: none. */
int backlog_team(const Work *work, const Slot *slot, const TaskGroup *group);

/* Local.  The longest task for a slot by its time on one rank, or LANES_NONE. */
size_t backlog_longest(Work *work, const Slot *slot);

/* Local.  Seconds that a task of a group takes a team. */
double backlog_estimate(const Work *work, size_t group, int size);

#endif
