/* The steps of pdsyevd one by one, because the eigenvalues decide how many eigenvectors are
 * wanted, and with the workspace they need: its own query is too small when there are few
 * blocks, and it then reports success with wrong vectors.
 *
 * Back-transformation is done on whole blocks of columns, for PDORMTR wants them aligned.
 * Every vector is checked against the matrix, by one product with a random vector: a wrong one
 * is a failure that the caller hears of.
 */
#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"
#include "phasesweep/numerics/rng.h"
#include "phasesweep/numerics/tridiagonal.h"
#include "phasesweep/parallel/dist_matrix.h"
#include "scalapack.h"

static const int one = 1;

/* Eigenvectors travel in so many parts: room for one of them is enough. */
enum { PARTS = 4 };

/* Side up to which one rank may make all eigenvectors if nothing else helps. */
enum { WHOLE_MOST = 4000 };

struct DistReduction {
    DistMatrix *a;           /* borrowed; holds the reflectors */
    double *scale;           /* [local_columns] of the reflectors */
    Tridiagonal tridiagonal; /* the same on every rank */
    double *values;          /* [n] its eigenvalues, ascending */
    double *probe, *image;   /* [n] x and a x, to check the vectors with */
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

/* image = a probe, from the lower triangle. */
static void apply(DistReduction *r)
{
    const DistMatrix *a = r->a;
    const ProcessGrid *grid = a->grid;
    rng_normals(1, RNG_PROBE, 0, a->rows, r->probe);
    for (int column = 0; column < a->local_columns; column++) {
        const int j = dist_matrix_global(column, a->block, grid->column, grid->columns);
        for (int row = dist_matrix_count(j, a->block, grid->row, grid->rows);
             row < a->local_rows; row++) {
            const int i = dist_matrix_global(row, a->block, grid->row, grid->rows);
            const double entry = a->local[row + (size_t)column * (size_t)a->local_rows];
            r->image[i] += entry * r->probe[j];
            r->image[j] += i > j ? entry * r->probe[i] : 0.0;
        }
    }
    MPI_Allreduce(MPI_IN_PLACE, r->image, a->rows, MPI_DOUBLE, MPI_SUM, grid->comm);
}

DistReduction *dist_matrix_reduce(DistMatrix *a)
{
    assert(a->rows == a->columns);
    DistReduction *r = checked_alloc(1, sizeof *r);
    *r = (DistReduction){.a = a,
                         .scale = checked_alloc((size_t)a->local_columns + 1, sizeof(double)),
                         .tridiagonal = tridiagonal_create(a->rows)};
    r->values = checked_alloc(3 * (size_t)a->rows, sizeof(double));
    r->probe = r->values + a->rows;
    r->image = r->probe + a->rows;
    apply(r);
    reduce(r);
    return r;
}

void dist_matrix_reduction_free(DistReduction *r)
{
    if (r != NULL) {
        free(r->scale);
        tridiagonal_free(&r->tridiagonal);
        free(r->values);
        free(r);
    }
}

Outcome dist_matrix_eigenvalues(DistReduction *r, double w[])
{
    const bool good = tridiagonal_values(&r->tridiagonal, r->values);
    memcpy(w, r->values, (size_t)r->a->rows * sizeof *w);
    return good ? OUTCOME_CONVERGED : OUTCOME_FAILED;
}

static double size_of(const DistReduction *r)
{
    return fmax(fabs(r->values[0]), fabs(r->values[r->a->rows - 1]));
}

/* Where the eigenvectors first ... n-1 are cut, cut[0 ... ranks] as indices: into equal parts,
 * but not where eigenvalues are nearer than `least`, for the vectors on both sides, made apart,
 * would be neither orthogonal nor, by dstemr, vectors.  Within an eighth of a part the widest
 * gap is taken. */
static void cut_shares(const DistReduction *r, int first, double least, int ranks, int cut[])
{
    const int n = r->a->rows;
    const double *w = r->values;
    const int room = (n - first) / ranks / 8;
    cut[0] = first;
    for (int rank = 1; rank < ranks; rank++) {
        const int at = first + (int)((int64_t)(n - first) * rank / ranks);
        int best = at > cut[rank - 1] ? at : cut[rank - 1];
        const int end = best + room;
        for (int k = best + 1; k < n && k <= end && best > first; k++) {
            best = w[k] - w[k - 1] > w[best] - w[best - 1] ? k : best;
        }
        while (best > first && best < n && w[best] - w[best - 1] < least) {
            best++;
        }
        cut[rank] = best;
    }
    cut[ranks] = n;
}

/* Columns from ... to - 1 that are on a column of the grid. */
static int columns_between(const DistMatrix *z, int from, int to, int column)
{
    const int places = z->grid->columns;
    return dist_matrix_count(to, z->block, column, places) -
           dist_matrix_count(from, z->block, column, places);
}

/* Of columns [n * ...] from `from` on those entries that are on place (row, column): to `out`,
 * column after column. */
static double *pick(const DistMatrix *z, const double vectors[], int from, int to, int row,
                    int column, double out[])
{
    const ProcessGrid *grid = z->grid;
    const int rows = dist_matrix_count(z->rows, z->block, row, grid->rows);
    for (int j = from; j < to; j++) {
        if (j / z->block % grid->columns != column) {
            continue;
        }
        const double *vector = vectors + (size_t)(j - from) * (size_t)z->rows;
        for (int k = 0; k < rows; k += z->block) {
            const int many = rows - k < z->block ? rows - k : z->block;
            memcpy(out, vector + dist_matrix_global(k, z->block, row, grid->rows),
                   (size_t)many * sizeof *out);
            out += many;
        }
    }
    return out;
}

/* Where part q of PARTS of the columns of a rank begins. */
static int part_begin(const int cut[], int rank, int q)
{
    return cut[rank] + (int)((int64_t)(cut[rank + 1] - cut[rank]) * q / PARTS);
}

/* Part q of every rank's columns to where they are in z: what comes from a rank is column after
 * column of z. */
static void spread_part(const double vectors[], const int cut[], int q, DistMatrix *z)
{
    const ProcessGrid *grid = z->grid;
    const int ranks = grid->rows * grid->columns;
    const int mine = grid->row * grid->columns + grid->column;
    int *count = checked_alloc(4 * (size_t)ranks, sizeof *count);
    int *place = count + ranks;
    int *coming = place + ranks;
    int *into = coming + ranks;
    const int from = part_begin(cut, mine, q);
    const int to = part_begin(cut, mine, q + 1);
    const double *part = vectors + (size_t)z->rows * (size_t)(from - cut[mine]);
    double *packed = checked_alloc((size_t)z->rows * (size_t)(to - from), sizeof *packed);
    double *next = packed;
    for (int rank = 0; rank < ranks; rank++) {
        place[rank] = (int)(next - packed);
        next = pick(z, part, from, to, rank / grid->columns, rank % grid->columns, next);
        count[rank] = (int)(next - packed) - place[rank];
        const int begin = part_begin(cut, rank, q);
        const int end = part_begin(cut, rank, q + 1);
        into[rank] = z->local_rows * columns_between(z, cut[0], begin, grid->column);
        coming[rank] = z->local_rows * columns_between(z, begin, end, grid->column);
    }
    const size_t before =
        (size_t)z->local_rows * (size_t)columns_between(z, 0, cut[0], grid->column);
    MPI_Alltoallv(packed, count, place, MPI_DOUBLE, z->local + before, coming, into, MPI_DOUBLE,
                  grid->comm);
    free(packed);
    free(count);
}

/* Are they eigenvectors, `count` from number `first` on, to rounding? */
static bool tridiagonal_good(const DistReduction *r, int first, int count,
                             const double vectors[])
{
    const int n = r->a->rows;
    const double *diagonal = r->tridiagonal.diagonal;
    const double *off = r->tridiagonal.off;
    const double most = 1e-13 * sqrt((double)n) * size_of(r);
    bool good = true;
    for (int k = 0; k < count; k++) {
        const double *v = vectors + (size_t)k * (size_t)n;
        for (int i = 0; i < n; i++) {
            double error = (diagonal[i] - r->values[first + k]) * v[i];
            error += i > 0 ? off[i - 1] * v[i - 1] : 0.0;
            error += i < n - 1 ? off[i] * v[i + 1] : 0.0;
            good = good && fabs(error) <= most;
        }
    }
    return good;
}

/* The last `many` by divide and conquer, where one rank may hold all n^2 of them. */
static bool divide(const DistReduction *r, int many, double vectors[])
{
    const size_t n = (size_t)r->a->rows;
    if (n > WHOLE_MOST) {
        return false;
    }
    double *all = checked_alloc(n * n, sizeof *all);
    double *work = checked_alloc(1 + 4 * n + n * n, sizeof *work);
    const bool good = tridiagonal_all(&r->tridiagonal, all, work);
    memcpy(vectors, all + (n - (size_t)many) * n, n * (size_t)many * sizeof *vectors);
    free(work);
    free(all);
    return good;
}

/* This rank's share, cut as is said. */
static double *make_share(const DistReduction *r, int from, int to, bool whole, int *good)
{
    const int n = r->a->rows;
    const int many = to - from;
    double *vectors = checked_alloc((size_t)n * (size_t)many, sizeof *vectors);
    *good = many == 0 || (tridiagonal_some(&r->tridiagonal, from, many, vectors) &&
                          tridiagonal_good(r, from, many, vectors));
    if (!*good && to == n && whole) {
        *good = divide(r, many, vectors);
    }
    return vectors;
}

/* All ranks make their share: pdstedc returns wrong ones, with info = 0, where eigenvalues are
 * degenerate (two values, n = 97, 2 ranks), and dstemr where it is asked for a part of a
 * cluster. What is not good is cut at wider gaps, at last not at all. */
static bool tridiagonal_vectors(const DistReduction *r, int count, DistMatrix *z)
{
    static const double gaps[] = {1e-5, 1e-3, INFINITY};
    const ProcessGrid *grid = z->grid;
    const int ranks = grid->rows * grid->columns;
    const int mine = grid->row * grid->columns + grid->column;
    int *cut = checked_alloc((size_t)ranks + 1, sizeof *cut);
    int good = 0;
    for (size_t k = 0; k < sizeof gaps / sizeof *gaps && !good; k++) {
        cut_shares(r, z->rows - count, gaps[k] * size_of(r), ranks, cut);
        double *vectors = make_share(r, cut[mine], cut[mine + 1], isinf(gaps[k]), &good);
        MPI_Allreduce(MPI_IN_PLACE, &good, 1, MPI_INT, MPI_MIN, grid->comm);
        for (int q = 0; q < PARTS && good; q++) {
            spread_part(vectors, cut, q, z);
        }
        free(vectors);
    }
    free(cut);
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

/* Is z_k.(a x) = w_k z_k.x to rounding in the last `count` columns? */
static bool residual_is_small(const DistReduction *r, int count, const DistMatrix *z)
{
    const ProcessGrid *grid = z->grid;
    const size_t n = (size_t)z->rows;
    double *sums = checked_alloc(2 * n, sizeof *sums);
    for (int column = 0; column < z->local_columns; column++) {
        const int j = dist_matrix_global(column, z->block, grid->column, grid->columns);
        for (int row = 0; row < z->local_rows; row++) {
            const int i = dist_matrix_global(row, z->block, grid->row, grid->rows);
            const double entry = z->local[row + (size_t)column * (size_t)z->local_rows];
            sums[j] += entry * r->image[i];
            sums[n + (size_t)j] += entry * r->probe[i];
        }
    }
    MPI_Allreduce(MPI_IN_PLACE, sums, (int)(2 * n), MPI_DOUBLE, MPI_SUM, grid->comm);
    bool small = true;
    const double size = size_of(r);
    for (size_t j = n - (size_t)count; j < n; j++) {
        const double error = sums[j] - r->values[j] * sums[n + j];
        small = small && fabs(error) <= 1e-11 * size * sqrt((double)n);
    }
    free(sums);
    return small;
}

Outcome dist_matrix_eigenvectors(DistReduction *r, int count, DistMatrix *z)
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
    return residual_is_small(r, count, z) ? OUTCOME_CONVERGED : OUTCOME_FAILED;
}
