#include "deep_descent.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"
#include "matrix_square.h"

/* L is at least so much more than the curvature that steps have shown, and falls by a share a
 * step to where they have shown none; it rises where F does not fall. */
static const double above_seen = 1.05;
static const double falls = 0.9;
static const double rises = 1.5;

/* Values of F closer than this share are the same, in double and in single precision. */
static const double rounding = 1e-13;
static const double rounding_single = 3e-6;

static size_t entries_of(const DeepDescent *descent)
{
    return (size_t)descent->d * (size_t)descent->d;
}

DeepDescent deep_descent_create(int d, double samples)
{
    DeepDescent descent = {.d = d, .alpha = samples / d / d};
    const size_t entries = entries_of(&descent);
    descent.threshold = threshold_of(1.0);
    descent.network = checked_alloc(entries, sizeof(double));
    descent.before = checked_alloc(entries, sizeof(double));
    descent.base = checked_alloc(entries, sizeof(double));
    descent.trial = checked_alloc(entries, sizeof(double));
    descent.factor = checked_alloc(entries, sizeof(double));
    descent.spectrum = checked_alloc((size_t)d, sizeof(double));
    descent.shrunk = checked_alloc((size_t)d, sizeof(double));
    descent.pace = (DeepPace){.smoothness = deep_descent_curvature(&descent), .unknown = true};
    return descent;
}

void deep_descent_free(DeepDescent *descent)
{
    free(descent->network);
    free(descent->before);
    free(descent->base);
    free(descent->trial);
    free(descent->factor);
    free(descent->spectrum);
    free(descent->shrunk);
    *descent = (DeepDescent){0};
}

double deep_descent_curvature(const DeepDescent *descent)
{
    return 4.0 * descent->alpha / descent->d;
}

void deep_descent_bound(DeepDescent *descent, int columns)
{
    assert(columns >= 0);
    descent->pace.most = columns;
}

/* The move to the next network is of another problem. */
void deep_descent_penalise(DeepDescent *descent, double power, double weight)
{
    assert(weight > 0.0);
    descent->threshold = threshold_of(power);
    descent->weight = weight;
    descent->pace.momentum = 1.0;
    descent->pace.moved = INFINITY;
}

/* ---- matrices ------------------------------------------------------------------------- */

static double distance(size_t count, const double a[], const double b[])
{
    double sum = 0.0;
#pragma omp simd reduction(+ : sum)
    for (size_t k = 0; k < count; k++) {
        sum += (a[k] - b[k]) * (a[k] - b[k]);
    }
    return sqrt(sum);
}

static double norm(size_t count, const double a[])
{
    double sum = 0.0;
    for (size_t k = 0; k < count; k++) {
        sum += a[k] * a[k];
    }
    return sqrt(sum);
}

/* <trial - base, trial - network>: negative if the step goes back on the one before. */
static double agreement(const DeepDescent *descent)
{
    double sum = 0.0;
    const size_t entries = entries_of(descent);
#pragma omp simd reduction(+ : sum)
    for (size_t k = 0; k < entries; k++) {
        sum +=
            (descent->trial[k] - descent->base[k]) * (descent->trial[k] - descent->network[k]);
    }
    return sum;
}

static double penalty(const DeepDescent *descent, const double spectrum[])
{
    double sum = 0.0;
    for (int k = 0; k < descent->d; k++) {
        sum += threshold_penalty(&descent->threshold, spectrum[k]);
    }
    return descent->weight / descent->d * sum;
}

double deep_descent_value(const DeepDescent *descent)
{
    const double d = descent->d;
    return descent->pace.residual / d / d + penalty(descent, descent->spectrum);
}

/* ---- the network in hand ---------------------------------------------------------------- */

/* Its eigenvalues are the squared lengths of the columns. */
void deep_descent_place(DeepDescent *descent, int columns, const double factor[])
{
    const size_t d = (size_t)descent->d;
    DeepPace *pace = &descent->pace;
    memcpy(descent->factor, factor, d * (size_t)columns * sizeof(double));
    memset(descent->spectrum, 0, d * sizeof(double));
    for (size_t k = 0; k < (size_t)columns; k++) {
        const double length = norm(d, factor + k * d);
        descent->spectrum[k] = length * length;
    }
    matrix_square(descent->d, columns, 0, factor, descent->network);
    *pace = (DeepPace){.smoothness = deep_descent_curvature(descent),
                       .used = deep_descent_curvature(descent),
                       .momentum = 1.0,
                       .residual = INFINITY,
                       .moved = INFINITY,
                       .columns = columns,
                       .most = descent->d,
                       .unknown = true};
}

static double trace_of(const DeepDescent *descent, const double spectrum[])
{
    double trace = 0.0;
    for (int k = 0; k < descent->d; k++) {
        trace += spectrum[k];
    }
    return trace;
}

void deep_descent_return(DeepDescent *descent, double factor[], PassPlan *plan)
{
    DeepPace *pace = &descent->pace;
    const size_t entries = entries_of(descent);
    memcpy(descent->base, descent->network, entries * sizeof(double));
    memcpy(factor, descent->factor,
           (size_t)descent->d * (size_t)pace->columns * sizeof(double));
    *plan = (PassPlan){.rank = pace->columns,
                       .slot = pace->slot,
                       .trace = trace_of(descent, descent->spectrum),
                       .residual_share = 1.0};
    plan->share[pace->slot] = 1.0;
}

void deep_descent_returned(DeepDescent *descent, const PassSums *sums)
{
    DeepPace *pace = &descent->pace;
    pace->residual = sums->residual;
    pace->momentum = 1.0;
    pace->plain = true;
    pace->unknown = false;
}

