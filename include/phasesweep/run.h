/* run.h - a job, the farm and the archive put together. */
#ifndef PHASESWEEP_RUN_H
#define PHASESWEEP_RUN_H

#include <mpi.h>

#include "check.h"

/* Collective on comm.  Run the job of this text (rank 0 only, taken over; NULL: the job inside
 * the archive) into archive, creating it or continuing it if it holds the same job; job_path
 * names the text in messages, NULL on all ranks if there is none.  SIGTERM, SIGINT and SIGUSR1 stop
 * it after the lines in flight.  Returns the exit status, the same on all ranks. */
ExitStatus run_job(MPI_Comm comm, const char *job_path, char *text, const char *archive_path);

/* Local.  Print the counts of every outcome of every sweep. */
ExitStatus run_status(const char *archive_path);

#endif
