#include "interior_system.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"
#include "phasesweep/base/clones.h"
#include "phasesweep/numerics/lapack.h"
#include "kernels.h"

/* Conjugate gradient: a single factor that needs so many steps is given up. */
enum { STEPS = 12 };

static const double one = 1.0;
static const double zero = 0.0;

InteriorSystem interior_system_create(int n, int d, const double x[],
                                      const Covariance *covariance)
{
    const size_t samples = (size_t)n;
    const size_t side = (size_t)d;
    InteriorSystem system = {.n = n, .d = d, .single = true, .x = x, .covariance = covariance};
    system.turned = checked_alloc(samples * side, sizeof(double));
    system.packed = checked_alloc(samples * side, sizeof(double));
    system.square = checked_alloc(side * side, sizeof(double));
    system.product = checked_alloc(side * side, sizeof(double));
    system.factor = checked_alloc(samples * samples, sizeof(double));
    system.vector = checked_alloc(5 * samples, sizeof(double));
    return system;
}

void interior_system_free(InteriorSystem *system)
{
    free(system->turned);
    free(system->packed);
    free(system->square);
    free(system->product);
    free(system->factor);
    free(system->vector);
    *system = (InteriorSystem){0};
}

size_t interior_system_memory(double n, double d)
{
    return (size_t)(8.0 * (n * n + 2.0 * n * d + 2.0 * d * d + 5.0 * n));
}

/* Sigma^1/2 g, in product where that is not g itself. */
static const double *stretched(InteriorSystem *system, const double g[])
{
    const size_t d = (size_t)system->d;
    if (system->covariance->variances == NULL) {
        return g;
    }
    memcpy(system->product, g, d * d * sizeof *g);
    covariance_whiten_dual(system->covariance, system->d, system->product);
    return system->product;
}

void interior_system_turn(InteriorSystem *system, const double g[])
{
    const int d = system->d;
    dgemm_("T", "N", &d, &system->n, &d, &one, g, &d, system->x, &d, &zero, system->turned, &d,
           1, 1);
    const double *root = stretched(system, g);
    dgemm_("T", "N", &d, &d, &d, &one, root, &d, root, &d, &zero, system->square, &d, 1, 1);
}

/* ---- the matrix ---------------------------------------------------------------------- */

double interior_dot(const double a[], const double b[], size_t count)
{
    double sum = 0.0;
#pragma omp simd reduction(+ : sum)
    for (size_t k = 0; k < count; k++) {
        sum += a[k] * b[k];
    }
    return sum;
}

/* From products of rows to K, lower triangle, in either precision. */
#define FINISH(NAME, REAL)                                                                     \
    CLONES                                                                                     \
    static void NAME(int n, double d, const double q[], double trace, REAL k[])                \
    {                                                                                          \
        for (int column = 0; column < n; column++) {                                           \
            REAL *entry = k + (size_t)column * (size_t)n;                                      \
            const double shift = trace - q[column];                                            \
            const double inverse = 1.0 / d;                                                    \
            _Pragma("omp simd") for (int row = column; row < n; row++)                         \
            {                                                                                  \
                const double product = entry[row];                                             \
                entry[row] = (REAL)(inverse * (product * product + (shift - q[row])));         \
            }                                                                                  \
            entry[column] += 1;                                                                \
        }                                                                                      \
    }
FINISH(finish_single, float)
FINISH(finish_double, double)
#undef FINISH

/* q = |Sigma^1/2 G x~|^2. */
static void norms(InteriorSystem *system, const double g[], double q[])
{
    const size_t d = (size_t)system->d;
    const double *root = stretched(system, g);
    dgemm_("N", "N", &system->d, &system->n, &system->d, &one, root, &system->d, system->turned,
           &system->d, &zero, system->packed, &system->d, 1, 1);
    for (size_t row = 0; row < (size_t)system->n; row++) {
        const double *column = system->packed + row * d;
        q[row] = interior_dot(column, column, d);
    }
}

static bool factor_single(InteriorSystem *system, const double q[], double trace)
{
    static const float unit = 1;
    static const float none = 0;
    const size_t entries = (size_t)system->n * (size_t)system->d;
    float *rows = (float *)system->packed;
    float *k = (float *)system->factor;
    int info;
    round_to_single(system->turned, entries, rows);
    ssyrk_("L", "T", &system->n, &system->d, &unit, rows, &system->d, &none, k, &system->n, 1,
           1);
    finish_single(system->n, system->d, q, trace, k);
    spotrf_("L", &system->n, k, &system->n, &info, 1);
    return info == 0;
}

static bool factor_double(InteriorSystem *system, const double q[], double trace)
{
    int info;
    dsyrk_("L", "T", &system->n, &system->d, &one, system->turned, &system->d, &zero,
           system->factor, &system->n, 1, 1);
    finish_double(system->n, system->d, q, trace, system->factor);
    dpotrf_("L", &system->n, system->factor, &system->n, &info, 1);
    return info == 0;
}

