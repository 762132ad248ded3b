/* The LASSO on features correlated in blocks (theory.md section 14): block by block, each by
 * the sums of block_soft.h in units of tau.  phi_j = sqrt(sigma_j) theta_j, so that the penalty
 * of a coordinate is b |phi_j| / sqrt(sigma_j).
 *
 * Far down the spectrum a sum over blocks is one over atoms, as sums over coordinates are: the
 * rules of teacher.h take the index of a block as they take that of a coordinate.
 */
#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "phasesweep/base/check.h"
#include "phasesweep/theory/overlaps.h"
#include "block_soft.h"
#include "blocks.h"

/* Blocks that are summed one by one; a longer run, of a power of two, may be one rule. */
enum { EXACT_BLOCKS = 16 };

/* A block in the hand, whose first coordinate has any real index. */
typedef struct Hand {
    const OverlapsWork *work;
    SoftBlockRoom *room;
    double t, b, norm;         /* of blocks.h */
    double whole;              /* blocks of full size */
    double *teacher, *penalty; /* [block_size] */
    Overlaps sum;
} Hand;

/* What quadrature misses of 1. */
static double lost_of(double norm)
{
    return isfinite(norm) ? fabs(norm - 1.0) : INFINITY;
}

/* `count` blocks like that of `size` coordinates from `first` on.  Of the derivatives three are
 * independent: V = R/2 - t D + b trace is the mean minimum up to a constant, so that dV/db =
 * trace and dV/dt = -D/2. */
static void add_block(Hand *hand, double first, int size, double count)
{
    const double tau = sqrt(hand->t);
    if (isnan(hand->sum.risk) || interrupted(&hand->work->interrupt)) {
        hand->sum.risk = NAN;
        return;
    }
    for (int j = 0; j < size; j++) {
        hand->teacher[j] = blocks_stretched(hand->work, first + j) / (hand->norm * tau);
        hand->penalty[j] = 1.0 / blocks_root(hand->work, first + j);
    }
    const SoftBlock block = {.size = size,
                             .correlation = hand->work->block_correlation,
                             .teacher = hand->teacher,
                             .penalty = hand->penalty};
    const double ratio = hand->b / tau;
    const SoftBlockMoments m =
        soft_block_moments(hand->room, &block, ratio, &hand->work->interrupt);
    const double active_b = -m.trace_tau; /* in b, tau = 1 */
    Overlaps *sum = &hand->sum;
    sum->risk += count * hand->t * m.risk;
    sum->lost = fmax(sum->lost, lost_of(m.norm));
    sum->divergence += count * m.active;
    sum->trace += count * tau * m.trace;
    sum->risk_t += count * hand->t * 0.5 * m.risk_tau;
    sum->risk_b += count * hand->t * 2.0 * ratio * (active_b - ratio * m.trace_b);
    sum->divergence_b += count * ratio * active_b;
    sum->divergence_t += count * 0.5 * (0.5 * m.risk_tau + ratio * m.trace_tau - m.active);
}

/* Over the run the teacher changes by less than the noise of the sum of a block does, or all
 * coordinates are surely active: the moments are smooth in the index. */
static bool is_smooth(const Hand *hand, double first, double count)
{
    const OverlapsWork *work = hand->work;
    const double size = work->block_size;
    const double from = (first - 1.0) * size + 1.0;
    const double to = (first + count - 1.0) * size;
    const double rest = 1.0 - work->block_correlation;
    const double noise = sqrt(hand->t / rest);
    const double high = blocks_stretched(work, from) / hand->norm;
    const double low = blocks_stretched(work, to) / hand->norm;
    const double cut_from = hand->b / (blocks_root(work, from) * rest);
    const double cut_to = hand->b / (blocks_root(work, to) * rest);
    return low > cut_to + 10.0 * sqrt(hand->t) / rest ||
           high - low + cut_to - cut_from < 3.0 * noise / sqrt(size);
}

/* Blocks `first` to `first` + 2^octave - 1, counted from 1. */
static void add_run(Hand *hand, int octave, double first, double count)
{
    const double size = hand->work->block_size;
    const Teacher *rules = &hand->work->teacher;
    if (count > EXACT_BLOCKS && first + count - 1.0 <= hand->whole && !rules->exact &&
        is_smooth(hand, first, count)) {
        for (int k = TEACHER_RULE; k-- > 0;) {
            add_block(hand, (first - 1.0 + rules->offset[octave][k]) * size + 1.0, (int)size,
                      rules->mass[octave][k] * rules->dimension);
        }
    } else if (count > EXACT_BLOCKS && first <= hand->whole) {
        add_run(hand, octave - 1, first + 0.5 * count, 0.5 * count);
        add_run(hand, octave - 1, first, 0.5 * count);
    } else {
        for (double k = fmin(first + count - 1.0, hand->whole); k >= first; k--) {
            add_block(hand, (k - 1.0) * size + 1.0, (int)size, 1.0);
        }
    }
}

/* Small terms first: what is left of a block, and octaves of whole ones from the last on. */
static void add_all(Hand *hand)
{
    const double d = hand->work->teacher.dimension;
    const double size = hand->work->block_size;
    const double left = d - hand->whole * size;
    if (left > 0.0) {
        add_block(hand, hand->whole * size + 1.0, (int)left, 1.0);
    }
    int octave = 0;
    while (ldexp(1.0, octave + 1) <= hand->whole) {
        octave++;
    }
    for (; octave >= 0; octave--) {
        add_run(hand, octave, ldexp(1.0, octave), ldexp(1.0, octave));
    }
}

Overlaps overlaps_diagonal_blocks(OverlapsWork *work, double t, double b)
{
    assert(t > 0.0 && b > 0.0 && work->block_correlation > 0.0 && work->block_size > 1);
    if (work->soft_room == NULL) {
        work->soft_room = soft_block_room();
    }
    const size_t size = (size_t)work->block_size;
    double *numbers = checked_alloc(2 * size, sizeof *numbers);
    Hand hand = {.work = work,
                 .room = work->soft_room,
                 .t = t,
                 .b = b,
                 .norm = blocks_norm(work),
                 .whole = floor(work->teacher.dimension / (double)size),
                 .teacher = numbers,
                 .penalty = numbers + size};
    add_all(&hand);
    free(numbers);
    Overlaps o = hand.sum;
    /* t D = q + b trace - m, as of the minimum itself; R = q - 2 m + 1 */
    o.m = 1.0 + t * o.divergence - o.risk - b * o.trace;
    /* next to nothing learned that is rounding, but |m| <= sqrt(q) */
    o.q = fmax(o.risk + 2.0 * o.m - 1.0, o.m * o.m);
    o.rank = o.divergence;
    return o;
}
