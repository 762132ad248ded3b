/* run_words.h - private to run: what a run says to people, on stderr, beside its progress.
 *
 * Root only, all of it.  One line each, none where there is nothing to say.
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

/* Local.  What will not be computed for want of memory, and what outlasts `limit` seconds. */
void words_refusals(const Plan *plan, int workers);
void words_too_long(const Plan *plan, int workers, double limit, const CostModel *costs);

/* Local.  When all is over, and how many seconds before that trainings are saved. */
void words_deadline(const RunRequest *request, double margin);

/* Local.  How it ended, and what can be done next: all computed, or stopped; hopeless: all that
 * is left takes longer than any run. */
void words_end(const char *path, const Plan *plan, size_t unconverged);
void words_stopped(const char *path, bool hopeless);

#endif