bool interior_system_factor(InteriorSystem *system, const double g[])
{
    const size_t d = (size_t)system->d;
    const double trace = interior_dot(system->square, system->square, d * d);
    double *q = system->vector;
    norms(system, g, q);
    system->single = system->single && factor_single(system, q, trace);
    return system->single || factor_double(system, q, trace);
}

/* ---- the operator -------------------------------------------------------------------- */

void interior_system_back(InteriorSystem *system, const double v[], double h[])
{
    const size_t d = (size_t)system->d;
    double sum = 0.0;
    memset(h, 0, d * d * sizeof *h);
    kernels_double.add_squares(system->d, system->n, system->turned, v, system->packed, NULL,
                               h);
    for (int row = 0; row < system->n; row++) {
        sum += v[row];
    }
    for (size_t column = 0; column < d; column++) {
        for (size_t row = column; row < d; row++) {
            const size_t k = row + column * d;
            h[k] = (h[k] - sum * system->square[k]) / sqrt((double)d);
            h[column + row * d] = h[k];
        }
    }
}

void interior_system_outputs(InteriorSystem *system, const double h[], double out[])
{
    const size_t d = (size_t)system->d;
    const double trace = interior_dot(h, system->square, d * d);
    dgemm_("N", "N", &system->d, &system->n, &system->d, &one, h, &system->d, system->turned,
           &system->d, &zero, system->packed, &system->d, 1, 1);
    for (size_t row = 0; row < (size_t)system->n; row++) {
        out[row] =
            (interior_dot(system->packed + row * d, system->turned + row * d, d) - trace) /
            sqrt((double)d);
    }
}

/* ---- solving ------------------------------------------------------------------------- */

/* z = factor^-1 r. */
static void precondition(InteriorSystem *system, const double r[], double z[])
{
    const int n = system->n;
    const int step = 1;
    if (!system->single) {
        memcpy(z, r, (size_t)n * sizeof *z);
        dtrsv_("L", "N", "N", &n, system->factor, &n, z, &step, 1, 1, 1);
        dtrsv_("L", "T", "N", &n, system->factor, &n, z, &step, 1, 1, 1);
        return;
    }
    float *rounded = (float *)z;
    round_to_single(r, (size_t)n, rounded);
    strsv_("L", "N", "N", &n, (float *)system->factor, &n, rounded, &step, 1, 1, 1);
    strsv_("L", "T", "N", &n, (float *)system->factor, &n, rounded, &step, 1, 1, 1);
    for (int k = n - 1; k >= 0; k--) {
        z[k] = rounded[k]; /* from the end: the floats are in front */
    }
}

static void add(double a, const double x[], size_t count, double y[])
{
#pragma omp simd
    for (size_t k = 0; k < count; k++) {
        y[k] += a * x[k];
    }
}

/* Conjugate gradient on x, h and their residual; false if it needs more steps than it has. */
static bool descend(InteriorSystem *system, double residual[], double goal, double x[],
                    double h[])
{
    const size_t n = (size_t)system->n;
    const size_t entries = (size_t)system->d * (size_t)system->d;
    double *z = system->vector;
    double *p = z + n;
    double *image = p + n;
    double before = 1.0;
    memset(p, 0, n * sizeof *p);
    for (int step = 0; step < STEPS; step++) {
        if (sqrt(interior_dot(residual, residual, n)) <= goal) {
            return true;
        }
        precondition(system, residual, z);
        const double now = interior_dot(residual, z, n);
        for (size_t k = 0; k < n; k++) {
            p[k] = z[k] + (step > 0 ? now / before : 0.0) * p[k];
        }
        before = now;
        interior_system_back(system, p, system->product);
        interior_system_outputs(system, system->product, image);
        add(1.0, p, n, image);
        const double length = now / interior_dot(p, image, n);
        add(length, p, n, x);
        add(length, system->product, entries, h);
        add(-length, image, n, residual);
    }
    return sqrt(interior_dot(residual, residual, n)) <= goal;
}

bool interior_system_solve(InteriorSystem *system, const double g[], double rhs[],
                           double accuracy, double x[], double h[])
{
    const size_t n = (size_t)system->n;
    const size_t entries = (size_t)system->d * (size_t)system->d;
    if (isinf(accuracy)) {
        precondition(system, rhs, x);
        interior_system_back(system, x, h);
        return true;
    }
    memset(x, 0, n * sizeof *x);
    memset(h, 0, entries * sizeof *h);
    const double goal = accuracy * sqrt(interior_dot(rhs, rhs, n));
    if (descend(system, rhs, goal, x, h) || !system->single) {
        return true; /* in double precision as far as rounding lets it */
    }
    system->single = false;
    if (!interior_system_factor(system, g)) {
        return false;
    }
    descend(system, rhs, goal, x, h);
    return true;
}
