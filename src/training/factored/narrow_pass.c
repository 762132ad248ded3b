#include "narrow_pass.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"
#include "phasesweep/base/clones.h"
#include "kernels.h"
#include "narrow_kernels.h"

static float *make_copy(const Dataset *data, double buffer[])
{
    const size_t d = (size_t)data->dimension;
    float *copy = checked_alloc((size_t)data->rows * d, sizeof *copy);
    for (size_t k = 0; k < dataset_blocks(data); k++) {
        const SampleBlock block = dataset_block(data, k, buffer);
        round_to_single(block.features, (size_t)block.rows * d,
                        copy + (size_t)block.offset * d);
    }
    return copy;
}

NarrowPass narrow_pass_create(MPI_Comm team, const Dataset *data, int width, int networks,
                              bool copy)
{
    const size_t d = (size_t)data->dimension;
    const size_t p = (size_t)width * (size_t)networks;
    const size_t rows = (size_t)data->block_rows;
    assert(width >= 1 && networks >= 1);
    NarrowPass pass = {.team = team, .data = data, .width = width, .networks = networks};
    pass.block = checked_alloc(rows * d, sizeof(double));
    pass.copy = copy ? make_copy(data, pass.block) : NULL;
    pass.product = checked_alloc(rows * p, sizeof(double));
    pass.residual = checked_alloc(rows, sizeof(double));
    pass.sum = checked_alloc(d * p, sizeof(double));
    pass.block_single = checked_alloc(rows * d, sizeof(float));
    pass.product_single = checked_alloc(rows * p, sizeof(float));
    pass.factor_single = checked_alloc(d * p, sizeof(float));
    pass.sum_single = checked_alloc(d * p, sizeof(float));
    pass.sums = checked_alloc(2 * (size_t)networks, sizeof(double));
    return pass;
}

void narrow_pass_free(NarrowPass *pass)
{
    free(pass->block);
    free(pass->copy);
    free(pass->product);
    free(pass->residual);
    free(pass->sum);
    free(pass->block_single);
    free(pass->product_single);
    free(pass->factor_single);
    free(pass->sum_single);
    free(pass->sums);
    *pass = (NarrowPass){0};
}

size_t narrow_pass_memory(const SamplesSpec *spec, int columns)
{
    const size_t d = (size_t)spec->dimension;
    const size_t rows = (size_t)samples_block_rows(spec);
    return 12 * (rows * d + rows * (size_t)columns + 2 * d * (size_t)columns);
}

size_t narrow_copy_memory(const SamplesSpec *spec, int ranks)
{
    const size_t rows = (size_t)spec->samples / (size_t)ranks + 2 * SAMPLES_QUANTUM;
    return 4 * rows * (size_t)spec->dimension;
}

/* Residuals of one network from r = |F^T x|^2 - |F|^2, in its place; their sums of r^2 and r
 * are added to. */
CLONES
static void make_residuals(const SampleBlock *block, double scale, double r[], double sums[2])
{
    for (int row = 0; row < block->rows; row++) {
        r[row] = block->labels[row] - scale * r[row];
        sums[0] += r[row] * r[row];
        sums[1] += r[row];
    }
}

/* What a block is read and written by, in one precision. */
typedef struct Place {
    const Kernels *kernels;
    const NarrowKernels *narrow;
    const void *x, *factor;
    void *product, *partial;
    size_t bytes; /* of a number */
} Place;

/* From V = X^T F the residuals r, their sums and diag(r) V, in the place of V. */
static void weigh(NarrowPass *pass, int networks, const Place *at, const SampleBlock *block,
                  const double trace[], double scale)
{
    const Kernels *kernels = at->kernels;
    const int p = pass->width;
    const int rows = block->rows;
    for (int k = 0; k < networks; k++) {
        void *product = (char *)at->product + (size_t)k * (size_t)p * (size_t)rows * at->bytes;
        for (int row = 0; row < rows; row++) {
            pass->residual[row] = -trace[k];
        }
        kernels->add_products(p, rows, product, product, pass->residual);
        make_residuals(block, scale, pass->residual, pass->sums + 2 * k);
        kernels->scale_rows(p, rows, pass->residual, product);
    }
}

/* V = X^T F, then r, then sum += X diag(r) V: 4 rows d p operations while x is in cache. */
static void add_block(NarrowPass *pass, int networks, const Place *at, const SampleBlock *block,
                      const double trace[], double scale)
{
    const int d = pass->data->dimension;
    const int columns = networks * pass->width;
    at->kernels->project(d, columns, block->rows, at->factor, at->x, at->product);
    weigh(pass, networks, at, block, trace, scale);
    at->kernels->add_back(d, columns, block->rows, at->x, at->product, at->partial, pass->sum);
}

