/* opened.h - private to inspect and diff: an archive opened with the job inside.
 *
 * Read only: no lock is taken and the file may be being written.
 */
#ifndef PHASESWEEP_OPENED_H
#define PHASESWEEP_OPENED_H

#include "phasesweep/archive.h"

/* May be handed around by value; one of them is to be closed. */
typedef struct Opened {
    /* borrowed */
    const char *path;
    /* owned */
    Job  *job;
    /* owned */
    ArchiveReader *reader;
    /* buffer of one line; owned */
    Rows *rows;
} Opened;

/* Dies with STATUS_WRONG_INPUT if there is no sound archive at path. */
Opened opened_archive(const char *path);
void opened_close(Opened *opened);

/* The coordinates of a point, "samples = 3, weight_decay = 0.5"; owned by the caller. */
char *opened_point_name(const Sweep *sweep, size_t point);

#endif
