#include "lq_descent.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"
#include "phasesweep/numerics/lapack.h"
#include "kernels.h"

static const int one_step = 1;
static const double unit = 1.0;
static const double zero = 0.0;

/* Newton's method is tried when a sweep moves less than this; after a step that failed the wait
 * doubles. */
static const double near_enough = 0.05;
enum { FIRST_WAIT = 4, LONGEST_WAIT = 256 };

LqDescent lq_create(LqData data)
{
    const size_t d = (size_t)data.d;
    assert(data.d >= 1);
    return (LqDescent){.data = data,
                       .theta = checked_alloc(d, sizeof(double)),
                       .gradient = checked_alloc(d, sizeof(double)),
                       .edge = checked_alloc(d, sizeof(double)),
                       .order = checked_alloc(d, sizeof(int)),
                       .active = checked_alloc(d, sizeof(int)),
                       .trial = checked_alloc(d, sizeof(double)),
                       .slope = checked_alloc(d, sizeof(double))};
}

void lq_free(LqDescent *descent)
{
    void *const all[] = {descent->theta,  descent->gradient, descent->edge, descent->order,
                         descent->active, descent->trial,    descent->slope};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
        free(all[k]);
    }
    *descent = (LqDescent){0};
}

static double height(const LqDescent *descent, int j)
{
    return descent->data.gram[(size_t)j * ((size_t)descent->data.d + 1)];
}

/* In which theta_j alone sees the data; a column of zeros pulls nowhere. */
static double pull(const LqDescent *descent, int j)
{
    const double h = height(descent, j);
    return h > 0.0 ? descent->theta[j] + descent->gradient[j] / h : 0.0;
}

/* Minimum of F in theta_j alone. */
static double best_alone(const LqDescent *descent, int j)
{
    const double y = pull(descent, j);
    const double size = fabs(y);
    if (!(size > descent->edge[j])) {
        return 0.0;
    }
    const Threshold *threshold = &descent->threshold;
    return copysign(
        threshold->shrink(threshold->power, size, descent->weight / height(descent, j)), y);
}

void lq_penalise(LqDescent *descent, double power, double weight)
{
    assert(power > 0.0 && power <= 1.0 && weight > 0.0);
    descent->threshold = threshold_of(power);
    descent->weight = weight;
    for (int j = 0; j < descent->data.d; j++) {
        const double h = height(descent, j);
        descent->edge[j] = h > 0.0 ? threshold_edge(&descent->threshold, weight / h) : INFINITY;
    }
    descent->pace = (LqPace){.moved = INFINITY, .wait = FIRST_WAIT};
}

/* out = X^T r at theta. */
static void gradient_at(const LqDescent *descent, const double theta[], double out[])
{
    const LqData *data = &descent->data;
    const double minus = -1.0;
    double *moved = checked_alloc((size_t)data->d, sizeof *moved);
    for (int j = 0; j < data->d; j++) {
        moved[j] = theta[j] - data->base[j];
    }
    memcpy(out, data->base_gradient, (size_t)data->d * sizeof *out);
    dsymv_("U", &data->d, &minus, data->gram, &data->d, moved, &one_step, &unit, out, &one_step,
           1);
    free(moved);
}

typedef struct Ranked {
    double size;
    int place;
} Ranked;

static int decreasing(const void *a, const void *b)
{
    const Ranked *x = a;
    const Ranked *y = b;
    const int by_size = (x->size < y->size) - (x->size > y->size);
    return by_size != 0 ? by_size : x->place - y->place;
}

/* By what the data say, for the number of a coordinate is that of the teacher's. */
static void sort_by_pull(LqDescent *descent)
{
    const int d = descent->data.d;
    Ranked *list = checked_alloc((size_t)d, sizeof *list);
    for (int j = 0; j < d; j++) {
        list[j] = (Ranked){fabs(pull(descent, j)), j};
    }
    qsort(list, (size_t)d, sizeof *list, decreasing);
    for (int j = 0; j < d; j++) {
        descent->order[j] = list[j].place;
    }
    free(list);
}

void lq_place(LqDescent *descent, const double theta[])
{
    memcpy(descent->theta, theta, (size_t)descent->data.d * sizeof *theta);
    gradient_at(descent, descent->theta, descent->gradient);
    sort_by_pull(descent);
}

/* ---- sweeps ------------------------------------------------------------------------------ */

static double norm_of(const double v[], int count)
{
    double square = 0.0;
    for (int i = 0; i < count; i++) {
        square += v[i] * v[i];
    }
    return sqrt(square);
}

static double sweep(LqDescent *descent)
{
    const int d = descent->data.d;
    double square = 0.0;
    int moves = 0;
    bool settled = true;
    for (int k = 0; k < d; k++) {
        const int j = descent->order[k];
        const double next = best_alone(descent, j);
        const double move = next - descent->theta[j];
        if (move != 0.0) {
            settled = settled && next != 0.0 && descent->theta[j] != 0.0;
            descent->theta[j] = next;
            add_multiple(-move, descent->data.gram + (size_t)j * (size_t)d, descent->gradient,
                         d);
            square += move * move;
            moves++;
        }
    }
    const double size = norm_of(descent->theta, d);
    descent->pace.moved = size > 0.0 ? sqrt(square) / size : sqrt(square);
    descent->pace.settled = settled;
    descent->pace.since++;
    return (moves + 1.0) * d;
}

/* ---- Newton's method ----------------------------------------------------------------------
 */

static double square_at(const LqData *data, const double theta[], const double gradient[])
{
    double square = data->base_square;
    for (int j = 0; j < data->d; j++) {
        square -= (theta[j] - data->base[j]) * (data->base_gradient[j] + gradient[j]);
    }
    return square < 0.0 ? 0.0 : square; /* by rounding; NaN stays */
}

