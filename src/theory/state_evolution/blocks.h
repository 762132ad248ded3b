/* blocks.h - eigenvalues and eigenvectors of Sigma where features are correlated in blocks
 * (features.h), and the teacher in that basis.  Private.
 */
#ifndef PHASESWEEP_THEORY_BLOCKS_H
#define PHASESWEEP_THEORY_BLOCKS_H

#include "phasesweep/theory/overlaps.h"

typedef struct Blocks {
    int dimension, size;                         /* d, features of a block */
    double source_exponent, covariance_exponent; /* of the work they were made for */
    double correlation;
    double *values;  /* [d] lambda_k, block by block, ascending in each */
    double *teacher; /* [d] u = U^T theta*, theta*^T Sigma theta* = 1 */
    double *vectors; /* [d * size] eigenvectors of a block one after the other */
} Blocks;

/* Local.  Those of a work, made again only where its rows or its teacher are others; d * size
 * numbers, and (size)^3 operations a block. */
const Blocks *blocks_of(OverlapsWork *work);

/* Local.  Features of the block that begins with `first`; its k-th eigenvector, of as many
 * entries. */
int blocks_width(const Blocks *blocks, int first);
const double *blocks_vector(const Blocks *blocks, int first, int k);

/* Local.  NULL is no mistake. */
void blocks_free(Blocks *blocks);

#endif
