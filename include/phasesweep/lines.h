/* lines.h - which lines of a job are still to do, and which lines two jobs share.
 *
 * A line is the unit of resume: it is done when every row of it is, and otherwise all of it
 * is redone, because its points start from each other.  All of this is read before the run
 * opens the archive for writing; dies as archive_reader does.
 *
 * By content: two lines with one id are the same points solved in the same way, in whatever
 * sweep, so that their results can be taken over or compared.
 */
#ifndef PHASESWEEP_LINES_H
#define PHASESWEEP_LINES_H

#include "archive.h"
#include "job.h"

/* A line that is not done. */
typedef struct OpenLine {
    uint32_t sweep, line;
    /* begun before and not finished: tried again after all others */
    bool     interrupted;
    /* died with its job ATTEMPTS_MOST times: not to be run */
    bool     lost;
} OpenLine;

typedef struct OpenLines {
    size_t    count;
    /* [count], in the order of the job; owned */
    OpenLine *lines;
    /* points that need no work */
    double    finished;
} OpenLines;

/* Local.  Lines with a row that is not finished and sound; with `retry` also those with a row
 * that did not converge, failed or was lost.  Dies as archive_reader does; lost lines are
 * listed too, marked, unless `retry` asks for them. */
OpenLines lines_find(const char *archive_path, const Job *job, bool retry);

/* Local.  Leaves *lines empty. */
void lines_free(OpenLines *lines);

/* Local.  Points of the whole archive, and not only of one run, that did not converge: exit
 * status 0 promises that there are none.  Points that were never run count as well. */
size_t lines_unconverged(const char *archive_path, const Job *job);

/* ---- lines by content -------------------------------------------------------------------- */

/* Where a job has a line of some content. */
typedef struct LineRef {
    /* sweep_line_id */
    uint64_t id;
    uint32_t sweep, line;
    /* the caller's mark; false at first */
    bool     used;
} LineRef;

/* Sorted by id, so that a look-up is a binary search; equal ids stand together. */
typedef struct LineIndex {
    size_t   count;
    /* [count], by id; owned */
    LineRef *lines;
} LineIndex;

/* Local.  All lines of a job.  Owned by the caller; the job is not kept. */
LineIndex lines_index(const Job *job);
void lines_index_free(LineIndex *index);

/* Local.  A line of that content, preferably one not used yet, or NULL.  Borrowed from the
 * index; set `used` to have the next look-up pass it over. */
LineRef *lines_lookup(LineIndex *index, uint64_t id);

#endif
