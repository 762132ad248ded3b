/* lines.h - which lines of a job are still to do, and which lines two jobs share. */
#ifndef PHASESWEEP_LINES_H
#define PHASESWEEP_LINES_H

#include "archive.h"
#include "job.h"

typedef struct OpenLine {
    uint32_t sweep, line;
    bool     interrupted;   /* begun before and not finished: tried again after all others */
    bool     lost;          /* died with its job ATTEMPTS_MOST times: not to be run */
} OpenLine;

typedef struct OpenLines {
    size_t    count;
    OpenLine *lines;        /* [count], in the order of the job; owned */
    double    finished;     /* points that need no work */
} OpenLines;

/* Local.  Lines with a row that is not finished and sound; with `retry` also those with a row
 * that did not converge, failed or was lost. */
OpenLines lines_find(const char *archive_path, const Job *job, bool retry);

/* Local.  Leaves *lines empty. */
void lines_free(OpenLines *lines);

/* ---- lines by content -------------------------------------------------------------------- */

typedef struct LineRef {
    uint64_t id;            /* sweep_line_id */
    uint32_t sweep, line;
    bool     used;          /* the caller's mark; false at first */
} LineRef;

typedef struct LineIndex {
    size_t   count;
    LineRef *lines;         /* [count], by id; owned */
} LineIndex;

/* Local.  All lines of a job. */
LineIndex lines_index(const Job *job);
void lines_index_free(LineIndex *index);

/* Local.  A line of that content, preferably one not used yet, or NULL. */
LineRef *lines_lookup(LineIndex *index, uint64_t id);

#endif
