/* team_memory.h - private to app: the memory that every rank of a communicator may use. */
#ifndef PHASESWEEP_APP_TEAM_MEMORY_H
#define PHASESWEEP_APP_TEAM_MEMORY_H

#include <mpi.h>

/* Collective on comm.  Bytes a rank (memory_limit.h), the least of all ranks and the same on
 * all of them. */
double team_memory(MPI_Comm comm);

#endif
