/* random_rotation.h - a random rotation, for the teacher of gaussian_rows.c.
 *
 * For Gaussian rows a rotated teacher gives the same statistics as a diagonal one; the rotation
 * exists to test that.
 */
#ifndef PHASESWEEP_NUMERICS_RANDOM_ROTATION_H
#define PHASESWEEP_NUMERICS_RANDOM_ROTATION_H

#include <stdint.h>

/* Local.  d x d orthogonal matrix by column, Haar distributed, the same on every rank of one
 * kind of CPU; owned by the caller. d^3 operations, once a training. */
double *random_rotation(uint64_t seed, int d);

#endif
