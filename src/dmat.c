#include "phasesweep/dmat.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/check.h"
#include "scalapack.h"

static const int one = 1;
static const int zero = 0;

static int larger(int a, int b)
{
    return a > b ? a : b;
}

DistMatrix dmat_zeros(const ProcessGrid *grid, int rows, int columns, int block)
{
    assert(rows > 0 && columns > 0 && block > 0);
    DistMatrix a = {.grid = grid, .rows = rows, .columns = columns, .block = block};
    a.local_rows = numroc_(&rows, &block, &grid->row, &zero, &grid->rows);
    a.local_columns = numroc_(&columns, &block, &grid->column, &zero, &grid->columns);
    const int leading = larger(1, a.local_rows);
    int info;
    descinit_(a.descriptor, &rows, &columns, &block, &block, &zero, &zero, &grid->context,
              &leading, &info);
    assert(info == 0);
    a.local = checked_alloc((size_t)leading * (size_t)larger(1, a.local_columns),
                            sizeof(double));
    return a;
}

void dmat_free(DistMatrix *a)
{
    free(a->local);
    *a = (DistMatrix){0};
}

void dmat_fill(DistMatrix *a, double (*entry)(int i, int j, const void *context),
               const void *context)
{
    for (int column = 0; column < a->local_columns; column++) {
        const int j = dmat_global(column, a->block, a->grid->column, a->grid->columns);
        for (int row = 0; row < a->local_rows; row++) {
            const int i = dmat_global(row, a->block, a->grid->row, a->grid->rows);
            a->local[row + (size_t)column * (size_t)a->local_rows] = entry(i, j, context);
        }
    }
}

void dmat_multiply(double alpha, const DistMatrix *a, int transpose_a, const DistMatrix *b,
                   int transpose_b, double beta, DistMatrix *c)
{
    const int inner = transpose_a ? a->rows : a->columns;
    assert((transpose_a ? a->columns : a->rows) == c->rows);
    assert((transpose_b ? b->rows : b->columns) == c->columns);
    assert((transpose_b ? b->columns : b->rows) == inner);
    pdgemm_(transpose_a ? "T" : "N", transpose_b ? "T" : "N", &c->rows, &c->columns, &inner,
            &alpha, a->local, &one, &one, a->descriptor, b->local, &one, &one, b->descriptor,
            &beta, c->local, &one, &one, c->descriptor, 1, 1);
}

/* pdsyevd's own query is too small when there are few blocks: it then reports success with
 * wrong vectors.  What its back-transformation needs is added here. */
static int eigh_workspace(const DistMatrix *a, double query)
{
    const int block = a->block;
    return (int)query +
           larger(block * (block - 1) / 2, (a->local_rows + a->local_columns) * block) +
           block * block;
}

static Outcome decompose(DistMatrix *a, double w[], DistMatrix *z)
{
    const int ask = -1;
    double query;
    int integers;
    int info;
    pdsyevd_("V", "L", &a->rows, a->local, &one, &one, a->descriptor, w, z->local, &one, &one,
             z->descriptor, &query, &ask, &integers, &ask, &info, 1, 1);
    if (info != 0) {
        return OUTCOME_FAILED;
    }
    const int length = eigh_workspace(a, query);
    double *work = checked_alloc((size_t)length, sizeof *work);
    int *iwork = checked_alloc((size_t)integers, sizeof *iwork);
    pdsyevd_("V", "L", &a->rows, a->local, &one, &one, a->descriptor, w, z->local, &one, &one,
             z->descriptor, work, &length, iwork, &integers, &info, 1, 1);
    free(work);
    free(iwork);
    return info == 0 ? OUTCOME_CONVERGED : OUTCOME_FAILED;
}

#ifndef NDEBUG
static size_t entries(const DistMatrix *a)
{
    return (size_t)a->local_rows * (size_t)a->local_columns;
}

/* Is a z = z diag(w) to rounding?  Only the lower triangle of a may be trusted; this destroys
 * a.  pdsyevd has been seen to report success with wrong vectors. */
static bool residual_is_small(DistMatrix *a, const double w[], const DistMatrix *z)
{
    const double unit = 1.0;
    const double nothing = 0.0;
    DistMatrix product = dmat_zeros(a->grid, a->rows, a->rows, a->block);
    pdsymm_("L", "L", &a->rows, &a->rows, &unit, a->local, &one, &one, a->descriptor, z->local,
            &one, &one, z->descriptor, &nothing, product.local, &one, &one, product.descriptor,
            1, 1);
    bool small = true;
    const double size = fmax(fabs(w[0]), fabs(w[a->rows - 1]));
    for (size_t k = 0; k < entries(&product); k++) {
        const int column = (int)(k / (size_t)product.local_rows);
        const int j = dmat_global(column, z->block, z->grid->column, z->grid->columns);
        small = small && fabs(product.local[k] - z->local[k] * w[j]) <= 1e-11 * size;
    }
    dmat_free(&product);
    return small;
}
#endif

Outcome dmat_eigh(DistMatrix *a, double w[], DistMatrix *z)
{
    assert(a->rows == a->columns && z->rows == a->rows && z->columns == a->rows);
#ifndef NDEBUG
    DistMatrix copy = dmat_zeros(a->grid, a->rows, a->rows, a->block);
    memcpy(copy.local, a->local, entries(a) * sizeof *a->local);
#endif
    const Outcome outcome = decompose(a, w, z);
#ifndef NDEBUG
    assert(outcome != OUTCOME_CONVERGED || residual_is_small(&copy, w, z));
    dmat_free(&copy);
#endif
    return outcome;
}
