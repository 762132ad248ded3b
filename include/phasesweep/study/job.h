/* job.h - a YAML job file as checked sweeps.
 *
 * Nothing here communicates: rank 0 reads the file, all ranks parse the same bytes.
 *
 * All errors of a file are found before the first point, each with its line.  A job is plain
 * values after that: it may be read by any number of callers and is not changed.
 */
#ifndef PHASESWEEP_STUDY_JOB_H
#define PHASESWEEP_STUDY_JOB_H

#include <stdbool.h>
#include <stddef.h>

#include "phasesweep/study/chain.h"

enum { TITLE_LENGTH = 256, JOB_BYTES_MOST = 16 << 20 };

typedef struct Job {
    char title[TITLE_LENGTH];
    size_t sweep_count;
    Sweep *sweeps; /* [sweep_count]; owned */
} Job;

/* Local.  The text of a job file, owned by the caller; dies with STATUS_WRONG_INPUT if it
 * cannot be read, is larger than JOB_BYTES_MOST or holds a NUL byte. */
char *job_read(const char *path);

/* Local.  Add assignments KEY=VALUE to the text as its `override` mapping, so that what is
 * stored and compared on resume is one text.  Takes text over; the result is owned by the
 * caller.  Dies with STATUS_WRONG_INPUT if an assignment is wrong by itself. */
char *job_override(char *text, char *const assignments[], size_t count);

/* Looks at a file of data: fills in rows, dimension and content, or says what is wrong with the
 * file in one line, owned by the caller, and of which of the two keys, KEY_DATA or KEY_TARGET.
 */
typedef char *(*DataSurvey)(DataSource *source, KeyId *key);

/* Local.  Ask for every file of data that the sweeps name, and add what is known of them to the
 * text, as its list `data_files`; where the text has one, it must say the same.  So whoever has
 * the text knows all points, without a look at the files.  Takes *text over and replaces it.
 * NULL, or all errors of job and files, as from job_parse. */
char *job_survey(const char *file, char **text, DataSurvey survey);

/* Local.  Parse `length` bytes of YAML; file names it in messages.  Returns NULL and a job
 * to release with job_free, or all errors, one line each ("FILE:LINE: KEY: ..."), owned by
 * the caller, and an empty job. */
char *job_parse(const char *file, const char *text, size_t length, Job *job);

/* Local.  The job as YAML with every number written out; owned by the caller. */
char *job_resolved(const Job *job);

/* Local.  The sweep of that name, NULL if there is none. */
const Sweep *job_sweep(const Job *job, const char *name);

/* Local.  The first difference between two jobs in words, owned by the caller, or NULL if they
 * hold the same points in the same arrays; titles, comments and spelling do not count. */
char *job_difference(const Job *stored, const Job *given);

/* Local.  What is no part of that, the title and how points are computed, as in `given`, where
 * there is no difference. */
void job_take_effort(Job *job, const Job *given);

/* Local.  Put KEY=VALUE into every sweep that takes the key, of those keys alone that say how
 * points are computed.  NULL, or in a line what is wrong with it; owned by the caller. */
char *job_set_effort(Job *job, const char *assignment);

/* Local.  Give numbers of ranges the bits that `stored` has for them, where a range with other
 * ends or another count comes to the same number but for rounding; numbers that are written
 * stay.  True if any has changed. */
bool job_adopt(Job *job, const Job *stored);

/* Local.  Leaves *job empty, so a second call is harmless. */
void job_free(Job *job);

/* Local.  Name and version of the library that reads YAML; static. */
const char *job_library(void);

#endif
