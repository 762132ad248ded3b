/* Sorted once: by class, then by assumed seconds.  Learning multiplies a whole class by one
 * factor, which changes no order within it; so the longest task of a class is its first, and
 * only the heads of the classes are compared when one is wanted.
 *
 * Removing an empty group makes its `next` point onwards; look-ups halve such paths as in
 * union-find, so that empty groups are not walked again and again.
 */
#include "task_lanes.h"

#include <assert.h>
#include <stdlib.h>

#include "phasesweep/base/check.h"

enum { LOOK_AHEAD = 64 };

/* Late groups have lanes of their own, behind those of all classes. */
static int lane_of(const TaskGroup *group)
{
    return group->late ? COST_CLASSES + group->kind : group->kind;
}

/* Ties go by task number: the order is the same on every run. */
static int by_lane_and_length(const void *a, const void *b)
{
    const TaskGroup *x = a;
    const TaskGroup *y = b;
    if (lane_of(x) != lane_of(y)) {
        return lane_of(x) < lane_of(y) ? -1 : 1;
    }
    if (x->seconds != y->seconds) {
        return x->seconds > y->seconds ? -1 : 1;
    }
    return x->first < y->first ? -1 : x->first > y->first;
}

Lanes lanes_create(const TaskGroup groups[], size_t count, int ranks)
{
    Lanes lanes = {.groups = checked_alloc(count, sizeof *lanes.groups),
                   .next = checked_alloc(count + 1, sizeof *lanes.next)};
    for (size_t k = 0; k < count; k++) {
        assert(groups[k].least >= 1 && groups[k].least <= groups[k].most);
        if (groups[k].least <= ranks && groups[k].count > 0) {
            TaskGroup *group = &lanes.groups[lanes.count++];
            *group = groups[k];
            group->most = group->most < ranks ? group->most : ranks;
            lanes.tasks += group->count;
            lanes.punctual += group->late ? 0 : group->count;
            lanes.left[group->kind] += (double)group->count * group->seconds;
        }
    }
    qsort(lanes.groups, lanes.count, sizeof *lanes.groups, by_lane_and_length);
    for (size_t k = 0; k <= lanes.count; k++) {
        /* each its own: all have tasks; the one behind the last is the end */
        lanes.next[k] = k;
    }
    for (size_t k = 0; k < lanes.count; k++) {
        /* a counting sort of what is sorted already: how many in each lane, then their sums */
        lanes.end[lane_of(&lanes.groups[k]) + 1]++;
    }
    for (int lane = 0; lane < LANES; lane++) {
        lanes.end[lane + 1] += lanes.end[lane];
    }
    return lanes;
}

void lanes_free(Lanes *lanes)
{
    free(lanes->groups);
    free(lanes->next);
    *lanes = (Lanes){0};
}

/* The first group from k on that has tasks; paths are halved, so that empty ones cost O(1). */
static size_t find(Lanes *lanes, size_t k)
{
    while (lanes->next[k] != k) {
        lanes->next[k] = lanes->next[lanes->next[k]];
        k = lanes->next[k];
    }
    return k;
}

size_t lanes_first(Lanes *lanes, int lane,
                   bool (*fits)(const void *context, const TaskGroup *group),
                   const void *context)
{
    const size_t end = lanes->end[lane + 1];
    const size_t head = find(lanes, lanes->end[lane]);
    if (head >= end || fits(context, &lanes->groups[head])) {
        return head < end ? head : LANES_NONE;
    }
    /* by halving, as if a shorter group fitted wherever a longer one does */
    size_t low = head + 1;
    size_t high = end;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (fits(context, &lanes->groups[middle])) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    size_t k = find(lanes, low);
    /* not strictly so: teams and memory differ, and the found place may be empty by now */
    for (int step = 0; step < LOOK_AHEAD && k < end; step++, k = find(lanes, k + 1)) {
        if (fits(context, &lanes->groups[k])) {
            return k;
        }
    }
    return LANES_NONE;
}

const TaskGroup *lanes_longest(const Lanes *lanes, int lane)
{
    size_t k = lanes->end[lane];
    while (k < lanes->end[lane + 1] && lanes->groups[k].count == 0) {
        k++;
    }
    return k < lanes->end[lane + 1] ? &lanes->groups[k] : NULL;
}

/* From the front: tasks of a group are alike. */
size_t lanes_take(Lanes *lanes, size_t group, size_t count)
{
    TaskGroup *from = &lanes->groups[group];
    assert(count >= 1 && count <= from->count);
    const size_t first = from->first;
    from->first += count;
    from->count -= count;
    lanes->tasks -= count;
    lanes->punctual -= from->late ? 0 : count;
    lanes->left[from->kind] -= (double)count * from->seconds;
    if (from->count == 0) {
        lanes->next[group] = group + 1;
    }
    return first;
}
