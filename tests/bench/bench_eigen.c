/* One eigendecomposition by each method, and by ELPA where CMake found it.  Not a test.
 *
 *   mpirun -n K bench_eigen N [VECTORS [REPEATS]]
 *
 * All eigenvalues and the VECTORS of the largest (default: all; ELPA then finds only those
 * eigenvalues).  The methods take turns; medians, and their ratio to the fastest.  ELPA gets
 * its matrix where it wants it; the others also bring it from rank 0 and the vectors back. */
#include <math.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef WITH_ELPA
#include <elpa/elpa.h>
#endif

#include "phasesweep/base/check.h"
#include "phasesweep/numerics/rng.h"
#include "phasesweep/parallel/symmetric_eigen.h"

enum { METHODS = EIGEN_COUNT + 1, REPEATS_MOST = 99 };

static const char *const names[METHODS] = {"auto", "LAPACK", "ScaLAPACK",
                                           "LAPACK, team's cores", "ELPA 1-stage"};

/* Symmetric, normal entries, each from its two places: any rank can make any. */
static double entry(int i, int j)
{
    double value;
    const int low = i < j ? i : j;
    const int high = i < j ? j : i;
    rng_normals(1, RNG_PROBE, (uint64_t)low * 100000u + (uint64_t)high, 1, &value);
    return value;
}

static double ours(Eigen *eigen, int count, double a[], double w[])
{
    const int n = eigen->n;
    for (int k = 0; k < n * n && eigen->rank == 0; k++) {
        a[k] = entry(k % n, k / n);
    }
    MPI_Barrier(eigen->team);
    const double start = MPI_Wtime();
    eigen_values(eigen, a, w);
    eigen_vectors(eigen, count, a);
    MPI_Barrier(eigen->team);
    return MPI_Wtime() - start;
}

#ifdef WITH_ELPA
static double elpa(int n, int count, double w[])
{
    ProcessGrid grid = process_grid_create(MPI_COMM_WORLD);
    DistMatrix a = dist_matrix_zeros(&grid, n, n, 64);
    DistMatrix z = dist_matrix_zeros(&grid, n, n, 64);
    for (int column = 0; column < a.local_columns; column++) {
        const int j = dist_matrix_global(column, a.block, grid.column, grid.columns);
        for (int row = 0; row < a.local_rows; row++) {
            const int i = dist_matrix_global(row, a.block, grid.row, grid.rows);
            a.local[row + (size_t)column * (size_t)a.local_rows] = entry(i, j);
        }
    }
    int error;
    elpa_t handle = elpa_allocate(&error);
    const struct {
        const char *name;
        int value;
    } settings[] = {{"na", n},
                    {"nev", count},
                    {"local_nrows", a.local_rows},
                    {"local_ncols", a.local_columns},
                    {"nblk", a.block},
                    {"mpi_comm_parent", MPI_Comm_c2f(MPI_COMM_WORLD)},
                    {"process_row", grid.row},
                    {"process_col", grid.column}};
    for (size_t k = 0; k < sizeof settings / sizeof *settings; k++) {
        elpa_set(handle, settings[k].name, settings[k].value, &error);
    }
    elpa_setup(handle);
    elpa_set(handle, "solver", ELPA_SOLVER_1STAGE, &error);
    MPI_Barrier(MPI_COMM_WORLD);
    const double start = MPI_Wtime();
    elpa_eigenvectors(handle, a.local, w, z.local, &error);
    MPI_Barrier(MPI_COMM_WORLD);
    const double seconds = error == ELPA_OK ? MPI_Wtime() - start : NAN;
    elpa_deallocate(handle, &error);
    dist_matrix_free(&a), dist_matrix_free(&z), process_grid_free(&grid);
    return seconds;
}
#endif

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

static void measure(int n, int count, int repeats, double seconds[METHODS][REPEATS_MOST])
{
    double *a = checked_alloc((size_t)n * (size_t)n, sizeof *a);
    double *w = checked_alloc((size_t)n, sizeof *w);
    Eigen eigen[EIGEN_COUNT];
    for (int method = EIGEN_LAPACK; method < EIGEN_COUNT; method++) {
        eigen[method] = eigen_create(MPI_COMM_WORLD, n, (EigenMethod)method);
    }
    for (int repeat = 0; repeat < repeats; repeat++) {
        for (int method = EIGEN_LAPACK; method < EIGEN_COUNT; method++) {
            seconds[method][repeat] = ours(&eigen[method], count, a, w);
        }
#ifdef WITH_ELPA
        seconds[EIGEN_COUNT][repeat] = elpa(n, count, w);
#endif
    }
    for (int method = EIGEN_LAPACK; method < EIGEN_COUNT; method++) {
        eigen_free(&eigen[method]);
    }
    free(a), free(w);
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    int rank;
    int ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    if (argc < 2) {
        die(STATUS_WRONG_INPUT, "bench_eigen N [VECTORS [REPEATS]]");
    }
    const int n = atoi(argv[1]);
    const int count = argc > 2 ? atoi(argv[2]) : n;
    const int repeats = argc > 3 ? atoi(argv[3]) : 3;
    static double seconds[METHODS][REPEATS_MOST];
#ifdef WITH_ELPA
    elpa_init(20211125);
#endif
    measure(n, count, repeats < REPEATS_MOST ? repeats : REPEATS_MOST, seconds);
    double best = INFINITY;
    for (int method = EIGEN_LAPACK; method < METHODS; method++) {
        qsort(seconds[method], (size_t)repeats, sizeof(double), ascending);
        const double median = seconds[method][repeats / 2];
        best = median > 0.0 ? fmin(best, median) : best;
    }
    for (int method = EIGEN_LAPACK; method < METHODS && rank == 0; method++) {
        const double median = seconds[method][repeats / 2];
        if (median > 0.0) {
            printf("n %d, %d vectors, %d ranks: %-20s %8.4f s, %.2f of the fastest\n", n, count,
                   ranks, names[method], median, median / best);
        }
    }
    MPI_Finalize();
    return 0;
}
