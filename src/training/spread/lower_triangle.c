#include "lower_triangle.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"

LowerTriangle lower_triangle_at(int d, int block, int row, int rows, int column, int columns)
{
    LowerTriangle triangle = {.rows = dist_matrix_count(d, block, row, rows),
                              .columns = dist_matrix_count(d, block, column, columns)};
    triangle.start = checked_alloc((size_t)triangle.columns + 1, sizeof(int));
    for (int k = 0; k < triangle.columns; k++) {
        const int j = dist_matrix_global(k, block, column, columns);
        triangle.start[k] = dist_matrix_count(j, block, row, rows);
        triangle.entries += (size_t)(triangle.rows - triangle.start[k]);
    }
    triangle.start[triangle.columns] = triangle.rows;
    return triangle;
}

LowerTriangle lower_triangle_create(const DistMatrix *a)
{
    const ProcessGrid *grid = a->grid;
    return lower_triangle_at(a->rows, a->block, grid->row, grid->rows, grid->column,
                             grid->columns);
}

void lower_triangle_free(LowerTriangle *triangle)
{
    free(triangle->start);
    *triangle = (LowerTriangle){0};
}

/* Of the ranks below the diagonal of the grid, which have whole blocks in place of halves. */
size_t lower_triangle_most(int rows, int columns, int block)
{
    return ((size_t)rows * (size_t)columns + (size_t)block * (size_t)(rows + columns)) / 2;
}

int lower_triangle_diagonal(const LowerTriangle *triangle, const DistMatrix *a, int column)
{
    const ProcessGrid *grid = a->grid;
    const int row = triangle->start[column];
    const int j = dist_matrix_global(column, a->block, grid->column, grid->columns);
    return row < triangle->rows && dist_matrix_global(row, a->block, grid->row, grid->rows) == j
               ? row
               : -1;
}

void lower_triangle_pack(const LowerTriangle *triangle, const DistMatrix *a, double below,
                         double vector[])
{
    double *to = vector;
    for (int column = 0; column < triangle->columns; column++) {
        const double *from = a->local + (size_t)column * (size_t)triangle->rows;
        for (int row = triangle->start[column]; row < triangle->rows; row++) {
            *to++ = below * from[row];
        }
        const int row = lower_triangle_diagonal(triangle, a, column);
        if (row >= 0) {
            to[row - triangle->rows] = from[row];
        }
    }
}

void lower_triangle_unpack(const LowerTriangle *triangle, const double x[], double s,
                           const double y[], double below, DistMatrix *a)
{
    for (int column = 0; column < triangle->columns; column++) {
        double *to = a->local + (size_t)column * (size_t)triangle->rows;
        const int start = triangle->start[column];
        for (int row = start; row < triangle->rows; row++) {
            to[row] = below * (x[row - start] + s * y[row - start]);
        }
        if (lower_triangle_diagonal(triangle, a, column) >= 0) {
            to[start] = x[0] + s * y[0];
        }
        x += triangle->rows - start;
        y += triangle->rows - start;
    }
}

void lower_triangle_fold(const LowerTriangle *triangle, DistMatrix *a)
{
    for (int column = 0; column < triangle->columns; column++) {
        double *x = a->local + (size_t)column * (size_t)triangle->rows;
        const int diagonal = lower_triangle_diagonal(triangle, a, column);
        memset(x, 0, (size_t)triangle->start[column] * sizeof *x);
        for (int row = triangle->start[column]; row < triangle->rows; row++) {
            x[row] *= row == diagonal ? 1.0 : 2.0;
        }
    }
}
