/* The steps of pdsyevd one by one, because the eigenvalues decide how many eigenvectors are
 * wanted, and with the workspace they need: its own query is too small when there are few
 * blocks, and it then reports success with wrong vectors.
 *
 * Back-transformation is done on whole blocks of columns, for PDORMTR wants them aligned.
 * With assertions on, every vector is checked against the matrix.
 */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"
#include "phasesweep/numerics/tridiagonal.h"
#include "phasesweep/parallel/dist_matrix.h"
#include "scalapack.h"

static const int one = 1;

struct DistReduction {
    DistMatrix *a;           /* borrowed; holds the reflectors */
    double *scale;           /* [local_columns] of the reflectors */
    Tridiagonal tridiagonal; /* the same on every rank */
    DistMatrix original;     /* to check the vectors; empty without assertions */
};

/* Diagonals lie with the columns they belong to, once in each row of the grid.  Other rows
 * of the grid add nothing to the sum, which reaches every rank. */
static void gather(const DistMatrix *a, const double local[], double whole[])
{
    const ProcessGrid *grid = a->grid;
    memset(whole, 0, (size_t)a->rows * sizeof *whole);
    for (int column = 0; column < a->local_columns && grid->row == 0; column++) {
        whole[dist_matrix_global(column, a->block, grid->column, grid->columns)] =
            local[column];
    }
    Cdgsum2d(grid->context, "All", " ", a->rows, 1, whole, a->rows, -1, -1);
}

/* A query, then the work: pdsytrd's own answer is right, unlike that of pdormtr. */
static void reduce(DistReduction *r)
{
    DistMatrix *a = r->a;
    const size_t places = (size_t)a->local_columns + 1;
    double *diagonal = checked_alloc(2 * places, sizeof *diagonal);
    double *off = diagonal + places;
    const int ask = -1;
    double query;
    int info;
    pdsytrd_("L", &a->rows, a->local, &one, &one, a->descriptor, diagonal, off, r->scale,
             &query, &ask, &info, 1);
    const int length = (int)query;
    double *work = checked_alloc((size_t)length, sizeof *work);
    pdsytrd_("L", &a->rows, a->local, &one, &one, a->descriptor, diagonal, off, r->scale, work,
             &length, &info, 1);
    assert(info == 0);
    gather(a, diagonal, r->tridiagonal.diagonal);
    gather(a, off, r->tridiagonal.off);
    /* n - 1 entries; LAPACK wants room for n */
    r->tridiagonal.off[a->rows - 1] = 0.0;
    free(work);
    free(diagonal);
}

DistReduction *dist_matrix_reduce(DistMatrix *a)
{
    assert(a->rows == a->columns);
    DistReduction *r = checked_alloc(1, sizeof *r);
    *r = (DistReduction){.a = a,
                         .scale = checked_alloc((size_t)a->local_columns + 1, sizeof(double)),
                         .tridiagonal = tridiagonal_create(a->rows)};
#ifndef NDEBUG
    r->original = dist_matrix_zeros(a->grid, a->rows, a->rows, a->block);
    assert(r->original.local != NULL && a->local != NULL);
    memcpy(r->original.local, a->local,
           (size_t)a->local_rows * (size_t)a->local_columns * sizeof *a->local);
#endif
    reduce(r);
    return r;
}

void dist_matrix_reduction_free(DistReduction *r)
{
    if (r != NULL) {
        free(r->scale);
        tridiagonal_free(&r->tridiagonal);
        dist_matrix_free(&r->original);
        free(r);
    }
}

Outcome dist_matrix_eigenvalues(const DistReduction *r, double w[])
{
    return tridiagonal_values(&r->tridiagonal, w) ? OUTCOME_CONVERGED : OUTCOME_FAILED;
}

/* Eigenvectors of the tridiagonal matrix [n * count] into the last columns of z. */
static void spread(const double vectors[], int count, DistMatrix *z)
{
    const ProcessGrid *grid = z->grid;
    const int n = z->rows;
    for (int column = 0; column < z->local_columns; column++) {
        const int j =
            dist_matrix_global(column, z->block, grid->column, grid->columns) - (n - count);
        for (int row = 0; row < z->local_rows && j >= 0; row++) {
            const int i = dist_matrix_global(row, z->block, grid->row, grid->rows);
            z->local[row + (size_t)column * (size_t)z->local_rows] =
                vectors[i + (size_t)j * (size_t)n];
        }
    }
}

