/* In order: the reserved task, the longest, what fits beside, work ahead, the master's own. */
#include "phasesweep/engine/schedule.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"
#include "phasesweep/base/duration.h"
#include "backlog.h"
#include "rank_pool.h"

static const double window_teams = 0.02; /* most seconds given ahead, against late answers, */
static const double window_alone = 0.2;  /* if no team waits for ranks, */
static const double window_computing = 5.0; /* and if the master computes long tasks */
static const double master_shortest = 1e-3; /* seconds the master may compute at any time */

typedef struct Reservation {
    int size; /* 0: none */
    size_t task, group;
    double start; /* predicted; never moved back */
    double estimate;
} Reservation;

struct Schedule {
    ScheduleSettings settings;
    Work work;
    Pool pool;
    Reservation reservation;
    int *team;      /* [ranks] of the last start; owned */
    int *reserved;  /* [ranks] of the reservation; owned */
    double window;  /* in force */
    bool computing; /* the master takes tasks, and there are other ranks */
    bool covered;   /* the others were given enough for the master to compute */
    bool settled, stopped;
    size_t running;             /* batches */
    double total[COST_CLASSES]; /* assumed seconds at the beginning */
    ScheduleState state;
};

/* ---- starting ---------------------------------------------------------------------------- */

/* Short enough for the window, for the deadline, and to leave some for the other ranks. */
static size_t batch_count(const Schedule *s, const TaskGroup *group, const Slot *slot)
{
    const double estimate = cost_estimate(&s->work.model, group, 1);
    const double room =
        (slot->until - slot->begin) / cost_cautious(&s->work.model, group->kind, estimate);
    const double share = (double)s->work.lanes.tasks / (4.0 * s->settings.ranks);
    double count = fmin(s->settings.batch, fmin(group->count, share));
    count = fmin(count, fmin(0.25 * fmin(s->window, slot->longest) / estimate, room));
    /* until some have finished the estimate may be far off */
    count = fmin(count, 1.0 + s->work.model.weight[group->kind]);
    return count < 1.0 ? 1 : (size_t)count;
}

static void start_team(Schedule *s, double now, size_t task, Batch batch, ScheduleStart *start)
{
    rank_pool_start(&s->pool, s->team, batch, now);
    s->running++;
    s->state.teams += batch.size > 1;
    s->state.team_ranks += batch.size > 1 ? batch.size : 0;
    const TaskGroup *group = &s->work.lanes.groups[batch.group];
    const double factor = s->work.model.factor[group->kind];
    start->first = task;
    start->count = batch.count;
    start->size = batch.size;
    start->ranks = s->team;
    start->estimate = batch.estimate;
    start->kind = group->kind;
    start->polls = group->polls;
    start->assumed = batch.estimate / factor;
    start->alone = (double)batch.count * cost_estimate(&s->work.model, group, 1) / factor;
}

/* Start tasks of a group on the ranks in s->team. */
static void start_group(Schedule *s, double now, size_t k, int size, const Slot *slot,
                        ScheduleStart *start)
{
    const TaskGroup *group = &s->work.lanes.groups[k];
    Batch batch = {.group = k, .size = size};
    batch.count = size > 1 ? 1 : batch_count(s, group, slot);
    batch.estimate = (double)batch.count * cost_estimate(&s->work.model, group, size);
    const size_t task = lanes_take(&s->work.lanes, k, batch.count);
    start_team(s, now, task, batch, start);
}

/* Ranks of a set for a task that does not poll; all of them make a team with the master. */
static int without_master(const Schedule *s, const RankSet *set)
{
    return set->count == s->settings.ranks ? set->count
                                           : set->count - (s->computing && set_has(set, 0));
}

/* Idle ranks of a set that a task of this group may have. */
static int available(const Schedule *s, const TaskGroup *group, const RankSet *set)
{
    return group->polls ? set->count : without_master(s, set);
}

