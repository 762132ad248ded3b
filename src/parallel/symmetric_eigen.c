/* Three ways to one decomposition, in two steps each: reduce to tridiagonal form and find
 * all eigenvalues; then, once the caller knows how many he wants, the eigenvectors of the
 * largest.  Between the two the reflectors stay where LAPACK or ScaLAPACK left them, in the
 * caller's array or in the distributed matrix.  All ranks go through the same calls in the
 * same order whatever the numbers are: a matrix that is not finite is replaced by zeros and
 * the failure agreed on at the end.
 *
 * What a method costs is measured on the matrices of the training itself, each once; the
 * measured ones are solutions like any other.
 */
#include "phasesweep/parallel/symmetric_eigen.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"
#include "phasesweep/numerics/lapack.h"
#include "phasesweep/numerics/tridiagonal.h"

enum {
    BLOCK = 64,
    /* lent cores pay from about .1 s on (core_lending.h says why) */
    THREADS_FROM = 1000,
    /* below it a decomposition takes a millisecond of one rank: a clock, which a busy machine
     * can turn, must not decide the last digits */
    MEASURED_FROM = 100
};

/* Of rank 0: the matrix reduced by LAPACK, but for the reflectors, which stay in place. */
struct EigenRoom {
    Tridiagonal tridiagonal;
    double *scale;   /* [n] of the reflectors */
    double *vectors; /* [n * n] */
    double *work;    /* [work_length] */
    int work_length;
};

/* Nothing is allocated here: which method is used decides what is needed. */
Eigen eigen_create(MPI_Comm team, int n, EigenMethod method)
{
    assert(n >= 1);
    Eigen eigen = {.team = team, .n = n, .method = method};
    MPI_Comm_rank(team, &eigen.rank);
    MPI_Comm_size(team, &eigen.ranks);
    if (method == EIGEN_AUTO && (eigen.ranks == 1 || n < MEASURED_FROM)) {
        eigen.method = EIGEN_LAPACK;
    }
    return eigen;
}

/* Grid and matrices exist only if ScaLAPACK was used. */
void eigen_free(Eigen *eigen)
{
    if (eigen->room != NULL) {
        tridiagonal_free(&eigen->room->tridiagonal);
        free(eigen->room->scale);
        free(eigen->room->vectors);
        free(eigen->room->work);
        free(eigen->room);
    }
    dist_matrix_reduction_free(eigen->reduction);
    if (eigen->matrix.grid != NULL) {
        dist_matrix_free(&eigen->matrix);
        dist_matrix_free(&eigen->vectors);
        process_grid_free(&eigen->grid);
    }
    *eigen = (Eigen){0};
}

/* By one sum over the lower triangle, which is what is read: NAN and infinity survive it. */
static bool all_finite(const double a[], int n)
{
    double sum = 0.0;
    for (size_t column = 0; column < (size_t)n; column++) {
        for (size_t row = column; row < (size_t)n; row++) {
            sum += fabs(a[row + column * (size_t)n]);
        }
    }
    return isfinite(sum);
}

/* Allocated at the first use and kept: a training solves hundreds of equal size. */
static EigenRoom *make_room(int n)
{
    EigenRoom *room = checked_alloc(1, sizeof *room);
    const size_t square = (size_t)n * (size_t)n;
    /* dstedc needs 1 + 4 n + n^2; dsytrd and dormtr are at their best with blocks of 64 */
    const size_t length = square + 64 * (size_t)n + 8192;
    *room = (EigenRoom){.tridiagonal = tridiagonal_create(n),
                        .scale = checked_alloc((size_t)n, sizeof(double)),
                        .vectors = checked_alloc(square, sizeof(double)),
                        .work = checked_alloc(length, sizeof(double)),
                        .work_length = (int)length};
    return room;
}

/* Rank 0 alone: a becomes reflectors. */
static bool lapack_values(Eigen *eigen, double a[], double w[])
{
    const int n = eigen->n;
    if (eigen->room == NULL) {
        eigen->room = make_room(n);
    }
    EigenRoom *room = eigen->room;
    int info;
    dsytrd_("L", &n, a, &n, room->tridiagonal.diagonal, room->tridiagonal.off, room->scale,
            room->work, &room->work_length, &info, 1);
    assert(info == 0);
    return tridiagonal_values(&room->tridiagonal, w);
}

