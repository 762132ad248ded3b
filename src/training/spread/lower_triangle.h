/* lower_triangle.h - the lower triangle of a symmetric matrix that is spread over a grid: what
 * this rank has of it, and the same as a vector.  Private to src/training/spread.
 *
 * The vector has the entries on and below the diagonal, column by column, those below it times
 * sqrt(2): half the memory, and its inner products, summed over the team, are those of the
 * matrices.
 */
#ifndef PHASESWEEP_TRAINING_LOWER_TRIANGLE_H
#define PHASESWEEP_TRAINING_LOWER_TRIANGLE_H

#include "phasesweep/parallel/dist_matrix.h"

typedef struct LowerTriangle {
    int rows, columns; /* held by this rank, of the whole matrix */
    int *start; /* [columns + 1] first of those rows that is not above the diagonal; owned */
    size_t entries; /* of the vector */
} LowerTriangle;

/* Local.  Of matrices with the shape and grid of a; of d x d matrices in blocks, on place
 * (row, column) of a grid of rows x columns.  Release with lower_triangle_free. */
LowerTriangle lower_triangle_create(const DistMatrix *a);
LowerTriangle lower_triangle_at(int d, int block, int row, int rows, int column, int columns);
void lower_triangle_free(LowerTriangle *triangle);

/* Local.  Most entries that a rank has of the vector. */
size_t lower_triangle_most(int rows, int columns, int block);

/* Local.  vector [entries] of a, and a = x + s y, the lower triangle of it; entries below the
 * diagonal are multiplied by `below`. */
void lower_triangle_pack(const LowerTriangle *triangle, const DistMatrix *a, double below,
                         double vector[]);
void lower_triangle_unpack(const LowerTriangle *triangle, const double x[], double s,
                           const double y[], double below, DistMatrix *a);

/* Local.  a, of which the lower triangle is known, becomes the matrix of the same quadratic
 * form that is 0 above the diagonal; its diagonal is left as it is. */
void lower_triangle_fold(const LowerTriangle *triangle, DistMatrix *a);

/* Local.  Row number of the diagonal entry in a column, or -1 if another rank has it. */
int lower_triangle_diagonal(const LowerTriangle *triangle, const DistMatrix *a, int column);

#endif
