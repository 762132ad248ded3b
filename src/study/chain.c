/* Chains cut the innermost axis into pieces. */
#include "phasesweep/study/chain.h"

#include <assert.h>
#include <math.h>
#include <string.h>
#include <xxhash.h>

#include "phasesweep/model/method_facts.h"
#include "phasesweep/study/refined.h"

/* Places of a content id that are part of every one; the keys at later ones, 0 by default, only
 * where one of them is not. */
enum { ALWAYS = 14 };

/* Points along the innermost axis; chains never cross from one row into the next, so that the
 * points of a chain have all other coordinates in common. */
static size_t row_length(const Sweep *sweep)
{
    size_t shape[AXIS_COUNT];
    AxisId ids[AXIS_COUNT];
    const int rank = sweep_shape(sweep, shape, ids);
    return rank > 0 ? shape[rank - 1] : 1;
}

/* Trainings share their data along a weight decay and nothing along any other axis, what is
 * followed in time its past along the time; message
 * passing starts anew at every point, and data are drawn in the time of one iteration.  Of
 * points that are chosen as others end, each is by itself. */
static size_t chain_length(const Sweep *sweep)
{
    size_t shape[AXIS_COUNT];
    AxisId ids[AXIS_COUNT];
    const int rank = sweep_shape(sweep, shape, ids);
    const KeyId inner = rank > 0 ? KEY_AXES + (KeyId)ids[rank - 1] : KEY_NAME;
    const bool weight = inner == KEY_WEIGHT_DECAY || inner == KEY_NUCLEAR_WEIGHT;
    const MethodFacts *facts = method_facts(sweep_method(sweep));
    const bool shared = (facts->shares_data && weight) || (facts->in_time && inner == KEY_TIME);
    const bool apart = (facts->draws_data || facts->in_time) && !shared;
    return apart || sweep_is_refined(sweep) ? 1 : CHAIN_LENGTH;
}

/* The last of them may be shorter.  A function of the job alone. */
static size_t chains_per_row(const Sweep *sweep)
{
    return (row_length(sweep) + chain_length(sweep) - 1) / chain_length(sweep);
}

size_t sweep_chains(const Sweep *sweep)
{
    return sweep_points(sweep) / row_length(sweep) * chains_per_row(sweep);
}

void sweep_chain(const Sweep *sweep, size_t chain, size_t *first, size_t *count)
{
    const size_t chains = chains_per_row(sweep);
    assert(chains > 0 && chain < sweep_chains(sweep));
    const size_t row = chain / chains;
    const size_t most = chain_length(sweep);
    const size_t begin = chain % chains * most;
    const size_t left = row_length(sweep) - begin;
    /* points of a row are consecutive: the innermost axis runs fastest */
    *first = row * row_length(sweep) + begin;
    *count = left < most ? left : most;
}

size_t sweep_chain_at(const Sweep *sweep, size_t point)
{
    assert(point < sweep_points(sweep));
    return point / row_length(sweep) * chains_per_row(sweep) +
           point % row_length(sweep) / chain_length(sweep);
}

size_t sweep_block(const Sweep *sweep, size_t first)
{
    assert(first < sweep_points(sweep));
    const size_t left = row_length(sweep) - first % row_length(sweep);
    return left < CHAIN_LENGTH ? left : CHAIN_LENGTH;
}

/* ---- content ----------------------------------------------------------------------------- */

/* Numbers that the keys say a point is. */
static size_t content_width(void)
{
    size_t width = 0;
    for (KeyId id = 0; id < KEY_COUNT; id++) {
        width = keys_table[id].content > width ? keys_table[id].content : width;
    }
    assert(width <= KEY_COUNT);
    return width;
}

/* Doubles all the way: a struct would bring padding, whose bytes are not defined. */
static void put_content(const Sweep *sweep, size_t point, double numbers[])
{
    const Problem problem = sweep_problem(sweep, point);
    for (KeyId id = 0; id < KEY_COUNT; id++) {
        const Key *key = &keys_table[id];
        if (key->content != 0) {
            const double value =
                key->member != 0 ? key_get(key, &problem) : sweep->settings.value[id];
            numbers[key->content - 1] = key->counts == NULL ? value : key->counts(value);
        }
    }
}

/* Of `count` points in rows of content_width numbers.  Ids of those without the later keys are
 * what they were before there were any: places after the last that is used do not count. */
static uint64_t hash(double numbers[], size_t count)
{
    const size_t width = content_width();
    size_t kept = ALWAYS;
    for (size_t k = 0; k < count * width; k++) {
        if (numbers[k] != 0.0 && k % width >= kept) {
            kept = k % width + 1;
        }
    }
    for (size_t k = 1; k < count && kept < width; k++) {
        memmove(numbers + k * kept, numbers + k * width, kept * sizeof *numbers);
    }
    return XXH3_64bits(numbers, count * kept * sizeof *numbers);
}

uint64_t sweep_chain_id(const Sweep *sweep, size_t chain)
{
    size_t first;
    size_t count;
    const size_t width = content_width();
    double numbers[CHAIN_LENGTH * KEY_COUNT];
    sweep_chain(sweep, chain, &first, &count);
    assert(count >= 1 && count <= CHAIN_LENGTH);
    for (size_t k = 0; k < count; k++) {
        put_content(sweep, first + k, numbers + k * width);
    }
    return hash(numbers, count);
}

uint64_t sweep_point_id(const Sweep *sweep, size_t point)
{
    double numbers[KEY_COUNT];
    put_content(sweep, point, numbers);
    return hash(numbers, 1);
}
