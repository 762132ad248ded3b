/* What has not started, and whether a task fits a slot.  The span, how long one task should
 * last at most, follows the work left: as the sweep nears its end it shrinks, and tasks are
 * spread over more ranks.
 *
 * A slot describes what is free and for how long; the same questions are put to idle ranks,
 * to reserved ones until their task begins, and to one busy rank for work ahead.
 */
#include "backlog.h"

#include <math.h>

#include "rank_pool.h"

static const double slack = 1e-9;     /* seconds; sums of estimates are rounded */
static const double remembered = 4.0; /* most weight of what earlier runs learned */
static const double stale = 0.05;
static const double late_share = 0.1; /* of the limit: what outlasts it starts before that */

Work backlog_create(const TaskGroup groups[], size_t count, int ranks, bool master,
                    const CostModel *model)
{
    Work work = {.deadline = INFINITY,
                 .limit = INFINITY,
                 .model = model != NULL ? *model : cost_model(),
                 .lanes = lanes_create(groups, count, ranks),
                 .allotment = {.ranks = ranks, .master = master}};
    for (int kind = 0; kind < COST_CLASSES; kind++) {
        /* an earlier run may have had another machine: a few measurements of this one
         * outweigh it */
        work.model.weight[kind] = fmin(work.model.weight[kind], remembered);
    }
    /* without wide tasks no span is ever needed */
    for (size_t k = 0; k < work.lanes.count; k++) {
        work.wide |= work.lanes.groups[k].most > 1;
    }
    return work;
}

void backlog_free(Work *work)
{
    lanes_free(&work->lanes);
}

/* Seconds of all that is left, as if each task ran on one rank. */
double backlog_left(const Work *work)
{
    double sum = 0.0;
    for (int kind = 0; kind < COST_CLASSES; kind++) {
        sum += work->model.factor[kind] * work->lanes.left[kind];
    }
    return sum;
}

void backlog_refresh(Work *work, const Pool *pool, double now)
{
    const double left = backlog_left(work);
    /* finding the span costs a pass over all groups; teams of one do not depend on it */
    if (!work->wide || (fabs(left - work->found_left) <= stale * work->found_left &&
                        now - work->found_at <= stale * work->allotment.span)) {
        return;
    }
    double last;
    const double backlog = rank_pool_backlog(pool, now, &last);
    work->allotment.span =
        team_size_span(&work->allotment, &work->model, &work->lanes, backlog, last - now);
    work->found_left = left;
    work->found_at = now;
}

double backlog_estimate(const Work *work, size_t group, int size)
{
    return cost_estimate(&work->model, &work->lanes.groups[group], size);
}

bool backlog_too_long(const Work *work, const TaskGroup *group)
{
    const int most = group->most < work->allotment.ranks ? group->most : work->allotment.ranks;
    const double estimate = cost_estimate(&work->model, group, most);
    return cost_cautious(&work->model, group->kind, estimate) > work->limit + slack;
}

/* It never ends in one run, but saves its state when told to stop.  On reserved ranks it would
 * be in the way, and near the end its data would be made for nothing. */
static bool goes_on_later(const Work *work, const Slot *slot, const TaskGroup *group)
{
    return group->polls && slot->until >= work->deadline &&
           slot->begin <= work->deadline - late_share * work->limit &&
           backlog_too_long(work, group);
}

bool backlog_in_time(const Work *work, const Slot *slot, const TaskGroup *group, int size)
{
    const double estimate = cost_estimate(&work->model, group, size);
    return estimate <= slot->longest + slack &&
           (slot->begin + cost_cautious(&work->model, group->kind, estimate) <=
                slot->until + slack ||
            goes_on_later(work, slot, group));
}

/* Never fewer ranks than the allotment says: the task would outlast the rest. */
int backlog_team(const Work *work, const Slot *slot, const TaskGroup *group)
{
    const int size = team_size_team(&work->allotment, &work->model, group);
    const int free_ranks = group->polls ? slot->all : slot->ranks;
    if (size > free_ranks) {
        return 0;
    }
    if (backlog_in_time(work, slot, group, size)) {
        return size;
    }
    /* too late on the usual team: is there a wider one that ends in time? */
    const int most = free_ranks < group->most ? free_ranks : group->most;
    const double room = fmin(slot->longest, slot->until - slot->begin);
    /* what a second of estimate may become; the estimate itself has to fit room / caution */
    const double caution = cost_cautious(&work->model, group->kind, 1.0);
    int wider = cost_ranks_for(&work->model, group, room / caution);
    wider = wider > size ? wider : size + 1;
    return wider <= most && backlog_in_time(work, slot, group, wider) ? wider : 0;
}

typedef struct Query {
    const Work *work;
    const Slot *slot;
} Query;

/* For lanes_first. */
static bool fits(const void *context, const TaskGroup *group)
{
    const Query *query = context;
    return backlog_team(query->work, query->slot, group) > 0;
}

size_t backlog_longest(Work *work, const Slot *slot)
{
    const Query query = {work, slot};
    size_t best = LANES_NONE;
    double best_seconds = -1.0;
    /* late groups follow when nothing else is left to start */
    const bool all = work->lanes.punctual == 0 && !work->waiting;
    for (int lane = 0; lane < (all ? LANES : COST_CLASSES); lane++) {
        const size_t k = lanes_first(&work->lanes, lane, fits, &query);
        if (k != LANES_NONE && backlog_estimate(work, k, 1) > best_seconds) {
            best = k;
            best_seconds = backlog_estimate(work, k, 1);
        }
    }
    return best;
}
