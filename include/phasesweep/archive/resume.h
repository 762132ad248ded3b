/* resume.h - which chains of a job are still to do.
 *
 * A chain is the unit of resume: it is done when every row of it is, and otherwise all of it
 * is redone, because its points start from each other; but for rows that an --extend has taken
 * over, which stay.  All of this is read before the run
 * opens the archive for writing; dies as archive_reader does.
 */
#ifndef PHASESWEEP_ARCHIVE_RESUME_H
#define PHASESWEEP_ARCHIVE_RESUME_H

#include "phasesweep/archive/archive.h"
#include "phasesweep/study/job.h"

/* A chain that is not done. */
typedef struct OpenChain {
    uint32_t sweep, chain;
    /* died with a run before: tried again after all others */
    bool interrupted;
    /* left by the last run as if it went on: to be settled */
    bool running;
    /* died with its job ATTEMPTS_MOST times: not to be run */
    bool lost;
    /* a row that was taken over is damaged: all of it is to be forgotten (archive_forget) */
    bool spoilt;
    /* points to compute: all but those taken over */
    size_t missing;
} OpenChain;

typedef struct OpenChains {
    size_t count;
    /* [count], in the order of the job; owned */
    OpenChain *chains;
    /* points that need no work */
    double finished;
    /* what the last run left as if it went on was no attempt: an environment ended it */
    bool excused;
} OpenChains;

/* Local.  Chains with a row that is not finished and sound; with `retry` also those with a row
 * that did not converge, failed or was lost.  Dies as archive_reader does; lost chains are
 * listed too, marked, unless `retry` asks for them.  node_loss: that ended the last run. */
OpenChains chains_find(const char *archive_path, const Job *job, bool retry, bool node_loss);

/* Local.  Leaves *chains empty. */
void chains_free(OpenChains *chains);

/* Points that are named of each outcome. */
enum { POINTS_NAMED = 3 };

/* One of which the outcome is not good; what its row says of it, NAN where it says nothing. */
typedef struct BadPoint {
    size_t sweep, point;
    double iterations, off; /* off: its gap, or else its residual */
} BadPoint;

/* Points of the whole archive, and not only of one run. */
typedef struct PointCounts {
    /* no result */
    size_t unfinished;
    /* a result other than converged */
    size_t unconverged;
    /* by outcome, and the first of those that are not good */
    size_t outcome[OUTCOME_COUNT];
    BadPoint bad[OUTCOME_COUNT][POINTS_NAMED];
} PointCounts;

/* Local.  Exit status 0 promises that there are none of either. */
PointCounts chains_count(const char *archive_path, const Job *job);

#endif