/* Put `size` ranks of a set into s->team; the master only if there are too few others. */
static void choose_team(Schedule *s, const RankSet *set, int size)
{
    const bool spared = s->computing && set->count - set_has(set, 0) >= size;
    rank_pool_choose(&s->pool, set, size, spared ? 0 : -1, s->team);
}

/* The reserved ranks are all there, or so late that fewer will finish no later: what is
 * overdue is expected to take as long again. */
static bool start_reserved(Schedule *s, double now, ScheduleStart *start)
{
    Reservation *r = &s->reservation;
    if (r->size == 0) {
        return false;
    }
    const TaskGroup *group = &s->work.lanes.groups[r->group];
    const int there = available(s, group, &s->pool.kept);
    int size = r->size;
    if (s->pool.kept.count < r->size) {
        size = there > 0 ? team_size_size_below(there) : 0;
        if (size < group->least || now <= r->start ||
            cost_estimate(&s->work.model, group, size) > now - r->start + r->estimate) {
            return false;
        }
    }
    const double estimate = cost_estimate(&s->work.model, group, size);
    choose_team(s, &s->pool.kept, size);
    rank_pool_release(&s->pool);
    s->work.waiting = false;
    r->size = 0;
    const Slot slot = {size, size, now, s->settings.deadline, INFINITY};
    if (!backlog_in_time(&s->work, &slot, group, size)) {
        return false;
    }
    start_team(s, now, r->task, (Batch){r->group, 1, estimate, size, NULL}, start);
    return true;
}

/* The task has to wait for `size` ranks: start it on fewer now if it ends no later so, else
 * reserve those that come free first. */
static bool start_or_reserve(Schedule *s, double now, size_t k, int size, ScheduleStart *start)
{
    const TaskGroup *group = &s->work.lanes.groups[k];
    const int free_ranks = available(s, group, &s->pool.idle);
    const int fewer = free_ranks > 0 ? team_size_size_below(free_ranks) : 0;
    const double estimate = cost_estimate(&s->work.model, group, size);
    const bool others = s->computing && !group->polls && size < s->settings.ranks;
    const double begin = rank_pool_earliest(&s->pool, size, others ? 0 : -1, now, s->reserved);
    const Slot slot = {free_ranks, free_ranks, now, s->settings.deadline,
                       begin + estimate - now};
    if (fewer >= group->least && backlog_in_time(&s->work, &slot, group, fewer)) {
        choose_team(s, &s->pool.idle, fewer);
        start_group(s, now, k, fewer, &slot, start);
        return true;
    }
    const Slot later = {size, size, begin, s->settings.deadline, INFINITY};
    if (backlog_in_time(&s->work, &later, group, size)) {
        s->reservation =
            (Reservation){size, lanes_take(&s->work.lanes, k, 1), k, begin, estimate};
        rank_pool_reserve(&s->pool, s->reserved, size);
        s->work.waiting = true;
    }
    return false;
}

/* The longest task of all, unless one is waiting already. */
static bool start_longest(Schedule *s, double now, ScheduleStart *start)
{
    if (s->reservation.size > 0 || s->pool.idle.count == 0) {
        return false;
    }
    const Slot slot = {s->settings.ranks, s->settings.ranks, now, s->settings.deadline,
                       INFINITY};
    const size_t k = backlog_longest(&s->work, &slot);
    if (k == LANES_NONE) {
        return false;
    }
    const int size = backlog_team(&s->work, &slot, &s->work.lanes.groups[k]);
    const int there = available(s, &s->work.lanes.groups[k], &s->pool.idle);
    if (size > there) {
        return there > 0 && start_or_reserve(s, now, k, size, start);
    }
    choose_team(s, &s->pool.idle, size);
    start_group(s, now, k, size, &slot, start);
    return true;
}

