/* refinement.h - which points of a plane are worth computing, chosen in rounds.
 *
 * The plane is the full grid of two axes.  The first round asks for every 2^depth-th point of
 * either axis, and the last: the corners of coarse cells.  Each further round looks at what is
 * known, and asks within the cells whose known points (corners, and those that finer cells
 * beside it have on its border) are apart: for corners of theirs that are not known yet, for
 * their middle, and for the middles of those of their sides whose ends are apart; and so on
 * within the four quarters, down to single steps of the full grid.  The middle of a side with
 * equal ends counts as equal to them until a quarter beside it is apart; then it is asked for,
 * too: a line that leaves a cell is followed into the next, and where the picture has a step
 * from one point to the next, both were computed.
 *
 * A line is met if it passes between points of the first round; an island between them is not.
 *
 * Nothing here communicates, reads files or keeps state: equal arguments give equal choices, so
 * that a choice can be made again from what is stored.
 */
#ifndef PHASESWEEP_STUDY_REFINEMENT_H
#define PHASESWEEP_STUDY_REFINEMENT_H

#include <stdbool.h>
#include <stddef.h>

typedef struct RefinePlane {
    /* points of the full grid, each from 2 to AXIS_LONGEST; the columns run fastest */
    size_t rows, columns;
    /* the coarsest cells have 2^depth steps a side, >= 0 and less than 63 */
    int depth;
    /* numbers of a point, >= 1 */
    size_t fields;
    /* cells are cut where one of the numbers differs by more; 0: where they are not equal */
    double apart;
    /* points in all, those of the first round among them, which are asked for in any case */
    size_t most;
} RefinePlane;

typedef struct RefineRound {
    /* points that this round asks for; 0: all is known that the lines need */
    size_t added;
    /* cells whose points went beyond `most`: there will be no further round */
    size_t waiting;
} RefineRound;

/* Local.  Points of the first round. */
size_t refinement_first(const RefinePlane *plane);

/* Local.  The next round.
 *   asked  [rows * columns] true for all points of earlier rounds, all false before the first;
 *          those of this round become true
 *   value  [rows * columns * fields] of the points asked for before; others are not looked at.
 *          NAN is apart from every number and equal to itself
 * If not all fits, the cells that are furthest apart come first, then the larger ones, then
 * those of equal size in an order that is spread over the plane. */
RefineRound refinement_next(const RefinePlane *plane, const double value[], bool asked[]);

#endif
