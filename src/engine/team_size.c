/* Moldable tasks (Turek, Wolf & Yu 1992): for a trial makespan T every task gets the fewest
 * ranks that end it within part * T; T is possible if the rank-seconds of all that fit T on
 * all ranks.  More ranks make a task shorter but dearer, so the least possible T is found by
 * halving.
 *
 * Only the span is kept from this; teams are sized against it one by one as tasks start.
 */
#include "team_size.h"

#include <assert.h>
#include <math.h>

enum { HALVINGS = 30 };

static const double part = 0.5; /* of the makespan that one task may last: shorter ones pack */

/* Sizes that make good process grids: 1, 2, 3, 4, 6, 8, 12, 16 ... */
static int size_above(int ranks)
{
    int size = 1;
    while (size < ranks) {
        size *= 2;
    }
    return size >= 4 && size / 4 * 3 >= ranks ? size / 4 * 3 : size;
}

int team_size_size_below(int ranks)
{
    assert(ranks >= 1);
    int size = 1;
    while (2 * size <= ranks) {
        size *= 2;
    }
    return size >= 2 && size / 2 * 3 <= ranks ? size / 2 * 3 : size;
}

/* The least such size that ends the task within the span, between its least and most. */
int team_size_team(const Allotment *allotment, const CostModel *model, const TaskGroup *group)
{
    if (group->most == 1) {
        return 1;
    }
    const int all = allotment->ranks;
    const int workers = all - (allotment->master && all > 1 && !group->polls);
    /* needs all ranks, the master too, who then joins its team */
    if (group->least > workers) {
        return all;
    }
    const int most = group->most < workers ? group->most : workers;
    int size = cost_ranks_for(model, group, allotment->span);
    size = size < group->least ? group->least : size > most ? most : size;
    return size_above(size) <= most ? size_above(size) : size;
}

/* Rank-seconds of everything left, with the teams that the span asks for. */
static double left_at(const Allotment *allotment, const CostModel *model, const Lanes *lanes)
{
    double sum = 0.0;
    for (size_t k = 0; k < lanes->count; k++) {
        const TaskGroup *group = &lanes->groups[k];
        const int size = team_size_team(allotment, model, group);
        sum += (double)group->count * size * cost_estimate(model, group, size);
    }
    return sum;
}

/* What the longest task needs on as many ranks as are of use to it. */
static double shortest_span(const CostModel *model, const Lanes *lanes)
{
    double span = 0.0;
    for (size_t k = 0; k < lanes->count; k++) {
        const TaskGroup *group = &lanes->groups[k];
        if (group->count > 0) {
            span = fmax(span, cost_estimate(model, group, group->most));
        }
    }
    return span;
}

double team_size_span(const Allotment *allotment, const CostModel *model, const Lanes *lanes,
                      double backlog, double longest)
{
    Allotment trial = *allotment;
    /* no makespan is shorter than what runs already, or than the longest task at its
     * shortest */
    double low = fmax(longest, shortest_span(model, lanes));
    double high = low;
    for (;;) { /* the work shrinks as the span grows, so this ends */
        trial.span = part * high;
        if (backlog + left_at(&trial, model, lanes) <= trial.ranks * high) {
            break;
        }
        low = high;
        high = 2.0 * high;
    }
    for (int k = 0; k < HALVINGS && high > 1.001 * low; k++) {
        const double middle = 0.5 * (low + high);
        trial.span = part * middle;
        if (backlog + left_at(&trial, model, lanes) <= trial.ranks * middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    return part * high;
}
