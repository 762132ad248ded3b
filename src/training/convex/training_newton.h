/* training_newton.h - Newton steps among networks of one rank.  Private to training*.c.
 *
 * On rows of a file, of laws far from Gaussian or of unequal variances message passing may fail
 * or be slow, for the curvature of the loss is uneven; accelerated gradient finds the rank in
 * some sixty passes and needs hundreds more.  From there on these steps seek the minimum among
 * networks of that rank (tangent.h), each by conjugate gradients to a tenth, of which one costs
 * at most a pass.  The step is halved and more until F falls.  What the network is worth is
 * found by a pass as for any other; a step of the gradient that follows mends a rank that was
 * wrong, and while it does or the steps gain little, the next one waits longer.
 */
#ifndef PHASESWEEP_TRAINING_TRAINING_NEWTON_H
#define PHASESWEEP_TRAINING_TRAINING_NEWTON_H

#include "training_state.h"

/* Local.  Bytes beside those of the training. */
size_t newton_memory(const Problem *problem, int ranks, SampleStore store);

/* Local, after a step of the descent and its pass: takes note of the rank. */
void newton_watch(Progress *progress);

/* Root only, after a certificate.  Has the rank settled, and are there samples enough?  If so a
 * pass that makes v the residual of the network comes first. */
bool newton_due(const TrainingWork *work);

/* Root only.  Is that pass done, and is there room for the step? */
bool newton_pending(TrainingWork *work);

/* Collective, after that pass: the network becomes the next one, with the v and B of its own
 * pass, or stays where F does not fall along the step.  Steps of conjugate gradients count as
 * iterations.  Where settings.stop says so, and it has taken long, all is left as it was and
 * the step still pending.
 */
void newton_step(TrainingWork *work);

#endif
