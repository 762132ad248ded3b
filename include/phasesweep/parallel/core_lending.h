/* core_lending.h - the cores of ranks that wait, lent to rank 0 of their team for one BLAS
 * call.
 *
 * On one node a threaded LAPACK solves a symmetric eigenproblem faster than the same cores do
 * as ranks of ScaLAPACK (2 cores, n = 3200: see tests/bench/bench_eigen.c).  Two things stand
 * in its way: mpirun binds a rank and all its threads to one core, and ranks that wait in MPI
 * spin on theirs.
 *
 * A team on several nodes borrows the cores of rank 0's node alone.  Affinities are restored
 * on return, so that what runs later finds one core a rank again.
 */
#ifndef PHASESWEEP_PARALLEL_CORE_LENDING_H
#define PHASESWEEP_PARALLEL_CORE_LENDING_H

#include <mpi.h>
#include <sched.h>

typedef struct Cores {
    MPI_Comm team; /* borrowed; must outlive this */
    int rank;      /* in the team */
    int threads;   /* >= 1: ranks of the team on this node, at most one a core */
    cpu_set_t own; /* where this rank may run */
    cpu_set_t all; /* where any rank of the team on this node may run */
} Cores;

/* Local.  BLAS calls of this process take one thread, whatever OpenBLAS found: the ranks are
 * the parallelism, and the threads of several ranks on the same cores halve the speed. */
void cores_one_thread(void);

/* Collective on team.  Changes nothing yet. */
Cores cores_find(MPI_Comm team);

/* Collective on the team: between the two, BLAS calls of rank 0 use `threads` threads.  The
 * other ranks sleep in cores_return until rank 0 comes there.  OpenBLAS keeps the threads it
 * has made, and they spin for about 20 ms after a call before they sleep: not for calls that
 * are shorter than that. */
void cores_borrow(const Cores *cores);
void cores_return(const Cores *cores);

#endif