/* The longest task for ranks of a set that are idle, to end before `until`. */
static bool start_within(Schedule *s, double now, const RankSet *set, double until,
                         ScheduleStart *start)
{
    const Slot slot = {without_master(s, set), set->count, now, until, INFINITY};
    const size_t k = slot.all > 0 ? backlog_longest(&s->work, &slot) : LANES_NONE;
    if (k == LANES_NONE) {
        return false;
    }
    const int size = backlog_team(&s->work, &slot, &s->work.lanes.groups[k]);
    choose_team(s, set, size);
    start_group(s, now, k, size, &slot, start);
    return true;
}

/* ---- work ahead of time ------------------------------------------------------------------ */

/* What a rank is given ahead must be finished when the task it is reserved for begins. */
static double latest_end(const Schedule *s, int rank)
{
    return set_has(&s->pool.reserved, rank) ? fmin(s->reservation.start, s->settings.deadline)
                                            : s->settings.deadline;
}

/* While tasks longer than the window are left, only a computing master, which cannot answer at
 * once, has others given work ahead. */
static bool give_ahead(Schedule *s, double now)
{
    const Slot any = {s->settings.ranks, s->settings.ranks, now, s->settings.deadline,
                      INFINITY};
    const size_t k = backlog_longest(&s->work, &any);
    return k != LANES_NONE && (s->computing || backlog_estimate(&s->work, k, 1) <= s->window);
}

static bool start_ahead(Schedule *s, double now, ScheduleStart *start)
{
    RankSet *hungry = &s->pool.hungry;
    if (hungry->count == 0 || !give_ahead(s, now)) {
        return false;
    }
    for (; hungry->count > 0; set_remove(hungry, set_lowest(hungry))) {
        const int rank = set_lowest(hungry);
        const double end = fmax(s->pool.end[rank], now);
        const Slot slot = {1, 1, end, latest_end(s, rank), s->window};
        if (end - now >= s->window || s->pool.queue[rank].length == POOL_QUEUE ||
            (s->computing && rank == 0)) {
            continue;
        }
        const size_t k = backlog_longest(&s->work, &slot);
        if (k != LANES_NONE) {
            s->team[0] = rank;
            start_group(s, now, k, 1, &slot, start);
            return true;
        }
    }
    return false;
}

/* A task for the master itself, once all others have enough to do until it is finished. */
static bool start_master(Schedule *s, double now, ScheduleStart *start)
{
    if (!s->computing || !(set_has(&s->pool.idle, 0) || set_has(&s->pool.kept, 0))) {
        return false;
    }
    if (!s->covered) {
        s->covered = true;
        for (int rank = 1; rank < s->settings.ranks; rank++) {
            const Queue *queue = &s->pool.queue[rank];
            if (queue->length > 0 && queue->batch[queue->first].size == 1) {
                set_add(&s->pool.hungry, rank);
            }
        }
        if (start_ahead(s, now, start)) {
            return true;
        }
    }
    const double cover = fmax(rank_pool_soonest(&s->pool, 1) - now, master_shortest);
    const Slot slot = {1, 1, now, latest_end(s, 0), cover};
    const size_t k = backlog_longest(&s->work, &slot);
    if (k == LANES_NONE) {
        return false;
    }
    s->team[0] = 0;
    start_group(s, now, k, 1, &slot, start);
    return true;
}

/* A part of what is left, so that all ranks end together. */
static void refresh_window(Schedule *s)
{
    const double most = s->work.wide   ? window_teams
                        : s->computing ? window_computing
                                       : window_alone;
    const double part = 0.25 * backlog_left(&s->work) / s->settings.ranks;
    s->window = fmax(s->settings.window, fmin(part, most));
}

bool schedule_next(Schedule *s, double now, ScheduleStart *start)
{
    const bool overdue = s->reservation.size > 0 && now > s->reservation.start;
    if (s->stopped || (s->settled && !overdue)) {
        return false;
    }
    backlog_refresh(&s->work, &s->pool, now);
    refresh_window(s);
    const double deadline = s->settings.deadline;
    if (start_reserved(s, now, start) || start_longest(s, now, start) ||
        start_within(s, now, &s->pool.idle, deadline, start) ||
        start_within(s, now, &s->pool.kept, fmin(s->reservation.start, deadline), start) ||
        start_ahead(s, now, start) || start_master(s, now, start)) {
        return true;
    }
    s->settled = true;
    return false;
}

