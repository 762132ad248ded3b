/* neurons_pairs.h - which neuron of a student is which of its teacher's, private to neurons*.c.
 *
 * Of networks f = sum_k v_k sigma(u_k.x), for an archive that has room for NEURONS_STORED of
 * each: the teacher's first ones, which are the strongest; of the student's to each of these in
 * turn the one of largest |cosine| that none before has taken, then what is left by |v_k|
 * |u_k|.
 */
#ifndef PHASESWEEP_TRAINING_NEURONS_PAIRS_H
#define PHASESWEEP_TRAINING_NEURONS_PAIRS_H

#include "phasesweep/training/trainer.h"
#include "neurons_risk.h"

/* Local.  Room for networks of that many neurons; release with neuron_pairs_free. */
NeuronPairs neuron_pairs_create(int students, int teachers);
void neuron_pairs_free(NeuronPairs *pairs);

/* Local.  Of these networks; no teacher: overlaps are NAN, and all go by their size. */
void neuron_pairs_put(NeuronPairs *pairs, const NeuronNet *student, const NeuronNet *teacher);

/* Collective on the team.  As rank 0 has them. */
void neuron_pairs_share(MPI_Comm team, NeuronPairs *pairs);

/* Local.  Bytes of it, and of its making. */
size_t neuron_pairs_memory(int dimension, int students, int teachers);

#endif
