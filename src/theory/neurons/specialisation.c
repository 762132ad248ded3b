/* argmax_q l g(q) - s(q), s = -q - log(1 - q), is a vertex of the convex hull of the points
 * (g, s) seen from below, by Maxwell's construction, whatever jumps there are; between the
 * vertices of a smooth piece the condition l g'(q) = q/(1 - q) is solved.
 */
#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "phasesweep/base/check.h"
#include "phasesweep/theory/neurons.h"

/* t = -log(1 - q) up to 36: 1 - q = 2e-16 */
enum { STEPS = 1800 };
static const double step = 0.02;

static double overlap_at(double t)
{
    return -expm1(-t);
}

/* s(q) = t - q; by its series near 0, where both are alike */
static double cost_at(double t)
{
    return t < 1e-4 ? t * t * (0.5 - t / 6.0) : t + expm1(-t);
}

/* l with a stationary point at q. */
static double signal_at(const Specialisation *s, double t)
{
    double slope;
    series_g(&s->series, overlap_at(t), &slope);
    return expm1(t) / slope;
}

static void find_spinodal(Specialisation *s)
{
    double low = step;
    double best = INFINITY;
    for (int k = 1; k <= STEPS; k++) {
        const double l = signal_at(s, k * step);
        if (l < best) {
            best = l;
            low = k * step;
        }
    }
    /* golden section between the neighbours of the least */
    double a = low - step;
    double b = low + step;
    const double share = 0.5 * (sqrt(5.0) - 1.0);
    while (b - a > 1e-9) {
        const double left = b - share * (b - a);
        const double right = a + share * (b - a);
        if (signal_at(s, left) < signal_at(s, right)) {
            b = right;
        } else {
            a = left;
        }
    }
    s->spinodal = signal_at(s, 0.5 * (a + b));
    s->spinodal_overlap = overlap_at(0.5 * (a + b));
}

static double secant(double g0, double s0, double g1, double s1)
{
    return g1 > g0 ? (s1 - s0) / (g1 - g0) : INFINITY;
}

/* Points that are no vertex drop out as a later one is seen below their line. */
static void make_hull(Specialisation *s)
{
    double *g = checked_alloc(STEPS + 1, sizeof *g);
    double unused;
    s->t = checked_alloc(STEPS + 1, sizeof *s->t);
    s->rise = checked_alloc(STEPS + 1, sizeof *s->rise);
    s->t[0] = s->rise[0] = g[0] = 0.0;
    s->count = 1;
    for (int k = 1; k <= STEPS; k++) {
        const double t = k * step;
        const double height = series_g(&s->series, overlap_at(t), &unused);
        double slope;
        while (slope = secant(g[s->count - 1], cost_at(s->t[s->count - 1]), height, cost_at(t)),
               s->count > 1 && slope <= s->rise[s->count - 1]) {
            s->count--;
        }
        g[s->count] = height;
        s->t[s->count] = t;
        s->rise[s->count++] = slope;
    }
    free(g);
}

/* From 0 straight to where the line touches the curve: l(q) = s(q)/g(q). */
static void find_jump(Specialisation *s)
{
    double a = s->t[1] - step;
    double b = s->t[1] + step;
    double unused;
    while (b - a > 1e-14 * b) {
        const double t = 0.5 * (a + b);
        const double line = cost_at(t) / series_g(&s->series, overlap_at(t), &unused);
        if (t == a || t == b) {
            break;
        }
        if (signal_at(s, t) < line) {
            a = t;
        } else {
            b = t;
        }
    }
    s->overlap = overlap_at(b);
    s->jump = signal_at(s, b);
    s->t[1] = b;
    s->rise[1] = s->jump;
}

Specialisation specialisation_create(const Activation *activation)
{
    Specialisation s = {.count = 0};
    activation_series(activation, &s.series);
    assert(fabs(s.series.a[2]) < 1e-9);
    make_hull(&s);
    find_jump(&s);
    find_spinodal(&s);
    return s;
}

void specialisation_free(Specialisation *s)
{
    free(s->t);
    free(s->rise);
    s->t = s->rise = NULL;
}

/* The vertex that is the best at l. */
static size_t vertex_at(const Specialisation *s, double l)
{
    size_t low = 0;
    size_t high = s->count;
    while (high - low > 1) {
        const size_t middle = low + (high - low) / 2;
        if (s->rise[middle] <= l) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

double specialisation_overlap(const Specialisation *s, double l)
{
    const size_t vertex = vertex_at(s, l);
    if (vertex == 0) {
        return 0.0;
    }
    /* the stationary point is beside the vertex, and above it where q has jumped to it */
    double a = vertex == 1 ? s->t[1] : s->t[vertex] - step;
    double b = s->t[vertex] + 2.0 * step;
    double at_a = log(signal_at(s, a) / l);
    double at_b = log(signal_at(s, b) / l);
    if (at_a >= 0.0) {
        return overlap_at(a);
    }
    if (at_b <= 0.0) {
        return overlap_at(b);
    }
    for (int k = 0; k < 60 && b - a > 1e-14; k++) { /* Illinois */
        double t = (a * at_b - b * at_a) / (at_b - at_a);
        t = t > a && t < b ? t : 0.5 * (a + b);
        const double value = log(signal_at(s, t) / l);
        if (fabs(value) < 1e-14) {
            return overlap_at(t);
        }
        if (value < 0.0) {
            a = t;
            at_a = value;
            at_b *= 0.5;
        } else {
            b = t;
            at_b = value;
            at_a *= 0.5;
        }
    }
    return overlap_at(0.5 * (a + b));
}
