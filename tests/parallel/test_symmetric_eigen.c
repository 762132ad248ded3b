/* The team's eigensolver: known and degenerate spectra, all methods, values alone, NaN. */
#define _GNU_SOURCE
#include <math.h>
#include <mpi.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "phasesweep/numerics/rng.h"
#include "phasesweep/parallel/symmetric_eigen.h"

enum { LARGEST = 97 };

/* H diag(w) H of the reflection H = 1 - 2 v v^T, entry by entry; the spectrum is w. */
static void reflected(int n, const double w[], double a[])
{
    double v[LARGEST];
    double norm = 0.0;
    rng_normals(5, RNG_PROBE, (uint64_t)n, n, v);
    for (int i = 0; i < n; i++) {
        norm += v[i] * v[i];
    }
    double mean = 0.0;
    for (int i = 0; i < n; i++) {
        v[i] /= sqrt(norm);
        mean += w[i] * v[i] * v[i];
    }
    for (int i = 0; i < n; i++) {
        for (int j = 0; j < n; j++) {
            a[i * n + j] = (i == j ? w[i] : 0.0) - 2.0 * v[i] * v[j] * (w[i] + w[j]) +
                           4.0 * mean * v[i] * v[j];
        }
    }
}

static const double *spectrum(int n, int kind)
{
    static double w[LARGEST];
    for (int i = 0; i < n; i++) {
        w[i] = kind == 0 ? i - n / 3.0 : kind == 1 ? (i < n / 2 ? -1.0 : 2.0) : i == n - 1;
    }
    return w;
}

/* Root only: residual and orthogonality of the last `count` columns of z, and w, against the
 * ascending `exact` spectrum. */
static double error_of(int n, int count, const double exact[], const double a[],
                       const double w[], const double z[])
{
    double error = 0.0;
    for (int j = 0; j < n; j++) {
        error = fmax(error, fabs(w[j] - exact[j]));
    }
    for (int j = n - count; j < n; j++) {
        for (int i = 0; i < n; i++) {
            double residual = -w[j] * z[i + j * n];
            double product = i == j ? -1.0 : 0.0; /* of two vectors, if i is one of them */
            for (int k = 0; k < n; k++) {
                residual += a[i * n + k] * z[k + j * n];
                product += z[k + i * n] * z[k + j * n];
            }
            product = i < n - count ? 0.0 : product;
            error = fmax(error, fmax(fabs(residual), fabs(product)));
        }
    }
    return error;
}

/* Around the largest eigenvalue, of whatever multiplicity; the margin is rounding. */
static void check_below(const Eigen *eigen, int kind)
{
    const int n = eigen->n;
    const double largest = spectrum(n, kind)[n - 1];
    const double margin = 1e-13 * n * n;
    double *a = calloc((size_t)n * (size_t)n, sizeof *a);
    reflected(n, spectrum(n, kind), a);
    assert_true(eigen_below(eigen, largest + margin, a));
    reflected(n, spectrum(n, kind), a);
    assert_false(eigen_below(eigen, largest - margin, a));
    const double bad[] = {NAN, INFINITY, -INFINITY};
    for (int k = 0; k < 3; k++) {
        reflected(n, spectrum(n, kind), a);
        a[n / 2 * (n + 1)] = bad[k];
        assert_false(eigen_below(eigen, largest + margin, a));
    }
    reflected(n, spectrum(n, kind), a);
    assert_false(eigen_below(eigen, NAN, a));
    free(a);
}

static void check(int n, int count, int kind, EigenMethod method)
{
    double *a = calloc((size_t)n * (size_t)n, sizeof *a);
    double *z = calloc((size_t)n * (size_t)n, sizeof *z);
    double w[LARGEST];
    const double *exact = spectrum(n, kind);
    Eigen eigen = eigen_create(MPI_COMM_WORLD, n, method);
    for (int repeat = 0; repeat < 3; repeat++) {
        reflected(n, exact, a);
        memcpy(z, a, (size_t)n * (size_t)n * sizeof *z);
        assert_int_equal(eigen_values(&eigen, z, w), OUTCOME_CONVERGED);
        /* rank 0's count is the one that counts */
        assert_int_equal(eigen_vectors(&eigen, eigen.rank == 0 ? count : -1, z),
                         OUTCOME_CONVERGED);
        double error = eigen.rank == 0 ? error_of(n, count, exact, a, w, z) : 0.0;
        double largest = eigen.rank == 0 ? eigen_largest(&eigen, a, w) : exact[n - 1];
        MPI_Bcast(&error, 1, MPI_DOUBLE, 0, MPI_COMM_WORLD);
        MPI_Bcast(&largest, 1, MPI_DOUBLE, 0, MPI_COMM_WORLD);
        assert_true(error < 1e-14 * n * n); /* rounding; entries are of order n */
        assert_true(fabs(largest - exact[n - 1]) < 1e-14 * n * n);
    }
    if (eigen.rank == 0) {
        check_below(&eigen, kind);
    }
    assert_true(eigen.method != EIGEN_AUTO); /* measured by now */
    if (method == EIGEN_THREADS) {
        cpu_set_t now;
        sched_getaffinity(0, sizeof now, &now);
        assert_true(CPU_EQUAL(&now, &eigen.cores.own));
        assert_in_range(eigen.cores.threads, 1, eigen.ranks);
    }
    z[0] = eigen.rank == 0 ? NAN : 0.0;
    assert_int_equal(eigen_values(&eigen, z, w), OUTCOME_FAILED);
    eigen_free(&eigen);
    free(a), free(z);
}

static void test_spectra(void **unused)
{
    (void)unused;
    static const int sizes[] = {1, 7, LARGEST};
    for (int k = 0; k < 3; k++) {
        for (int kind = 0; kind < 3; kind++) {
            for (int method = 0; method < EIGEN_COUNT; method++) {
                check(sizes[k], sizes[k], kind, (EigenMethod)method);
                check(sizes[k], (sizes[k] + 4) / 5, kind, (EigenMethod)method);
                check(sizes[k], 0, kind, (EigenMethod)method);
            }
        }
    }
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_spectra)};
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    MPI_Finalize();
    return failed;
}
