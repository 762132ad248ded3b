/* Every rank is in exactly one of: idle, kept (idle, but reserved), or neither (busy).
 * `end` is an estimate and is corrected each time a batch of the rank is finished, so that
 * errors do not add up over a queue.
 *
 * Sets are bits, for the schedule asks "is it in" and "which is the lowest" far more often
 * than it walks them.  All of it is O(ranks) memory and says nothing about finished tasks.
 */
#include "rank_pool.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"

/* ---- sets of ranks --------------------------------------------------------------------- */

/* 64 ranks a word: a set of 10^5 ranks is 12 kB. */
bool set_has(const RankSet *set, int rank)
{
    return set->word[rank / 64] >> (rank % 64) & 1;
}

void set_add(RankSet *set, int rank)
{
    set->count += !set_has(set, rank);
    set->word[rank / 64] |= (uint64_t)1 << (rank % 64);
}

void set_remove(RankSet *set, int rank)
{
    set->count -= set_has(set, rank);
    set->word[rank / 64] &= ~((uint64_t)1 << (rank % 64));
}

int set_lowest(const RankSet *set)
{
    assert(set->count > 0);
    int k = 0;
    while (set->word[k] == 0) {
        k++;
    }
    return 64 * k + __builtin_ctzll(set->word[k]);
}

/* Empty; one word more than needed at most. */
static RankSet set_create(int ranks)
{
    return (RankSet){.word = checked_alloc((size_t)ranks / 64 + 1, sizeof(uint64_t))};
}

/* ---- choosing ranks -------------------------------------------------------------------- */

void rank_pool_choose(const Pool *pool, const RankSet *set, int size, int avoid, int team[])
{
    /* ranks are mostly numbered node by node: neighbours share one, and messages stay in it */
    int run = 0;
    int lowest = 0; /* of the first `size` found; replaced if a run of neighbours is met */
    for (int rank = 0; rank < pool->ranks && run < size; rank++) {
        if (rank == avoid || !set_has(set, rank)) {
            run = 0;
            continue;
        }
        if (lowest < size) {
            team[lowest++] = rank;
        }
        run++;
        if (run == size) {
            for (int k = 0; k < size; k++) {
                team[k] = rank - size + 1 + k;
            }
        }
    }
    assert(lowest == size);
}

static void swap(int *a, int *b)
{
    const int c = *a;
    *a = *b;
    *b = c;
}

/* Hoare's selection: the `size` ranks of least end come first. */
static void select_least(const double end[], int rank[], int count, int size)
{
    int low = 0;
    int high = count - 1;
    while (low < high) {
        const double pivot = end[rank[low + (high - low) / 2]];
        int i = low;
        int j = high;
        while (i <= j) {
            while (end[rank[i]] < pivot) {
                i++;
            }
            while (end[rank[j]] > pivot) {
                j--;
            }
            if (i <= j) {
                swap(&rank[i++], &rank[j--]);
            }
        }
        if (size - 1 <= j) {
            high = j;
        } else if (size - 1 >= i) {
            low = i;
        } else {
            return;
        }
    }
}

/* For qsort: teams are given in ascending order. */
static int by_number(const void *a, const void *b)
{
    const int x = *(const int *)a;
    const int y = *(const int *)b;
    return x < y ? -1 : x > y;
}

double rank_pool_earliest(const Pool *pool, int size, int avoid, double now, int team[])
{
    int *rank = checked_alloc((size_t)pool->ranks, sizeof *rank);
    int count = 0;
    for (int k = 0; k < pool->ranks; k++) {
        if (k != avoid) {
            rank[count++] = k;
        }
    }
    assert(size <= count);
    select_least(pool->end, rank, count, size);
    qsort(rank, (size_t)size, sizeof *rank, by_number);
    double latest = now;
    for (int k = 0; k < size; k++) {
        team[k] = rank[k];
        latest = pool->end[rank[k]] > latest ? pool->end[rank[k]] : latest;
    }
    free(rank);
    return latest;
}

/* ---- what ranks do --------------------------------------------------------------------- */

Pool rank_pool_create(int ranks)
{
    Pool pool = {.ranks = ranks,
                 .queue = checked_alloc((size_t)ranks, sizeof *pool.queue),
                 .end = checked_alloc((size_t)ranks, sizeof *pool.end),
                 .idle = set_create(ranks),
                 .kept = set_create(ranks),
                 .reserved = set_create(ranks),
                 .hungry = set_create(ranks)};
    for (int rank = 0; rank < ranks; rank++) {
        set_add(&pool.idle, rank);
    }
    return pool;
}

