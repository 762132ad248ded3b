/* saved_grid.h - vectors of lower triangles (lower_triangle.h) in a checkpoint, for the team
 * that saved them and for any other.  Private to src/training/spread.
 *
 * The file has the share of each rank of the team that saved, one after the other.  A rank of
 * another team reads those columns of each share that it has itself.
 */
#ifndef PHASESWEEP_TRAINING_SAVED_GRID_H
#define PHASESWEEP_TRAINING_SAVED_GRID_H

#include "checkpoint.h"
#include "lower_triangle.h"

/* How a matrix was spread; saved as it is. */
typedef struct SavedGrid {
    int d, block, rows, columns;
} SavedGrid;

/* Local. */
SavedGrid saved_grid_of(const DistMatrix *a);
bool saved_grid_is(const SavedGrid *saved, const DistMatrix *a);

/* Collective on the team of the visitor, which is loading.  The next item, this rank's part of
 * it on the grid of a: vector [triangle->entries]. */
void saved_grid_fetch(const SavedGrid *saved, StateVisitor *visitor, const DistMatrix *a,
                      const LowerTriangle *triangle, double vector[]);

#endif
