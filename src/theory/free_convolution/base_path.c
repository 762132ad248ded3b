#include "base_path.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "phasesweep/base/check.h"
#include "phasesweep/base/clones.h"
#include "phasesweep/numerics/roots.h"
#include "phasesweep/theory/freeconv.h"
#include "half_rule.h"

/* 16-point Gauss-Legendre, half of it. */
enum { HALF = HALF_RULE, NODES = 2 * HALF };

/* As in contour.c: poles stay outside the ellipse rho = 3.1 of the quarter circle. */
static const double clearance = 2.5;

typedef struct Search {
    const Atoms *base;
    double t;
    SpectralPoint at;
} Search;

static double position_error(double shift, void *context)
{
    Search *search = context;
    search->at = freeconv_point_of(search->base, search->t, shift * sqrt(search->t));
    return search->at.x;
}

/* The point at x = 0; |x - u| <= delta.  All integrands vanish there, so that an error of 1e-10
 * is none. */
static SpectralPoint cut_of(const Atoms *base, double t)
{
    Search search = {.base = base, .t = t};
    root_bracketed(position_error, &search, -1.0 - 1e-12, 1.0 + 1e-12, 1e-10);
    return search.at;
}

static double complex *grown(double complex *old, size_t capacity)
{
    return checked_realloc(old, capacity, sizeof(double complex));
}

static void reserve(BasePath *path)
{
    if (path->count + NODES <= path->capacity) {
        return;
    }
    path->capacity = 2 * path->capacity + 16 * NODES;
    path->w = grown(path->w, path->capacity);
    path->dw = grown(path->dw, path->capacity);
    path->z = grown(path->z, path->capacity);
    path->g = grown(path->g, path->capacity);
    path->change = grown(path->change, path->capacity);
}

/* Places in (-1, 1) and weights of the rule by number. */
static double place_of(int k)
{
    return k < HALF ? -half_node[HALF - 1 - k] : half_node[k - HALF];
}

static double weight_of(int k)
{
    return k < HALF ? half_weight[HALF - 1 - k] : half_weight[k - HALF];
}

static void add_vertical(BasePath *path, double u, double low, double high)
{
    reserve(path);
    const double half = 0.5 * (high - low);
    for (int k = 0; k < NODES; k++) {
        path->w[path->count] = u + I * (low + half * (1.0 + place_of(k)));
        path->dw[path->count++] = I * half * weight_of(k);
    }
}

/* From u + i radius down to the real line at u + side radius. */
static void add_quarter_circle(BasePath *path, double u, double radius)
{
    reserve(path);
    const double half = 0.25 * M_PI;
    for (int k = 0; k < NODES; k++) {
        const double turn = half * (1.0 + place_of(k));
        path->w[path->count] = u + radius * (path->side * sin(turn) + I * cos(turn));
        path->dw[path->count++] =
            radius * (path->side * cos(turn) - I * sin(turn)) * half * weight_of(k);
    }
}

/* Panels of geometric length, their ellipses clear of every base point (contour.c). */
static void add_rise(BasePath *path, double u, double low, double nearest, double high)
{
    const double far = 2.0 * sqrt(path->t);
    while (low < high) {
        const double top = low + 2.0 * hypot(low, nearest) + (low > far ? low : 0.0);
        add_vertical(path, u, low, fmin(top, high));
        low = top;
    }
}

static void add_resolvents(BasePath *path, const Atoms *base)
{
    static_assert(NODES % ATOM_NODES == 0, "whole batches");
    for (size_t k = 0; k < path->count; k += ATOM_NODES) {
        double u[ATOM_NODES], v[ATOM_NODES];
        for (size_t j = 0; j < ATOM_NODES; j++) {
            u[j] = creal(path->w[k + j]);
            v[j] = cimag(path->w[k + j]);
        }
        atoms_resolvent(base, u, v, path->g + k, path->change + k);
    }
    for (size_t k = 0; k < path->count; k++) {
        path->z[k] = path->w[k] + path->t * path->g[k];
    }
}

void base_path_lay(BasePath *path, const Atoms *base, double t)
{
    assert(t > 0.0 && base->count > 0);
    const SpectralPoint cut = cut_of(base, t);
    double above = 0.0;
    double below = 0.0;
    double nearest = INFINITY;
    for (size_t i = 0; i < base->count; i++) {
        const double apart = base->position[i] - cut.u;
        above = fmax(above, apart);
        below = fmax(below, -apart);
        nearest = fmin(nearest, fabs(apart));
    }
    path->t = t;
    path->count = 0;
    /* sums above are of terms like s_i^2, of mean 1; those below of squares of what is cut */
    path->side = 1.0 + above * above < below * below ? 1 : -1;
    const bool gap = cut.v == 0.0;
    if (gap && (above == 0.0 || below == 0.0)) {
        path->side = above == 0.0 ? 1 : -1;
        return;
    }
    const double extent = path->side > 0 ? above : below;
    const double radius = fmax(cut.v, clearance * extent) + sqrt(t);
    /* a cut that rounding puts onto a base point must not hold up the path */
    add_rise(path, cut.u, cut.v, fmax(nearest, 1e-15 * (fabs(cut.u) + sqrt(t))), radius);
    add_quarter_circle(path, cut.u, radius);
    add_resolvents(path, base);
}

