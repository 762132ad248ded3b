/* rng.h - counter-based random numbers (Philox, Random123).
 *
 * A stream is keyed by (seed, purpose) and read at (row, column): any rank makes any entry,
 * in any order, with the same bits.
 */
#ifndef PHASESWEEP_RNG_H
#define PHASESWEEP_RNG_H

#include <stdint.h>

/* Local.  Uniform on (0, 1). */
double rng_uniform(uint64_t seed, uint64_t purpose, uint64_t row, uint64_t column);

#endif
