/* slow_matrix.h - theory.md section 14 once more, from dense sums and by plain iteration: what
 * the solver of the program is compared with.  Include after cmocka.h.
 *
 * S = (S* - b Sigma^-1 - (k4/2) diag(E) + delta Z)_+ in the coordinates of the entries, with
 * the spectral measure of every base point y_i on the boundary curve: over a band of u, density
 * v/pi
 * ((u - y_i)^2 + v^2) dx, x = u + t (1/d) sum (u - y_j)/((u - y_j)^2 + v^2).
 */
#ifndef PHASESWEEP_TESTS_SLOW_MATRIX_H
#define PHASESWEEP_TESTS_SLOW_MATRIX_H

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { SLOW_MOST = 128, SLOW_NODES = 64 };

typedef struct SlowMatrix {
    int count;                 /* d, or kinds of equal base points, by mass */
    double target[SLOW_MOST];  /* s_i of S* where rows are isotropic */
    double penalty[SLOW_MOST]; /* 1/sigma_i */
    double mass[SLOW_MOST];    /* sum 1 */
    double kurtosis;
    bool rotated;
    double alpha, weight, noise; /* n/d^2, lt, Delta */
    double t, b;                 /* unknowns */
    double base[SLOW_MOST];      /* y_i */
    double learned[SLOW_MOST];   /* int f dmu_i */
    double q, divergence, risk, prediction_risk;
} SlowMatrix;

static inline double slow_power(const SlowMatrix *s, double u, double y, int power)
{
    double sum = 0.0;
    for (int i = 0; i < s->count; i++) {
        const double x = u - s->base[i];
        sum += s->mass[i] * (power == 3 ? 1.0 / (x * x * x) : 1.0 / (x * x + y));
    }
    return sum;
}

/* v^2 of the curve over u by bisection; 0 in a gap. */
static inline double slow_height(const SlowMatrix *s, double u)
{
    double low = 0.0;
    double high = s->t;
    if (!(slow_power(s, u, 1e-18 * s->t, 2) > 1.0 / s->t)) {
        return 0.0;
    }
    for (int k = 0; k < 56; k++) {
        const double middle = k < 20 && low == 0.0 ? high * 0.1 : 0.5 * (low + high);
        *(slow_power(s, u, middle, 2) > 1.0 / s->t ? &low : &high) = middle;
    }
    return 0.5 * (low + high);
}

static inline double slow_position(const SlowMatrix *s, double u, double y)
{
    double sum = 0.0;
    for (int i = 0; i < s->count; i++) {
        const double x = u - s->base[i];
        sum += s->mass[i] * x / (x * x + y);
    }
    return u + s->t * sum;
}

/* Where the curve touches the real line between a place inside a band and one in a gap. */
static inline double slow_edge(const SlowMatrix *s, double inside, double outside)
{
    for (int k = 0; k < 100; k++) {
        const double middle = 0.5 * (inside + outside);
        *(slow_power(s, middle, 0.0, 2) > 1.0 / s->t ? &inside : &outside) = middle;
    }
    return 0.5 * (inside + outside);
}

/* Sums over a piece of a band; edges of bands are where u moves slowly. */
static inline void slow_piece(SlowMatrix *s, double from, double to)
{
    const double half = 0.5 * (to - from);
    for (int k = 0; k < SLOW_NODES; k++) {
        const double turn = M_PI * (k + 0.5) / SLOW_NODES;
        const double u = from + half * (1.0 - cos(turn));
        const double y = slow_height(s, u);
        const double x = slow_position(s, u, y);
        double sums[3] = {0}; /* of 1/r^4 times 1, u - y_i, (u - y_i)^2 */
        for (int i = 0; i < s->count; i++) {
            const double a = u - s->base[i];
            const double r = s->mass[i] / ((a * a + y) * (a * a + y));
            sums[0] += r;
            sums[1] += r * a;
            sums[2] += r * a * a;
        }
        /* 1 + t G' = p + i q; dx/du = |1 + t G'|^2 / Re(1 + t G') */
        const double v = sqrt(y);
        const double p = 1.0 - s->t * (sums[2] - y * sums[0]);
        const double q = 2.0 * s->t * v * sums[1];
        const double du = half * sin(turn) * M_PI / SLOW_NODES;
        const double dx = (p * p + q * q) / p * du;
        const double density = v / (M_PI * s->t);
        s->q += x * x * density * dx;
        s->divergence += 2.0 * x * (x - u) / s->t * density * dx;
        for (int i = 0; i < s->count; i++) {
            const double a = u - s->base[i];
            s->learned[i] += x * v / M_PI / (a * a + y) * dx;
        }
    }
}

