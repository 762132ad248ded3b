/* team_size.h - private to schedule.c: how many ranks a task should have.
 *
 * The least makespan T that the work left allows, if every task is cut to last no longer
 * than a part of T (Turek, Wolf & Yu 1992): teams are as small as that permits, because
 * efficiency falls with their size.
 *
 * T is a bound on the whole, not a plan: which ranks a task gets is decided when it starts,
 * by schedule.c with what is free then.
 */
#ifndef PHASESWEEP_ENGINE_TEAM_SIZE_H
#define PHASESWEEP_ENGINE_TEAM_SIZE_H

#include "task_lanes.h"

typedef struct Allotment {
    int ranks;   /* all of them */
    bool master; /* rank 0 joins teams of tasks that poll, and those of all ranks */
    double span; /* seconds a task should last at most */
} Allotment;

/* Local.  Team of a task; between its least and most, and of a size that makes good process
 * grids where possible. */
int team_size_team(const Allotment *allotment, const CostModel *model, const TaskGroup *group);

/* Local.  The largest such size that is not above `ranks`. */
int team_size_size_below(int ranks);

/* Local.  Span for the tasks left in lanes when `backlog` rank-seconds are running, the last
 * of them for another `longest` seconds. */
double team_size_span(const Allotment *allotment, const CostModel *model, const Lanes *lanes,
                      double backlog, double longest);

#endif
