/* task_lanes.h - private to schedule.c: tasks that have not started, by class, the longest
 * first.
 *
 * A lane is the part of one class; learning moves a whole lane up or down, never the order
 * in it.  Taking a task and finding the next one cost O(1) and O(log groups), however many
 * tasks are finished.
 *
 * Groups are never moved once sorted; taking tasks counts a group down until it is empty,
 * and empty ones are skipped by paths that are halved as they are walked.
 */
#ifndef PHASESWEEP_ENGINE_TASK_LANES_H
#define PHASESWEEP_ENGINE_TASK_LANES_H

#include <stdbool.h>

#include "phasesweep/engine/cost.h"

#define LANES_NONE ((size_t)-1)

/* A lane for each class, then one for its late groups. */
enum { LANES = 2 * COST_CLASSES };

typedef struct Lanes {
    size_t count;
    TaskGroup *groups;      /* [count], what is left of each; owned */
    size_t *next;           /* [count + 1], towards the next group that is not empty; owned */
    size_t end[LANES + 1];  /* lane k is groups end[k] ... end[k+1]-1 */
    size_t tasks, punctual; /* left in all groups, in those that are not late */
    double left[COST_CLASSES]; /* assumed seconds of these on one rank */
} Lanes;

/* Local.  Groups that need more than `ranks` ranks are left out; none are left with more.
 * Groups are copied. */
Lanes lanes_create(const TaskGroup groups[], size_t count, int ranks);
void lanes_free(Lanes *lanes);

/* Local.  The longest group of a lane that has tasks and fits, or LANES_NONE.  Of two groups
 * the shorter is assumed to fit where the longer does; where that fails a longer one may be
 * passed over, never the first. */
size_t lanes_first(Lanes *lanes, int lane,
                   bool (*fits)(const void *context, const TaskGroup *group),
                   const void *context);

/* Local.  The longest group of a lane that has tasks, borrowed; NULL: none has. */
const TaskGroup *lanes_longest(const Lanes *lanes, int lane);

/* Local.  Take `count` tasks of a group; returns the first of them. 1 <= count <= what the
 * group has left. */
size_t lanes_take(Lanes *lanes, size_t group, size_t count);

#endif
