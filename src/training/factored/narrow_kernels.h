/* narrow_kernels.h - products of rows with few columns, there and back, in double or in single
 * precision.  Private.
 *
 * A block of rows is bound by memory here, and BLAS packs it anew for each product.  These take
 * a strip of rows at a time, so that both products read it from the nearest cache, and ask for
 * rows to come while they work on those at hand.  Numbers of the table's own precision are
 * behind `void *`; a strip is x [d x rows] by column, rows <= NARROW_STRIP.
 */
#ifndef PHASESWEEP_TRAINING_NARROW_KERNELS_H
#define PHASESWEEP_TRAINING_NARROW_KERNELS_H

#include <stddef.h>

/* Rows of a strip; columns up to which strips are faster than blocks (bench_narrow_pass). */
enum { NARROW_STRIP = 8, NARROW_COLUMNS = 12 };

/* All local. */
typedef struct NarrowKernels {
    /* product [rows x columns] = x^T factor, factor d x columns. */
    void (*project)(int d, int columns, int rows, const void *factor, const void *x,
                    void *product);
    /* sum [d x columns] += x product. */
    void (*add_back)(int d, int columns, int rows, const void *x, const void *product,
                     void *sum);
} NarrowKernels;

extern const NarrowKernels narrow_double;
extern const NarrowKernels narrow_single;

#endif