/* Every rank makes those of the tridiagonal matrix, a sixth of the work: pdstedc returns wrong
 * ones, with info = 0, where eigenvalues are degenerate (two values, n = 97, 2 ranks). */
static bool tridiagonal_vectors(const DistReduction *r, int count, DistMatrix *z)
{
    const size_t n = (size_t)z->rows;
    const size_t kept = n * (size_t)count;
    double *vectors = checked_alloc(kept, sizeof *vectors);
    if (tridiagonal_few(z->rows, count) && tridiagonal_top(&r->tridiagonal, count, vectors)) {
        spread(vectors, count, z);
        free(vectors);
        return true;
    }
    /* too many wanted, or dstemr did not find them all */
    vectors = checked_realloc(vectors, n * n, sizeof *vectors);
    double *work = checked_alloc(1 + 4 * n + n * n, sizeof *work);
    const bool good = tridiagonal_all(&r->tridiagonal, vectors, work);
    if (good) {
        spread(vectors + n * n - kept, count, z);
    }
    free(work);
    free(vectors);
    return good;
}

/* From eigenvectors of the tridiagonal matrix to those of a, the last `count` columns.  What
 * pdormtr asks for is too little when there are few blocks. */
static void back(const DistReduction *r, int count, DistMatrix *z)
{
    const DistMatrix *a = r->a;
    const int block = a->block;
    const int first = z->columns - count + 1;
    const int from = first - (first - 1) % block; /* whole blocks: alignment */
    const int columns = z->columns - from + 1;
    const int ask = -1;
    double query;
    int info;
    pdormtr_("L", "L", "N", &z->rows, &columns, a->local, &one, &one, a->descriptor, r->scale,
             z->local, &one, &from, z->descriptor, &query, &ask, &info, 1, 1, 1);
    /* measured: with this room all of 50 shapes were right, with the query alone some wrong */
    const int least = block * (block - 1) / 2;
    const int product = (a->local_rows + a->local_columns + z->local_columns) * block;
    const int length = (int)query + (least > product ? least : product) + block * block;
    double *work = checked_alloc((size_t)length, sizeof *work);
    pdormtr_("L", "L", "N", &z->rows, &columns, a->local, &one, &one, a->descriptor, r->scale,
             z->local, &one, &from, z->descriptor, work, &length, &info, 1, 1, 1);
    assert(info == 0);
    free(work);
}

#ifndef NDEBUG
/* Is a z = z diag(w) to rounding in the last `count` columns? */
static bool residual_is_small(const DistReduction *r, int count, const DistMatrix *z)
{
    const DistMatrix *a = &r->original;
    const double unit = 1.0;
    const double nothing = 0.0;
    const int n = a->rows;
    double *w = checked_alloc((size_t)n, sizeof *w);
    tridiagonal_values(&r->tridiagonal, w);
    DistMatrix product = dist_matrix_zeros(a->grid, n, n, a->block);
    pdsymm_("L", "L", &n, &n, &unit, a->local, &one, &one, a->descriptor, z->local, &one, &one,
            z->descriptor, &nothing, product.local, &one, &one, product.descriptor, 1, 1);
    bool small = true;
    const double size = fmax(fabs(w[0]), fabs(w[n - 1]));
    for (int k = 0; k < product.local_rows * product.local_columns; k++) {
        const int column = k / product.local_rows;
        const int j = dist_matrix_global(column, z->block, z->grid->column, z->grid->columns);
        const double error = product.local[k] - z->local[k] * w[j];
        small = small && (j < n - count || fabs(error) <= 1e-11 * size);
    }
    dist_matrix_free(&product);
    free(w);
    return small;
}
#endif

Outcome dist_matrix_eigenvectors(const DistReduction *r, int count, DistMatrix *z)
{
    assert(z->rows == r->a->rows && z->columns == z->rows && z->block == r->a->block);
    assert(count >= 0 && count <= z->rows);
    if (count == 0) {
        return OUTCOME_CONVERGED;
    }
    /* every rank has the same tridiagonal matrix and decides alike */
    if (!tridiagonal_vectors(r, count, z)) {
        return OUTCOME_FAILED;
    }
    back(r, count, z);
    assert(residual_is_small(r, count, z));
    return OUTCOME_CONVERGED;
}
