/* random_rotation.h - a random rotation, private to gaussian_rows.c.
 *
 * Rotating the teacher changes nothing statistically for Gaussian rows; it exists to test
 * that.
 */
#ifndef PHASESWEEP_NUMERICS_RANDOM_ROTATION_H
#define PHASESWEEP_NUMERICS_RANDOM_ROTATION_H

#include <stdint.h>

/* Local.  d x d orthogonal matrix by column, Haar distributed, the same on every rank of one
 * kind of CPU; owned by the caller. d^3 operations, once a training. */
double *random_rotation(uint64_t seed, int d);

#endif
