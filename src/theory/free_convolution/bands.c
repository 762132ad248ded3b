/* Where the spectrum of mu is connected, told from the teacher.  On the real line the
 * boundary curve has height 0 exactly where (1/d) sum 1/(u - s)^2 <= 1/t: gaps are found
 * from power sums and never from a density.
 *
 * Gaps close one after another from the bottom as delta grows, because spacings of a power
 * law widen upwards: the lowest open one is found by halving, with some care at the very
 * bottom.
 */
#include "phasesweep/theory/bands.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "phasesweep/base/check.h"

/* Gaps with fewer s_i than this below them are not trusted to close in order. */
enum { UNORDERED = 8, MAX_STEPS = 100, SLOTS = 4096 };

/* sums[k] = (1/d) sum 1/(u - s)^(k + 2).  The first is -G' at real u, the others are its
 * derivatives up to factors. */
static void power_sums(const Atoms *atoms, double u, double sums[3])
{
    sums[0] = sums[1] = sums[2] = 0.0;
    for (size_t i = 0; i < atoms->count; i++) {
        const double inverse = 1.0 / (u - atoms->position[i]);
        const double term = atoms->mass[i] * inverse * inverse;
        sums[0] += term;
        sums[1] += term * inverse;
        sums[2] += term * inverse * inverse;
    }
}

/* Between two s_i the sum of cubes falls from +infinity at the lower to -infinity at the
 * upper, so it has one root, and there the sum of squares, whose slope is -2 times it, is
 * least.  The gap is open while that least value is below 1/t (theory.md section 2). */
static Gap find_gap(const Teacher *teacher, double index, Atoms *atoms)
{
    double low = teacher_eigenvalue(teacher, index + 1.0);
    double high = teacher_eigenvalue(teacher, index);
    double u = 0.5 * (low + high);
    double sums[3];
    teacher_atoms_resolvent(teacher, (double complex[3]){low, u, high}, 3, atoms);
    for (int step = 0; step < MAX_STEPS; step++) {
        power_sums(atoms, u, sums); /* the minimum is where the sum of cubes vanishes */
        *(sums[1] > 0.0 ? &low : &high) = u;
        double next = u + sums[1] / (3.0 * sums[2]);
        if (!(next > low && next < high)) {
            next = 0.5 * (low + high);
        }
        const double move = fabs(next - u);
        u = next;
        if (move <= 1e-9 * (high - low) || high - low <= 1e-15 * fabs(u)) {
            break; /* quadratic convergence, and the minimum is flat */
        }
    }
    power_sums(atoms, u, sums);
    return (Gap){.index = index, .u = u, .t = 1.0 / sums[0]};
}

void bands_free(Bands *bands)
{
    free(bands->slot);
    atoms_free(&bands->atoms);
    *bands = (Bands){0};
}

/* Empty the table if it belongs to another teacher or is filling up.  Half full at most, so
 * that probes stay short and always end. */
static void take_teacher(Bands *bands, const Teacher *teacher)
{
    if (bands->slot != NULL && bands->source_exponent == teacher->source_exponent &&
        bands->dimension == teacher->dimension && bands->used < SLOTS / 2) {
        return;
    }
    bands->slot = checked_realloc(bands->slot, SLOTS, sizeof *bands->slot);
    for (size_t k = 0; k < SLOTS; k++) {
        bands->slot[k] = (Gap){0};
    }
    bands->used = 0;
    bands->source_exponent = teacher->source_exponent;
    bands->dimension = teacher->dimension;
}

Gap bands_gap(Bands *bands, const Teacher *teacher, double index)
{
    assert(index >= 1.0 && index < teacher->dimension);
    take_teacher(bands, teacher);
    /* whole indices as doubles; neighbours fall into neighbouring slots */
    size_t k = (size_t)fmod(index, SLOTS);
    while (bands->slot[k].index != 0.0 && bands->slot[k].index != index) {
        k = (k + 1) % SLOTS;
    }
    if (bands->slot[k].index == 0.0) {
        bands->slot[k] = find_gap(teacher, index, &bands->atoms);
        bands->used++;
    }
    return bands->slot[k];
}

Gap bands_open_gap(Bands *bands, const Teacher *teacher, double t, double limit)
{
    assert(limit < teacher->dimension);
    const Gap none = {0};
    double closed = limit + 1.0;
    /* the bottom one by one, upwards: there the order is not trusted */
    for (; closed > 1.0 && closed > teacher->dimension - UNORDERED; closed -= 1.0) {
        const Gap gap = bands_gap(bands, teacher, closed - 1.0);
        if (gap.t > t) {
            return gap;
        }
    }
    /* above it by halving: gap `open` is open (0: the line beyond s_1), gap `closed` is
     * closed */
    Gap open = none;
    while (closed - open.index > 1.0) {
        const double middle = floor(0.5 * (closed + open.index));
        const Gap gap = bands_gap(bands, teacher, middle);
        if (gap.t > t) {
            open = gap;
        } else {
            closed = middle;
        }
    }
    return open;
}

double bands_count_above(const Teacher *teacher, double u)
{
    const double d = teacher->dimension;
    /* all s_i are positive */
    if (u <= 0.0) {
        return d;
    }
    const double index = pow(teacher->scale / u, 1.0 / teacher->source_exponent);
    double count = fmin(d, fmax(0.0, floor(index)));
    /* the power may be off by a rounding at an s_i itself */
    while (count < d && teacher_eigenvalue(teacher, count + 1.0) > u) {
        count += 1.0;
    }
    while (count > 0.0 && teacher_eigenvalue(teacher, count) <= u) {
        count -= 1.0;
    }
    return count;
}

double bands_outliers(Bands *bands, const Teacher *teacher, double t, Gap *gap)
{
    /* an open gap with all but one s_i above it leaves a lowest band of one: no bulk */
    *gap = bands_open_gap(bands, teacher, t, teacher->dimension - 1.0);
    return gap->index == teacher->dimension - 1.0 ? teacher->dimension : gap->index;
}

/* On the side asked for, sum^(-1/2) is a power mean of distances and therefore concave in the
 * distance from s_index; from the left of its crossing with delta Newton's method climbs
 * towards it and cannot pass. */
double bands_edge(Bands *bands, const Teacher *teacher, double t, double index, int side)
{
    assert(side == 1 || side == -1);
    const double from = teacher_eigenvalue(teacher, index);
    const double delta = sqrt(t);
    const double far = fabs(from) + 2.0 * delta;
    const double complex samples[4] = {from, from + side * 1e-2 * delta,
                                       from + side * 0.3 * delta, from + side * far};
    /* where s_index alone would have its edge; the others only push it outwards */
    double distance = delta / sqrt(teacher->dimension);
    teacher_atoms_resolvent(teacher, samples, 4, &bands->atoms);
    for (int step = 0; step < MAX_STEPS; step++) {
        double sums[3];
        power_sums(&bands->atoms, from + side * distance, sums);
        const double mean = 1.0 / sqrt(sums[0]);
        const double move = (delta - mean) * sums[0] / (mean * side * sums[1]);
        distance += move;
        /* a step that is no step forward is rounding */
        if (!(move > 1e-15 * distance)) {
            break;
        }
    }
    return from + side * distance;
}
