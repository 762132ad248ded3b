#include "block_soft.h"
#include "blocks.h"
#include "coordinates.h"
#include "turned.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "free_convolution/base_path.h"
#include "phasesweep/base/check.h"
#include "phasesweep/numerics/gmres.h"

enum { MAX_NEWTON = 60, MAX_HALVINGS = 12 };

static const double goal = 1e-13;     /* change of base points, relative */
static const double content = 1e-10;  /* where rounding ends it before */
static const double accuracy = 1e-14; /* of rates */

struct Coordinates {
    double source_exponent, covariance_exponent; /* of a work, else 0 */
    size_t count;
    bool warm; /* base points are of a solution nearby */
    double *target, *penalty;
    double *mean, *slope;    /* [count] of base_path_means */
    double *share;           /* [count] 1 + (k4/2) d F_i/d y_i with mu held */
    double *residual, *step; /* [count] */
    double *keep;            /* [count] base points before a step */
    double *room;            /* [count] */
    double complex *push;    /* [path.count]; grows with it */
    size_t pushed;
    Atoms base;
    BasePath path;
    double half; /* k4 / 2 */
};

/* What each coordinate has, in one block. */
enum { ARRAYS = 9 };

Coordinates *coordinates_create(size_t count, const double target[], const double penalty[])
{
    Coordinates *at = checked_alloc(1, sizeof *at);
    double *block = checked_alloc(ARRAYS * count, sizeof *block);
    double **const arrays[ARRAYS] = {&at->target, &at->penalty, &at->mean,
                                     &at->slope,  &at->share,   &at->residual,
                                     &at->step,   &at->keep,    &at->room};
    for (size_t k = 0; k < ARRAYS; k++) {
        *arrays[k] = block + k * count;
    }
    at->count = count;
    for (size_t i = 0; i < count; i++) {
        atoms_append(&at->base, 0.0, 1.0 / (double)count);
    }
    coordinates_set(at, target, penalty);
    return at;
}

void coordinates_set(Coordinates *at, const double target[], const double penalty[])
{
    memcpy(at->target, target, at->count * sizeof *target);
    memcpy(at->penalty, penalty, at->count * sizeof *penalty);
    at->warm = false;
}

void coordinates_free(Coordinates *at)
{
    if (at != NULL) {
        free(at->target); /* the block */
        free(at->push);
        atoms_free(&at->base);
        base_path_free(&at->path);
        free(at);
    }
}

void coordinates_forget(Coordinates *at)
{
    if (at != NULL) {
        at->warm = false;
    }
}

Coordinates *coordinates_of(OverlapsWork *work)
{
    const Teacher *teacher = &work->teacher;
    Coordinates *at = work->coordinates;
    const size_t count = (size_t)teacher->dimension;
    if (at != NULL && at->count == count && at->source_exponent == teacher->source_exponent &&
        at->covariance_exponent == work->covariance_exponent) {
        return at;
    }
    coordinates_free(at);
    double *numbers = checked_alloc(2 * count, sizeof *numbers);
    for (size_t i = 0; i < count; i++) {
        const double index = (double)i + 1.0;
        numbers[i] = teacher_eigenvalue(teacher, index);
        numbers[count + i] = pow(index, work->covariance_exponent) / work->variance_scale;
    }
    work->coordinates = coordinates_create(count, numbers, numbers + count);
    free(numbers);
    work->coordinates->source_exponent = teacher->source_exponent;
    work->coordinates->covariance_exponent = work->covariance_exponent;
    return work->coordinates;
}

/* ---- base points --------------------------------------------------------------------- */

/* E_ii, from what is above or, with f = x + |x| below, from what is cut. */
static double error_of(const Coordinates *at, size_t i)
{
    return coordinates_learned(at, i) - at->target[i];
}

double coordinates_learned(const Coordinates *at, size_t i)
{
    return (at->path.side > 0 ? 0.0 : at->base.position[i]) + at->mean[i];
}

double coordinates_slope(const Coordinates *at, size_t i)
{
    return (at->path.side > 0 ? 0.0 : 1.0) + at->slope[i];
}

