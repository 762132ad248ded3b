#include "phasesweep/lbfgs.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "clones.h"
#include "phasesweep/check.h"

/* Constants of the Wolfe conditions, for quasi-Newton steps. */
static const double enough_decrease = 1e-4;
static const double enough_slope = 0.9;

/* Values closer than this share of them are the same but for rounding. */
static const double rounding = 1e-14;

enum { TRIALS = 40, SMALL_IN_A_ROW = 3 };

/* The vectors that make up a direction are kept in one array: `memory` steps of x, as many
 * changes of the gradient, the gradient.  Their products with one another are known at all
 * times, so that a direction is found without communication (Chen, Wang & Zhou 2014). */
struct LbfgsWork {
    MPI_Comm team;
    int count;
    LbfgsFunction function; /* of the call in hand, as context */
    void *context;
    int memory;                     /* pairs there is room for */
    int vectors;                    /* 2 memory + 1 */
    double *basis;                  /* [vectors * count] */
    double *product;                /* [vectors * vectors] */
    double *x;                      /* [count]; the caller's */
    double *trial, *trial_gradient; /* [count] on the line */
    double *direction;              /* [count] */
    int pairs, newest;              /* in use; index of the last one */
    double value;
    int evaluations; /* in this call */
};

LbfgsSettings lbfgs_defaults(void)
{
    return (LbfgsSettings){.evaluation_limit = 10000, .relative = 1e-12};
}

CLONES
static double local_dot(const double a[], const double b[], int count)
{
    double sum = 0.0;
#pragma omp simd reduction(+ : sum)
    for (int i = 0; i < count; i++) {
        sum += a[i] * b[i];
    }
    return sum;
}

static double dot(const LbfgsWork *work, const double a[], const double b[])
{
    double sum = local_dot(a, b, work->count);
    MPI_Allreduce(MPI_IN_PLACE, &sum, 1, MPI_DOUBLE, MPI_SUM, work->team);
    return sum;
}

/* a += factor b */
static void add(double a[], double factor, const double b[], int count)
{
#pragma omp simd
    for (int i = 0; i < count; i++) {
        a[i] += factor * b[i];
    }
}

static double *vector(const LbfgsWork *work, int index)
{
    return work->basis + (size_t)index * (size_t)work->count;
}

static double *gradient(const LbfgsWork *work)
{
    return vector(work, work->vectors - 1);
}

LbfgsWork *lbfgs_create(MPI_Comm team, int count, int memory)
{
    assert(memory >= 1 && count >= 0);
    const size_t n = (size_t)count;
    const size_t vectors = 2 * (size_t)memory + 1;
    LbfgsWork *work = checked_alloc(1, sizeof *work);
    *work = (LbfgsWork){.team = team, .count = count, .memory = memory, .newest = -1};
    work->vectors = (int)vectors;
    work->basis = checked_alloc(n * vectors, sizeof(double));
    work->product = checked_alloc(vectors * vectors, sizeof(double));
    work->trial = checked_alloc(n, sizeof(double));
    work->trial_gradient = checked_alloc(n, sizeof(double));
    work->direction = checked_alloc(n, sizeof(double));
    return work;
}

void lbfgs_free(LbfgsWork *work)
{
    if (work == NULL) {
        return;
    }
    free(work->basis);
    free(work->product);
    free(work->trial);
    free(work->trial_gradient);
    free(work->direction);
    free(work);
}

void lbfgs_forget(LbfgsWork *work)
{
    work->pairs = 0;
}

/* Products of `count` changed vectors with all; one message. */
static void refresh(LbfgsWork *work, const int changed[], int count)
{
    const int vectors = work->vectors;
    double *sums = checked_alloc((size_t)(count * vectors), sizeof *sums);
    for (int k = 0; k < count * vectors; k++) {
        sums[k] = local_dot(vector(work, changed[k / vectors]), vector(work, k % vectors),
                            work->count);
    }
    MPI_Allreduce(MPI_IN_PLACE, sums, count * vectors, MPI_DOUBLE, MPI_SUM, work->team);
    for (int k = 0; k < count * vectors; k++) {
        const int row = changed[k / vectors];
        const int column = k % vectors;
        work->product[row * vectors + column] = sums[k];
        work->product[column * vectors + row] = sums[k];
    }
    free(sums);
}

