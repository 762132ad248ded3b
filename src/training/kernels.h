/* kernels.h - what a pass does to a block of rows, in double or in single precision: a table of
 * functions, so that another device is another table.  What comes between outputs and the way
 * back, the loss, is the caller's.  Private.
 *
 * Numbers of the table's own precision are behind `void *`; a block is x [d x rows] by column.
 * Sums over blocks stay in double.
 */
#ifndef PHASESWEEP_TRAINING_KERNELS_H
#define PHASESWEEP_TRAINING_KERNELS_H

#include <stddef.h>

/* All local. */
typedef struct Kernels {
    /* product [rank x rows] = factor^T x, factor d x rank; out [rows] = its squared columns,
     * x^T S x of every row; rank > 0. */
    void (*outputs)(int d, int rank, int rows, const void *factor, const void *x, void *product,
                    double out[]);
    /* sum [d x d] += sum_rows v x x^T, lower triangle; packed [d x rows] and partial [d x d]
     * are scratch. */
    void (*add_squares)(int d, int rows, const void *x, const double v[], void *packed,
                        void *partial, double sum[]);
    /* out [rows] = x^T matrix x, matrix d x d symmetric; product [d x rows] is scratch. */
    void (*forms)(int d, int rows, const void *matrix, const void *x, void *product,
                  double out[]);
    /* product [rows x columns] = x^T factor, factor d x columns. */
    void (*project)(int d, int columns, int rows, const void *factor, const void *x,
                    void *product);
    /* out [rows] += inner products of the rows of a and b [rows x columns]. */
    void (*add_products)(int columns, int rows, const void *a, const void *b, double out[]);
    /* Rows of product are multiplied by r [rows]. */
    void (*scale_rows)(int columns, int rows, const double r[], void *product);
    /* sum [d x columns] += x product; partial [d x columns] is scratch. */
    void (*add_back)(int d, int columns, int rows, const void *x, const void *product,
                     void *partial, double sum[]);
} Kernels;

extern const Kernels kernels_double;
extern const Kernels kernels_single; /* vector units do twice the work */

/* Local.  sum [count] += factor a. */
void add_multiple(double factor, const double a[], double sum[], int count);

/* Local.  Once a block: the rows are kept in double, or as they were stored. */
void round_to_single(const double from[], size_t count, float to[]);

#endif