/* The path and what stands on it, at the base points; the largest residual of theirs. */
static double evaluate(Coordinates *at, double t, double b)
{
    base_path_lay(&at->path, &at->base, t);
    base_path_means(&at->path, &at->base, at->mean, at->slope);
    if (at->pushed < at->path.count) {
        at->pushed = at->path.count;
        at->push = checked_realloc(at->push, at->pushed, sizeof *at->push);
    }
    double largest = 0.0;
    for (size_t i = 0; i < at->count; i++) {
        const double y = at->base.position[i];
        at->share[i] = fmax(1.0 + at->half * coordinates_slope(at, i), 1e-8);
        at->residual[i] = y - at->target[i] + b * at->penalty[i] + at->half * error_of(at, i);
        largest = isnan(at->residual[i]) ? INFINITY : fmax(largest, fabs(at->residual[i]));
    }
    return largest;
}

/* out = x + (what the others' moves x do) / share: Newton's matrix, divided by its diagonal. */
static void product(const double x[], double out[], void *context)
{
    Coordinates *at = context;
    base_path_push(&at->path, &at->base, x, at->push);
    for (size_t k = 0; k < at->path.count; k++) {
        at->push[k] *= at->path.t;
    }
    base_path_pull(&at->path, &at->base, at->push, out);
    for (size_t i = 0; i < at->count; i++) {
        out[i] = x[i] + at->half * out[i] / at->share[i];
    }
}

/* x with Newton's matrix times x = right, which is overwritten. */
static void solve(Coordinates *at, double right[], double tolerance, double x[])
{
    for (size_t i = 0; i < at->count; i++) {
        right[i] /= at->share[i];
    }
    if (at->half == 0.0) {
        memcpy(x, right, at->count * sizeof *x);
    } else {
        gmres(at->count, product, at, right, tolerance, x);
    }
}

/* Without noise f = max(y, 0). */
static void start(Coordinates *at, double b)
{
    for (size_t i = 0; i < at->count; i++) {
        const double all = (1.0 + at->half) * at->target[i] - b * at->penalty[i];
        at->base.position[i] = all > 0.0 ? all / (1.0 + at->half) : all;
    }
}

/* Steps that make the residual grow are halved. */
static bool step_down(Coordinates *at, double t, double b, double *largest)
{
    const size_t bytes = at->count * sizeof(double);
    memcpy(at->keep, at->base.position, bytes);
    memcpy(at->room, at->residual, bytes);
    solve(at, at->room, fmin(0.1, fmax(1e-4 * *largest, 1e-12)), at->step);
    double share = 1.0;
    for (int k = 0; k < MAX_HALVINGS; k++, share *= 0.5) {
        for (size_t i = 0; i < at->count; i++) {
            at->base.position[i] = at->keep[i] - share * at->step[i];
        }
        const double next = evaluate(at, t, b);
        if (next < *largest) {
            *largest = next;
            return true;
        }
    }
    memcpy(at->base.position, at->keep, bytes);
    evaluate(at, t, b);
    return false;
}

/* Newton's method from where the base points are. */
static bool settle(Coordinates *at, double t, double b)
{
    double largest = evaluate(at, t, b);
    double scale = sqrt(t);
    for (size_t i = 0; i < at->count; i++) {
        scale = fmax(scale, fabs(at->base.position[i]));
    }
    bool moving = isfinite(largest);
    for (int step = 0; step < MAX_NEWTON && moving && largest > goal * scale; step++) {
        moving = step_down(at, t, b, &largest);
    }
    return largest <= content * scale;
}

static bool find_base(Coordinates *at, double t, double b)
{
    at->warm = at->warm && at->half != 0.0 && settle(at, t, b);
    if (!at->warm) {
        start(at, b);
        at->warm = settle(at, t, b);
    }
    return at->warm;
}

/* ---- overlaps ------------------------------------------------------------------------ */

static double square(double x)
{
    return x * x;
}

/* R from what is above: 1 - 2 m + q; from what is cut, in which nothing large is left:
 * t + sum [(y - s)^2 - 2 s mean]/d - int x^2 below. */
