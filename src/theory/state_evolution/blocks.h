/* blocks.h - eigenvalues and eigenvectors of Sigma where features are correlated in blocks
 * (features.h), and the teacher: its norm, and its coordinates in that basis.  Private.
 */
#ifndef PHASESWEEP_THEORY_BLOCKS_H
#define PHASESWEEP_THEORY_BLOCKS_H

#include "phasesweep/theory/overlaps.h"

typedef struct Blocks {
    int dimension, size;                         /* d, features of a block */
    double source_exponent, covariance_exponent; /* of the work they were made for */
    double correlation;
    double norm;     /* |Sigma^(1/2) theta*| of the power law, before it is 1 */
    double *values;  /* those below are NULL until blocks_of; [d] lambda_k, block by block,
                        ascending in each */
    double *teacher; /* [d] u = U^T theta*, theta*^T Sigma theta* = 1 */
    double *vectors; /* [d * size] eigenvectors of a block one after the other */
} Blocks;

/* Local.  Those of a work, made again only where its rows or its teacher are others; d * size
 * numbers, and (size)^3 operations a block. */
const Blocks *blocks_of(OverlapsWork *work);

/* Local.  Their norm alone, likewise; d operations. */
double blocks_norm(OverlapsWork *work);

/* Local.  sqrt(sigma_i) of a feature, and sqrt(sigma_i) theta*_i before the norm is 1; index >=
 * 1, between features as well. */
double blocks_root(const OverlapsWork *work, double index);
double blocks_stretched(const OverlapsWork *work, double index);

/* Local.  Features of the block that begins with `first`; its k-th eigenvector, of as many
 * entries. */
int blocks_width(const Blocks *blocks, int first);
const double *blocks_vector(const Blocks *blocks, int first, int k);

/* Local.  NULL is no mistake. */
void blocks_free(Blocks *blocks);

#endif