/* The same of few columns, strip by strip; single precision sums a block, as BLAS does. */
static void add_strips(NarrowPass *pass, int networks, const Place *at,
                       const SampleBlock *block, const double trace[], double scale)
{
    const int d = pass->data->dimension;
    const int columns = networks * pass->width;
    const size_t entries = (size_t)d * (size_t)columns;
    if (pass->single) {
        memset(pass->sum_single, 0, entries * sizeof *pass->sum_single);
    }
    for (int row = 0; row < block->rows; row += NARROW_STRIP) {
        const int left = block->rows - row;
        const SampleBlock strip = {.rows = left < NARROW_STRIP ? left : NARROW_STRIP,
                                   .labels = block->labels + row};
        const void *x = (const char *)at->x + (size_t)row * (size_t)d * at->bytes;
        at->narrow->project(d, columns, strip.rows, at->factor, x, at->product);
        weigh(pass, networks, at, &strip, trace, scale);
        at->narrow->add_back(d, columns, strip.rows, x, at->product, at->partial);
    }
    for (size_t k = 0; pass->single && k < entries; k++) {
        pass->sum[k] += pass->sum_single[k];
    }
}

/* Block k, its features in single precision apart, and those. */
static SampleBlock block_in_single(NarrowPass *pass, size_t k, const float **x)
{
    const Dataset *data = pass->data;
    const size_t d = (size_t)data->dimension;
    const float *rows = pass->copy != NULL ? pass->copy : data->rounded;
    if (rows == NULL) {
        const SampleBlock block = dataset_block(data, k, pass->block);
        round_to_single(block.features, (size_t)block.rows * d, pass->block_single);
        *x = pass->block_single;
        return block;
    }
    const SampleBlock block = dataset_labels(data, k);
    *x = rows + (size_t)block.offset * d;
    return block;
}

/* Blocks of this rank. */
static void add_blocks(NarrowPass *pass, int networks, const double factor[],
                       const double trace[], double scale)
{
    Place at = {&kernels_double, &narrow_double, NULL,          factor,
                pass->product,   pass->sum,      sizeof(double)};
    if (pass->single) {
        at = (Place){&kernels_single,      &narrow_single,   NULL,         pass->factor_single,
                     pass->product_single, pass->sum_single, sizeof(float)};
    }
    const bool few = networks * pass->width <= NARROW_COLUMNS;
    for (size_t k = 0; k < dataset_blocks(pass->data); k++) {
        SampleBlock block;
        if (pass->single) {
            const float *x;
            block = block_in_single(pass, k, &x);
            at.x = x;
        } else {
            block = dataset_block(pass->data, k, pass->block);
            at.x = block.features;
        }
        (few ? add_strips : add_block)(pass, networks, &at, &block, trace, scale);
    }
}

/* *trace += sum_i f_i (Sigma f)_i of a column; room [d]. */
static void add_norm(const Dataset *data, const double column[], double room[], double *trace)
{
    double sum = *trace;
    covariance_product(&data->covariance, 1, column, room);
    for (int i = 0; i < data->dimension; i++) {
        sum += room[i] * column[i];
    }
    *trace = sum;
}

/* Of a column of the sum, what Sigma takes off it; room [d]. */
static void take_mean(const Dataset *data, double scale, double residuals,
                      const double column[], double room[], double sum[])
{
    covariance_product(&data->covariance, 1, column, room);
    for (int i = 0; i < data->dimension; i++) {
        sum[i] = scale * (sum[i] - residuals * room[i]);
    }
}

void narrow_pass_run(NarrowPass *pass, int networks, const double factor[], double loss[])
{
    assert(networks >= 1 && networks <= pass->networks);
    const size_t d = (size_t)pass->data->dimension;
    const size_t entries = d * (size_t)pass->width;
    const size_t all = entries * (size_t)networks;
    const double scale = 1.0 / sqrt((double)d);
    double *trace = checked_alloc((size_t)networks, sizeof *trace);
    double *room = checked_alloc(d, sizeof *room);
    for (size_t k = 0; k < all; k += d) {
        add_norm(pass->data, factor + k, room, &trace[k / entries]);
    }
    if (pass->single) {
        round_to_single(factor, all, pass->factor_single);
    }
    memset(pass->sum, 0, all * sizeof *pass->sum);
    memset(pass->sums, 0, 2 * (size_t)networks * sizeof *pass->sums);
    add_blocks(pass, networks, factor, trace, scale);
    /* Z = (x x^T - Sigma)/sqrt(d): the mean's part comes off at the end */
    for (size_t k = 0; k < all; k += d) {
        take_mean(pass->data, scale, pass->sums[2 * (k / entries) + 1], factor + k, room,
                  pass->sum + k);
    }
    for (int k = 0; k < networks; k++) {
        loss[k] = pass->sums[2 * k];
    }
    MPI_Allreduce(MPI_IN_PLACE, loss, networks, MPI_DOUBLE, MPI_SUM, pass->team);
    free(room);
    free(trace);
}
