/* process_grid.h - a BLACS process grid over the ranks of a communicator.
 *
 * Ranks are numbered along rows: rank r is at (r / columns, r mod columns).  A team of any size
 * has a grid of its own, which lives as long as the team; matrices (dist_matrix.h) borrow it.
 *
 * Nothing here knows matrices or their blocks; those are in dist_matrix.h.
 */
#ifndef PHASESWEEP_PARALLEL_PROCESS_GRID_H
#define PHASESWEEP_PARALLEL_PROCESS_GRID_H

#include <mpi.h>

typedef struct ProcessGrid {
    MPI_Comm comm;     /* borrowed */
    int context;       /* BLACS context */
    int handle;        /* BLACS system handle of the communicator */
    int rows, columns; /* shape, rows * columns = ranks of the communicator */
    int row, column;   /* this rank's place */
} ProcessGrid;

/* Local.  Its shape: as square as the number of ranks allows, rows <= columns. */
void process_grid_shape(int ranks, int *rows, int *columns);

/* Collective on comm, which is borrowed and must outlive the grid.  Release with
 * process_grid_free (collective). 70-155 microseconds with its communicator, made and freed: a
 * grid a task is cheap. */
ProcessGrid process_grid_create(MPI_Comm comm);
void process_grid_free(ProcessGrid *grid);

#endif
