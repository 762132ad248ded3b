/* rng.h - counter-based random numbers (Philox, Random123).
 *
 * A stream is keyed by (seed, purpose) and read at (row, column): any rank makes any entry,
 * in any order.  Uniforms have the same bits everywhere; normals go through the vector
 * functions of the CPU at hand and agree to the last digits between kinds of CPU.
 *
 * There is no state and nothing to be seeded: equal arguments give equal numbers, whatever
 * was asked before and on however many ranks.  Rows are whole data points; different
 * purposes of one seed are independent streams.
 */
#ifndef PHASESWEEP_NUMERICS_RNG_H
#define PHASESWEEP_NUMERICS_RNG_H

#include <stdint.h>

/* What the streams of a seed are for; numbers are part of the data, never reuse one. */
typedef enum RngPurpose {
    RNG_FEATURES = 2,   /* row = sample, column = coordinate */
    RNG_NOISE = 3,      /* of the labels */
    RNG_SIGNS = 4,      /* of the teacher's coefficients */
    RNG_ROTATION = 5,   /* of the teacher */
    RNG_PROBE = 6,      /* starting vectors of iterative methods */
    RNG_LAW = 7,        /* of features whose law takes a second number an entry */
    RNG_ROWS = 8,       /* order of the rows of a file */
    RNG_DIRECTIONS = 9, /* of a teacher's neurons */
    RNG_BATCHES = 10    /* order of the rows in an epoch of a training */
} RngPurpose;

/* Local.  Uniform on (0, 1). */
double rng_uniform(uint64_t seed, uint64_t purpose, uint64_t row, uint64_t column);

/* Local.  out[count]: columns 0 ... count-1 of a row of independent standard normals; an
 * entry does not depend on count.  Box-Muller on 52-bit uniforms, largest |value| 8.5; 3.6 ns
 * an entry where the CPU has AVX-512. */
void rng_normals(uint64_t seed, uint64_t purpose, uint64_t row, int count, double out[]);

/* Local.  The same of independent uniforms on (0, 1), of 52 bits, equal on every kind of CPU.
 * Of one seed and purpose either these or the normals may be used. */
void rng_uniforms(uint64_t seed, uint64_t purpose, uint64_t row, int count, double out[]);

#endif
