/* Eight nodes at once, in arrays of real and imaginary parts, so that the compiler sees
 * vectors. */
#include "contour_penalty.h"

#include <assert.h>
#include <math.h>
#include <stddef.h>

#include "phasesweep/base/clones.h"
#include "phasesweep/numerics/vector_math.h"

enum { TERMS = sizeof(((Penalty *)0)->sum) / sizeof(double), MAX_STEPS = 40 };

typedef struct Lane {
    double re[ATOM_NODES], im[ATOM_NODES];
} Lane;

typedef struct Pair {
    double re, im;
} Pair;

static inline Pair at(const Lane *lane, int k)
{
    return (Pair){lane->re[k], lane->im[k]};
}

static inline void put(Lane *lane, int k, Pair x)
{
    lane->re[k] = x.re;
    lane->im[k] = x.im;
}

static inline Pair plus(Pair a, Pair b)
{
    return (Pair){a.re + b.re, a.im + b.im};
}

static inline Pair minus(Pair a, Pair b)
{
    return (Pair){a.re - b.re, a.im - b.im};
}

static inline Pair scaled(double s, Pair a)
{
    return (Pair){s * a.re, s * a.im};
}

static inline Pair times(Pair a, Pair b)
{
    return (Pair){a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}

static inline Pair over(Pair a, Pair b)
{
    const double inverse = 1.0 / (b.re * b.re + b.im * b.im);
    return (Pair){(a.re * b.re + a.im * b.im) * inverse, (a.im * b.re - a.re * b.im) * inverse};
}

static inline Pair power(Pair x, int exponent)
{
    Pair y = {1.0, 0.0};
    for (int j = 0; j < exponent; j++) {
        y = times(y, x);
    }
    return y;
}

Penalty penalty_begin(const Threshold *threshold, double t, double b)
{
    const double q = threshold->power;
    const Penalty penalty = {
        .layers = (int)lround(1.0 / q), .scale = threshold_weight(threshold, b) * q, .t = t};
    assert(penalty.layers >= 2 && fabs(penalty.layers * q - 1.0) < 1e-12);
    return penalty;
}

/* What is made of G at the nodes. */
typedef struct Learned {
    Lane g, dz;   /* G and (1 + t G') dw */
    Lane z;       /* w + t G */
    Lane root;    /* f^(1/h) */
    Lane f, bias; /* z - f, not by subtraction */
    Lane slope;   /* df/dz */
    Lane c, r;    /* of the polynomial */
} Learned;

/* From the first terms of the series in c. */
CLONES
static void guess(double scale, int h, Learned *l)
{
    const double bend = 1.5 * (h - 1.0) / ((double)h * h);
#pragma omp simd
    for (int k = 0; k < ATOM_NODES; k++) {
        const Pair z = at(&l->z, k);
        const Pair c = scaled(scale, over(at(&l->root, k), times(z, z)));
        const Pair first = plus(scaled(1.0 / h, c), scaled(bend, times(c, c)));
        put(&l->c, k, c);
        put(&l->r, k, minus((Pair){1.0, 0.0}, first));
    }
}

/* A step of Newton's method; the longest of the eight. */
CLONES
static double improve(int h, Learned *l)
{
    double longest = 0.0;
#pragma omp simd reduction(max : longest)
    for (int k = 0; k < ATOM_NODES; k++) {
        const Pair r = at(&l->r, k);
        const Pair low = power(r, h - 2);
        const Pair middle = times(low, r);
        const Pair high = times(middle, r);
        const Pair value = plus(times(middle, (Pair){high.re - 1.0, high.im}), at(&l->c, k));
        const Pair slope = times(
            low, (Pair){(2.0 * h - 1.0) * high.re - (h - 1.0), (2.0 * h - 1.0) * high.im});
        const Pair move = over(value, slope);
        put(&l->r, k, minus(r, move));
        const double length = fabs(move.re) + fabs(move.im);
        longest = length > longest ? length : longest;
    }
    return longest;
}

CLONES
static void conclude(int h, Learned *l)
{
    const double part = 1.0 - 1.0 / h;
#pragma omp simd
    for (int k = 0; k < ATOM_NODES; k++) {
        const Pair z = at(&l->z, k);
        const Pair r = at(&l->r, k);
        const Pair middle = power(r, h - 1);
        const Pair f = times(z, times(middle, r));
        const Pair bias = over(times(z, at(&l->c, k)), middle);
        const Pair ratio = over(bias, f);
        put(&l->f, k, f);
        put(&l->bias, k, bias);
        put(&l->slope, k,
            over((Pair){1.0, 0.0}, (Pair){1.0 - part * ratio.re, -part * ratio.im}));
        put(&l->root, k, times(at(&l->root, k), r));
    }
}

/* f of the z of w. */
static void learn(const Penalty *penalty, const double complex w[], const double complex g[],
                  const double complex derivative[], const double complex dw[], Learned *l)
{
    for (int k = 0; k < ATOM_NODES; k++) {
        const double complex z = w[k] + penalty->t * g[k];
        const double complex dz = (1.0 + penalty->t * derivative[k]) * dw[k];
        put(&l->g, k, (Pair){creal(g[k]), cimag(g[k])});
        put(&l->z, k, (Pair){creal(z), cimag(z)});
        put(&l->dz, k, (Pair){creal(dz), cimag(dz)});
    }
    vector_root(l->z.re, l->z.im, ATOM_NODES, penalty->layers, l->root.re, l->root.im);
    guess(penalty->scale, penalty->layers, l);
    double longest = 1.0;
    for (int k = 0; k < MAX_STEPS && longest > 1e-9; k++) { /* quadratic convergence */
        longest = improve(penalty->layers, l);
    }
    conclude(penalty->layers, l);
}

/* What b has more than a, of z that differ by dz: y(f) = f + scale f^(q - 1) in divided
 * differences, in the roots. */
CLONES
static void apart(const Penalty *penalty, const Learned *a, const Learned *b, const Lane *dz,
                  Learned *d)
{
    const int h = penalty->layers;
    const double part = 1.0 - 1.0 / h;
#pragma omp simd
    for (int k = 0; k < ATOM_NODES; k++) {
        const Pair x = at(&a->root, k);
        const Pair y = at(&b->root, k);
        Pair low = {1.0, 0.0};  /* sum of x^i y^(h - 2 - i) */
        Pair high = plus(x, y); /* and of x^i y^(h - 1 - i) */
        Pair last = {1.0, 0.0};
        Pair first = x;
        for (int j = 2; j < h; j++) {
            last = times(last, y);
            low = plus(times(low, x), last);
            first = times(first, x);
            high = plus(times(high, y), first);
        }
        const Pair steep =
            scaled(-penalty->scale, over(low, times(power(times(x, y), h - 1), high)));
        const Pair f = over(at(dz, k), (Pair){1.0 + steep.re, steep.im});
        const Pair bias = times(f, steep);
        const Pair cross = minus(times(bias, at(&a->f, k)), times(at(&a->bias, k), f));
        const Pair slopes = times(at(&a->slope, k), at(&b->slope, k));
        put(&d->f, k, f);
        put(&d->bias, k, bias);
        put(&d->slope, k,
            scaled(part, over(times(slopes, cross), times(at(&a->f, k), at(&b->f, k)))));
    }
}

/* The integrands of b, summed, in the order of ThresholdMoments; or those of b minus those of
 * a, which differ by d factor by factor: xy - x'y' = (x - x') y + x' (y - y'). */
CLONES
static void add_up(const Learned *b, double sum[TERMS])
{
    double s0 = 0.0, s1 = 0.0, s2 = 0.0, s3 = 0.0, s4 = 0.0;
    double s5 = 0.0, s6 = 0.0, s7 = 0.0, s8 = 0.0, s9 = 0.0;
#pragma omp simd reduction(+ : s0, s1, s2, s3, s4, s5, s6, s7, s8, s9)
    for (int k = 0; k < ATOM_NODES; k++) {
        const Pair g = at(&b->g, k);
        const Pair f = at(&b->f, k);
        const Pair bias = at(&b->bias, k);
        const Pair slope = at(&b->slope, k);
        const Pair mass = times(g, at(&b->dz, k));
        const Pair hilbert = times(g, mass);
        const Pair first = times(f, mass);
        const Pair square = times(bias, times(bias, mass));
        const Pair mixed = times(bias, hilbert);
        s0 += mass.im;
        s1 += first.im;
        s2 += times(f, first).im;
        s3 += times(f, hilbert).im;
        s4 += times(bias, first).im;
        s5 += square.im;
        s6 += mixed.im;
        s7 += times(slope, times(g, hilbert)).im * (2.0 / 3.0);
        s8 += times(slope, mixed).im;
        s9 += times(slope, square).im;
    }
    const double all[TERMS] = {s0, s1, s2, s3, s4, s5, s6, s7, s8, s9};
    for (int k = 0; k < TERMS; k++) {
        sum[k] -= all[k] / M_PI;
    }
}

CLONES
static void add_difference(const Learned *a, const Learned *b, const Learned *d,
                           double sum[TERMS])
{
    double s0 = 0.0, s1 = 0.0, s2 = 0.0, s3 = 0.0, s4 = 0.0;
    double s5 = 0.0, s6 = 0.0, s7 = 0.0, s8 = 0.0, s9 = 0.0;
#pragma omp simd reduction(+ : s0, s1, s2, s3, s4, s5, s6, s7, s8, s9)
    for (int k = 0; k < ATOM_NODES; k++) {
        const Pair g = at(&a->g, k), dg = at(&d->g, k), bg = at(&b->g, k);
        const Pair f = at(&a->f, k), df = at(&d->f, k);
        const Pair bias = at(&a->bias, k), dbias = at(&d->bias, k);
        const Pair slope = at(&a->slope, k), dslope = at(&d->slope, k);
        const Pair whole = times(bg, at(&b->dz, k));
        const Pair mass = plus(times(dg, at(&b->dz, k)), times(g, at(&d->dz, k)));
        const Pair whole_hilbert = times(bg, whole);
        const Pair hilbert = plus(times(dg, whole), times(g, mass));
        const Pair whole_cubic = times(bg, whole_hilbert);
        const Pair cubic = plus(times(dg, whole_hilbert), times(g, hilbert));
        const Pair whole_first = times(at(&b->f, k), whole);
        const Pair first = plus(times(df, whole), times(f, mass));
        const Pair both = plus(bias, at(&b->bias, k));
        const Pair whole_square = times(at(&b->bias, k), times(at(&b->bias, k), whole));
        const Pair square =
            plus(times(dbias, times(both, whole)), times(bias, times(bias, mass)));
        const Pair whole_mixed = times(at(&b->bias, k), whole_hilbert);
        const Pair mixed = plus(times(dbias, whole_hilbert), times(bias, hilbert));
        s0 += mass.im;
        s1 += first.im;
        s2 += plus(times(df, whole_first), times(f, first)).im;
        s3 += plus(times(df, whole_hilbert), times(f, hilbert)).im;
        s4 += plus(times(dbias, whole_first), times(bias, first)).im;
        s5 += square.im;
        s6 += mixed.im;
        s7 += plus(times(dslope, whole_cubic), times(slope, cubic)).im * (2.0 / 3.0);
        s8 += plus(times(dslope, whole_mixed), times(slope, mixed)).im;
        s9 += plus(times(dslope, whole_square), times(slope, square)).im;
    }
    const double all[TERMS] = {s0, s1, s2, s3, s4, s5, s6, s7, s8, s9};
    for (int k = 0; k < TERMS; k++) {
        sum[k] -= all[k] / M_PI;
    }
}

void penalty_add(Penalty *penalty, const double complex w[ATOM_NODES],
                 double complex left[2][ATOM_NODES], double complex right[2][ATOM_NODES],
                 const double complex dw[ATOM_NODES])
{
    Learned full, part, more;
    if (left == NULL) {
        learn(penalty, w, right[0], right[1], dw, &full);
        add_up(&full, penalty->sum);
        return;
    }
    double complex sum[2][ATOM_NODES];
    Lane dz;
    for (int k = 0; k < ATOM_NODES; k++) {
        const double complex slope = penalty->t * right[1][k] * dw[k];
        sum[0][k] = left[0][k] + right[0][k];
        sum[1][k] = left[1][k] + right[1][k];
        put(&more.g, k, (Pair){creal(right[0][k]), cimag(right[0][k])});
        put(&more.dz, k, (Pair){creal(slope), cimag(slope)});
        put(&dz, k, scaled(penalty->t, at(&more.g, k)));
    }
    learn(penalty, w, sum[0], sum[1], dw, &full);
    learn(penalty, w, left[0], left[1], dw, &part);
    apart(penalty, &part, &full, &dz, &more);
    add_difference(&part, &full, &more, penalty->sum);
}
