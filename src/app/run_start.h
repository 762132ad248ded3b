/* run_start.h - private to run: what rank 0 hands from the time before MPI to the run.
 *
 * It exists on rank 0 alone: elsewhere the pointer is NULL, which is how a rank knows.
 */
#ifndef PHASESWEEP_APP_RUN_START_H
#define PHASESWEEP_APP_RUN_START_H

#include <stdbool.h>

#include "phasesweep/app/run.h"
#include "phasesweep/archive/archive.h"
#include "phasesweep/archive/lock.h"
#include "phasesweep/study/job.h"

struct RunStart {
    /* of the archive; owned, released at the end or by `die` */
    Lock *lock;
    /* the archive, without a symbolic link; owned */
    char *path;
    /* of the job to run; owned */
    char *text;
    /* the same job as given, whose effort counts; NULL: that of text does; owned */
    char *effort;
    /* of the archive's job if that has to be extended, else NULL; owned */
    char *stored;
    /* the job to extend it to as it was written, if text is not; NULL: text; owned */
    char *written;
};

/* Local.  Parse the text of a job; leaves with STATUS_WRONG_INPUT and all errors on stderr.
 * What an archive holds was checked when it was written: it fails on a damaged one alone. */
Job run_parse(const char *name, const char *text);

/* Local.  The request's keys put into its job, before any rank computes; dies with
 * STATUS_WRONG_INPUT at one that cannot be. */
void run_apply_sets(const RunRequest *request, Job *job);

/* Local.  NULL if the archive at path, which holds the job `old`, is one of the given job; else
 * the first difference, owned by the caller. */
char *run_difference(const char *path, const Job *old, const Job *given);

/* Local.  Whether one of the signals of run_stop_on_signals has come; context is not read. */
bool run_should_stop(void *context);

/* Local.  From now on a signal that asks to stop, or ends this process by its own fault, is
 * said in the archive (archive_last_words); NULL: not any more. */
void run_stop_speak_for(Archive *archive);

/* Local.  The same as such a signal says, for a rank that heard of it from another. */
void run_stop_heard(void);

#endif