static double objective_at(const LqDescent *descent, const double theta[],
                           const double gradient[])
{
    double penalty = 0.0;
    for (int j = 0; j < descent->data.d; j++) {
        penalty += threshold_penalty(&descent->threshold, theta[j]);
    }
    return 0.5 * square_at(&descent->data, theta, gradient) + descent->weight * penalty;
}

/* Step to the stationary point of the second-order expansion of F on the active coefficients.
 * False where F is not convex there. */
static bool newton_direction(const LqDescent *descent, int size, double step[])
{
    const size_t d = (size_t)descent->data.d;
    const size_t m = (size_t)size;
    const double q = descent->threshold.power;
    double *a = checked_alloc(m * m, sizeof *a);
    for (size_t k = 0; k < m; k++) {
        const size_t j = (size_t)descent->active[k];
        const double t = fabs(descent->theta[j]);
        const double bias = descent->weight * q * pow(t, q - 1.0);
        for (size_t i = 0; i <= k; i++) {
            a[i + k * m] = descent->data.gram[(size_t)descent->active[i] + j * d];
        }
        a[k + k * m] -= (1.0 - q) * bias / t;
        step[k] = descent->gradient[j] - copysign(bias, descent->theta[j]);
    }
    int info;
    dpotrf_("U", &size, a, &size, &info, 1);
    assert(info >= 0);
    if (info == 0) {
        dtrsv_("U", "T", "N", &size, a, &size, step, &one_step, 1, 1, 1);
        dtrsv_("U", "N", "N", &size, a, &size, step, &one_step, 1, 1, 1);
    }
    free(a);
    return info == 0;
}

/* Taken if all signs stay and F is not above what it was but for rounding. */
static bool newton_take(LqDescent *descent, int size, const double step[])
{
    static const double rounding = 1e-13;
    const int d = descent->data.d;
    memcpy(descent->trial, descent->theta, (size_t)d * sizeof(double));
    bool good = true;
    for (int k = 0; k < size; k++) {
        double *theta = &descent->trial[descent->active[k]];
        good = good && (*theta + step[k]) * *theta > 0.0;
        *theta += step[k];
    }
    if (!good) {
        return false;
    }
    gradient_at(descent, descent->trial, descent->slope);
    const double before = objective_at(descent, descent->theta, descent->gradient);
    const double after = objective_at(descent, descent->trial, descent->slope);
    if (!(after <= before * (1.0 + rounding))) {
        return false;
    }
    memcpy(descent->theta, descent->trial, (size_t)d * sizeof(double));
    memcpy(descent->gradient, descent->slope, (size_t)d * sizeof(double));
    return true;
}

static double newton(LqDescent *descent)
{
    const int d = descent->data.d;
    int size = 0;
    for (int j = 0; j < d; j++) {
        if (descent->theta[j] != 0.0) {
            descent->active[size++] = j;
        }
    }
    if (size > 0) {
        double *step = checked_alloc((size_t)size, sizeof *step);
        const bool good =
            newton_direction(descent, size, step) && newton_take(descent, size, step);
        free(step);
        LqPace *pace = &descent->pace;
        pace->since = 0;
        pace->wait = good ? 1 : pace->wait < LONGEST_WAIT ? 2 * pace->wait : pace->wait;
    }
    return (double)d * d + (double)size * size * (1.0 + size / 30.0); /* a matrix product */
}

double lq_advance(LqDescent *descent)
{
    const LqPace *pace = &descent->pace;
    const bool ready = pace->settled && pace->moved < near_enough && pace->since >= pace->wait;
    return ready ? newton(descent) : sweep(descent);
}

/* ---- ends -------------------------------------------------------------------------------- */

static double stationarity(const LqDescent *descent)
{
    double move = 0.0;
    double size = 0.0;
    for (int j = 0; j < descent->data.d; j++) {
        const double next = best_alone(descent, j);
        move += (next - descent->theta[j]) * (next - descent->theta[j]);
        size += next * next;
    }
    return size > 0.0 ? sqrt(move / size) : sqrt(move);
}

bool lq_is_stationary(const LqDescent *descent, double tolerance)
{
    /* NaN ends a descent, too */
    return descent->pace.settled && !(descent->pace.moved > tolerance) &&
           !(stationarity(descent) > tolerance);
}

LqValue lq_value(LqDescent *descent)
{
    gradient_at(descent, descent->theta, descent->gradient);
    return (LqValue){.objective = objective_at(descent, descent->theta, descent->gradient),
                     .square = square_at(&descent->data, descent->theta, descent->gradient),
                     .stationarity = stationarity(descent)};
}

void lq_least_squares(LqDescent *descent, int steps, double share)
{
    const int d = descent->data.d;
    const double *r = descent->gradient;
    double *direction = descent->trial;
    double *image = descent->slope;
    memcpy(direction, r, (size_t)d * sizeof *direction);
    double square = pow(norm_of(r, d), 2.0);
    const double target = square * share * share;
    for (int k = 0; k < steps && square > target; k++) {
        dsymv_("U", &d, &unit, descent->data.gram, &d, direction, &one_step, &zero, image,
               &one_step, 1);
        double along = 0.0;
        for (int j = 0; j < d; j++) {
            along += direction[j] * image[j];
        }
        if (!(along > 0.0)) {
            break;
        }
        add_multiple(square / along, direction, descent->theta, d);
        add_multiple(-square / along, image, descent->gradient, d);
        const double before = square;
        square = pow(norm_of(r, d), 2.0);
        for (int j = 0; j < d; j++) {
            direction[j] = r[j] + square / before * direction[j];
        }
    }
}