/* Row `index` of the products times shares of all vectors. */
static double combine(const LbfgsWork *work, int index, const double share[])
{
    return local_dot(work->product + (size_t)index * (size_t)work->vectors, share,
                     work->vectors);
}

static int slot_of(const LbfgsWork *work, int age)
{
    return (work->newest - age + work->memory) % work->memory;
}

/* -H gradient by the two-loop recursion, as shares of the vectors. */
static void recursion(const LbfgsWork *work, double share[])
{
    const int m = work->memory;
    const int stride = work->vectors + 1; /* from one diagonal entry to the next */
    double *weight = checked_alloc((size_t)m, sizeof *weight);
    memset(share, 0, (size_t)work->vectors * sizeof *share);
    share[2 * m] = -1.0;
    for (int age = 0; age < work->pairs; age++) {
        const int k = slot_of(work, age);
        weight[k] = combine(work, k, share) / work->product[k * work->vectors + m + k];
        share[m + k] -= weight[k];
    }
    if (work->pairs > 0) {
        const int k = work->newest;
        const double scale =
            work->product[k * work->vectors + m + k] / work->product[(m + k) * stride];
        for (int j = 0; j < work->vectors; j++) {
            share[j] *= scale;
        }
    }
    for (int age = work->pairs - 1; age >= 0; age--) {
        const int k = slot_of(work, age);
        share[k] +=
            weight[k] - combine(work, m + k, share) / work->product[k * work->vectors + m + k];
    }
    free(weight);
}

/* Returns the slope of f along the new direction, < 0 but at a stationary point. */
static double choose_direction(LbfgsWork *work)
{
    double *share = checked_alloc((size_t)work->vectors, sizeof *share);
    recursion(work, share);
    memset(work->direction, 0, (size_t)work->count * sizeof(double));
    for (int j = 0; j < work->vectors; j++) {
        if (share[j] != 0.0) {
            add(work->direction, share[j], vector(work, j), work->count);
        }
    }
    free(share);
    return dot(work, work->direction, gradient(work));
}

/* Move to the trial point and keep the pair, if f was convex along the step; else forget. */
static void accept(LbfgsWork *work, double value)
{
    const int slot = (work->newest + 1) % work->memory;
    double *step = vector(work, slot);
    double *change = vector(work, work->memory + slot);
    double *now = gradient(work);
    for (int i = 0; i < work->count; i++) {
        step[i] = work->trial[i] - work->x[i];
        change[i] = work->trial_gradient[i] - now[i];
        work->x[i] = work->trial[i];
        now[i] = work->trial_gradient[i];
    }
    work->value = value;
    const int changed[] = {slot, work->memory + slot, work->vectors - 1};
    refresh(work, changed, 3);
    if (work->product[slot * work->vectors + work->memory + slot] > 0.0) {
        work->newest = slot;
        work->pairs += work->pairs < work->memory;
    } else {
        work->pairs = 0;
    }
}

/* ---- line search --------------------------------------------------------------------- */

/* A point on the line. */
typedef struct Point {
    double at;
    double value, slope;
} Point;

static Point evaluate(LbfgsWork *work, double at)
{
    Point point = {.at = at};
    memcpy(work->trial, work->x, (size_t)work->count * sizeof(double));
    add(work->trial, at, work->direction, work->count);
    point.value = work->function(work->trial, work->trial_gradient, work->context);
    point.slope = dot(work, work->trial_gradient, work->direction);
    work->evaluations++;
    return point;
}