/* One band of u, as far as x > 0 there. */
static inline void slow_band(SlowMatrix *s, double from, double to)
{
    if (slow_position(s, to, 0.0) <= 0.0) {
        return;
    }
    if (slow_position(s, from, 0.0) < 0.0) {
        double low = from;
        double high = to;
        for (int k = 0; k < 80; k++) {
            const double u = 0.5 * (low + high);
            *(slow_position(s, u, slow_height(s, u)) < 0.0 ? &low : &high) = u;
        }
        from = 0.5 * (low + high);
    }
    /* the far edge has its singularity at one end only */
    slow_piece(s, from, to);
}

static inline int slow_ascending(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* All bands, from the gaps between neighbouring base points. */
static inline void slow_moments(SlowMatrix *s)
{
    double sorted[SLOW_MOST];
    const double reach = 2.0 * sqrt(s->t);
    memcpy(sorted, s->base, (size_t)s->count * sizeof *sorted);
    qsort(sorted, (size_t)s->count, sizeof *sorted, slow_ascending);
    s->q = s->divergence = 0.0;
    memset(s->learned, 0, sizeof s->learned);
    double from = slow_edge(s, sorted[0], sorted[0] - reach);
    for (int i = 0; i + 1 < s->count; i++) {
        double low = sorted[i];
        double high = sorted[i + 1];
        for (int k = 0; k < 60 && high - low > 1e-13 * reach; k++) {
            const double middle = 0.5 * (low + high);
            *(slow_power(s, middle, 0.0, 3) > 0.0 ? &low : &high) = middle;
        }
        const double u = 0.5 * (low + high);
        if (high - low > 0.0 && slow_power(s, u, 0.0, 2) < 1.0 / s->t) {
            slow_band(s, from, slow_edge(s, sorted[i], u));
            from = slow_edge(s, sorted[i + 1], u);
        }
    }
    const double last = sorted[s->count - 1];
    slow_band(s, from, slow_edge(s, last, last + reach));
}

/* One step of the iteration, a share `kept` of everything staying; the largest change. */
static inline double slow_step(SlowMatrix *s, double kept)
{
    const double k = 0.5 * s->kurtosis;
    double tau = 0.0;
    double squares = 0.0;
    s->risk = s->q + 1.0;
    for (int i = 0; i < s->count; i++) {
        const double error = s->learned[i] - s->target[i];
        tau += s->mass[i] * error;
        squares += s->mass[i] * error * error;
        s->risk -= 2.0 * s->mass[i] * s->target[i] * s->learned[i];
    }
    const double surplus = k * (s->rotated ? tau * tau : squares);
    s->prediction_risk = 2.0 * (s->risk + surplus);
    const double t = (s->risk + surplus + 0.5 * s->noise) / (2.0 * s->alpha);
    const double b = s->weight / (4.0 * s->alpha - 2.0 * s->divergence);
    /* far from the solution D may exceed 2 alpha */
    const double next = b > 0.0 ? fmin(b, 2.0 * s->b) : 2.0 * s->b;
    double change = fabs(t - s->t) / s->t + fabs(next - s->b) / s->b;
    s->t = kept * s->t + (1.0 - kept) * t;
    s->b = kept * s->b + (1.0 - kept) * next;
    for (int i = 0; i < s->count; i++) {
        const double error = s->rotated ? tau : s->learned[i] - s->target[i];
        const double base = s->target[i] - s->b * s->penalty[i] - k * error;
        change = fmax(change, fabs(base - s->base[i]));
        s->base[i] = kept * s->base[i] + (1.0 - kept) * base;
    }
    return change;
}

/* From the base points that a threshold b, at noise t, makes of the teacher. */
static inline bool slow_solve(SlowMatrix *s, double kept)
{
    s->t = (1.0 + 0.5 * s->noise) / (2.0 * s->alpha);
    s->b = s->weight / (2.0 * s->alpha);
    for (int i = 0; i < s->count; i++) {
        s->base[i] = s->target[i] - s->b * s->penalty[i];
    }
    double change = INFINITY;
    for (int step = 0; step < 3000 && change > 1e-10; step++) {
        slow_moments(s);
        change = slow_step(s, kept);
    }
    return change <= 1e-10;
}

#endif
