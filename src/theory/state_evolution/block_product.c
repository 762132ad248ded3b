#include "block_product.h"

#include <string.h>

#include "phasesweep/base/clones.h"

/* exp(-41) of a half that is cut off so far is below rounding. */
static const double deepest = 6.4;

/* E Delta^k e^(i eta Delta) of one coordinate where phi is not 0, k = 0, 1, 2, on one side. */
typedef struct BlockPowers {
    BlockLanes of[3];
} BlockPowers;

/* sum += factor x y */
static inline void add_product(BlockLanes *sum, double factor, const BlockLanes *x,
                               const BlockLanes *y)
{
#pragma omp simd
    for (int l = 0; l < BLOCK_LANES; l++) {
        const double re = factor * y->re[l];
        const double im = factor * y->im[l];
        sum->re[l] += x->re[l] * re - x->im[l] * im;
        sum->im[l] += x->re[l] * im + x->im[l] * re;
    }
}

/* sum *= x */
static inline void multiply(BlockLanes *sum, const BlockLanes *x)
{
#pragma omp simd
    for (int l = 0; l < BLOCK_LANES; l++) {
        const double re = sum->re[l] * x->re[l] - sum->im[l] * x->im[l];
        sum->im[l] = sum->re[l] * x->im[l] + sum->im[l] * x->re[l];
        sum->re[l] = re;
    }
}

/* sum = x + factor y */
static inline void combine(BlockLanes *sum, const BlockLanes *x, double factor,
                           const BlockLanes *y)
{
#pragma omp simd
    for (int l = 0; l < BLOCK_LANES; l++) {
        sum->re[l] = x->re[l] + factor * y->re[l];
        sum->im[l] = x->im[l] + factor * y->im[l];
    }
}

/* All of a half: e^(i eta sign mean - eta^2 sigma^2/2), or what is cut off is taken from it. */
CLONES
static void begin_half(const SoftHalf *half, double sign, const BlockWaves *waves,
                       const BlockLanes *at_teacher, const BlockLanes *at_edge,
                       BlockLanes *first)
{
    double re[BLOCK_LANES] = {0};
    double im[BLOCK_LANES] = {0};
    if (half->depth < deepest) {
        faddeeva_row(waves->x, half->depth, re, im);
    }
    /* w of a point below the real axis is 2 exp(-z^2) - w(-z), w(-conj z) = conj w(z) */
    const double turn = half->beyond ? -sign : sign;
    const double weight = half->beyond ? -half->weight : half->weight;
#pragma omp simd
    for (int l = 0; l < BLOCK_LANES; l++) {
        first->re[l] = weight * (re[l] * at_teacher->re[l] - turn * im[l] * at_teacher->im[l]);
        first->im[l] = weight * (re[l] * at_teacher->im[l] + turn * im[l] * at_teacher->re[l]);
    }
    if (half->beyond) {
#pragma omp simd
        for (int l = 0; l < BLOCK_LANES; l++) {
            const double edge_im = -sign * at_edge->im[l];
            first->re[l] += waves->damp[l] * (waves->shift.re[l] * at_edge->re[l] -
                                              waves->shift.im[l] * edge_im);
            first->im[l] += waves->damp[l] * (waves->shift.re[l] * edge_im +
                                              waves->shift.im[l] * at_edge->re[l]);
        }
    }
}

/* sign Delta is Gaussian, cut at -sign phi*: integration by parts gives each power from those
 * before.  BlockPowers of sign Delta become those of Delta. */
CLONES
static void fill_half(const SoftCoordinate *c, int side, const BlockWaves *waves,
                      const BlockLanes *at_teacher, const BlockLanes *at_edge,
                      BlockPowers *powers)
{
    const SoftHalf *half = &c->half[side];
    const double sign = side == 0 ? 1.0 : -1.0;
    const double mean = sign * half->mean;
    BlockLanes *p = powers->of;
    begin_half(half, sign, waves, at_teacher, at_edge, &p[0]);
#pragma omp simd
    for (int l = 0; l < BLOCK_LANES; l++) {
        const double drift = waves->drift[l];
        const double edge_re = sign * half->edge * at_teacher->re[l];
        const double edge_im = sign * half->edge * at_teacher->im[l];
        p[1].re[l] = mean * p[0].re[l] - drift * p[0].im[l] + edge_re;
        p[1].im[l] = mean * p[0].im[l] + drift * p[0].re[l] + edge_im;
        p[2].re[l] = mean * p[1].re[l] - drift * p[1].im[l] + c->variance * p[0].re[l] -
                     c->teacher * edge_re;
        p[2].im[l] = mean * p[1].im[l] + drift * p[1].re[l] + c->variance * p[0].im[l] -
                     c->teacher * edge_im;
    }
}

/* What one coordinate has of each sum, and its factor of the product. */
typedef struct BlockTerms {
    BlockLanes all, a, f, f_active, g, v, s, n, x, y, z;
} BlockTerms;

