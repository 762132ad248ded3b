/* simulate.h - the schedule run on a clock that only counts: what a farm of any size would do.
 *
 * Tasks take what the cost model says, on request with an error that the schedule does not
 * know; every start costs the rank an overhead.  Nothing is computed.  It runs the same code as
 * the farm, so that a bill and a test of fairness speak of what the farm really does.
 *
 * What it does not know: time to read and write, ranks that are slower than others, and
 * chains whose cost the model has wrong by more than `error`.
 */
#ifndef PHASESWEEP_ENGINE_SIMULATE_H
#define PHASESWEEP_ENGINE_SIMULATE_H

#include "phasesweep/engine/schedule.h"

/* Assumptions of the imagined run. */
typedef struct SimulateSettings {
    ScheduleSettings schedule;
    double overhead; /* seconds a start costs each of its ranks, >= 0 */
    double message;  /* seconds of the master for each message, to each rank of a start and from
                        each start that ends, >= 0; it does one thing after the other */
    double error;    /* true times are up to exp(+-error) times the estimates, >= 0 */
    void (*started)(void *context, double now, const ScheduleStart *start); /* NULL: none */
    void *context;                                                          /* borrowed */
} SimulateSettings;

/* Useful work is serial / (ranks makespan), ranks being those of the schedule. */
typedef struct Simulated {
    double makespan; /* seconds until the last task ends */
    double busy;     /* rank-seconds in tasks and overheads */
    double serial;   /* seconds that the finished tasks take one rank: what teams lose and
                        idle ranks waste is not in it */
    size_t done;     /* tasks */
    size_t refused;  /* tasks that need more ranks than there are */
    size_t starts;
} Simulated;

/* Local.  True times come from `model` (NULL: assumed times), which the schedule knows too.
 * Deterministic: errors are drawn from the number of the task. */
Simulated simulate(const TaskGroup groups[], size_t count, const SimulateSettings *settings,
                   const CostModel *model);

#endif
