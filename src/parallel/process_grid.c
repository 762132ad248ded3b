/* BLACS has handles of communicators and contexts of grids, and both must be given back:
 * teams come and go by the thousand.
 *
 * As square as can be: reductions and updates of a decomposition go along rows and columns.
 */
#include "phasesweep/parallel/process_grid.h"

#include "scalapack.h"

ProcessGrid process_grid_create(MPI_Comm comm)
{
    int ranks;
    MPI_Comm_size(comm, &ranks);
    int shape[2] = {0, 0};
    /* shape[0] >= shape[1]: fewer rows than columns */
    MPI_Dims_create(ranks, 2, shape);
    ProcessGrid grid = {.handle = Csys2blacs_handle(comm)};
    grid.context = grid.handle;
    /* from the handle of this communicator: BLACS' default context would be the world */
    Cblacs_gridinit(&grid.context, "Row", shape[1], shape[0]);
    Cblacs_gridinfo(grid.context, &grid.rows, &grid.columns, &grid.row, &grid.column);
    return grid;
}

void process_grid_free(ProcessGrid *grid)
{
    Cblacs_gridexit(grid->context);
    Cfree_blacs_system_handle(grid->handle);
    *grid = (ProcessGrid){0};
}
