/* Gaussian rows whose covariance has other eigenvectors than the teacher: a rotated teacher on
 * unequal variances, and any on correlated features (theory.md section 14).
 *
 * In the eigenvectors of Sigma, stretched until the rows are isotropic,
 *     S~ = (M(b) + delta Z)_+ ,   M(b) = S~* - b Sigma^-1 ,
 * one dense eigenproblem for each b.  With M = V diag(u) V^T, and Z free of it, E f(M + delta
 * Z) is diagonal in V: the u_j are the base points of coordinates.h, whose target and penalty
 * are the diagonals of A = V^T S~* V and B = V^T Sigma^-1 V.  Off them A = b B, which adds to
 * |S~*|^2 and, as V turns with b, to the derivative of R.
 */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "blocks.h"
#include "coordinates.h"
#include "phasesweep/base/check.h"
#include "phasesweep/numerics/dense_eigen.h"
#include "phasesweep/numerics/lapack.h"
#include "phasesweep/numerics/random_rotation.h"
#include "turned.h"

struct Turned {
    int d;
    /* of the work they were made for */
    double source_exponent, covariance_exponent, correlation;
    int block_size;
    bool rotated;
    uint64_t seed;
    double *teacher; /* [d * d] S~*, lower triangle */
    double *penalty; /* [d] the diagonal Sigma^-1 */
    /* at b; NAN: nowhere */
    double b;
    double *vectors;  /* [d * d] V */
    double *mixed;    /* [d * d] B, lower triangle */
    double *value;    /* [d] u, ascending */
    double *target;   /* [d] A_jj */
    double *diagonal; /* [d] B_jj */
    double beside;    /* sum of B_jk^2 off the diagonal */
    Coordinates *at;
};

void turned_free(Turned *turned)
{
    if (turned != NULL) {
        free(turned->teacher);
        free(turned->vectors);
        free(turned->mixed);
        free(turned->value); /* the block */
        coordinates_free(turned->at);
        free(turned);
    }
}

/* ---- the two matrices ---------------------------------------------------------------- */

/* Sigma = U diag(sigma) U^T, and U^T by column. */
static void put_basis(OverlapsWork *work, double sigma[], double basis[])
{
    const size_t d = (size_t)work->teacher.dimension;
    memset(basis, 0, d * d * sizeof *basis);
    if (work->block_correlation == 0.0) {
        for (size_t i = 0; i < d; i++) {
            sigma[i] = work->variance_scale * pow((double)i + 1.0, -work->covariance_exponent);
            basis[i + i * d] = 1.0;
        }
        return;
    }
    const Blocks *blocks = blocks_of(work);
    memcpy(sigma, blocks->values, d * sizeof *sigma);
    for (int first = 0; first < blocks->dimension; first += blocks->size) {
        const int width = blocks_width(blocks, first);
        for (int k = 0; k < width; k++) {
            const double *vector = blocks_vector(blocks, first, k);
            for (int i = 0; i < width; i++) {
                basis[(size_t)(first + k) + (size_t)(first + i) * d] = vector[i];
            }
        }
    }
}

/* s_i ~ i^-gamma in the teacher's own basis: where x is not correlated, the work has gamma + a
 * (features.h). */
static double own_exponent(const OverlapsWork *work)
{
    return work->teacher.source_exponent -
           (work->block_correlation == 0.0 ? work->covariance_exponent : 0.0);
}

/* S~* = Sigma^1/2 O diag(s) O^T Sigma^1/2, |S~*|^2 = d. */
static void make_teacher(Turned *turned, const OverlapsWork *work, const double sigma[],
                         double basis[])
{
    const int n = turned->d;
    const size_t d = (size_t)n;
    const double one = 1.0;
    const double zero = 0.0;
    const Teacher own = teacher_create(own_exponent(work), work->teacher.dimension);
    for (size_t k = 0; k < d; k++) {
        const double root = sqrt(teacher_eigenvalue(&own, (double)k + 1.0));
        for (size_t i = 0; i < d; i++) {
            basis[i + k * d] *= root * sqrt(sigma[i]);
        }
    }
    dsyrk_("L", "N", &n, &n, &one, basis, &n, &zero, turned->teacher, &n, 1, 1);
    double square = 0.0;
    for (size_t k = 0; k < d; k++) {
        for (size_t i = k; i < d; i++) {
            square += (i == k ? 1.0 : 2.0) * pow(turned->teacher[i + k * d], 2.0);
        }
    }
    for (size_t k = 0; k < d * d; k++) {
        turned->teacher[k] /= sqrt(square / (double)n);
    }
}

/* U^T O in place of U^T. */
static void rotate(const OverlapsWork *work, double room[], double basis[])
{
    const int n = (int)work->teacher.dimension;
    const size_t bytes = (size_t)n * (size_t)n * sizeof *basis;
    const double one = 1.0;
    const double zero = 0.0;
    double *turn = random_rotation(work->seed, n);
    if (work->block_correlation == 0.0) {
        memcpy(basis, turn, bytes);
    } else {
        dgemm_("N", "N", &n, &n, &n, &one, basis, &n, turn, &n, &zero, room, &n, 1, 1);
        memcpy(basis, room, bytes);
    }
    free(turn);
}

