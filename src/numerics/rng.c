/* Random123's Philox: the place of an entry is the counter, seed and purpose are the key,
 * and the bits are a function of the two.  Uniforms are made one by one from the 64-bit
 * form, normals in pairs from the 32-bit form, many at once.
 */
#include "phasesweep/numerics/rng.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include <Random123/philox.h>

#include "phasesweep/base/clones.h"

/* This file alone is compiled with -ffast-math, which is what lets the loops marked simd call
 * the vector forms of log, cos and sin.  No sum is formed here that it could reorder. */

/* Pairs of normals made together.  The loops over them never end early, so that an entry does
 * not depend on the length of its row. */
enum { PAIRS = 16 };

/* The key has 64 bits; the multiplier spreads the purposes over them. */
static uint64_t key_of(uint64_t seed, uint64_t purpose)
{
    return seed ^ (purpose * UINT64_C(0x9E3779B97F4A7C15));
}

double rng_uniform(uint64_t seed, uint64_t purpose, uint64_t row, uint64_t column)
{
    /* no state: the place is the counter, the stream the key */
    const philox2x64_ctr_t counter = {{row, column}};
    const philox2x64_key_t key = {{key_of(seed, purpose)}};
    const philox2x64_ctr_t bits = philox2x64(counter, key);
    /* 53 bits and a half: neither 0 nor 1 */
    return ((double)(bits.v[0] >> 11) + 0.5) * 0x1p-53;
}

/* 52 bits as the fraction of a number in [1, 2), moved to (0, 1). */
static inline double unit(uint32_t high, uint32_t low)
{
    const uint64_t bits = ((uint64_t)high << 20 | low >> 12) | UINT64_C(0x3FF0000000000000);
    double x;
    memcpy(&x, &bits, sizeof x);
    return x - (1.0 - 0x1p-53);
}

static inline __attribute__((always_inline)) void make_uniforms(philox4x32_key_t key,
                                                                uint64_t row, uint32_t first,
                                                                double one[PAIRS],
                                                                double other[PAIRS])
{
#pragma omp simd
    for (int k = 0; k < PAIRS; k++) {
        const philox4x32_ctr_t counter = {
            {(uint32_t)row, (uint32_t)(row >> 32), first + (uint32_t)k, 0}};
        const philox4x32_ctr_t bits = philox4x32(counter, key);
        one[k] = unit(bits.v[0], bits.v[1]);
        other[k] = unit(bits.v[2], bits.v[3]);
    }
}

/* sin and cos stand in loops of their own: of one loop the compiler makes sincos, which has
 * no vector form. */
static inline __attribute__((always_inline)) void
make_pairs(philox4x32_key_t key, uint64_t row, uint32_t first, double out[2 * PAIRS])
{
    double radius[PAIRS];
    double angle[PAIRS];
    make_uniforms(key, row, first, radius, angle);
#pragma omp simd
    for (int k = 0; k < PAIRS; k++) {
        radius[k] = sqrt(-2.0 * log(radius[k]));
    }
#pragma omp simd
    for (int k = 0; k < PAIRS; k++) {
        out[k] = radius[k] * cos(2.0 * M_PI * angle[k]);
    }
#pragma omp simd
    for (int k = 0; k < PAIRS; k++) {
        out[PAIRS + k] = radius[k] * sin(2.0 * M_PI * angle[k]);
    }
}

typedef void MakePairs(philox4x32_key_t key, uint64_t row, uint32_t first,
                       double out[2 * PAIRS]);

static inline __attribute__((always_inline)) void
uniform_pairs(philox4x32_key_t key, uint64_t row, uint32_t first, double out[2 * PAIRS])
{
    make_uniforms(key, row, first, out, out + PAIRS);
}

static inline __attribute__((always_inline)) void fill(MakePairs *make, uint64_t word,
                                                       uint64_t row, int count, double out[])
{
    const philox4x32_key_t key = {{(uint32_t)word, (uint32_t)(word >> 32)}};
    int done = 0;
    for (; done + 2 * PAIRS <= count; done += 2 * PAIRS) {
        make(key, row, (uint32_t)done / 2, out + done);
    }
    if (done < count) {
        double rest[2 * PAIRS];
        make(key, row, (uint32_t)done / 2, rest);
        /* the rest of the row is made and thrown away, so that an entry does not depend on
         * count */
        memcpy(out + done, rest, (size_t)(count - done) * sizeof *out);
    }
}

CLONES
void rng_normals(uint64_t seed, uint64_t purpose, uint64_t row, int count, double out[])
{
    assert(count >= 0);
    fill(make_pairs, key_of(seed, purpose), row, count, out);
}

CLONES
void rng_uniforms(uint64_t seed, uint64_t purpose, uint64_t row, int count, double out[])
{
    assert(count >= 0);
    fill(uniform_pairs, key_of(seed, purpose), row, count, out);
}
