/* spread_kernels.h - what a pass does to a panel of samples on one rank of the grid, in double
 * or in single precision.  Private to src/training/spread.
 *
 * The rank has the rows I and columns J of every matrix.  x_I of the samples is `left`
 * [rows x samples], x_J `right` [columns x samples], by column; numbers of the table's own
 * precision are behind `void *`.  Matrices are lower triangular: blocks above the diagonal cost
 * nothing.
 */
#ifndef PHASESWEEP_TRAINING_SPREAD_KERNELS_H
#define PHASESWEEP_TRAINING_SPREAD_KERNELS_H

#include "lower_triangle.h"

/* Rows or columns of a triangle that are multiplied together. */
enum { STRIP = 128 };

/* All local. */
typedef struct SpreadKernels {
    /* Entries of x [d x samples] on place `mine` of `places`, in blocks: to [many x samples].
     */
    void (*pick)(const double x[], int d, int samples, int block, int mine, int places,
                 void *to);
    /* out [samples] = x_I^T network x_J, this rank's part of x^T S x; network is folded;
     * product [STRIP x samples] is scratch. */
    void (*outputs)(const LowerTriangle *triangle, const void *network, const void *left,
                    const void *right, int samples, void *product, double out[]);
    /* sum [rows x columns] += sum v x_I x_J^T, the lower triangle of it; scaled
     * [columns x samples] and partial [rows x STRIP] are scratch. */
    void (*add_squares)(const LowerTriangle *triangle, const void *left, const void *right,
                        int samples, const double v[], void *scaled, void *partial,
                        double sum[]);
} SpreadKernels;

extern const SpreadKernels spread_double;
extern const SpreadKernels spread_single;

#endif
