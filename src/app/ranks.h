/* ranks.h - private to app: what a launcher made of its command line.
 *
 * A launcher that speaks another PMI than this MPI starts every rank as a program of its own,
 * and one that knows nothing of the batch system puts all ranks on one node: both run, badly,
 * and say nothing.
 */
#ifndef PHASESWEEP_APP_RANKS_H
#define PHASESWEEP_APP_RANKS_H

#include <mpi.h>

/* Collective on comm.  One line on the standard output of each first rank: "4 ranks on 2
 * nodes, 3.4 GB a rank, Open MPI v4.1.4". */
void ranks_print(MPI_Comm comm);

#endif
