#include "phasesweep/data/covariance.h"

#include <assert.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

double covariance_variance(const Covariance *sigma, int i)
{
    return sigma->variances == NULL ? 1.0 : sigma->variances[i];
}

double covariance_deviation(const Covariance *sigma, int i)
{
    return sigma->deviations == NULL ? 1.0 : sigma->deviations[i];
}

bool covariance_has_blocks(const Covariance *sigma)
{
    assert(sigma->correlation == 0.0 || (sigma->block > 1 && sigma->variances != NULL));
    return sigma->correlation > 0.0;
}

int covariance_block_end(const Covariance *sigma, int i)
{
    const int end =
        covariance_has_blocks(sigma) ? (i / sigma->block + 1) * sigma->block : i + 1;
    return end < sigma->dimension ? end : sigma->dimension;
}

double covariance_entry(const Covariance *sigma, int i, int j)
{
    if (i == j) {
        return covariance_variance(sigma, i);
    }
    const bool together = covariance_has_blocks(sigma) && i / sigma->block == j / sigma->block;
    return together ? sigma->correlation * covariance_deviation(sigma, i) *
                          covariance_deviation(sigma, j)
                    : 0.0;
}

/* x <- D^(1/2) x. */
static void stretch(const Covariance *sigma, int columns, double x[])
{
    const int d = sigma->dimension;
    const double *root = sigma->deviations;
    for (int column = 0; root != NULL && column < columns; column++, x += d) {
        for (int i = 0; i < d; i++) {
            x[i] *= root[i];
        }
    }
}

/* x <- D^(-1/2) x. */
static void shrink(const Covariance *sigma, int columns, double x[])
{
    const int d = sigma->dimension;
    const double *root = sigma->deviations;
    for (int column = 0; root != NULL && column < columns; column++, x += d) {
        for (int i = 0; i < d; i++) {
            x[i] /= root[i];
        }
    }
}

/* x_B <- keep x_B + 1 share_of(|B|) sum x_B of every block. */
static void mix(const Covariance *sigma, double keep, double (*share)(double rho, double size),
                int columns, double x[])
{
    const int d = sigma->dimension;
    for (int column = 0; column < columns; column++, x += d) {
        for (int first = 0; first < d; first = covariance_block_end(sigma, first)) {
            const int end = covariance_block_end(sigma, first);
            double sum = 0.0;
            for (int i = first; i < end; i++) {
                sum += x[i];
            }
            const double common = share(sigma->correlation, end - first) * sum;
            for (int i = first; i < end; i++) {
                x[i] = keep * x[i] + common;
            }
        }
    }
}

/* c of C^(1/2): along 1 the eigenvalue of C is 1 - rho + rho |B|. */
static double root_share(double rho, double size)
{
    return (sqrt(1.0 - rho + rho * size) - sqrt(1.0 - rho)) / size;
}

/* c of C^(-1/2), likewise. */
static double dual_share(double rho, double size)
{
    return (1.0 / sqrt(1.0 - rho + rho * size) - 1.0 / sqrt(1.0 - rho)) / size;
}

static double whole_share(double rho, double size)
{
    (void)size;
    return rho;
}

/* x <- C^(1/2) x, x <- C^(-1/2) x. */
static void correlate(const Covariance *sigma, int columns, double x[])
{
    if (covariance_has_blocks(sigma)) {
        mix(sigma, sqrt(1.0 - sigma->correlation), root_share, columns, x);
    }
}

static void decorrelate(const Covariance *sigma, int columns, double x[])
{
    if (covariance_has_blocks(sigma)) {
        mix(sigma, 1.0 / sqrt(1.0 - sigma->correlation), dual_share, columns, x);
    }
}

void covariance_colour(const Covariance *sigma, int columns, double x[])
{
    correlate(sigma, columns, x);
    stretch(sigma, columns, x);
}

void covariance_whiten(const Covariance *sigma, int columns, double x[])
{
    shrink(sigma, columns, x);
    decorrelate(sigma, columns, x);
}

void covariance_whiten_dual(const Covariance *sigma, int columns, double x[])
{
    stretch(sigma, columns, x);
    correlate(sigma, columns, x);
}

void covariance_colour_dual(const Covariance *sigma, int columns, double x[])
{
    decorrelate(sigma, columns, x);
    shrink(sigma, columns, x);
}

