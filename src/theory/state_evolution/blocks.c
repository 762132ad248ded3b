#include "blocks.h"

#include <assert.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>

#include "phasesweep/base/check.h"
#include "phasesweep/numerics/dense_eigen.h"

int blocks_width(const Blocks *blocks, int first)
{
    const int left = blocks->dimension - first;
    return left < blocks->size ? left : blocks->size;
}

const double *blocks_vector(const Blocks *blocks, int first, int k)
{
    return blocks->vectors + (size_t)first * (size_t)blocks->size +
           (size_t)k * (size_t)blocks_width(blocks, first);
}

void blocks_free(Blocks *blocks)
{
    if (blocks != NULL) {
        free(blocks->values);
        free(blocks->teacher);
        free(blocks->vectors);
        free(blocks);
    }
}

/* Sigma_B = (1 - rho) D + rho sqrt(sigma) sqrt(sigma)^T, lower triangle, n x n. */
static void fill(const OverlapsWork *work, int first, int n, double matrix[])
{
    const double rho = work->block_correlation;
    for (int column = 0; column < n; column++) {
        for (int row = column; row < n; row++) {
            const double index = ((double)first + row + 1.0) * ((double)first + column + 1.0);
            const double roots =
                work->variance_scale * pow(index, -0.5 * work->covariance_exponent);
            matrix[row + (size_t)column * (size_t)n] = (row == column ? 1.0 : rho) * roots;
        }
    }
}

/* One block: U and lambda, and U^T s. */
static void make_block(const OverlapsWork *work, Blocks *blocks, int first)
{
    const int n = blocks_width(blocks, first);
    double *vectors = blocks->vectors + (size_t)first * (size_t)blocks->size;
    fill(work, first, n, vectors);
    const bool done = dense_eigen(n, vectors, blocks->values + first);
    assert(done); /* of a positive definite matrix of order one */
    (void)done;
    for (int k = 0; k < n; k++) {
        double sum = 0.0;
        for (int i = 0; i < n; i++) {
            sum += vectors[i + (size_t)k * (size_t)n] *
                   teacher_eigenvalue(&work->teacher, (double)first + i + 1.0);
        }
        blocks->teacher[first + k] = sum;
    }
}

static Blocks *create(const OverlapsWork *work)
{
    Blocks *blocks = checked_alloc(1, sizeof *blocks);
    const int d = (int)work->teacher.dimension;
    *blocks = (Blocks){.dimension = d,
                       .size = work->block_size < d ? work->block_size : d,
                       .source_exponent = work->teacher.source_exponent,
                       .covariance_exponent = work->covariance_exponent,
                       .correlation = work->block_correlation};
    blocks->values = checked_alloc((size_t)d, sizeof *blocks->values);
    blocks->teacher = checked_alloc((size_t)d, sizeof *blocks->teacher);
    blocks->vectors = checked_alloc((size_t)d * (size_t)blocks->size, sizeof *blocks->vectors);
    double square = 0.0;
    for (int first = 0; first < d; first += blocks->size) {
        make_block(work, blocks, first);
    }
    for (int k = d; k-- > 0;) { /* small terms first */
        square += blocks->values[k] * blocks->teacher[k] * blocks->teacher[k];
    }
    for (int k = 0; k < d; k++) {
        blocks->teacher[k] /= sqrt(square);
    }
    return blocks;
}

static bool fits(const Blocks *blocks, const OverlapsWork *work)
{
    const int d = (int)work->teacher.dimension;
    return blocks != NULL && blocks->dimension == d &&
           blocks->size == (work->block_size < d ? work->block_size : d) &&
           blocks->source_exponent == work->teacher.source_exponent &&
           blocks->covariance_exponent == work->covariance_exponent &&
           blocks->correlation == work->block_correlation;
}

const Blocks *blocks_of(OverlapsWork *work)
{
    assert(work->block_correlation > 0.0 && work->block_size > 1);
    if (!fits(work->blocks, work)) {
        blocks_free(work->blocks);
        work->blocks = create(work);
    }
    return work->blocks;
}
