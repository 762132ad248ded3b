/* haar.h - a random rotation, private to samples.c.
 *
 * Rotating the teacher changes nothing statistically for Gaussian rows; it exists to test
 * that.
 */
#ifndef PHASESWEEP_HAAR_H
#define PHASESWEEP_HAAR_H

#include <stdint.h>

/* Local.  d x d orthogonal matrix by column, Haar distributed, the same on every rank of one
 * kind of CPU; owned by the caller. d^3 operations, once a training. */
double *haar_create(uint64_t seed, int d);

#endif
