/* Pairs above a threshold from those of a matrix before: known spectra with ties, a threshold
 * that is an eigenvalue, none above and too many, pairs that are missing, NAN. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "phasesweep/numerics/lapack.h"
#include "phasesweep/numerics/rng.h"
#include "phasesweep/parallel/active_eigen.h"

enum { N = 120, LEAST = 60 };

/* Eigenvalues w, in a basis of reflections. */
static void make(const double w[], uint64_t seed, double a[])
{
    double v[N];
    memset(a, 0, (size_t)N * N * sizeof *a);
    for (size_t i = 0; i < N; i++) {
        a[i * (N + 1)] = w[i];
    }
    for (uint64_t turn = 0; turn < 3; turn++) {
        double av[N];
        double norm = 0.0;
        double middle = 0.0;
        rng_normals(seed, RNG_PROBE, turn, N, v);
        for (int i = 0; i < N; i++) {
            norm += v[i] * v[i];
        }
        for (int i = 0; i < N; i++) {
            av[i] = 0.0;
            for (int j = 0; j < N; j++) {
                av[i] += 2.0 / norm * a[i + j * N] * v[j];
            }
            middle += 2.0 / norm * av[i] * v[i];
        }
        for (int i = 0; i < N; i++) {
            for (int j = 0; j < N; j++) {
                a[i + j * N] += middle * v[i] * v[j] - av[i] * v[j] - v[i] * av[j];
            }
        }
    }
}

/* a += size times a symmetric matrix of normal entries. */
static void disturb(double size, uint64_t seed, double a[])
{
    for (int i = 0; i < N; i++) {
        double row[N];
        rng_normals(seed, RNG_PROBE, 100 + (uint64_t)i, N, row);
        for (int j = 0; j <= i; j++) {
            a[i + j * N] += size * row[j];
            a[j + i * N] = a[i + j * N];
        }
    }
}

/* Values and vectors by LAPACK. */
static void decompose(const double a[], double w[], double z[])
{
    enum { LENGTH = 1 + 6 * N + 2 * N * N, WHOLE = 3 + 5 * N };
    static double work[LENGTH];
    static int whole[WHOLE];
    const int n = N;
    const int length = LENGTH;
    const int integers = WHOLE;
    int info;
    memcpy(z, a, (size_t)N * N * sizeof *z);
    dsyevd_("V", "L", &n, z, &n, w, work, &length, whole, &integers, &info, 1, 1);
    assert_int_equal(info, 0);
}

/* (A - b)_+ of the last `rank` pairs. */
static void positive(int rank, double b, const double w[], const double z[], double s[])
{
    memset(s, 0, (size_t)N * N * sizeof *s);
    for (int k = N - rank; k < N; k++) {
        for (int j = 0; j < N; j++) {
            for (int i = 0; i < N; i++) {
                s[i + j * N] += (w[k] - b) * z[i + k * N] * z[j + k * N];
            }
        }
    }
}

static int above(double b, const double w[])
{
    int rank = 0;
    while (rank < N && w[N - 1 - rank] > b) {
        rank++;
    }
    return rank;
}

/* The error of what was found, against a decomposition of a. */
static double error_of(const double a[], double b, int rank, const double values[],
                       const double found[])
{
    static double w[N];
    static double z[N * N];
    static double s[N * N];
    static double exact[N * N];
    decompose(a, w, z);
    positive(above(b, w), b, w, z, exact);
    positive(rank, b, values, found, s);
    double sum = 0.0;
    for (int i = 0; i < N * N; i++) {
        sum += pow(s[i] - exact[i], 2.0);
    }
    return sqrt(sum);
}

/* One that has learnt `count` vectors of a. */
static ActiveEigen taught(const double a[], double b, int count)
{
    double w[N];
    static double z[N * N];
    ActiveEigen active = active_eigen_create(N, LEAST);
    decompose(a, w, z);
    const int rank = above(b, w);
    const int wish = active_eigen_wish(&active, rank);
    active_eigen_learn(&active, z, count > 0 ? count : wish, rank);
    return active;
}

