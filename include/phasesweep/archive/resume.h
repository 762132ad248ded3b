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

/* Where refinement of a sweep has come to its end. */
typedef struct RefinedSweep {
    uint32_t sweep;
    /* points that were asked for, and cells of points apart for which there was no room */
    size_t asked, waiting;
    /* planes, and those of which no number that decides is there: they stay at their coarsest
     */
    size_t planes, blind;
    /* rows that are still to be marked as left out */
    bool unmarked;
    /* [sweep_points] not to be marked: asked for, or with a result all the same; owned */
    bool *kept;
} RefinedSweep;

/* What is known of the points of a sweep; opaque. */
typedef struct RefinedRows RefinedRows;

typedef struct OpenChains {
    size_t count;
    /* [count], in the order of the job; owned */
    OpenChain *chains;
    /* points that need no work */
    double finished;
    /* once these are done, refinement may ask for further ones */
    bool more;
    /* [refined_count] sweeps of which it asks for nothing more; owned */
    RefinedSweep *refined;
    size_t refined_count;
    /* for the next round: [sweeps]; owned */
    RefinedRows *rows;
    size_t sweeps;
    bool retried;
    /* what the last run left as if it went on was no attempt: an environment ended it */
    bool excused;
} OpenChains;

/* Which chains count as open. */
typedef struct ChainsWish {
    /* also those with a row that did not converge, failed or was lost */
    bool retry;
    /* that ended the last run */
    bool node_loss;
    /* the run goes on, by what refinement asks for next: all that this round has found is done,
     * and what was refused stays so.  NULL: the first round; what it knows is taken over */
    OpenChains *last;
} ChainsWish;

/* Local.  Chains with a row that is not finished and sound; of sweeps that are refined, those
 * that it asks for, by what is stored, as far as its rounds go without what is still open. Dies
 * as archive_reader does; lost chains are listed too, marked, unless they are to be retried. */
OpenChains chains_find(const char *archive_path, const Job *job, ChainsWish wish);

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
    /* of those, that are of methods that draw data: another try may end otherwise */
    size_t drawn;
    /* by outcome, and the first of those that are not good */
    size_t outcome[OUTCOME_COUNT];
    BadPoint bad[OUTCOME_COUNT][POINTS_NAMED];
} PointCounts;

/* Local.  Exit status 0 promises that there are none of either. */
PointCounts chains_count(const char *archive_path, const Job *job);

#endif
