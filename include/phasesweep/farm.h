/* farm.h - a master hands lines to workers; it knows no physics.
 *
 * Rank 0 is the master: it sleeps between polls and keeps two lines queued at every
 * worker, so that it costs a node nothing (start one rank more than cores).  A line is
 * computed and stored by its worker; messages carry indices only.
 */
#ifndef PHASESWEEP_FARM_H
#define PHASESWEEP_FARM_H

#include <mpi.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct FarmWork {
    size_t count;                                       /* number of tasks */
    void (*run)(void *context, MPI_Comm team, size_t task);  /* compute and store one */
    void (*progress)(void *context, size_t done);       /* on the master, often */
    bool (*stop)(void *context);                        /* on the master: hand out no more? */
    void  *context;                                     /* borrowed */
} FarmWork;

/* Collective on comm, any size.  Run tasks 0 ... count-1, handed out in that order; put the
 * largest first.  Returns the number finished, the same on all ranks; below count only if
 * stop asked. */
size_t farm_run(MPI_Comm comm, const FarmWork *work);

#endif