static Overlaps overlaps_here(const Coordinates *at, double t)
{
    const BaseMoments moments = base_path_moments(&at->path);
    const bool above = at->path.side > 0;
    Overlaps o = {.q = above ? moments.second : t - moments.second,
                  .risk = above ? moments.second : t - moments.second,
                  .divergence = above ? moments.mixed : 1.0 + moments.mixed,
                  .rank = (above ? moments.mass : 1.0 - moments.mass) * (double)at->count};
    for (size_t i = at->count; i-- > 0;) { /* small terms first */
        const double mass = at->base.mass[i];
        const double s = at->target[i];
        const double y = at->base.position[i];
        const double error = error_of(at, i);
        const double f = coordinates_learned(at, i);
        o.m += mass * s * f;
        o.trace += mass * at->penalty[i] * f;
        o.surplus += mass * at->half * square(error);
        o.q += above ? 0.0 : mass * square(y);
        o.risk +=
            mass * (above ? square(s) - 2.0 * s * f : square(y - s) - 2.0 * s * at->mean[i]);
    }
    return o;
}

typedef struct Rates {
    double risk, divergence, surplus;
} Rates;

/* As the base points move at rate [i] and t at rate_t. */
static Rates rates_of(Coordinates *at, const double rate[], double rate_t)
{
    BasePath *path = &at->path;
    base_path_push(path, &at->base, rate, at->push);
    const BaseMoments moments = base_path_rates(path, at->push, rate_t);
    for (size_t k = 0; k < path->count; k++) {
        at->push[k] = rate_t * path->g[k] + path->t * at->push[k];
    }
    base_path_pull(path, &at->base, at->push, at->room);
    const bool above = path->side > 0;
    Rates r = {.risk = above ? moments.second : rate_t - moments.second,
               .divergence = moments.mixed};
    for (size_t i = at->count; i-- > 0;) {
        const double mass = at->base.mass[i];
        const double s = at->target[i];
        const double mean = at->slope[i] * rate[i] + at->room[i];
        const double f = above ? mean : rate[i] + mean;
        r.surplus += 2.0 * mass * at->half * error_of(at, i) * f;
        r.risk +=
            2.0 * mass * (above ? -s * f : (at->base.position[i] - s) * rate[i] - s * mean);
    }
    return r;
}

Overlaps coordinates_overlaps(Coordinates *at, double kurtosis, double t, double b)
{
    assert(t > 0.0 && b > 0.0 && kurtosis >= -2.0);
    at->half = 0.5 * kurtosis;
    if (!find_base(at, t, b)) {
        return (Overlaps){.risk = NAN, .divergence = NAN};
    }
    Overlaps o = overlaps_here(at, t);
    /* in log b: the base points' own, by the matrix */
    double *right = at->residual;
    for (size_t i = 0; i < at->count; i++) {
        right[i] = -b * at->penalty[i];
    }
    solve(at, right, accuracy, at->step);
    const Rates in_b = rates_of(at, at->step, 0.0);
    /* in log t: what t itself does to the means */
    for (size_t k = 0; k < at->path.count; k++) {
        at->push[k] = t * at->path.g[k];
    }
    base_path_pull(&at->path, &at->base, at->push, right);
    for (size_t i = 0; i < at->count; i++) {
        right[i] *= -at->half;
    }
    solve(at, right, accuracy, at->step);
    const Rates in_t = rates_of(at, at->step, t);
    o.risk_b = in_b.risk;
    o.divergence_b = in_b.divergence;
    o.surplus_b = in_b.surplus;
    o.risk_t = in_t.risk;
    o.divergence_t = in_t.divergence;
    o.surplus_t = in_t.surplus;
    return o;
}

Overlaps overlaps_quadratic_aligned(OverlapsWork *work, double t, double b)
{
    assert(work->width >= work->teacher.dimension);
    return coordinates_overlaps(coordinates_of(work), work->kurtosis, t, b);
}

void overlaps_forget(OverlapsWork *work)
{
    work->near.v = -1.0;
    coordinates_forget(work->coordinates);
}

void overlaps_free(OverlapsWork *work)
{
    atoms_free(&work->atoms);
    coordinates_free(work->coordinates);
    blocks_free(work->blocks);
    soft_block_free(work->soft_room);
    turned_free(work->turned);
    work->turned = NULL;
    work->blocks = NULL;
    work->soft_room = NULL;
    work->coordinates = NULL;
}
