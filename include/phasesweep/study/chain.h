/* chain.h - the chains of a sweep, the unit of work, of storage and of resume.
 *
 * A chain is a run of at most CHAIN_LENGTH points along the innermost axis (one point where
 * trainings share no data along it, for message passing, and where refinement chooses points).
 * Where chains begin depends on the job alone, never on ranks.
 */
#ifndef PHASESWEEP_STUDY_CHAIN_H
#define PHASESWEEP_STUDY_CHAIN_H

#include <stddef.h>
#include <stdint.h>

#include "phasesweep/study/sweep.h"

/* Bounds buffers on the stack and what one kill can cost; part of the file format, for content
 * ids depend on it. */
enum { CHAIN_LENGTH = 256 };

/* Local.  Chains of a checked sweep, by rows. */
size_t sweep_chains(const Sweep *sweep);

/* Local.  First point and length of a chain below sweep_chains(sweep). */
void sweep_chain(const Sweep *sweep, size_t chain, size_t *first, size_t *count);

/* Local.  The chain in which a point below sweep_points(sweep) is. */
size_t sweep_chain_at(const Sweep *sweep, size_t point);

/* Local.  Points from `first` on that a look at the whole sweep takes at once, whatever its
 * chains: to the end of the innermost axis, at most CHAIN_LENGTH. */
size_t sweep_block(const Sweep *sweep, size_t first);

/* Local.  Content id of a chain: equal for chains of the same points solved in the same way,
 * one after the other, whatever their sweep, axes or forms. */
uint64_t sweep_chain_id(const Sweep *sweep, size_t chain);

/* Local.  Content id of a point: model, method, tolerance, seed and every other number that it
 * resolves to, but not where it starts from. */
uint64_t sweep_point_id(const Sweep *sweep, size_t point);

#endif