static const double *spectrum(int kind)
{
    static double w[N];
    for (int i = 0; i < N; i++) {
        /* evenly spaced; two values; a bulk, five equal, and one far away on each side */
        w[i] = kind == 0   ? 0.1 * i - 8.0
               : kind == 1 ? (i < N - 9 ? -1.0 : 2.0)
                           : cos(0.0261 * (N - i)) + (i == 0 ? -9.0 : 0.0);
        w[i] = kind == 2 && i >= N - 8 ? (i == N - 1 ? 40.0 : 3.0) : w[i];
    }
    return w;
}

/* A walk of matrices: always within the error that was asked for. */
static void test_walk(void **unused)
{
    (void)unused;
    static const double threshold[] = {2.05, 0.5, 0.9};
    static double a[N * N];
    static double found[N * N];
    double values[N];
    for (int kind = 0; kind < 3; kind++) {
        const double b = threshold[kind];
        make(spectrum(kind), 3, a);
        ActiveEigen active = taught(a, b, 0);
        int steps = 0;
        for (uint64_t step = 0; step < 12; step++) {
            const double size = 1e-2 * pow(0.3, (double)step);
            const ActiveGoal goal = {b, 0.1 * size * N, step % 2 == 0 && step < 6};
            int rank;
            disturb(size, step, a);
            memcpy(found, a, sizeof a);
            if (!active_eigen_solve(&active, &goal, found, values, &rank)) {
                assert_memory_equal(found, a, sizeof a);
                active_eigen_free(&active);
                active = taught(a, b, 0);
                continue;
            }
            steps++;
            assert_int_equal(rank, above(b, values));
            assert_true(error_of(a, b, rank, values, found) <= 1.1 * goal.error + 1e-12);
        }
        assert_true(steps >= 10);
        active_eigen_free(&active);
    }
}

/* b is an eigenvalue, of multiplicity 4: it may count or not, (A - b)_+ is the same. */
static void test_at_threshold(void **unused)
{
    (void)unused;
    static double a[N * N];
    static double found[N * N];
    double w[N];
    double values[N];
    memcpy(w, spectrum(0), sizeof w);
    const double b = w[N - 12];
    w[N - 13] = w[N - 14] = w[N - 15] = b;
    make(w, 5, a);
    ActiveEigen active = taught(a, b, 20);
    const ActiveGoal goal = {.threshold = b, .error = 1e-6};
    int rank;
    memcpy(found, a, sizeof a);
    assert_true(active_eigen_solve(&active, &goal, found, values, &rank));
    assert_in_range(rank, 11, 15);
    assert_true(error_of(a, b, rank, values, found) < 1e-6);
    active_eigen_free(&active);
}

/* None above b, then one that comes up where the basis has nothing of it. */
static void test_none_and_missed(void **unused)
{
    (void)unused;
    static double a[N * N];
    static double found[N * N];
    double w[N];
    double values[N];
    const double b = 5.0;
    int rank;
    const ActiveGoal goal = {.threshold = b, .error = 1e-8};
    memcpy(w, spectrum(0), sizeof w);
    make(w, 7, a);
    ActiveEigen active = taught(a, b, 0);
    memcpy(found, a, sizeof a);
    assert_true(active_eigen_solve(&active, &goal, found, values, &rank));
    assert_int_equal(rank, 0);
    /* the same vectors, another value far up: all of the basis are vectors still */
    w[20] = 5.1;
    make(w, 7, a);
    memcpy(found, a, sizeof a);
    const bool solved = active_eigen_solve(&active, &goal, found, values, &rank);
    assert_true(!solved || rank == 1);
    if (solved) {
        assert_true(error_of(a, b, rank, values, found) < 1e-8);
    } else {
        assert_memory_equal(found, a, sizeof a);
        assert_int_equal(active.state.columns, 0);
    }
    active_eigen_free(&active);
}