void base_path_free(BasePath *path)
{
    free(path->w);
    free(path->dw);
    free(path->z);
    free(path->g);
    free(path->change);
    *path = (BasePath){0};
}

BaseMoments base_path_moments(const BasePath *path)
{
    BaseMoments sum = {0};
    for (size_t k = 0; k < path->count; k++) {
        const double complex z = path->z[k];
        const double complex g = path->g[k];
        const double complex rho = g * (1.0 + path->t * path->change[k]) * path->dw[k];
        sum.mass -= path->side * cimag(rho) / M_PI;
        sum.second -= path->side * cimag(z * z * rho) / M_PI;
        sum.mixed -= cimag(z * g * rho) / M_PI;
    }
    return sum;
}

/* Im (re + i im)/(x + i v)^2, r = 1/(x^2 + v^2). */
static inline __attribute__((always_inline)) double over_square(double re, double im, double x,
                                                                double v, double r)
{
    return r * r * (im * (x * x - v * v) - 2.0 * re * x * v);
}

/* one [i] -= Im c/(w - y_i), two [i] -= Im c/(w - y_i)^2. */
CLONES
static void pull(double complex w, double complex c, size_t count, const double y[],
                 double one[], double two[])
{
    const double u = creal(w);
    const double v = cimag(w);
    const double re = creal(c);
    const double im = cimag(c);
#pragma omp simd
    for (size_t i = 0; i < count; i++) {
        const double x = u - y[i];
        const double r = 1.0 / (x * x + v * v);
        one[i] -= r * (im * x - re * v);
        two[i] -= over_square(re, im, x, v, r);
    }
}

void base_path_means(const BasePath *path, const Atoms *base, double mean[], double slope[])
{
    for (size_t i = 0; i < base->count; i++) {
        mean[i] = slope[i] = 0.0;
    }
    for (size_t k = 0; k < path->count; k++) {
        const double complex dz = (1.0 + path->t * path->change[k]) * path->dw[k];
        pull(path->w[k], path->z[k] * dz / M_PI, base->count, base->position, mean, slope);
    }
}

/* The same of the square alone. */
CLONES
static void pull_square(double complex w, double complex c, size_t count, const double y[],
                        double out[])
{
    const double u = creal(w);
    const double v = cimag(w);
    const double re = creal(c);
    const double im = cimag(c);
#pragma omp simd
    for (size_t i = 0; i < count; i++) {
        const double x = u - y[i];
        const double r = 1.0 / (x * x + v * v);
        out[i] -= over_square(re, im, x, v, r);
    }
}

void base_path_pull(const BasePath *path, const Atoms *base, const double complex change[],
                    double out[])
{
    for (size_t i = 0; i < base->count; i++) {
        out[i] = 0.0;
    }
    for (size_t k = 0; k < path->count; k++) {
        pull_square(path->w[k], path->z[k] * change[k] * path->dw[k] / M_PI, base->count,
                    base->position, out);
    }
}

CLONES
static double complex push(double complex w, size_t count, const double y[],
                           const double mass[], const double rate[])
{
    const double u = creal(w);
    const double v = cimag(w);
    double re = 0.0;
    double im = 0.0;
#pragma omp simd reduction(+ : re, im)
    for (size_t i = 0; i < count; i++) {
        const double x = u - y[i];
        const double r = 1.0 / (x * x + v * v);
        const double c = mass[i] * rate[i] * r * r;
        re += c * (x * x - v * v);
        im -= c * 2.0 * x * v;
    }
    return re + I * im;
}

void base_path_push(const BasePath *path, const Atoms *base, const double rate[],
                    double complex change[])
{
    for (size_t k = 0; k < path->count; k++) {
        change[k] = push(path->w[k], base->count, base->position, base->mass, rate);
    }
}

BaseMoments base_path_rates(const BasePath *path, const double complex change[], double rate_t)
{
    BaseMoments sum = {.mass = NAN};
    for (size_t k = 0; k < path->count; k++) {
        /* of G at fixed z, times dz */
        const double complex rate =
            (change[k] - rate_t * path->g[k] * path->change[k]) * path->dw[k];
        sum.second -= path->side * cimag(path->z[k] * path->z[k] * rate) / M_PI;
        sum.mixed -= 2.0 * cimag(path->z[k] * path->g[k] * rate) / M_PI;
    }
    return sum;
}
