/* Lending cores within a team on one node.  The mask of rank 0 is widened before OpenBLAS
 * makes its threads, for threads inherit it; the lenders sleep between tests for a barrier
 * instead of spinning on what they lent.
 *
 * OpenBLAS keeps one pool of threads a process: their number is set before and after each
 * loan.
 */
#define _GNU_SOURCE
#include "phasesweep/parallel/core_lending.h"

#include <assert.h>
#include <time.h>

#include "phasesweep/numerics/blas_library.h"

/* Long against a test for a message, short against the calls that cores are lent to. 0.1 ms. */
static const struct timespec nap = {.tv_nsec = 100000};

void cores_one_thread(void)
{
    blas_set_threads(1);
}

Cores cores_find(MPI_Comm team)
{
    Cores cores = {.team = team};
    MPI_Comm_rank(team, &cores.rank);
    CPU_ZERO(&cores.own);
    /* before anything is lent: what mpirun bound this rank to */
    sched_getaffinity(0, sizeof cores.own, &cores.own);
    MPI_Comm node;
    int ranks;
    MPI_Comm_split_type(team, MPI_COMM_TYPE_SHARED, cores.rank, MPI_INFO_NULL, &node);
    MPI_Comm_size(node, &ranks);
    /* a mask is a row of bits: or-ing bytes is the union */
    MPI_Allreduce(&cores.own, &cores.all, sizeof cores.own, MPI_BYTE, MPI_BOR, node);
    MPI_Comm_free(&node);
    const int count = CPU_COUNT(&cores.all);
    /* unbound ranks all see the whole node: not more threads than ranks to lend cores */
    cores.threads = ranks < count ? ranks : count > 0 ? count : 1;
    return cores;
}

void cores_borrow(const Cores *cores)
{
    assert(cores->threads >= 1);
    if (cores->rank == 0) {
        /* first the mask, which the threads that OpenBLAS makes now inherit */
        sched_setaffinity(0, sizeof cores->all, &cores->all);
        blas_set_threads(cores->threads);
    }
}

void cores_return(const Cores *cores)
{
    if (cores->rank == 0) {
        blas_set_threads(1);
        sched_setaffinity(0, sizeof cores->own, &cores->own);
    }
    MPI_Request done;
    /* a blocking barrier would spin on the cores that were lent */
    MPI_Ibarrier(cores->team, &done);
    int met = 0;
    MPI_Test(&done, &met, MPI_STATUS_IGNORE);
    while (!met) {
        nanosleep(&nap, NULL);
        MPI_Test(&done, &met, MPI_STATUS_IGNORE);
    }
}