/* ---- a step ----------------------------------------------------------------------------- */

void deep_descent_matrix(const DeepDescent *descent, const double b[], double a[])
{
    const double d = descent->d;
    const double s = 2.0 / (d * d * descent->pace.smoothness);
    const size_t entries = entries_of(descent);
    assert(!descent->pace.unknown);
    for (size_t k = 0; k < entries; k++) {
        a[k] = descent->base[k] + s * b[k];
    }
}

int deep_descent_shrink(DeepDescent *descent, const double values[])
{
    const int d = descent->d;
    const double chi = descent->weight / (d * descent->pace.smoothness);
    const double edge = threshold_edge(&descent->threshold, chi);
    int rank = 0;
    memset(descent->shrunk, 0, (size_t)d * sizeof(double));
    /* S >= 0: what is negative is cut too; of a bounded rank the largest are best */
    while (rank < descent->pace.most && values[d - 1 - rank] > edge) {
        descent->shrunk[rank] =
            threshold_shrink(&descent->threshold, values[d - 1 - rank], chi);
        rank++;
    }
    return rank;
}

/* S' and its factor. */
static void make_trial(DeepDescent *descent, int rank, const double vectors[], double factor[])
{
    const size_t d = (size_t)descent->d;
    for (size_t k = 0; k < (size_t)rank; k++) {
        const double root = sqrt(descent->shrunk[k]);
        for (size_t i = 0; i < d; i++) {
            factor[i + k * d] = root * vectors[i + (d - 1 - k) * d];
        }
    }
    matrix_square(descent->d, rank, 0, factor, descent->trial);
}

double deep_descent_move(DeepDescent *descent, const double vectors[], double room[], int rank)
{
    make_trial(descent, rank, vectors, room);
    const double length = distance(entries_of(descent), descent->trial, descent->network);
    const double size = norm((size_t)descent->d, descent->shrunk);
    return length / (size > 0.0 ? size : sqrt(descent->d)); /* |S*|_F^2 = d */
}

void deep_descent_step(DeepDescent *descent, const double vectors[], double factor[],
                       PassPlan *plan)
{
    DeepPace *pace = &descent->pace;
    make_trial(descent, plan->rank, vectors, factor);
    if (agreement(descent) < 0.0) {
        pace->momentum = 1.0;
    }
    /* Nesterov's sequence: t' = (1 + sqrt(1 + 4 t^2))/2, extrapolation (t - 1)/t' */
    const double next = 0.5 + sqrt(0.25 + pace->momentum * pace->momentum);
    const double beta = (pace->momentum - 1.0) / next;
    const int slot = 1 - pace->slot;
    *plan = (PassPlan){.rank = plan->rank,
                       .slot = slot,
                       .trace = trace_of(descent, descent->shrunk),
                       .residual_share = 1.0};
    plan->share[slot] = 1.0 + beta;
    plan->share[pace->slot] = -beta;
    pace->momentum = next;
}

/* L after a step of this length; where it was below the curvature F may have risen. */
static void learn(DeepDescent *descent, const PassSums *sums, double length)
{
    const double d = descent->d;
    DeepPace *pace = &descent->pace;
    /* F has the curvature 2 |A(move)|^2/d^2 along the move */
    const double seen = length > 0.0 ? 2.0 * sums->move / (d * d * length * length) : 0.0;
    pace->smoothness = fmax(above_seen * seen, falls * pace->smoothness);
    pace->smoothness = fmax(pace->smoothness, deep_descent_curvature(descent));
}

/* S' is the network in hand from here on. */
static void take(DeepDescent *descent, const PassPlan *plan, const PassSums *sums,
                 const double factor[])
{
    DeepPace *pace = &descent->pace;
    const size_t d = (size_t)descent->d;
    double *oldest = descent->before;
    double *spectrum = descent->spectrum;
    descent->before = descent->network;
    descent->network = descent->trial;
    descent->trial = oldest;
    descent->spectrum = descent->shrunk;
    descent->shrunk = spectrum;
    memcpy(descent->factor, factor, d * (size_t)plan->rank * sizeof(double));
    const double beta = -plan->share[pace->slot];
    for (size_t k = 0; k < d * d; k++) {
        descent->base[k] =
            descent->network[k] + beta * (descent->network[k] - descent->before[k]);
    }
    pace->plain = beta == 0.0;
    pace->slot = plan->slot;
    pace->columns = plan->rank;
    pace->residual = sums->residual;
}

bool deep_descent_judge(DeepDescent *descent, const PassPlan *plan, const PassSums *sums,
                        const double factor[])
{
    DeepPace *pace = &descent->pace;
    const double d = descent->d;
    const size_t entries = entries_of(descent);
    const double length = distance(entries, descent->trial, descent->base);
    const double value = sums->residual / d / d + penalty(descent, descent->shrunk);
    const double now = deep_descent_value(descent);
    const bool counts = value <= now * (1.0 + (plan->single ? rounding_single : rounding));
    const double size = norm((size_t)descent->d, descent->shrunk);
    const double before = pace->smoothness;
    const bool plain = pace->plain;
    pace->direct = plain;
    pace->used = before;
    learn(descent, sums, length);
    if (counts) {
        pace->moved = length == 0.0 ? 0.0 : length / size;
        take(descent, plan, sums, factor);
    } else {
        pace->moved = INFINITY;
        pace->unknown = true;
        /* at any L above the curvature a step from S itself lowers F */
        pace->smoothness = plain ? fmax(pace->smoothness, rises * before) : pace->smoothness;
    }
    return counts;
}
