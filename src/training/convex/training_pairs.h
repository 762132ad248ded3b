/* training_pairs.h - the threshold and the eigenpairs above it, of a step.  Private to
 * training*.c.
 *
 * From those of the step before where these are few and the steps short (active_eigen.h), by
 * rank 0 alone; by a decomposition of the team else.
 */
#ifndef PHASESWEEP_TRAINING_TRAINING_PAIRS_H
#define PHASESWEEP_TRAINING_TRAINING_PAIRS_H

#include "checkpoint.h"
#include "training_state.h"

/* Local.  For the root; an empty one elsewhere. */
ActiveEigen pairs_create(const TrainingWork *work);

/* Local.  Bytes of it. */
size_t pairs_memory(double d);

/* Collective on the team.  What the next step starts from. */
void pairs_visit(TrainingWork *work, StateVisitor *visitor);

/* Collective on the team.  Of work->matrix on rank 0, which they replace as descent_step wants
 * them: *b, plan.rank and values.  false, on all ranks, if a decomposition failed. */
bool pairs_find(TrainingWork *work, double *b);

#endif
