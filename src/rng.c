#include "phasesweep/rng.h"

#include <Random123/philox.h>

double rng_uniform(uint64_t seed, uint64_t purpose, uint64_t row, uint64_t column)
{
    const philox2x64_ctr_t counter = {{row, column}};
    /* Philox 2x64 has one key word; the multiplier spreads the purposes */
    const philox2x64_key_t key = {{seed ^ (purpose * UINT64_C(0x9E3779B97F4A7C15))}};
    const philox2x64_ctr_t bits = philox2x64(counter, key);
    return ((double)(bits.v[0] >> 11) + 0.5) * 0x1p-53;
}
