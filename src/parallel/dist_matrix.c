/* Blocks are dealt to the grid from rank (0, 0) on, rows and columns alike, so that
 * dist_matrix_global needs no source.  Matrices are whole from (1, 1) in every call here: no
 * submatrix has to be aligned.
 *
 * Decompositions are in dist_matrix_eigen.c.
 */
#include "phasesweep/parallel/dist_matrix.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"
#include "scalapack.h"

static const int one = 1;
static const int zero = 0;

/* Leading dimensions and allocations must not be 0, also where a rank holds nothing. */
static int larger(int a, int b)
{
    return a > b ? a : b;
}

DistMatrix dist_matrix_zeros(const ProcessGrid *grid, int rows, int columns, int block)
{
    assert(rows > 0 && columns > 0 && block > 0);
    DistMatrix a = {.grid = grid, .rows = rows, .columns = columns, .block = block};
    a.local_rows = numroc_(&rows, &block, &grid->row, &zero, &grid->rows);
    a.local_columns = numroc_(&columns, &block, &grid->column, &zero, &grid->columns);
    assert(dist_matrix_entries(&a) < DIST_MATRIX_MOST);
    const int leading = larger(1, a.local_rows);
    int info;
    descinit_(a.descriptor, &rows, &columns, &block, &block, &zero, &zero, &grid->context,
              &leading, &info);
    assert(info == 0);
    a.local =
        checked_alloc((size_t)leading * (size_t)larger(1, a.local_columns), sizeof(double));
    return a;
}

void dist_matrix_free(DistMatrix *a)
{
    free(a->local);
    *a = (DistMatrix){0};
}

void dist_matrix_fill(DistMatrix *a, double (*entry)(int i, int j, const void *context),
                      const void *context)
{
    for (int column = 0; column < a->local_columns; column++) {
        const int j = dist_matrix_global(column, a->block, a->grid->column, a->grid->columns);
        for (int row = 0; row < a->local_rows; row++) {
            const int i = dist_matrix_global(row, a->block, a->grid->row, a->grid->rows);
            a->local[row + (size_t)column * (size_t)a->local_rows] = entry(i, j, context);
        }
    }
}

/* pdgemm on whole matrices. */
void dist_matrix_multiply(double alpha, const DistMatrix *a, int transpose_a,
                          const DistMatrix *b, int transpose_b, double beta, DistMatrix *c)
{
    const int inner = transpose_a ? a->rows : a->columns;
    /* ScaLAPACK prints wrong shapes or aborts, and may do neither: checked here */
    assert((transpose_a ? a->columns : a->rows) == c->rows);
    assert((transpose_b ? b->rows : b->columns) == c->columns);
    assert((transpose_b ? b->columns : b->rows) == inner);
    pdgemm_(transpose_a ? "T" : "N", transpose_b ? "T" : "N", &c->rows, &c->columns, &inner,
            &alpha, a->local, &one, &one, a->descriptor, b->local, &one, &one, b->descriptor,
            &beta, c->local, &one, &one, c->descriptor, 1, 1);
}

/* In whole blocks of columns, the first of them filled up with zeros. */
void dist_matrix_square(DistMatrix *z, int count, DistMatrix *s)
{
    assert(s->rows == z->rows && s->columns == z->rows && s->block == z->block);
    assert(count >= 0 && count <= z->columns);
    const double unit = 1.0;
    const double nothing = 0.0;
    const ProcessGrid *grid = z->grid;
    const int first = z->columns - count;
    const int from = first - first % z->block;
    const int columns = z->columns - from;
    const int start = from + 1;
    const int zeros = dist_matrix_count(first, z->block, grid->column, grid->columns);
    for (int column = dist_matrix_count(from, z->block, grid->column, grid->columns);
         column < zeros; column++) {
        memset(z->local + (size_t)column * (size_t)z->local_rows, 0,
               (size_t)z->local_rows * sizeof *z->local);
    }
    pdsyrk_("L", "N", &s->rows, &columns, &unit, z->local, &one, &start, z->descriptor,
            &nothing, s->local, &one, &one, s->descriptor, 1, 1);
}

/* Local.  a = t I - a in the lower triangle; false if an entry there is not finite. */
static bool reflect(DistMatrix *a, double t)
{
    const ProcessGrid *grid = a->grid;
    double sum = 0.0;
    for (int column = 0; column < a->local_columns; column++) {
        const int j = dist_matrix_global(column, a->block, grid->column, grid->columns);
        double *x = a->local + (size_t)column * (size_t)a->local_rows;
        for (int row = dist_matrix_count(j, a->block, grid->row, grid->rows);
             row < a->local_rows; row++) {
            const int i = dist_matrix_global(row, a->block, grid->row, grid->rows);
            sum += fabs(x[row]);
            x[row] = (i == j ? t : 0.0) - x[row];
        }
    }
    return isfinite(sum);
}

bool dist_matrix_below(DistMatrix *a, double t)
{
    assert(a->rows == a->columns);
    MPI_Comm comm = a->grid->comm;
    int bad = !reflect(a, t) || !isfinite(t);
    /* a pivot of NAN may pass for one */
    MPI_Allreduce(MPI_IN_PLACE, &bad, 1, MPI_INT, MPI_MAX, comm);
    if (bad == 0) {
        pdpotrf_("L", &a->rows, a->local, &one, &one, a->descriptor, &bad, 1);
        MPI_Allreduce(MPI_IN_PLACE, &bad, 1, MPI_INT, MPI_MAX, comm);
    }
    return bad == 0;
}
