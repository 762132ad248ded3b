/* training_interior.h - interior steps as a stage of a training: when they are chosen, their
 * data, how they end.  Private to training*.c.
 *
 * Rank 0 makes them alone, from all rows, long ones with the cores of the ranks that wait. They
 * end with a network (STAGE_LANDED), which a pass of the team certifies like any other.  Where
 * that proves less than is asked for they go on to a lower gap, and where they fail the descent
 * goes on from the last network.
 */
#ifndef PHASESWEEP_TRAINING_TRAINING_INTERIOR_H
#define PHASESWEEP_TRAINING_TRAINING_INTERIOR_H

#include "checkpoint.h"
#include "training_state.h"

/* Local.  Bytes that they may need. */
size_t inner_memory(double n, double d);

/* Local.  What interior steps of a point cost one core; INFINITY where there are too many
 * samples. */
double inner_seconds(double n, double d);

/* Local.  Do interior steps come first?  Where they were better at a larger weight decay of the
 * same data. */
bool inner_first(const TrainingWork *work);

/* Local.  Does inner_pays need to know every gap? */
bool inner_watches(const TrainingWork *work);

/* Root only, after a certificate.  Would the descent, at the rate at which its gap shrinks,
 * take longer than interior steps? */
bool inner_pays(TrainingWork *work);

/* Collective on the team.  Begin a point with them; rank 0 gets all rows at the first time. */
void inner_begin(TrainingWork *work);

/* Collective on the team. */
void inner_visit(TrainingWork *work, StateVisitor *visitor);

/* Collective on the team.  One step. */
void inner_step(TrainingWork *work);

/* Root only, as all below.  Has one been made at this point? */
bool inner_started(const TrainingWork *work);

/* Is the goal reached, or no step possible? */
bool inner_ready(const TrainingWork *work);

/* Factor and plan of the pass that certifies the network; false if there is none. */
bool inner_land(TrainingWork *work);

/* Collective on the team, before that pass.  The dual vector to those who hold its rows. */
void inner_spread(TrainingWork *work);

/* Root only.  After that pass, which has not proved enough: go on to a lower gap, or not. */
void inner_go_on(TrainingWork *work);

/* Root only.  Back to the descent. */
void inner_give_up(TrainingWork *work);

#endif
