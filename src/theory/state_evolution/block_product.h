/* block_product.h - products over the coordinates of a block of moments of soft thresholding
 * against e^(i eta Delta), at eight eta at once (block_soft.h).  Private.
 *
 * At given a, coordinate j is x = phi* + a + sigma z cut at kappa, Delta = phi - phi*; phi, a,
 * kappa and sigma in units of the noise tau, eta in those of 1/tau.  Of sums over coordinates
 * T = sum_j T_j that are 0 where phi_j = 0,
 *
 *     A 1 ,       G r |phi| ,   V r^2 ,             S r sign ,   N sigma z ,
 *     X Delta ,                 Y sigma z Delta ,   Z r sign sigma z ,
 *
 * and F Delta^2 of all coordinates, what is kept is E T e^(i eta sum Delta) of each, of 1, and
 * of the products
 *
 *     A A ,   A F ,   A G ,   S S - A V ,   A Z - N S ,   A Y - N X ,
 *
 * in which no coordinate meets itself.
 */
#ifndef PHASESWEEP_THEORY_BLOCK_PRODUCT_H
#define PHASESWEEP_THEORY_BLOCK_PRODUCT_H

#include <stdbool.h>

#include "phasesweep/numerics/faddeeva.h"

enum { BLOCK_LANES = FADDEEVA_LANES };

/* Complex numbers at eight eta. */
typedef struct BlockLanes {
    double re[BLOCK_LANES], im[BLOCK_LANES];
} BlockLanes;

/* x > kappa, or x < -kappa: there sign Delta is Gaussian around mean, sign = 1 or -1. */
typedef struct SoftHalf {
    double mean;   /* sign a - kappa */
    double depth;  /* |sign (phi* + a) - kappa| / (sigma sqrt(2)) */
    double weight; /* e^(-depth^2) / 2 */
    double edge;   /* sigma^2 times the density of x at the cut */
    bool beyond;   /* is most of x there? */
} SoftHalf;

/* One coordinate at one a. */
typedef struct SoftCoordinate {
    double teacher, penalty; /* phi*, r */
    double variance;         /* sigma^2 */
    double inactive;         /* P(phi = 0) */
    SoftHalf half[2];        /* sign 1 and -1 */
} SoftCoordinate;

/* Eight eta at one a. */
typedef struct BlockWaves {
    double x[BLOCK_LANES];     /* eta sigma / sqrt(2) */
    double drift[BLOCK_LANES]; /* eta sigma^2 */
    double damp[BLOCK_LANES];  /* e^(-eta^2 sigma^2 / 2) */
    BlockLanes shift;          /* e^(i eta a) */
} BlockWaves;

enum {
    BLOCK_ONE,
    BLOCK_A,
    BLOCK_F,
    BLOCK_G,
    BLOCK_V,
    BLOCK_S,
    BLOCK_N,
    BLOCK_X,
    BLOCK_Y,
    BLOCK_Z,
    BLOCK_AA,
    BLOCK_AF,
    BLOCK_AG,
    BLOCK_SS_AV,
    BLOCK_AZ_NS,
    BLOCK_AY_NX,
    BLOCK_PRODUCTS
};

typedef struct BlockProducts {
    BlockLanes of[BLOCK_PRODUCTS];
} BlockProducts;

/* Local.  Of no coordinate. */
void block_product_begin(BlockProducts *products);

/* Local.  One more, with e^(-i eta phi*) and e^(i eta kappa). */
void block_product_take(BlockProducts *products, const SoftCoordinate *coordinate,
                        const BlockWaves *waves, const BlockLanes *at_teacher,
                        const BlockLanes *at_edge);

#endif
