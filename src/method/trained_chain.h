/* trained_chain.h - private to training and amp: chains of points on drawn data. */
#ifndef PHASESWEEP_METHOD_TRAINED_CHAIN_H
#define PHASESWEEP_METHOD_TRAINED_CHAIN_H

#include "methods.h"

/* Collective on the team.  Train the points of a chain; false if it was told to stop.  It may
 * be stopped in the middle of a point: the checkpoint then holds the state of the iteration,
 * and as luggage the records of the points before it.  A chain that goes on repeats the same
 * iterates and needs nothing of the archive, to which it goes as a whole. */
bool trained_chain(const Chain *chain);

/* Local.  Numbers of a vector that are active at the minimum, by state evolution; INFINITY
 * where it does not tell, and for a matrix.  Solved at every call: equal on all ranks. */
double trained_active(const Problem *problem);

/* Local.  The seconds of a point as in methods.h, by as many active numbers, of a matrix too,
 * as state evolution expects; of rows that are not plain those of plain ones.  It and
 * trained_memory share what expected_active.h remembers from call to call. */
double trained_seconds(const Problem *problem, bool first, double *fixed);

/* Local.  Memory of the trainer of the problem as it is, with as many active numbers as
 * trained_active tells, or a third more where only a point nearby is known; limit as in
 * method_memory, but for the program. */
double trained_memory(const Problem *problem, int ranks, SampleStore store, double limit);

#endif