static Turned *create(OverlapsWork *work)
{
    const int n = (int)work->teacher.dimension;
    const size_t d = (size_t)n;
    Turned *turned = checked_alloc(1, sizeof *turned);
    *turned = (Turned){.d = n,
                       .source_exponent = work->teacher.source_exponent,
                       .covariance_exponent = work->covariance_exponent,
                       .correlation = work->block_correlation,
                       .block_size = work->block_size,
                       .rotated = work->rotated,
                       .seed = work->seed,
                       .b = NAN};
    turned->teacher = checked_alloc(d * d, sizeof(double));
    turned->vectors = checked_alloc(d * d, sizeof(double));
    turned->mixed = checked_alloc(d * d, sizeof(double));
    turned->value = checked_alloc(4 * d, sizeof(double));
    turned->target = turned->value + d;
    turned->diagonal = turned->value + 2 * d;
    turned->penalty = turned->value + 3 * d;
    double *sigma = turned->penalty;
    put_basis(work, sigma, turned->vectors);
    if (work->rotated) {
        rotate(work, turned->mixed, turned->vectors);
    }
    make_teacher(turned, work, sigma, turned->vectors);
    for (size_t i = 0; i < d; i++) {
        turned->penalty[i] = 1.0 / sigma[i];
    }
    turned->at = coordinates_create(d, turned->penalty, turned->penalty);
    return turned;
}

static bool fits(const Turned *turned, const OverlapsWork *work)
{
    return turned != NULL && turned->d == (int)work->teacher.dimension &&
           turned->source_exponent == work->teacher.source_exponent &&
           turned->covariance_exponent == work->covariance_exponent &&
           turned->correlation == work->block_correlation &&
           turned->block_size == work->block_size && turned->rotated == work->rotated &&
           (turned->seed == work->seed || !turned->rotated);
}

/* ---- at one b ------------------------------------------------------------------------ */

/* B = V^T Sigma^-1 V, and what stands off its diagonal. */
static void mix(Turned *turned)
{
    const int n = turned->d;
    const size_t d = (size_t)n;
    const double one = 1.0;
    const double zero = 0.0;
    double *stretched = checked_alloc(d * d, sizeof *stretched);
    for (size_t k = 0; k < d; k++) {
        for (size_t i = 0; i < d; i++) {
            stretched[i + k * d] = turned->vectors[i + k * d] * sqrt(turned->penalty[i]);
        }
    }
    dsyrk_("L", "T", &n, &n, &one, stretched, &n, &zero, turned->mixed, &n, 1, 1);
    free(stretched);
    turned->beside = 0.0;
    for (size_t k = 0; k < d; k++) {
        turned->diagonal[k] = turned->mixed[k + k * d];
        for (size_t i = k + 1; i < d; i++) {
            turned->beside += 2.0 * pow(turned->mixed[i + k * d], 2.0);
        }
    }
}

/* False where M has entries that are no numbers. */
static bool turn_to(Turned *turned, double b)
{
    if (turned->b == b) {
        return true;
    }
    const size_t d = (size_t)turned->d;
    turned->b = NAN;
    memcpy(turned->vectors, turned->teacher, d * d * sizeof(double));
    for (size_t i = 0; i < d; i++) {
        turned->vectors[i + i * d] -= b * turned->penalty[i];
    }
    if (!dense_eigen(turned->d, turned->vectors, turned->value)) {
        return false;
    }
    mix(turned);
    for (size_t i = 0; i < d; i++) {
        turned->target[i] = turned->value[i] + b * turned->diagonal[i];
    }
    coordinates_set(turned->at, turned->target, turned->diagonal);
    turned->b = b;
    return true;
}

/* (f_j - f_k)/(u_j - u_k), or its limit. */
static double divided(const Turned *turned, size_t j, size_t k)
{
    const double between = turned->value[j] - turned->value[k];
    const double size = fabs(turned->value[j]) + fabs(turned->value[k]);
    return between > 1e-7 * size
               ? (coordinates_learned(turned->at, j) - coordinates_learned(turned->at, k)) /
                     between
               : 0.5 * (coordinates_slope(turned->at, j) + coordinates_slope(turned->at, k));
}

/* d/d log b of Tr S~* E f(M + delta Z)/d as V turns: -b^2 sum B_jk^2 f[u_j, u_k]/d over j != k.
 */
static double turning(const Turned *turned)
{
    const size_t d = (size_t)turned->d;
    double sum = 0.0;
    for (size_t k = 0; k < d; k++) {
        for (size_t j = k + 1; j < d; j++) {
            sum += 2.0 * pow(turned->mixed[j + k * d], 2.0) * divided(turned, j, k);
        }
    }
    return -turned->b * turned->b * sum / (double)turned->d;
}

Overlaps overlaps_quadratic_turned(OverlapsWork *work, double t, double b)
{
    assert(t > 0.0 && b > 0.0 && work->kurtosis == 0.0);
    assert(work->width >= work->teacher.dimension);
    if (!fits(work->turned, work)) {
        turned_free(work->turned);
        work->turned = create(work);
    }
    Turned *turned = work->turned;
    if (!turn_to(turned, b)) {
        return (Overlaps){.risk = NAN, .divergence = NAN};
    }
    Overlaps o = coordinates_overlaps(turned->at, 0.0, t, b);
    /* of |S~*|^2, or |M - S~*|^2, the coordinates know the diagonal */
    o.risk += b * b * turned->beside / (double)turned->d;
    o.risk_b -= 2.0 * turning(turned);
    return o;
}
