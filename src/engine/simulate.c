/* A simulation by events: a heap of ends, and a clock that jumps from one to the next.  A
 * master that computes answers nobody meanwhile; that is what `blocked` is for.
 *
 * It runs the real schedule, of which it is a test too: what a dry run says would start is
 * what a run with these times starts.
 */
#include "phasesweep/engine/simulate.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "phasesweep/base/check.h"
#include "phasesweep/numerics/rng.h"

enum { PURPOSE_ERROR = 0x51 };

/* A batch in flight. */
typedef struct Event {
    double end, seconds;
    size_t order; /* ends at the same time are taken in order of their starts */
    size_t count;
    int rank;
} Event;

typedef struct Simulation {
    const SimulateSettings *settings;
    CostModel truth;
    Schedule *schedule;
    Event *heap; /* [capacity], the first to end at 0; owned */
    size_t count, capacity;
    double *end;    /* [ranks] when what a rank has is really finished; owned */
    double blocked; /* the master computes until then */
    Simulated result;
} Simulation;

/* Equal times in the order of starts, so that a simulation is reproducible. */
static bool before(const Event *a, const Event *b)
{
    return a->end != b->end ? a->end < b->end : a->order < b->order;
}

/* The new entry rises past all that end later. */
static void push(Simulation *s, Event event)
{
    if (s->count == s->capacity) {
        s->capacity = 2 * s->capacity + 64;
        s->heap = checked_realloc(s->heap, s->capacity, sizeof *s->heap);
    }
    size_t k = s->count++;
    for (; k > 0 && before(&event, &s->heap[(k - 1) / 2]); k = (k - 1) / 2) {
        s->heap[k] = s->heap[(k - 1) / 2];
    }
    s->heap[k] = event;
}

/* The last entry sinks from the top to where it belongs. */
static Event pop(Simulation *s)
{
    const Event first = s->heap[0];
    const Event last = s->heap[--s->count];
    size_t k = 0;
    for (size_t child = 1; child < s->count; child = 2 * k + 1) {
        child += child + 1 < s->count && before(&s->heap[child + 1], &s->heap[child]);
        if (!before(&s->heap[child], &last)) {
            break;
        }
        s->heap[k] = s->heap[child];
        k = child;
    }
    s->heap[k] = last;
    return first;
}

/* Books one start: its true time, the ranks it holds, and its end as an event. */
static void begin(Simulation *s, double now, const ScheduleStart *start)
{
    const SimulateSettings *settings = s->settings;
    /* by the number of the task: the same error whatever the schedule does */
    const double draw = 2.0 * rng_uniform(1, PURPOSE_ERROR, start->first, 0) - 1.0;
    const double pace = s->truth.factor[start->kind] * exp(settings->error * draw);
    const double seconds = start->assumed * pace;
    Event event = {.seconds = seconds,
                   .order = s->result.starts++,
                   .count = start->count,
                   .rank = start->ranks[0]};
    for (int k = 0; k < start->size; k++) {
        const int rank = start->ranks[k];
        /* a team starts on idle ranks; only a rank by itself has a queue */
        assert(k == 0 || s->end[rank] <= now);
        s->end[rank] = fmax(s->end[rank], now) + settings->overhead + seconds;
        event.end = s->end[rank];
        s->result.busy += settings->overhead + seconds;
    }
    if (settings->schedule.master && settings->schedule.ranks > 1 && start->ranks[0] == 0 &&
        !start->polls) {
        s->blocked = event.end;
    }
    s->result.serial += start->alone * pace;
    push(s, event);
    if (settings->started != NULL) {
        settings->started(settings->context, now, start);
    }
}

Simulated simulate(const TaskGroup groups[], size_t count, const SimulateSettings *settings,
                   const CostModel *model)
{
    Simulation s = {.settings = settings,
                    /* what the schedule believes is true but for the error drawn for each
                     * start */
                    .truth = model != NULL ? *model : cost_model(),
                    .schedule = schedule_create(groups, count, &settings->schedule, model),
                    .end = checked_alloc((size_t)settings->schedule.ranks, sizeof *s.end)};
    double now = 0.0;
    for (;;) {
        ScheduleStart start;
        /* the farm asks the same way after every answer */
        while (now >= s.blocked && schedule_next(s.schedule, now, &start)) {
            now += settings->message * start.size;
            begin(&s, now, &start);
        }
        if (s.count == 0) {
            break;
        }
        const Event event = pop(&s);
        const ScheduleResult result = {.done = event.count, .seconds = event.seconds};
        /* an end is seen when the master is free again; its own end at once */
        now = fmax(now, event.rank == 0 ? event.end : fmax(event.end, s.blocked));
        now += settings->message;
        s.result.makespan = fmax(s.result.makespan, event.end);
        s.result.done += event.count;
        schedule_finished(s.schedule, now, event.rank, &result);
    }
    assert(schedule_quiet(s.schedule));
    s.result.refused = schedule_state(s.schedule, now).refused;
    schedule_free(s.schedule);
    free(s.heap);
    free(s.end);
    return s.result;
}
