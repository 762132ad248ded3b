/* block_product.h - products over the coordinates of a block of moments of soft thresholding
 * against e^(i eta Delta), at eight eta at once (block_soft.h).  Private.
 *
 * At given a, coordinate j is x = phi* + a + sigma z cut at kappa, Delta = phi - phi*.  With
 * sums over coordinates T = sum_j T_j that are 0 where phi_j = 0, A 1,  G r |phi|,  V r^2,  S r
 * sign,  N sigma z,  X Delta,  Y sigma z Delta, Z r sign sigma z ,      and  F Delta^2  of all
 * coordinates, what is kept is E T e^(i eta sum Delta) of each, of 1, and of the products A A,
 * A F, A G, S S
 * - A V, A Z - N S and A Y - N X, in which no coordinate meets itself.
 */
#ifndef PHASESWEEP_THEORY_BLOCK_PRODUCT_H
#define PHASESWEEP_THEORY_BLOCK_PRODUCT_H

#include <stdbool.h>

#include "phasesweep/numerics/faddeeva.h"

enum { LANES = FADDEEVA_LANES };

/* Complex numbers at eight eta. */
typedef struct Lanes {
    double re[LANES], im[LANES];
} Lanes;

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
typedef struct Waves {
    double x[LANES];     /* eta sigma / sqrt(2) */
    double drift[LANES]; /* eta sigma^2 */
    double damp[LANES];  /* e^(-eta^2 sigma^2 / 2) */
    Lanes shift;         /* e^(i eta a) */
} Waves;

enum {
    PRODUCT_ONE,
    PRODUCT_A,
    PRODUCT_F,
    PRODUCT_G,
    PRODUCT_V,
    PRODUCT_S,
    PRODUCT_N,
    PRODUCT_X,
    PRODUCT_Y,
    PRODUCT_Z,
    PRODUCT_AA,
    PRODUCT_AF,
    PRODUCT_AG,
    PRODUCT_SS_AV,
    PRODUCT_AZ_NS,
    PRODUCT_AY_NX,
    PRODUCTS
};

typedef struct Products {
    Lanes of[PRODUCTS];
} Products;

/* Local.  Of no coordinate. */
void products_begin(Products *products);

/* Local.  One more, with e^(-i eta phi*) and e^(i eta kappa). */
void products_take(Products *products, const SoftCoordinate *coordinate, const Waves *waves,
                   const Lanes *at_teacher, const Lanes *at_edge);

#endif
