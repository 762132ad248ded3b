#include "phasesweep/numerics/gmres.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"

/* Orthonormal vectors of products of the right side, and the matrix in them, made triangular by
 * rotations as it grows. */
typedef struct Krylov {
    double *vector; /* [GMRES_MOST + 1][n] */
    double column[GMRES_MOST][GMRES_MOST + 1];
    double cosine[GMRES_MOST], sine[GMRES_MOST];
    double rest[GMRES_MOST + 1]; /* of the right side; the last entry is the residual */
} Krylov;

static double dot(size_t n, const double a[], const double b[])
{
    double sum = 0.0;
#pragma omp simd reduction(+ : sum)
    for (size_t i = 0; i < n; i++) {
        sum += a[i] * b[i];
    }
    return sum;
}

/* Vector k + 1 and column k: modified Gram-Schmidt, twice, for digits. */
static void extend(Krylov *krylov, size_t n, int k)
{
    double *next = krylov->vector + (size_t)(k + 1) * n;
    double *column = krylov->column[k];
    memset(column, 0, sizeof krylov->column[k]);
    for (int pass = 0; pass < 2; pass++) {
        for (int j = 0; j <= k; j++) {
            const double *old = krylov->vector + (size_t)j * n;
            const double along = dot(n, old, next);
            column[j] += along;
            for (size_t i = 0; i < n; i++) {
                next[i] -= along * old[i];
            }
        }
    }
    column[k + 1] = sqrt(dot(n, next, next));
    for (size_t i = 0; i < n && column[k + 1] > 0.0; i++) {
        next[i] /= column[k + 1];
    }
}

/* Givens: the old rotations on column k, and the one that ends it above the diagonal. */
static void rotate(Krylov *krylov, int k)
{
    double *column = krylov->column[k];
    for (int j = 0; j < k; j++) {
        const double upper = column[j];
        column[j] = krylov->cosine[j] * upper + krylov->sine[j] * column[j + 1];
        column[j + 1] = -krylov->sine[j] * upper + krylov->cosine[j] * column[j + 1];
    }
    const double length = hypot(column[k], column[k + 1]);
    krylov->cosine[k] = length > 0.0 ? column[k] / length : 1.0;
    krylov->sine[k] = length > 0.0 ? column[k + 1] / length : 0.0;
    column[k] = length;
    krylov->rest[k + 1] = -krylov->sine[k] * krylov->rest[k];
    krylov->rest[k] *= krylov->cosine[k];
}

static void combine(Krylov *krylov, size_t n, int count, double x[])
{
    double share[GMRES_MOST];
    for (int k = count - 1; k >= 0; k--) {
        double sum = krylov->rest[k];
        for (int j = k + 1; j < count; j++) {
            sum -= krylov->column[j][k] * share[j];
        }
        share[k] = krylov->column[k][k] != 0.0 ? sum / krylov->column[k][k] : 0.0;
    }
    for (int k = 0; k < count; k++) {
        for (size_t i = 0; i < n; i++) {
            x[i] += share[k] * krylov->vector[(size_t)k * n + i];
        }
    }
}

double gmres(size_t n, void (*product)(const double x[], double out[], void *context),
             void *context, const double right[], double tolerance, double x[])
{
    const double norm = sqrt(dot(n, right, right));
    memset(x, 0, n * sizeof *x);
    if (norm == 0.0 || !isfinite(norm)) {
        return norm == 0.0 ? 0.0 : NAN;
    }
    Krylov *krylov = checked_alloc(1, sizeof *krylov);
    krylov->vector = checked_alloc((GMRES_MOST + 1) * n, sizeof *krylov->vector);
    for (size_t i = 0; i < n; i++) {
        krylov->vector[i] = right[i] / norm;
    }
    krylov->rest[0] = norm;
    int count = 0;
    while (count < GMRES_MOST && fabs(krylov->rest[count]) > tolerance * norm) {
        product(krylov->vector + (size_t)count * n, krylov->vector + (size_t)(count + 1) * n,
                context);
        extend(krylov, n, count);
        rotate(krylov, count);
        count++;
    }
    combine(krylov, n, count, x);
    const double residual = fabs(krylov->rest[count]) / norm;
    free(krylov->vector);
    free(krylov);
    return residual;
}