/* A basis of exact vectors that leaves one out: the residuals are 0, the proof fails at once,
 * and the filter finds it or gives up. */
static void test_left_out(void **unused)
{
    (void)unused;
    static double a[N * N];
    static double z[N * N];
    static double found[N * N];
    double w[N];
    double values[N];
    const double b = 2.05;
    make(spectrum(0), 9, a);
    decompose(a, w, z);
    const int rank = above(b, w);
    for (int left = N - rank; left < N; left++) {
        ActiveEigen active = active_eigen_create(N, LEAST);
        const int count = active_eigen_wish(&active, rank);
        /* the vector that is left out and the lowest one change places */
        memcpy(found, z, sizeof z);
        memcpy(found + (size_t)left * N, z, N * sizeof *z);
        active_eigen_learn(&active, found, count, rank);
        const ActiveGoal goal = {.threshold = b, .error = 1e-7};
        int seen;
        memcpy(found, a, sizeof a);
        if (active_eigen_solve(&active, &goal, found, values, &seen)) {
            assert_int_equal(seen, rank);
            assert_true(error_of(a, b, seen, values, found) < 1.1e-7);
        } else {
            assert_memory_equal(found, a, sizeof a);
        }
        active_eigen_free(&active);
    }
}

/* Too many above, too small a matrix, a basis that is too narrow now: left to decompositions.
 */
static void test_left_alone(void **unused)
{
    (void)unused;
    static double a[N * N];
    static double found[N * N];
    double values[N];
    int rank;
    ActiveGoal goal = {.threshold = -100.0, .error = 1e-3};
    make(spectrum(0), 11, a);
    memcpy(found, a, sizeof a);
    ActiveEigen active = active_eigen_create(N, LEAST);
    assert_int_equal(active_eigen_wish(&active, N), N);
    assert_int_equal(active_eigen_wish(&active, N / 2), N / 2);
    active_eigen_learn(&active, a, N, N);
    assert_false(active_eigen_solve(&active, &goal, found, values, &rank));
    active_eigen_free(&active);
    active = active_eigen_create(LEAST - 1, LEAST);
    assert_int_equal(active_eigen_wish(&active, 3), 3);
    assert_int_equal(active_eigen_memory(LEAST - 1, LEAST), 0);
    active_eigen_free(&active);
    active = taught(a, 2.05, 0);
    assert_false(active_eigen_solve(&active, &goal, found, values, &rank));
    assert_memory_equal(found, a, sizeof a);
    active_eigen_free(&active);
}

/* Not found, and then left out for a while, longer each time. */
static void test_not_finite(void **unused)
{
    (void)unused;
    static double a[N * N];
    static double found[N * N];
    double values[N];
    int rank;
    const ActiveGoal goal = {.threshold = 2.05, .error = 1e-3};
    const double bad[] = {NAN, INFINITY, -INFINITY};
    make(spectrum(0), 13, a);
    for (int k = 0; k < 3; k++) {
        ActiveEigen active = taught(a, goal.threshold, 0);
        memcpy(found, a, sizeof a);
        found[5 + 2 * N] = bad[k];
        assert_false(active_eigen_solve(&active, &goal, found, values, &rank));
        assert_int_equal(active.state.columns, 0);
        active.state.wait = 1;
        memcpy(found, a, sizeof a);
        assert_false(active_eigen_solve(&active, &goal, found, values, &rank));
        assert_int_equal(active.state.wait, 0);
        active_eigen_free(&active);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_walk),
                                       cmocka_unit_test(test_at_threshold),
                                       cmocka_unit_test(test_none_and_missed),
                                       cmocka_unit_test(test_left_out),
                                       cmocka_unit_test(test_left_alone),
                                       cmocka_unit_test(test_not_finite)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
