/* pgrid.h - a BLACS process grid over the ranks of a communicator.
 *
 * Ranks are numbered along rows: rank r is at (r / columns, r mod columns).  A team of any size
 * has a grid of its own, which lives as long as the team; matrices (dmat.h) borrow it.
 *
 * Nothing here knows matrices or their blocks; those are in dmat.h.
 */
#ifndef PHASESWEEP_PGRID_H
#define PHASESWEEP_PGRID_H

#include <mpi.h>

typedef struct ProcessGrid {
    int context;        /* BLACS context */
    int handle;         /* BLACS system handle of the communicator */
    int rows, columns;  /* shape, rows * columns = ranks of the communicator */
    int row, column;    /* this rank's place */
} ProcessGrid;

/* Collective on comm, which is borrowed and must outlive the grid.  As square as the number
 * of ranks allows.  Release with pgrid_free (collective). 70-155 microseconds with its
 * communicator, made and freed: a grid a task is cheap. */
ProcessGrid pgrid_create(MPI_Comm comm);
void pgrid_free(ProcessGrid *grid);

#endif