/* Rank 0 alone: the last columns of a from reflectors to eigenvectors. */
static bool lapack_vectors(Eigen *eigen, int count, double a[])
{
    const int n = eigen->n;
    EigenRoom *room = eigen->room;
    double *wanted = room->vectors;
    const bool few =
        tridiagonal_few(n, count) && tridiagonal_top(&room->tridiagonal, count, room->vectors);
    /* all of them by divide and conquer; the wanted ones are the last columns */
    if (!few) {
        if (!tridiagonal_all(&room->tridiagonal, room->vectors, room->work)) {
            return false;
        }
        wanted += (size_t)n * (size_t)(n - count);
    }
    int info;
    /* back to the basis of the matrix: reflectors on the wanted columns alone */
    dormtr_("L", "L", "N", &n, &count, a, &n, room->scale, wanted, &n, room->work,
            &room->work_length, &info, 1, 1, 1);
    assert(info == 0);
    memcpy(a + (size_t)n * (size_t)(n - count), wanted, (size_t)n * (size_t)count * sizeof *a);
    return true;
}

/* Entries of the whole matrix that this rank holds, in or out. */
static void copy_local(DistMatrix *m, double whole[], bool in)
{
    const ProcessGrid *grid = m->grid;
    for (int column = 0; column < m->local_columns; column++) {
        const int j = dist_matrix_global(column, m->block, grid->column, grid->columns);
        for (int row = 0; row < m->local_rows; row++) {
            const int i = dist_matrix_global(row, m->block, grid->row, grid->rows);
            double *here = m->local + row + (size_t)column * (size_t)m->local_rows;
            double *there = whole + i + (size_t)j * (size_t)m->rows;
            *(in ? here : there) = *(in ? there : here);
        }
    }
}

/* Collective.  The matrix goes to every rank whole, and each takes its blocks: one broadcast
 * is cheap against n^3. */
static bool scalapack_values(Eigen *eigen, double a[], double w[])
{
    const int n = eigen->n;
    if (eigen->matrix.grid == NULL) {
        eigen->grid = process_grid_create(eigen->team);
        eigen->matrix = dist_matrix_zeros(&eigen->grid, n, n, BLOCK);
        eigen->vectors = dist_matrix_zeros(&eigen->grid, n, n, BLOCK);
    }
    /* the struct may have been moved since */
    eigen->matrix.grid = eigen->vectors.grid = &eigen->grid;
    MPI_Bcast(a, n * n, MPI_DOUBLE, 0, eigen->team);
    copy_local(&eigen->matrix, a, true);
    dist_matrix_reduction_free(eigen->reduction);
    eigen->reduction = dist_matrix_reduce(&eigen->matrix);
    return dist_matrix_eigenvalues(eigen->reduction, w) == OUTCOME_CONVERGED;
}

/* Collective.  Every rank puts its entries into zeros, and the sum is the whole. */
static bool scalapack_vectors(Eigen *eigen, int count, double a[])
{
    const size_t n = (size_t)eigen->n;
    MPI_Bcast(&count, 1, MPI_INT, 0, eigen->team);
    eigen->matrix.grid = eigen->vectors.grid = &eigen->grid;
    if (dist_matrix_eigenvectors(eigen->reduction, count, &eigen->vectors) !=
        OUTCOME_CONVERGED) {
        return false;
    }
    double *wanted = a + n * (n - (size_t)count);
    memset(a, 0, n * n * sizeof *a);
    copy_local(&eigen->vectors, a, false);
    MPI_Reduce(eigen->rank == 0 ? MPI_IN_PLACE : wanted, wanted, (int)n * count, MPI_DOUBLE,
               MPI_SUM, 0, eigen->team);
    return true;
}

