#include "ranks.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "rank_output.h"
#include "team_memory.h"

/* Ranks that share memory are of one node. */
static int node_count(MPI_Comm comm)
{
    MPI_Comm node;
    int place, nodes;
    MPI_Comm_split_type(comm, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node);
    MPI_Comm_rank(node, &place);
    MPI_Comm_free(&node);
    const int leads = place == 0;
    MPI_Allreduce(&leads, &nodes, 1, MPI_INT, MPI_SUM, comm);
    assert(nodes >= 1);
    return nodes;
}

void ranks_print(MPI_Comm comm)
{
    int ranks, length;
    char library[MPI_MAX_LIBRARY_VERSION_STRING];
    MPI_Comm_size(comm, &ranks);
    const int nodes = node_count(comm);
    const double memory = team_memory(comm);
    MPI_Get_library_version(library, &length);
    library[strcspn(library, ",\n")] = '\0';
    if (rank_output_is_first_rank()) {
        printf("%d rank%s on %d node%s, %.3g GB a rank, %s\n", ranks, ranks == 1 ? "" : "s",
               nodes, nodes == 1 ? "" : "s", 1e-9 * memory, library);
    }
}
