/* run.h - a job, the farm and the archive put together.
 *
 * The order of a run: signals, then rank 0 looks at job and archive and locks it, then MPI,
 * then all ranks together open the archive, compute and close it.  A stop that was asked for
 * ends in STATUS_STOPPED with everything finished so far on the disk.
 *
 * All ranks return the same status.  A rank that fails by itself ends them all (check.h).
 */
#ifndef PHASESWEEP_APP_RUN_H
#define PHASESWEEP_APP_RUN_H

#include <mpi.h>
#include <stdbool.h>
#include <stddef.h>

#include "phasesweep/base/check.h"

/* What `run` and `resume` were asked for. */
typedef struct RunRequest {
    /* names the job in messages; NULL: the job inside the archive */
    const char *job_path;
    const char *archive_path;
    /* keep the shared results of an archive of another job */
    bool extend;
    /* also points that did not converge, failed or were lost */
    bool retry;
    /* seconds since 1970 at which all must be over, INFINITY: no limit; who says so, borrowed;
     * and the seconds that a run of the same job has from its begin on, 0: unknown; read on
     * rank 0 */
    double deadline;
    const char *deadline_source;
    double time_limit;
    /* [set_count] KEY=VALUE for the job inside the archive, of keys that change no result;
     * borrowed; none with a job_path, whose text has its own */
    char *const *sets;
    size_t set_count;
} RunRequest;

/* What rank 0 found out and holds before MPI starts. */
typedef struct RunStart RunStart;

/* Local.  From now on SIGTERM, SIGINT and SIGUSR1 only ask to stop; call it on every rank
 * before anything else, since batch systems signal early. */
void run_stop_on_signals(void);

/* Root only, before MPI starts, so that wrong input ends in one plain line.  Lock the archive,
 * check that it holds this job (text, taken over; NULL for resume) or make room for it.  Dies
 * with STATUS_WRONG_INPUT and nothing changed if the archive holds another job, is in use or is
 * no archive. */
RunStart *run_prepare(const RunRequest *request, char *text);

/* Collective on comm.  Compute what is not done; `start` on rank 0 is taken over, NULL
 * elsewhere.  A signal stops it after the chains in flight.  Returns the exit status, the
 * same on all ranks. */
ExitStatus run_job(MPI_Comm comm, const RunRequest *request, RunStart *start);

#endif
