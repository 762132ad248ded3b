#include "phasesweep/eigen.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "blas.h"
#include "phasesweep/check.h"

enum {
    BLOCK = 64,
    /* lent cores pay from about .1 s on (cores.h says why) */
    THREADS_FROM = 1000
};

Eigen eigen_create(MPI_Comm team, int n, EigenMethod method)
{
    assert(n >= 1);
    Eigen eigen = {.team = team, .n = n, .method = method};
    MPI_Comm_rank(team, &eigen.rank);
    MPI_Comm_size(team, &eigen.ranks);
    if (method == EIGEN_AUTO && eigen.ranks == 1) {
        eigen.method = EIGEN_LAPACK;
    }
    return eigen;
}

void eigen_free(Eigen *eigen)
{
    free(eigen->work);
    free(eigen->integers);
    if (eigen->matrix.grid != NULL) {
        dmat_free(&eigen->matrix);
        dmat_free(&eigen->vectors);
        pgrid_free(&eigen->grid);
    }
    *eigen = (Eigen){0};
}

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

static void lapack(Eigen *eigen, const char *job, double a[], double w[])
{
    const int n = eigen->n;
    const int length = 1 + 6 * n + 2 * n * n;   /* as LAPACK asks for vectors */
    const int integers = 3 + 5 * n;
    if (eigen->work == NULL) {
        eigen->work = checked_alloc((size_t)length, sizeof *eigen->work);
        eigen->integers = checked_alloc((size_t)integers, sizeof *eigen->integers);
    }
    int info;
    dsyevd_(job, "L", &n, a, &n, w, eigen->work, &length, eigen->integers, &integers, &info, 1,
            1);
    assert(info >= 0);
    if (info != 0) {
        w[0] = w[n - 1] = NAN;
    }
}

/* Entries of the whole matrix that this rank holds, in or out. */
static void copy_local(DistMatrix *m, double whole[], bool in)
{
    const ProcessGrid *grid = m->grid;
    for (int column = 0; column < m->local_columns; column++) {
        const int j = dmat_global(column, m->block, grid->column, grid->columns);
        for (int row = 0; row < m->local_rows; row++) {
            const int i = dmat_global(row, m->block, grid->row, grid->rows);
            double *here = m->local + row + (size_t)column * (size_t)m->local_rows;
            double *there = whole + i + (size_t)j * (size_t)m->rows;
            *(in ? here : there) = *(in ? there : here);
        }
    }
}

static void scalapack(Eigen *eigen, double a[], double w[])
{
    const int n = eigen->n;
    if (eigen->matrix.grid == NULL) {
        eigen->grid = pgrid_create(eigen->team);
        eigen->matrix = dmat_zeros(&eigen->grid, n, n, BLOCK);
        eigen->vectors = dmat_zeros(&eigen->grid, n, n, BLOCK);
    }
    /* the struct may have been moved since */
    eigen->matrix.grid = eigen->vectors.grid = &eigen->grid;
    MPI_Bcast(a, n * n, MPI_DOUBLE, 0, eigen->team);
    copy_local(&eigen->matrix, a, true);
    const Outcome outcome = dmat_eigh(&eigen->matrix, w, &eigen->vectors);
    memset(a, 0, (size_t)n * (size_t)n * sizeof *a);
    copy_local(&eigen->vectors, a, false);
    MPI_Reduce(eigen->rank == 0 ? MPI_IN_PLACE : a, a, n * n, MPI_DOUBLE, MPI_SUM, 0,
               eigen->team);
    if (outcome != OUTCOME_CONVERGED) {
        w[0] = NAN;
    }
}

/* LAPACK on all cores of the node that the team has. */
static void threads(Eigen *eigen, double a[], double w[])
{
    if (eigen->cores.threads == 0) {
        eigen->cores = cores_find(eigen->team);
    }
    cores_borrow(&eigen->cores);
    if (eigen->rank == 0) {
        lapack(eigen, "V", a, w);
    }
    cores_return(&eigen->cores);
}

/* What the next solution uses: while undecided, each method once; then the fastest. */
static EigenMethod choose(Eigen *eigen)
{
    if (eigen->method != EIGEN_AUTO) {
        return eigen->method;
    }
    int fastest = EIGEN_LAPACK;
    for (int method = EIGEN_LAPACK; method < EIGEN_COUNT; method++) {
        if (method == EIGEN_THREADS && eigen->n < THREADS_FROM) {
            continue;
        }
        if (eigen->seconds[method] == 0.0) {
            return (EigenMethod)method;
        }
        fastest = eigen->seconds[method] < eigen->seconds[fastest] ? method : fastest;
    }
    /* clocks differ between ranks */
    MPI_Bcast(&fastest, 1, MPI_INT, 0, eigen->team);
    eigen->method = (EigenMethod)fastest;
    return eigen->method;
}

Outcome eigen_solve(Eigen *eigen, double a[], double w[])
{
    const EigenMethod now = choose(eigen);
    const double start = MPI_Wtime();
    w[0] = 0.0;
    if (eigen->rank == 0 && !all_finite(a, eigen->n)) {
        memset(a, 0, (size_t)eigen->n * (size_t)eigen->n * sizeof *a);
        w[0] = NAN;
    }
    const bool finite = isfinite(w[0]);
    if (now == EIGEN_SCALAPACK) {
        scalapack(eigen, a, w);
    } else if (now == EIGEN_THREADS) {
        threads(eigen, a, w);
    } else if (eigen->rank == 0) {
        lapack(eigen, "V", a, w);
    }
    int good = finite && (eigen->rank != 0 || isfinite(w[0]));
    if (eigen->ranks > 1) {
        MPI_Bcast(&good, 1, MPI_INT, 0, eigen->team);
    }
    eigen->seconds[now] = MPI_Wtime() - start;
    return good ? OUTCOME_CONVERGED : OUTCOME_FAILED;
}

double eigen_largest(Eigen *eigen, double a[], double w[])
{
    assert(eigen->rank == 0);
    if (!all_finite(a, eigen->n)) {
        return NAN;
    }
    lapack(eigen, "N", a, w);
    return w[eigen->n - 1];
}
