/* BLACS has handles of communicators and contexts of grids, and both must be given back:
 * teams come and go by the thousand.
 *
 * As square as can be: reductions and updates of a decomposition go along rows and columns.
 */
#include "phasesweep/parallel/process_grid.h"

#include <math.h>

#include "scalapack.h"

enum { BLACS_TOPS_REPEAT = 15 };

void process_grid_shape(int ranks, int *rows, int *columns)
{
    *rows = (int)sqrt(ranks);
    while (ranks % *rows != 0) {
        --*rows;
    }
    *columns = ranks / *rows;
}

ProcessGrid process_grid_create(MPI_Comm comm)
{
    int ranks;
    MPI_Comm_size(comm, &ranks);
    int rows;
    int columns;
    process_grid_shape(ranks, &rows, &columns);
    ProcessGrid grid = {.comm = comm, .handle = Csys2blacs_handle(comm)};
    grid.context = grid.handle;
    /* from the handle of this communicator: BLACS' default context would be the world */
    Cblacs_gridinit(&grid.context, "Row", rows, columns);
    /* sums in one order, not in that of arrival: equal runs give equal bits */
    const int repeatable = 1;
    Cblacs_set(grid.context, BLACS_TOPS_REPEAT, &repeatable);
    Cblacs_gridinfo(grid.context, &grid.rows, &grid.columns, &grid.row, &grid.column);
    return grid;
}

void process_grid_free(ProcessGrid *grid)
{
    Cblacs_gridexit(grid->context);
    Cfree_blacs_system_handle(grid->handle);
    *grid = (ProcessGrid){0};
}