/* ---- the rest ---------------------------------------------------------------------------- */

ScheduleSettings schedule_settings(int ranks)
{
    return (ScheduleSettings){
        .ranks = ranks, .batch = 64, .window = 2e-3, .deadline = INFINITY, .limit = INFINITY};
}

Schedule *schedule_create(const TaskGroup groups[], size_t count,
                          const ScheduleSettings *settings, const CostModel *model)
{
    const int ranks = settings->ranks;
    assert(ranks >= 1 && settings->batch >= 1 && settings->window >= 0.0);
    Schedule *s = checked_alloc(1, sizeof *s);
    s->settings = *settings;
    s->computing = settings->master && ranks > 1;
    s->work = backlog_create(groups, count, ranks, s->computing, model);
    s->work.deadline = settings->deadline;
    s->work.limit = settings->limit;
    s->pool = rank_pool_create(ranks);
    s->team = checked_alloc((size_t)ranks, sizeof *s->team);
    s->reserved = checked_alloc((size_t)ranks, sizeof *s->reserved);
    s->state.ranks = ranks;
    for (size_t k = 0; k < count; k++) {
        s->state.tasks += groups[k].count;
        s->state.points += (double)groups[k].count * groups[k].points;
    }
    s->state.refused = s->state.tasks - s->work.lanes.tasks;
    memcpy(s->total, s->work.lanes.left, sizeof s->total);
    return s;
}

void schedule_free(Schedule *s)
{
    backlog_free(&s->work);
    rank_pool_free(&s->pool);
    free(s->team);
    free(s->reserved);
    free(s);
}

void schedule_finished(Schedule *s, double now, int rank, const ScheduleResult *result)
{
    const Batch batch = rank_pool_finish(&s->pool, rank, now);
    const TaskGroup *group = &s->work.lanes.groups[batch.group];
    assert(result->done <= batch.count);
    if (result->done > 0) {
        const double estimate = cost_estimate(&s->work.model, group, batch.size);
        const double done = (double)result->done;
        /* with what earlier runs have done of it: the end alone says nothing about others */
        const double parts = group->whole > 0.0 ? group->whole / group->seconds : 1.0;
        const double before =
            group->spent * (group->serial + (1.0 - group->serial) / batch.size);
        const double assumed = done * parts * estimate / s->work.model.factor[group->kind];
        cost_learn(&s->work.model, group->kind, assumed, result->seconds + done * before);
    }
    s->state.done += result->done;
    s->state.points_done += (double)result->done * group->points;
    s->state.failed += result->failed;
    s->state.teams -= batch.size > 1;
    s->state.team_ranks -= batch.size > 1 ? batch.size : 0;
    s->running--;
    s->settled = false;
    s->covered = s->covered && rank != 0;
}

void schedule_stop(Schedule *s)
{
    s->stopped = true;
    s->reservation.size = 0;
}

bool schedule_quiet(const Schedule *s)
{
    return s->running == 0;
}

static const Batch *queued(const Queue *queue, int k)
{
    return &queue->batch[(queue->first + k) % POOL_QUEUE];
}

/* What runs beyond its estimate: the seconds that the one which has run longest still needs,
 * and all ranks together.  ratio: by how much what is to come of a class is slower than by the
 * cost model, of which `weight` observations speak for it, and each batch that runs for or
 * against.
 */
