/* Nodes may differ, and a team may have ranks on several of them: the poorest rank decides. */
#include "team_memory.h"

#include "phasesweep/base/memory_limit.h"

double team_memory(MPI_Comm comm)
{
    MPI_Comm node;
    int ranks;
    MPI_Comm_split_type(comm, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node);
    MPI_Comm_size(node, &ranks);
    MPI_Comm_free(&node);
    double bytes = memory_per_rank(ranks);
    MPI_Allreduce(MPI_IN_PLACE, &bytes, 1, MPI_DOUBLE, MPI_MIN, comm);
    return bytes;
}