void rank_pool_free(Pool *pool)
{
    for (int rank = 0; rank < pool->ranks; rank++) {
        for (int k = 0; k < POOL_QUEUE; k++) {
            free(pool->queue[rank].batch[k].members);
        }
    }
    free(pool->queue);
    free(pool->end);
    free(pool->idle.word);
    free(pool->kept.word);
    free(pool->reserved.word);
    free(pool->hungry.word);
    *pool = (Pool){0};
}

void rank_pool_start(Pool *pool, const int team[], Batch batch, double now)
{
    Queue *queue = &pool->queue[team[0]];
    assert(queue->length < POOL_QUEUE && (batch.size == 1 || queue->length == 0));
    if (batch.size > 1) {
        batch.members = checked_alloc((size_t)batch.size, sizeof *batch.members);
        memcpy(batch.members, team, (size_t)batch.size * sizeof *team);
    }
    queue->batch[(queue->first + queue->length++) % POOL_QUEUE] = batch;
    queue->estimate += batch.estimate;
    for (int k = 0; k < batch.size; k++) {
        const int rank = team[k];
        pool->end[rank] = (pool->end[rank] > now ? pool->end[rank] : now) + batch.estimate;
        set_remove(&pool->idle, rank);
        set_remove(&pool->kept, rank);
    }
    if (batch.size == 1) {
        set_add(&pool->hungry, team[0]);
    }
}

/* Back to those who wait for the reserved task, if the rank is among them. */
static void become_idle(Pool *pool, int rank, double now)
{
    pool->end[rank] = now;
    set_remove(&pool->hungry, rank);
    set_add(set_has(&pool->reserved, rank) ? &pool->kept : &pool->idle, rank);
}

Batch rank_pool_finish(Pool *pool, int rank, double now)
{
    Queue *queue = &pool->queue[rank];
    assert(queue->length > 0);
    const Batch batch = queue->batch[queue->first];
    queue->batch[queue->first].members = NULL;
    queue->first = (queue->first + 1) % POOL_QUEUE;
    queue->length--;
    /* exactly 0 when empty: sums of differences leave rounding behind */
    queue->estimate = queue->length > 0 ? queue->estimate - batch.estimate : 0.0;
    if (batch.size > 1) {
        for (int k = 0; k < batch.size; k++) {
            become_idle(pool, batch.members[k], now);
        }
        free(batch.members);
    } else if (queue->length == 0) {
        become_idle(pool, rank, now);
    } else {
        /* from now, not from the old estimate: what the batch was late or early is over */
        pool->end[rank] = now + queue->estimate;
        set_add(&pool->hungry, rank);
    }
    return batch;
}

/* Busy ranks join `kept` as they become idle. */
void rank_pool_reserve(Pool *pool, const int team[], int size)
{
    for (int k = 0; k < size; k++) {
        set_add(&pool->reserved, team[k]);
        if (set_has(&pool->idle, team[k])) {
            set_remove(&pool->idle, team[k]);
            set_add(&pool->kept, team[k]);
        }
    }
}

void rank_pool_release(Pool *pool)
{
    for (int rank = 0; rank < pool->ranks; rank++) {
        set_remove(&pool->reserved, rank);
        if (set_has(&pool->kept, rank)) {
            set_remove(&pool->kept, rank);
            set_add(&pool->idle, rank);
        }
    }
}

/* What runs is behind its estimate if the end is past: then it counts as nothing. */
double rank_pool_backlog(const Pool *pool, double now, double *last)
{
    double sum = 0.0;
    *last = now;
    for (int rank = 0; rank < pool->ranks; rank++) {
        const double left = pool->end[rank] - now;
        sum += left > 0.0 ? left : 0.0;
        *last = pool->end[rank] > *last ? pool->end[rank] : *last;
    }
    return sum;
}

/* The master may compute until then without keeping anybody waiting. */
double rank_pool_soonest(const Pool *pool, int first)
{
    double end = INFINITY;
    for (int rank = first; rank < pool->ranks; rank++) {
        if (!set_has(&pool->idle, rank) && !set_has(&pool->kept, rank)) {
            end = fmin(end, pool->end[rank]);
        }
    }
    return end;
}

double rank_pool_teams_left(const Pool *pool, double now)
{
    double left = 0.0;
    for (int rank = 0; rank < pool->ranks; rank++) {
        const Queue *queue = &pool->queue[rank];
        const double seconds = pool->end[rank] - now;
        if (queue->length > 0 && queue->batch[queue->first].size > 1 && seconds > left) {
            left = seconds;
        }
    }
    return left;
}