void covariance_product(const Covariance *sigma, int columns, const double x[], double out[])
{
    const size_t d = (size_t)sigma->dimension;
    if (covariance_has_blocks(sigma)) {
        memcpy(out, x, d * (size_t)columns * sizeof *out);
        stretch(sigma, columns, out);
        mix(sigma, 1.0 - sigma->correlation, whole_share, columns, out);
        stretch(sigma, columns, out);
        return;
    }
    const double *variances = sigma->variances;
    for (size_t column = 0; column < (size_t)columns; column++, x += d, out += d) {
        for (size_t i = 0; i < d; i++) {
            out[i] = variances == NULL ? x[i] : variances[i] * x[i];
        }
    }
}

double covariance_trace(const Covariance *sigma, const double s[])
{
    const size_t d = (size_t)sigma->dimension;
    double sum = 0.0;
    for (size_t column = 0; column < d; column++) {
        sum += covariance_variance(sigma, (int)column) * s[column * (d + 1)];
        const size_t end = (size_t)covariance_block_end(sigma, (int)column);
        for (size_t row = column + 1; row < end; row++) {
            sum += 2.0 * covariance_entry(sigma, (int)row, (int)column) * s[row + column * d];
        }
    }
    return sum;
}

void covariance_add(const Covariance *sigma, double factor, double s[])
{
    const size_t d = (size_t)sigma->dimension;
    for (size_t column = 0; column < d; column++) {
        const size_t end = (size_t)covariance_block_end(sigma, (int)column);
        for (size_t row = column; row < end; row++) {
            s[row + column * d] += factor * covariance_entry(sigma, (int)row, (int)column);
        }
    }
}

/* Both triangles from the lower one; and the transpose, in place. */
static void mirror(size_t d, double s[])
{
    for (size_t column = 0; column < d; column++) {
        for (size_t row = column + 1; row < d; row++) {
            s[column + row * d] = s[row + column * d];
        }
    }
}

static void transpose(size_t d, double s[])
{
    for (size_t column = 0; column < d; column++) {
        for (size_t row = column + 1; row < d; row++) {
            const double above = s[column + row * d];
            s[column + row * d] = s[row + column * d];
            s[row + column * d] = above;
        }
    }
}

void covariance_whiten_square(const Covariance *sigma, double s[])
{
    const size_t d = (size_t)sigma->dimension;
    const double *root = sigma->deviations;
    if (covariance_has_blocks(sigma)) {
        mirror(d, s);
        covariance_whiten(sigma, sigma->dimension, s);
        transpose(d, s);
        covariance_whiten(sigma, sigma->dimension, s);
        return;
    }
    for (size_t column = 0; column < d && root != NULL; column++) {
        for (size_t row = column; row < d; row++) {
            s[row + column * d] /= root[row] * root[column];
        }
    }
}

/* (A^T A)^-1 = C^(-1/2) D^-1 C^(-1/2) of the block [first, end): keep^2 delta_ij/sigma_i +
 * keep c (1/sigma_i + 1/sigma_j) + c^2 sum_B 1/sigma. */
static void add_dual_block(const Covariance *sigma, double factor, int first, int end,
                           double s[])
{
    const double keep = 1.0 / sqrt(1.0 - sigma->correlation);
    const double c = dual_share(sigma->correlation, end - first);
    double all = 0.0;
    for (int i = first; i < end; i++) {
        all += 1.0 / sigma->variances[i];
    }
    for (int j = first; j < end; j++) {
        double *column = s + (size_t)j * (size_t)sigma->dimension;
        column[j] += factor * keep * keep / sigma->variances[j];
        for (int i = j; i < end; i++) {
            const double pair = 1.0 / sigma->variances[i] + 1.0 / sigma->variances[j];
            column[i] += factor * c * (keep * pair + c * all);
        }
    }
}

void covariance_add_dual(const Covariance *sigma, double factor, double s[])
{
    const size_t d = (size_t)sigma->dimension;
    if (covariance_has_blocks(sigma)) {
        for (int first = 0; first < sigma->dimension;) {
            const int end = covariance_block_end(sigma, first);
            add_dual_block(sigma, factor, first, end, s);
            first = end;
        }
        return;
    }
    for (size_t i = 0; i < d; i++) {
        const double root = covariance_deviation(sigma, (int)i);
        s[i * (d + 1)] += factor / (root * root);
    }
}
