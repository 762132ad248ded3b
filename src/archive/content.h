/* content.h - private to extend and diff: chains and points by what they are.
 *
 * Two chains with one id are the same points solved in the same way, in whatever sweep, so that
 * their rows are equal to the bit.  Two points with one id are the same problem, perhaps
 * reached from other neighbours: their rows agree to their tolerance.
 */
#ifndef PHASESWEEP_ARCHIVE_CONTENT_H
#define PHASESWEEP_ARCHIVE_CONTENT_H

#include "phasesweep/archive/archive.h"

/* Where a job has something of that content; 16 bytes, for there may be 10^8 of them. */
typedef struct ContentRef {
    /* of sweep_chain_id or sweep_point_id */
    uint64_t id;
    /* number of the chain or point in its sweep */
    uint32_t place;
    unsigned sweep : 31;
    /* the caller's mark; 0 at first */
    unsigned used : 1;
} ContentRef;

/* Sorted by id, so that a look-up is a binary search; equal ids stand together in the order of
 * the job. */
typedef struct ContentIndex {
    size_t count;
    /* [count]; owned */
    ContentRef *refs;
} ContentIndex;

/* Local.  All chains of a job; and the points of those that are not used.  The job is not kept.
 * Release with content_free. */
ContentIndex content_chains(const Job *job);
ContentIndex content_points(const Job *job, const ContentIndex *chains);
void content_free(ContentIndex *index);

/* Local.  All of that content, *count of them, NULL if there are none; and the first of them
 * that is not used, or NULL.  Borrowed from the index. */
ContentRef *content_find(const ContentIndex *index, uint64_t id, size_t *count);
ContentRef *content_unused(const ContentIndex *index, uint64_t id);

/* Local.  In the order of the job: rows are then read in turn, and nothing is found any more.
 */
void content_sort_by_place(ContentIndex *index);

/* The rows of one chain at a time, kept until another is asked for. */
typedef struct ContentRows {
    /* borrowed, all of them; rows is written */
    ArchiveReader *reader;
    const Job *job;
    Rows *rows;
    /* what rows holds; count 0: nothing */
    size_t sweep, first, count;
} ContentRows;

/* Local.  Read the chain of a point; the place of the point among the rows. */
size_t content_row(ContentRows *rows, size_t sweep, size_t point);

#endif
