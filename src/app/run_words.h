/* run_words.h - private to run: what a run says to people, on stderr, beside its progress.
 *
 * Root only, all of it.  One line each but for points that are not good, none where there is
 * nothing to say.
 */
#ifndef PHASESWEEP_APP_RUN_WORDS_H
#define PHASESWEEP_APP_RUN_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "phasesweep/app/plan.h"
#include "phasesweep/app/run.h"
#include "phasesweep/archive/resume.h"

/* Local.  What is about to be computed: a first line at once, for preparing large data may take
 * minutes; or that nothing is open. */
void words_begin(const char *path, const Plan *plan, int workers);
void words_finished(const char *path, const OpenChains *open);

/* Local.  What refinement asks for in a further round, from 1; and of sweeps of which it asks
 * for nothing more, how much that was in all. */
void words_round(const char *path, size_t round, const Plan *plan);
void words_refined(const char *path, const Job *job, const OpenChains *open);

/* Local.  What will not be computed for want of memory, and what outlasts `limit` seconds. */
void words_refusals(const Plan *plan, int workers);
void words_too_long(const Plan *plan, int workers, double limit, const CostModel *costs);

/* Local.  When all is over, and how many seconds before that trainings are saved. */
void words_deadline(const RunRequest *request, double margin);

/* Local.  The whole line that goes on with `ranks` ranks, as this run was started; option: ""
 * or one with a blank behind it.  Owned by the caller. */
char *words_resume(const char *path, const char *option, int ranks);

/* Local.  How it ended, and what can be done next: where the file is, which points are not good
 * and why, how to draw it; or, stopped, how to go on.  hopeless: all that is left takes longer
 * than any run.  ranks: of the communicator. */
void words_end(const char *path, const Job *job, const PointCounts *counts, int ranks);
void words_stopped(const char *path, const ScheduleState *state, bool hopeless, int ranks);

#endif