/* Minimum of the cubic through values and slopes of both points, kept off both ends. */
static double interpolate(Point a, Point b)
{
    const double width = b.at - a.at;
    const double mean = 3.0 * (b.value - a.value) / width;
    const double bend = a.slope + b.slope - mean;
    const double root = bend * bend - a.slope * b.slope;
    double share = 0.5;
    if (isfinite(b.value) && root >= 0.0) {
        const double middle = copysign(sqrt(root), width);
        share = 1.0 - (b.slope + middle - bend) / (b.slope - a.slope + 2.0 * middle);
    }
    return a.at + width * (share > 0.1 ? (share < 0.9 ? share : 0.9) : 0.1);
}

/* Leaves an accepted point in trial; false if none was found. */
static bool search_line(LbfgsWork *work, double slope, double first, double *value)
{
    const Point start = {.at = 0.0, .value = work->value, .slope = slope};
    const double slack = rounding * fabs(start.value);
    Point low = start;             /* lowest so far that decreased enough */
    Point high = {.at = INFINITY}; /* the other end of the bracket, if there is one */
    double at = first;
    for (int trial = 0; trial < TRIALS; trial++) {
        const Point point = evaluate(work, at);
        const double ceiling = start.value + enough_decrease * at * start.slope + slack;
        if (!(point.value <= ceiling && point.value < low.value + slack)) {
            high = point;
        } else if (fabs(point.slope) <= -enough_slope * start.slope) {
            *value = point.value;
            return true;
        } else {
            if (point.slope * (point.at - low.at) >= 0.0) {
                high = low;
            }
            low = point;
        }
        at = isfinite(high.at) ? interpolate(low, high) : 4.0 * low.at;
    }
    if (low.at > 0.0) { /* not flat enough, but lower */
        *value = evaluate(work, low.at).value;
        return true;
    }
    return false;
}

/* ---- descent ------------------------------------------------------------------------- */

/* First step of a descent along the gradient: a tenth of the way to the origin at most. */
static double first_step(const LbfgsWork *work)
{
    const int last = work->vectors * work->vectors - 1;
    const double size = sqrt(work->product[last]);
    const double distance = sqrt(dot(work, work->x, work->x));
    return fmin(1.0, (distance > 0.0 ? 0.1 * distance : 1.0) / size);
}

/* Steps until the estimate is small, the limit is reached or nothing lower is found. */
static void iterate(LbfgsWork *work, const LbfgsSettings *settings, Lbfgs *report)
{
    int small = 0;
    while (work->evaluations < settings->evaluation_limit) {
        double slope = choose_direction(work);
        if (!(slope < 0.0) && work->pairs > 0) {
            work->pairs = 0;
            slope = choose_direction(work);
        }
        report->estimate = -0.5 * slope;
        const double goal = settings->relative * fabs(work->value) + settings->absolute;
        small = report->estimate <= goal ? small + 1 : 0;
        if (small == SMALL_IN_A_ROW || slope == 0.0) {
            report->outcome = OUTCOME_CONVERGED;
            return;
        }
        double value;
        const double first = work->pairs > 0 ? 1.0 : first_step(work);
        if (search_line(work, slope, first, &value)) {
            accept(work, value);
            report->iterations++;
        } else if (work->pairs > 0) {
            work->pairs = 0; /* once more along the gradient */
        } else {
            report->outcome = small > 0 ? OUTCOME_CONVERGED : OUTCOME_NOT_CONVERGED;
            return;
        }
    }
}

Lbfgs lbfgs_minimise(LbfgsWork *work, double x[], LbfgsFunction function, void *context,
                     const LbfgsSettings *settings)
{
    assert(settings->evaluation_limit >= 1);
    assert(settings->relative >= 0.0 && settings->absolute >= 0.0);
    work->x = x;
    work->function = function;
    work->context = context;
    work->value = function(x, gradient(work), context);
    work->evaluations = 1;
    const int last = work->vectors - 1;
    refresh(work, &last, 1);
    Lbfgs report = {.outcome = OUTCOME_NOT_CONVERGED, .estimate = INFINITY};
    if (isfinite(work->value)) {
        iterate(work, settings, &report);
    } else {
        report.outcome = OUTCOME_FAILED;
    }
    report.value = work->value;
    report.evaluations = work->evaluations;
    report.gradient = sqrt(work->product[work->vectors * work->vectors - 1]);
    return report;
}
