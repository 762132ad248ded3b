/* neurons_observe.h - what is reported of a trained two-layer network, private to neurons*.c.
 */
#ifndef PHASESWEEP_TRAINING_NEURONS_OBSERVE_H
#define PHASESWEEP_TRAINING_NEURONS_OBSERVE_H

#include "neurons_state.h"

/* Collective on the team.  Of work->variables: the eigenvalues of S = W^T diag(a) W/sqrt(pd),
 * their sizes in decreasing order, and where a teacher of neurons is known the risk, by its
 * series and by rows that no training sees, and the overlaps: overlaps [d] of its first d
 * neurons, squared, NAN beyond them.  Numbers are those of rank 0. */
void neurons_describe(NeuronsWork *work, Observed *observed, double spectrum[],
                      double overlaps[]);

/* Local.  Bytes that it takes. */
size_t neurons_observe_memory(const Problem *problem);

#endif
