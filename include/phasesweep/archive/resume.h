/* resume.h - which chains of a job are still to do, and which chains two jobs share.
 *
 * A chain is the unit of resume: it is done when every row of it is, and otherwise all of it
 * is redone, because its points start from each other.  All of this is read before the run
 * opens the archive for writing; dies as archive_reader does.
 *
 * By content: two chains with one id are the same points solved in the same way, in whatever
 * sweep, so that their results can be taken over or compared.
 */
#ifndef PHASESWEEP_ARCHIVE_RESUME_H
#define PHASESWEEP_ARCHIVE_RESUME_H

#include "phasesweep/archive/archive.h"
#include "phasesweep/study/job.h"

/* A chain that is not done. */
typedef struct OpenChain {
    uint32_t sweep, chain;
    /* begun before and not finished: tried again after all others */
    bool interrupted;
    /* died with its job ATTEMPTS_MOST times: not to be run */
    bool lost;
} OpenChain;

typedef struct OpenChains {
    size_t count;
    /* [count], in the order of the job; owned */
    OpenChain *chains;
    /* points that need no work */
    double finished;
} OpenChains;

/* Local.  Chains with a row that is not finished and sound; with `retry` also those with a row
 * that did not converge, failed or was lost.  Dies as archive_reader does; lost chains are
 * listed too, marked, unless `retry` asks for them. */
OpenChains chains_find(const char *archive_path, const Job *job, bool retry);

/* Local.  Leaves *chains empty. */
void chains_free(OpenChains *chains);

/* Points of the whole archive, and not only of one run. */
typedef struct PointCounts {
    /* no result */
    size_t unfinished;
    /* a result other than converged */
    size_t unconverged;
} PointCounts;

/* Local.  Exit status 0 promises that there are none of either. */
PointCounts chains_count(const char *archive_path, const Job *job);

/* ---- chains by content --------------------------------------------------------------------
 */

/* Where a job has a chain of some content. */
typedef struct ChainRef {
    /* sweep_chain_id */
    uint64_t id;
    uint32_t sweep, chain;
    /* the caller's mark; false at first */
    bool used;
} ChainRef;

/* Sorted by id, so that a look-up is a binary search; equal ids stand together. */
typedef struct ChainIndex {
    size_t count;
    /* [count], by id; owned */
    ChainRef *chains;
} ChainIndex;

/* Local.  All chains of a job.  Owned by the caller; the job is not kept. */
ChainIndex chains_index(const Job *job);
void chains_index_free(ChainIndex *index);

/* Local.  A chain of that content, preferably one not used yet, or NULL.  Borrowed from the
 * index; set `used` to have the next look-up pass it over. */
ChainRef *chains_lookup(ChainIndex *index, uint64_t id);

#endif
