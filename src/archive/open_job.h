/* open_job.h - private to report, diff and probe: an archive opened with the job inside.
 *
 * Read only: no lock is taken and the file may be being written.
 */
#ifndef PHASESWEEP_ARCHIVE_OPEN_JOB_H
#define PHASESWEEP_ARCHIVE_OPEN_JOB_H

#include "phasesweep/archive/archive.h"
#include "phasesweep/base/check.h"

/* May be handed around by value; one of them is to be closed. */
typedef struct Opened {
    /* borrowed */
    const char *path;
    /* owned */
    Job *job;
    /* owned */
    ArchiveReader *reader;
    /* buffer of one chain; owned */
    Rows *rows;
} Opened;

/* Local, without MPI.  Do all of a command that only reads one or two files (path_b may be
 * NULL) in a child, and return its status: HDF5 may crash on a damaged file, or ask for memory
 * without end; the child gets 4 GiB and four times the bytes of the files.  After a crash dies
 * with STATUS_WRONG_INPUT, naming them. */
ExitStatus archive_apart(const char *path_a, const char *path_b,
                         ExitStatus (*body)(void *context), void *context);

/* Local.  Dies with STATUS_WRONG_INPUT if there is no sound archive at path; to be closed by
 * the caller. */
Opened open_job_archive(const char *path);

/* Local.  Leaves *opened empty. */
void open_job_close(Opened *opened);

#endif