static double find_overdue(const Schedule *s, double now, double ratio[COST_CLASSES],
                           double *sum)
{
    double longest = 0.0;
    double count[COST_CLASSES];
    *sum = 0.0;
    for (int kind = 0; kind < COST_CLASSES; kind++) {
        count[kind] = ratio[kind] = s->work.model.weight[kind];
    }
    for (int rank = 0; rank < s->pool.ranks; rank++) {
        const Queue *queue = &s->pool.queue[rank];
        if (queue->length == 0) {
            continue;
        }
        const double passed = now - (s->pool.end[rank] - queue->estimate);
        const Batch *batch = queued(queue, 0);
        const int kind = s->work.lanes.groups[batch->group].kind;
        const bool overdue = batch->estimate > 0.0 && passed > batch->estimate;
        const double left = overdue ? duration_left(batch->estimate, passed) : 0.0;
        ratio[kind] += overdue ? (passed + left) / batch->estimate : 1.0;
        count[kind] += 1.0;
        longest = fmax(longest, left);
        *sum += batch->size * left;
    }
    for (int kind = 0; kind < COST_CLASSES; kind++) {
        ratio[kind] = count[kind] > 0.0 ? ratio[kind] / count[kind] : 1.0;
    }
    return longest;
}

/* The longest task that waits, from its start. */
static double longest_waiting(const Schedule *s, const double ratio[COST_CLASSES])
{
    double longest = 0.0;
    for (int lane = 0; lane < LANES; lane++) {
        const TaskGroup *group = lanes_longest(&s->work.lanes, lane);
        if (group != NULL) {
            const int most = group->most < s->settings.ranks ? group->most : s->settings.ranks;
            longest =
                fmax(longest, ratio[group->kind] * cost_estimate(&s->work.model, group, most));
        }
    }
    return longest;
}

/* Seconds until all is done.  What is overdue is taken to need as long again as it has run
 * (duration.h), and what is to come of its class to be slower by what is known of it.  work:
 * rank-seconds by the estimates; last: when what runs ends by them. */
static double seconds_left(const Schedule *s, double now, double work, double last)
{
    double ratio[COST_CLASSES];
    double late;
    const double overdue = find_overdue(s, now, ratio, &late);
    work += late;
    for (int kind = 0; kind < COST_CLASSES; kind++) {
        work += (ratio[kind] - 1.0) * s->work.model.factor[kind] * s->work.lanes.left[kind];
    }
    for (int rank = 0; overdue > 0.0 && rank < s->pool.ranks; rank++) {
        const Queue *queue = &s->pool.queue[rank];
        for (int k = 1; k < queue->length; k++) {
            const int kind = s->work.lanes.groups[queued(queue, k)->group].kind;
            work += (ratio[kind] - 1.0) * queued(queue, k)->estimate;
        }
    }
    /* it starts when the first rank is free */
    const double soonest = rank_pool_soonest(&s->pool, 0);
    const double wait = isfinite(soonest) ? fmax(soonest - now, 0.0) : 0.0;
    const double waiting = longest_waiting(s, ratio);
    return fmax(fmax(work / s->settings.ranks, waiting > 0.0 ? wait + waiting : 0.0),
                fmax(last - now, overdue));
}

ScheduleState schedule_state(const Schedule *s, double now)
{
    ScheduleState state = s->state;
    state.busy = s->settings.ranks - s->pool.idle.count - s->pool.kept.count;
    double total = 0.0;
    for (int kind = 0; kind < COST_CLASSES; kind++) {
        total += s->work.model.factor[kind] * s->total[kind];
    }
    double last;
    double work = backlog_left(&s->work) + rank_pool_backlog(&s->pool, now, &last);
    if (s->reservation.size > 0) {
        work += s->reservation.size * s->reservation.estimate;
    }
    state.team_seconds = rank_pool_teams_left(&s->pool, now);
    state.seconds_left = seconds_left(s, now, work, last);
    state.share = total > 0.0 ? fmax(0.0, 1.0 - work / total) : 1.0;
    return state;
}

size_t schedule_too_long(const Schedule *s)
{
    size_t count = 0;
    for (size_t k = 0; k < s->work.lanes.count; k++) {
        const TaskGroup *group = &s->work.lanes.groups[k];
        count += !group->polls && backlog_too_long(&s->work, group) ? group->count : 0;
    }
    return count;
}

CostModel schedule_learned(const Schedule *s)
{
    return s->work.model;
}
