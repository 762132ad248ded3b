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

double blocks_root(const OverlapsWork *work, double index)
{
    return sqrt(work->variance_scale * pow(index, -work->covariance_exponent));
}

double blocks_stretched(const OverlapsWork *work, double index)
{
    return blocks_root(work, index) * teacher_eigenvalue(&work->teacher, index);
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
        blocks->teacher[first + k] = sum / blocks->norm;
    }
}

/* Small terms first. */
static double norm_of(const OverlapsWork *work, const Blocks *blocks)
{
    const double rho = blocks->correlation;
    double square = 0.0;
    for (int first = (blocks->dimension - 1) / blocks->size * blocks->size; first >= 0;
         first -= blocks->size) {
        double sum = 0.0;
        double squares = 0.0;
        for (int i = first + blocks_width(blocks, first); i > first; i--) {
            const double entry = blocks_stretched(work, i);
            sum += entry;
            squares += entry * entry;
        }
        square += (1.0 - rho) * squares + rho * sum * sum;
    }
    return sqrt(square);
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
    blocks->norm = norm_of(work, blocks);
    return blocks;
}

static void decompose(const OverlapsWork *work, Blocks *blocks)
{
    const size_t d = (size_t)blocks->dimension;
    blocks->values = checked_alloc(d, sizeof *blocks->values);
    blocks->teacher = checked_alloc(d, sizeof *blocks->teacher);
    blocks->vectors = checked_alloc(d * (size_t)blocks->size, sizeof *blocks->vectors);
    for (int first = 0; first < blocks->dimension; first += blocks->size) {
        make_block(work, blocks, first);
    }
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

/* Those at hand, or new ones that are not decomposed. */
static Blocks *take(OverlapsWork *work)
{
    assert(work->block_correlation > 0.0 && work->block_size > 1);
    if (!fits(work->blocks, work)) {
        blocks_free(work->blocks);
        work->blocks = create(work);
    }
    return work->blocks;
}

const Blocks *blocks_of(OverlapsWork *work)
{
    Blocks *blocks = take(work);
    if (blocks->values == NULL) {
        decompose(work, blocks);
    }
    return blocks;
}

double blocks_norm(OverlapsWork *work)
{
    return take(work)->norm;
}
