/* dataset.h - what a training reads: a rank's share of rows and labels, in blocks, and what is
 * known of who made them.  A view: it owns nothing.
 */
#ifndef PHASESWEEP_DATA_DATASET_H
#define PHASESWEEP_DATA_DATASET_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "phasesweep/data/covariance.h"
#include "phasesweep/data/truth.h"

/* Rows that are never cut: the unit of shares, of blocks, and of whatever must not depend on
 * the team. */
enum { SAMPLES_QUANTUM = 64 };

/* Rows as they are handed out; both pointers are borrowed. */
typedef struct SampleBlock {
    int64_t offset;         /* of its first row in this rank's share */
    int rows;               /* 1 ... block_rows */
    const double *features; /* [rows * d], row after row: column-major d x rows */
    const double *labels;   /* [rows] */
} SampleBlock;

typedef struct DatasetOps {
    /* Local.  Features of `rows` rows of the share from `offset` on: in the buffer, which has
     * room for block_rows * d numbers, or where they are. */
    const double *(*features)(const void *source, int64_t offset, int rows, double buffer[]);
    /* Local.  Any rows of all, from number `row` on, into out [rows * d].  NULL: a rank has
     * only its own. */
    void (*any)(const void *source, int64_t row, int rows, double out[]);
} DatasetOps;

/* What rows of a file are, where theory has rows of independent Gaussian entries (theory.md
 * section 12).  The last two are of the n - 1 pairs of neighbours, NAN where n = 1. */
typedef struct RowMoments {
    double norm_variance;     /* Var |x|^2/d; 2 of Gaussian rows */
    double covariance_square; /* Tr Sigma^2/d, mean not taken away, over (E |x|^2/d)^2; least,
                                 1, where rows are isotropic */
    double pair_covariance;   /* |Cov x x^T|^2 over that of Gaussian rows, 2 (d + 1)/d */
} RowMoments;

typedef struct Dataset {
    int dimension;        /* d */
    int64_t samples;      /* n, of all ranks */
    int64_t first, rows;  /* this rank's share */
    int block_rows;       /* rows of a block, but the last */
    bool kept;            /* rows are in memory in double precision */
    const float *rounded; /* [rows * d] if they are in single precision, else NULL; borrowed, */
    const double *labels; /* [rows] as all below */
    /* Sigma of a row; the network of matrices predicts Tr[S (x x^T - Sigma)]/sqrt(d) */
    Covariance covariance;
    RowMoments moments; /* measured on all n, where the rows are those of a file */
    const Truth *truth; /* NULL: nothing is known, and overlaps have no value */
    const DatasetOps *ops;
    const void *source;
} Dataset;

/* Local.  First row of the share of a rank; that of rank == ranks is the number of rows.  And
 * the most rows that a share of `ranks` may have. */
int64_t dataset_share(int64_t samples, int rank, int ranks);
int64_t dataset_share_most(int64_t samples, int ranks);

/* Local.  Rows of a block of d numbers each, what the caches hold: a multiple of the quantum.
 */
int dataset_block_rows(int dimension);

/* Local.  Number of blocks of this rank, may be 0, and block k with features from ops; without
 * them it has none. */
size_t dataset_blocks(const Dataset *data);
SampleBlock dataset_block(const Dataset *data, size_t k, double buffer[]);
SampleBlock dataset_labels(const Dataset *data, size_t k);

/* Local.  Is Sigma = I? */
static inline bool dataset_is_isotropic(const Dataset *data)
{
    return data->covariance.variances == NULL;
}

/* Local.  Is the teacher known in the coordinates of the rows, and not where they are
 * isotropic? */
static inline bool dataset_teacher_is_turned(const Dataset *data)
{
    return data->truth != NULL &&
           (data->truth->rotation != NULL || covariance_has_blocks(&data->covariance));
}

/* Local.  Rows `row` ... row + rows - 1 of all samples into out [rows * d]; those of the share
 * are copied if they are in memory.  ops->any must be there. */
void dataset_rows(const Dataset *data, int64_t row, int rows, double out[]);

#endif
