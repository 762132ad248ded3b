/* archive.h - the one HDF5 file that holds every record.
 *
 * A group per sweep; in it the varied axes as dimension scales and every field as an array
 * over them, with outcome (int8) and checksum.  The structure is complete before the first
 * point: built by one rank under a temporary name, space reserved, closed, renamed.  From
 * then on there are only independent raw writes, payload first, then checksum, outcome
 * last, so that kill -9 loses at most the lines in flight.
 */
#ifndef PHASESWEEP_ARCHIVE_H
#define PHASESWEEP_ARCHIVE_H

#include <mpi.h>
#include <stdbool.h>
#include <stdint.h>

#include "job.h"
#include "record.h"

typedef struct Archive Archive;

/* Root only.  True if something exists at path; dies with STATUS_WRONG_INPUT if it is not
 * an archive of ours.  *text is the job inside, owned by the caller. */
bool archive_read_job(const char *path, char **text);

/* Root only.  Build the file; dies with STATUS_ENVIRONMENT, leaving nothing, if it cannot. */
void archive_create(const char *path, const Job *job, const char *text);

/* Root only.  outcome[sweep_points] of one sweep; rows with a wrong checksum, and rows that
 * were running, count as never run. */
void archive_read_outcomes(const char *path, const Sweep *sweep, int8_t outcome[]);

/* Collective on comm, which must outlive the archive and must not be Cartesian (silent
 * corruption with Open MPI 4.1).  Open for writing rows; close with archive_close. */
Archive *archive_open(MPI_Comm comm, const char *path, const Job *job);
void archive_close(Archive *archive);

/* Local.  Write the rows of a line; dies with STATUS_ENVIRONMENT if the disk refuses. */
void archive_store(Archive *archive, size_t sweep, size_t first, size_t count,
                   const Record records[]);

#endif
