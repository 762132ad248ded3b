/* rank_pool.h - private to schedule.c: what every rank does, has queued and is kept for.
 *
 * A rank is idle (nothing given), or busy with a queue of batches of which the first runs,
 * or a member of a team.  It may be RESERVED for a large task at the same time.
 *
 * Times are estimates on the clock of `now`.  Nothing here decides what starts; it only
 * keeps account and finds ranks.
 */
#ifndef PHASESWEEP_ENGINE_RANK_POOL_H
#define PHASESWEEP_ENGINE_RANK_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Batches a rank may have, the one that runs included. */
enum { POOL_QUEUE = 64 };

/* Tasks of one group for one team; a team of several ranks gets one task. */
typedef struct Batch {
    size_t group, count;
    double estimate; /* seconds, all of it */
    int size;        /* ranks of the team */
    int *members;    /* [size] if size > 1; owned */
} Batch;

/* A ring: the batch that runs, then those given ahead. */
typedef struct Queue {
    Batch batch[POOL_QUEUE];
    int first, length;
    double estimate; /* of all batches */
} Queue;

/* A set of ranks.  One bit a rank; word is owned by the pool. */
typedef struct RankSet {
    uint64_t *word;
    int count;
} RankSet;

typedef struct Pool {
    int ranks;
    Queue *queue;     /* [ranks]; owned */
    double *end;      /* [ranks] when all that was given is expected to be finished; owned */
    RankSet idle;     /* neither busy nor reserved */
    RankSet kept;     /* idle and reserved */
    RankSet reserved; /* idle or busy */
    RankSet hungry;   /* may be given more to queue */
} Pool;

/* Local.  All ranks idle.  Release with rank_pool_free. */
Pool rank_pool_create(int ranks);
void rank_pool_free(Pool *pool);

/* Local.  Sets; set_lowest needs one that is not empty. */
bool set_has(const RankSet *set, int rank);
void set_add(RankSet *set, int rank);
void set_remove(RankSet *set, int rank);
int set_lowest(const RankSet *set);

/* Local.  Choose `size` ranks of a set into team[size], ascending; neighbours if there is such
 * a run.  Rank `avoid` is left out (-1: none); there must be enough. */
void rank_pool_choose(const Pool *pool, const RankSet *set, int size, int avoid, int team[]);

/* Local.  The `size` ranks that are expected to be free first, ascending, and when the last
 * of them is. `avoid` as above; `size` ranks besides it must exist. */
double rank_pool_earliest(const Pool *pool, int size, int avoid, double now, int team[]);

/* Local.  Queue a batch at team[0]; teams of more than one rank must be idle. */
void rank_pool_start(Pool *pool, const int team[], Batch batch, double now);

/* Local.  The batch that ran at `rank` is finished; its members become idle, or kept if they
 * are reserved.  The caller reads the batch; its members are freed. */
Batch rank_pool_finish(Pool *pool, int rank, double now);

/* Local.  Reserve ranks, or give all reserved ones back. */
void rank_pool_reserve(Pool *pool, const int team[], int size);
void rank_pool_release(Pool *pool);

/* Local.  Estimated rank-seconds until everything given is finished, and when the last is. */
double rank_pool_backlog(const Pool *pool, double now, double *last);

/* Local.  When the first of the busy ranks from `first` on is expected to need an answer;
 * INFINITY if none is busy: those that are idle wait for others. */
double rank_pool_soonest(const Pool *pool, int first);

/* Local.  Seconds until the last team of several ranks is expected to end; 0: there is none. */
double rank_pool_teams_left(const Pool *pool, double now);

#endif