CLONES
static void fill_terms(const SoftCoordinate *c, const BlockPowers *plus,
                       const BlockPowers *minus, const BlockLanes *at_teacher, BlockTerms *t)
{
    const double r = c->penalty;
    const double mean[2] = {c->half[0].mean, -c->half[1].mean}; /* of Delta */
    BlockLanes noise[2];
    BlockLanes noise_error[2];
    combine(&t->a, &plus->of[0], 1.0, &minus->of[0]);
    combine(&t->all, &t->a, c->inactive, at_teacher);
    combine(&t->f_active, &plus->of[2], 1.0, &minus->of[2]);
    combine(&t->f, &t->f_active, c->inactive * c->teacher * c->teacher, at_teacher);
    combine(&t->x, &plus->of[1], 1.0, &minus->of[1]);
    combine(&noise[0], &plus->of[1], -mean[0], &plus->of[0]);
    combine(&noise[1], &minus->of[1], -mean[1], &minus->of[0]);
    combine(&noise_error[0], &plus->of[2], -mean[0], &plus->of[1]);
    combine(&noise_error[1], &minus->of[2], -mean[1], &minus->of[1]);
    combine(&t->n, &noise[0], 1.0, &noise[1]);
    combine(&t->y, &noise_error[0], 1.0, &noise_error[1]);
#pragma omp simd
    for (int l = 0; l < BLOCK_LANES; l++) {
        t->v.re[l] = r * r * t->a.re[l];
        t->v.im[l] = r * r * t->a.im[l];
        t->s.re[l] = r * (plus->of[0].re[l] - minus->of[0].re[l]);
        t->s.im[l] = r * (plus->of[0].im[l] - minus->of[0].im[l]);
        t->z.re[l] = r * (noise[0].re[l] - noise[1].re[l]);
        t->z.im[l] = r * (noise[0].im[l] - noise[1].im[l]);
        t->g.re[l] = r * (plus->of[1].re[l] - minus->of[1].re[l]) + c->teacher * t->s.re[l];
        t->g.im[l] = r * (plus->of[1].im[l] - minus->of[1].im[l]) + c->teacher * t->s.im[l];
    }
}

/* BlockProducts of two sums first, while the sums are those of the coordinates before. */
CLONES
static void take_pairs(BlockLanes *of, const BlockTerms *t)
{
    for (int k = BLOCK_AA; k < BLOCK_PRODUCTS; k++) {
        multiply(&of[k], &t->all);
    }
    add_product(&of[BLOCK_AA], 2.0, &of[BLOCK_A], &t->a);
    add_product(&of[BLOCK_AA], 1.0, &of[BLOCK_ONE], &t->a);
    add_product(&of[BLOCK_AF], 1.0, &of[BLOCK_A], &t->f);
    add_product(&of[BLOCK_AF], 1.0, &of[BLOCK_F], &t->a);
    add_product(&of[BLOCK_AF], 1.0, &of[BLOCK_ONE], &t->f_active);
    add_product(&of[BLOCK_AG], 1.0, &of[BLOCK_A], &t->g);
    add_product(&of[BLOCK_AG], 1.0, &of[BLOCK_G], &t->a);
    add_product(&of[BLOCK_AG], 1.0, &of[BLOCK_ONE], &t->g);
    add_product(&of[BLOCK_SS_AV], 2.0, &of[BLOCK_S], &t->s);
    add_product(&of[BLOCK_SS_AV], -1.0, &of[BLOCK_A], &t->v);
    add_product(&of[BLOCK_SS_AV], -1.0, &of[BLOCK_V], &t->a);
    add_product(&of[BLOCK_AZ_NS], 1.0, &of[BLOCK_A], &t->z);
    add_product(&of[BLOCK_AZ_NS], 1.0, &of[BLOCK_Z], &t->a);
    add_product(&of[BLOCK_AZ_NS], -1.0, &of[BLOCK_N], &t->s);
    add_product(&of[BLOCK_AZ_NS], -1.0, &of[BLOCK_S], &t->n);
    add_product(&of[BLOCK_AY_NX], 1.0, &of[BLOCK_A], &t->y);
    add_product(&of[BLOCK_AY_NX], 1.0, &of[BLOCK_Y], &t->a);
    add_product(&of[BLOCK_AY_NX], -1.0, &of[BLOCK_N], &t->x);
    add_product(&of[BLOCK_AY_NX], -1.0, &of[BLOCK_X], &t->n);
}

CLONES
static void take_singles(BlockLanes *of, const BlockTerms *t)
{
    const BlockLanes *const term[] = {&t->a, &t->f, &t->g, &t->v, &t->s,
                                      &t->n, &t->x, &t->y, &t->z};
    for (int k = BLOCK_A; k < BLOCK_AA; k++) {
        multiply(&of[k], &t->all);
        add_product(&of[k], 1.0, &of[BLOCK_ONE], term[k - BLOCK_A]);
    }
    multiply(&of[BLOCK_ONE], &t->all);
}

void block_product_begin(BlockProducts *products)
{
    memset(products, 0, sizeof *products);
    for (int l = 0; l < BLOCK_LANES; l++) {
        products->of[BLOCK_ONE].re[l] = 1.0;
    }
}

CLONES
void block_product_take(BlockProducts *products, const SoftCoordinate *coordinate,
                        const BlockWaves *waves, const BlockLanes *at_teacher,
                        const BlockLanes *at_edge)
{
    BlockPowers plus;
    BlockPowers minus;
    BlockTerms terms;
    fill_half(coordinate, 0, waves, at_teacher, at_edge, &plus);
    fill_half(coordinate, 1, waves, at_teacher, at_edge, &minus);
    fill_terms(coordinate, &plus, &minus, at_teacher, &terms);
    take_pairs(products->of, &terms);
    take_singles(products->of, &terms);
}
