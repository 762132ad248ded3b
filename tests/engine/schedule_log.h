/* schedule_log.h - what a simulated run did with every task. */
#ifndef SCHEDULE_LOG_H
#define SCHEDULE_LOG_H

#include "phasesweep/engine/simulate.h"

enum { TASKS_MOST = 2000 };

typedef struct Log {
    double at[TASKS_MOST]; /* start */
    int size[TASKS_MOST], starts[TASKS_MOST];
} Log;

static void note(void *context, double now, const ScheduleStart *start)
{
    Log *log = context;
    for (size_t k = start->first; k < start->first + start->count; k++) {
        log->at[k] = now;
        log->size[k] = start->size;
        log->starts[k]++;
    }
}

static inline Simulated run(const TaskGroup groups[], size_t count, SimulateSettings settings,
                            Log *log)
{
    *log = (Log){0};
    settings.started = note;
    settings.context = log;
    return simulate(groups, count, &settings, NULL);
}

static inline SimulateSettings ranks(int count)
{
    return (SimulateSettings){.schedule = schedule_settings(count)};
}

/* Tasks for one rank each. */
static inline TaskGroup singles(size_t first, size_t count, int kind, double seconds)
{
    return (TaskGroup){.first = first,
                       .count = count,
                       .kind = kind,
                       .seconds = seconds,
                       .least = 1,
                       .most = 1,
                       .points = 1.0};
}

#endif
