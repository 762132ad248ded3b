/* training_follow.h - the pass that rank 0 has planned.  Private to training*.c. */
#ifndef PHASESWEEP_TRAINING_TRAINING_FOLLOW_H
#define PHASESWEEP_TRAINING_TRAINING_FOLLOW_H

#include "training_state.h"

/* Collective.  Of progress.plan and the factor of rank 0; v and B are those that it makes. */
void training_follow(TrainingWork *work);

#endif