/* Around every call of LAPACK on rank 0; nothing unless EIGEN_THREADS is in use. */
static void lend(Eigen *eigen)
{
    if (eigen->now == EIGEN_THREADS) {
        if (eigen->cores.threads == 0) {
            eigen->cores = cores_find(eigen->team);
        }
        cores_borrow(&eigen->cores);
    }
}

static void unlend(const Eigen *eigen)
{
    if (eigen->now == EIGEN_THREADS) {
        cores_return(&eigen->cores);
    }
}

/* What the next solution uses: while undecided, each method once; then the fastest. */
static EigenMethod choose(Eigen *eigen)
{
    if (eigen->method != EIGEN_AUTO) {
        return eigen->method;
    }
    int fastest = EIGEN_LAPACK;
    for (int method = EIGEN_LAPACK; method < EIGEN_COUNT; method++) {
        /* every rank skips alike: n is the same */
        if (method == EIGEN_THREADS && eigen->n < THREADS_FROM) {
            continue;
        }
        if (!eigen->tried[method]) {
            return (EigenMethod)method;
        }
        fastest = eigen->seconds[method] < eigen->seconds[fastest] ? method : fastest;
    }
    /* clocks differ between ranks */
    MPI_Bcast(&fastest, 1, MPI_INT, 0, eigen->team);
    eigen->method = (EigenMethod)fastest;
    return eigen->method;
}

/* Rank 0's word for the team. */
static Outcome agreed(const Eigen *eigen, bool good)
{
    int word = good;
    if (eigen->ranks > 1) {
        MPI_Bcast(&word, 1, MPI_INT, 0, eigen->team);
    }
    return word ? OUTCOME_CONVERGED : OUTCOME_FAILED;
}

Outcome eigen_values(Eigen *eigen, double a[], double w[])
{
    const double start = MPI_Wtime();
    eigen->now = choose(eigen);
    bool good = true;
    if (eigen->rank == 0 && !all_finite(a, eigen->n)) {
        /* the method in use is collective and must be gone through; zeros cannot hang it */
        memset(a, 0, (size_t)eigen->n * (size_t)eigen->n * sizeof *a);
        good = false;
    }
    if (eigen->now == EIGEN_SCALAPACK) {
        good = scalapack_values(eigen, a, w) && good;
    } else {
        lend(eigen);
        good = (eigen->rank != 0 || lapack_values(eigen, a, w)) && good;
        unlend(eigen);
    }
    const Outcome outcome = agreed(eigen, good);
    /* of the values alone: the vectors depend on how many are wanted */
    eigen->seconds[eigen->now] = MPI_Wtime() - start;
    eigen->tried[eigen->now] = true;
    return outcome;
}

/* By the method that found the values: the reflectors are in its form. */
Outcome eigen_vectors(Eigen *eigen, int count, double a[])
{
    assert(eigen->rank != 0 || (count >= 0 && count <= eigen->n));
    assert(eigen->now != EIGEN_AUTO);
    bool good = true;
    if (eigen->now == EIGEN_SCALAPACK) {
        good = scalapack_vectors(eigen, count, a);
    } else {
        lend(eigen);
        good = eigen->rank != 0 || count == 0 || lapack_vectors(eigen, count, a);
        unlend(eigen);
    }
    return agreed(eigen, good);
}

double eigen_largest(Eigen *eigen, double a[], double w[])
{
    assert(eigen->rank == 0);
    if (!all_finite(a, eigen->n) || !lapack_values(eigen, a, w)) {
        return NAN;
    }
    return w[eigen->n - 1];
}

bool eigen_below(const Eigen *eigen, double t, double a[])
{
    const int n = eigen->n;
    assert(eigen->rank == 0);
    /* LAPACK may take a NAN for a pivot */
    if (!isfinite(t) || !all_finite(a, n)) {
        return false;
    }
    for (size_t column = 0; column < (size_t)n; column++) {
        double *x = a + column * (size_t)n;
        for (size_t row = column; row < (size_t)n; row++) {
            x[row] = -x[row];
        }
        x[column] += t;
    }
    int info;
    dpotrf_("L", &n, a, &n, &info, 1);
    assert(info >= 0);
    return info == 0;
}
