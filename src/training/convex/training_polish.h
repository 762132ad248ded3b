/* training_polish.h - a dual vector that proves more.  Private to training*.c.
 *
 * The gap of an iterate is of the first order in its error, F - min F of the second: what is
 * missing is the dual vector v, whose B = A^*(v) should be a multiple of 1 on the active
 * eigenvectors U.  The least change of v that makes it so is A(U K U^T) with
 *     U^T A^*(A(U K U^T)) U = c 1 - U^T B U,   c = Tr U^T B U / rank
 * (-1 in place of 1 for vectors whose eigenvalues are below 0, section 13),
 * rank (rank + 1)/2 equations in n unknowns.  Their operator has the spectrum of Marchenko and
 * Pastur, so that conjugate gradients gain 1/sqrt(rank^2/2n) a step wherever the training is
 * slow; a step costs 2 n rank (d + rank) + n rank^2 flops, in single precision, which is enough
 * for a change.  What v then proves is found by a pass in double precision, as for any other.
 */
#ifndef PHASESWEEP_TRAINING_TRAINING_POLISH_H
#define PHASESWEEP_TRAINING_TRAINING_POLISH_H

#include "training_state.h"

/* Local.  Bytes beside those of the training. */
size_t polish_memory(const Problem *problem, int ranks);

/* Local.  Gap from which it is tried, in units of the tolerance; 1: never. */
double polish_from(const TrainerSettings *settings, const Problem *problem);

/* Root only, after a certificate.  Is the network near enough, and may this be tried again? */
bool polish_due(const TrainingWork *work);

/* Collective, between a step and the pass that would follow it: matrix, factor and plan are
 * those of the new network, v and B are older.  v is polished, B and the sums are made from it
 * and the new network; false where that is S = 0 and nothing was done.  before [rows]: v as it
 * was.  B and matrix are not. */
bool polish_pass(TrainingWork *work, double before[]);

#endif
