#include "neurons_pass.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"
#include "phasesweep/numerics/lapack.h"
#include "kernels.h"

/* Values and slopes of a strip stay in the second cache: numbers of each, about. */
enum { IN_CACHE = 32768 };

static const int one_step = 1;
static const double unit = 1.0;

/* Rows of a strip: whole quanta. */
static int strip_rows(int width)
{
    const int quanta = IN_CACHE / (SAMPLES_QUANTUM * width);
    return SAMPLES_QUANTUM * (quanta > 1 ? quanta : 1);
}

NeuronsPass neurons_pass_create(const Dataset *data, const Activation *activation, int width)
{
    assert(width >= 1);
    NeuronsPass pass = {
        .data = data, .activation = *activation, .width = width, .strip = strip_rows(width)};
    const size_t d = (size_t)data->dimension;
    const size_t p = (size_t)width;
    const size_t strip = (size_t)pass.strip;
    pass.block = checked_alloc((size_t)data->block_rows * d, sizeof(double));
    pass.rows = checked_alloc(strip * d, sizeof(double));
    pass.labels = checked_alloc(strip, sizeof(double));
    pass.directions = checked_alloc(d * p, sizeof(double));
    pass.readout = checked_alloc(p, sizeof(double));
    pass.mean = checked_alloc(p, sizeof(double));
    pass.value = checked_alloc(strip * p, sizeof(double));
    pass.slope = checked_alloc(strip * p, sizeof(double));
    pass.residual = checked_alloc(strip, sizeof(double));
    pass.sum = checked_alloc(d * p + p + 2, sizeof(double));
    return pass;
}

void neurons_pass_free(NeuronsPass *pass)
{
    free(pass->block);
    free(pass->rows);
    free(pass->labels);
    free(pass->directions);
    free(pass->readout);
    free(pass->mean);
    free(pass->value);
    free(pass->slope);
    free(pass->residual);
    free(pass->sum);
    *pass = (NeuronsPass){0};
}

size_t neurons_pass_memory(int dimension, int width)
{
    const size_t d = (size_t)dimension;
    const size_t p = (size_t)width;
    const size_t strip = (size_t)strip_rows(width);
    const size_t block = (size_t)dataset_block_rows(dimension);
    return 8 * (block * d + strip * (d + 2 * p + 2) + 2 * d * p + 3 * p + 2);
}

/* ---- rows -------------------------------------------------------------------------------- */

static void prepare(NeuronsPass *pass, const double variables[])
{
    const int d = pass->data->dimension;
    const int p = pass->width;
    const size_t entries = (size_t)d * (size_t)p;
    const double scale = 1.0 / sqrt((double)d);
    for (size_t k = 0; k < entries; k++) {
        pass->directions[k] = scale * variables[k];
    }
    for (int k = 0; k < p; k++) {
        pass->readout[k] = variables[entries + (size_t)k] / sqrt((double)p);
        const double *w = pass->directions + (size_t)k * (size_t)d;
        double square = 0.0;
        for (int i = 0; i < d; i++) {
            square += covariance_variance(&pass->data->covariance, i) * w[i] * w[i];
        }
        pass->mean[k] = pass->activation.id == ACTIVATION_QUADRATIC ? square - 1.0 : 0.0;
    }
    memset(pass->sum, 0, (entries + (size_t)p + 2) * sizeof *pass->sum);
}

/* sigma, sigma' and f of at most a strip. */
static void forward(NeuronsPass *pass, int rows, const double x[], double out[])
{
    const int p = pass->width;
    kernels_double.project(pass->data->dimension, p, rows, pass->directions, x, pass->value);
    activation_block(&pass->activation, pass->value, rows * p, pass->value, pass->slope);
    double mean = 0.0;
    for (int k = 0; k < p; k++) {
        mean += pass->readout[k] * pass->mean[k];
    }
    for (int row = 0; row < rows; row++) {
        out[row] = -mean;
    }
    dgemv_("N", &rows, &p, &unit, pass->value, &rows, pass->readout, &one_step, &unit, out,
           &one_step, 1);
}

void neurons_pass_outputs(NeuronsPass *pass, int rows, const double x[], double out[])
{
    for (int done = 0; done < rows; done += pass->strip) {
        const int left = rows - done;
        const int here = left < pass->strip ? left : pass->strip;
        forward(pass, here, x + (size_t)done * (size_t)pass->data->dimension, out + done);
    }
}

/* At most a strip: sum gets sum r sigma' x, sum r sigma, sum r^2 and sum r. */
static void add_rows(NeuronsPass *pass, int rows, const double x[], const double labels[])
{
    const int d = pass->data->dimension;
    const int p = pass->width;
    double *readout_sum = pass->sum + (size_t)d * (size_t)p;
    double *residual = pass->residual;
    forward(pass, rows, x, residual);
    for (int row = 0; row < rows; row++) {
        residual[row] = labels[row] - residual[row];
        readout_sum[p] += residual[row] * residual[row];
        readout_sum[p + 1] += residual[row];
    }
    dgemv_("T", &rows, &p, &unit, pass->value, &rows, residual, &one_step, &unit, readout_sum,
           &one_step, 1);
    kernels_double.scale_rows(p, rows, residual, pass->slope);
    kernels_double.add_back(d, p, rows, x, pass->slope, NULL, pass->sum);
}

static void add_share(NeuronsPass *pass)
{
    const size_t d = (size_t)pass->data->dimension;
    const size_t blocks = dataset_blocks(pass->data);
    for (size_t k = 0; k < blocks; k++) {
        const SampleBlock block = dataset_block(pass->data, k, pass->block);
        for (int done = 0; done < block.rows; done += pass->strip) {
            const int left = block.rows - done;
            add_rows(pass, left < pass->strip ? left : pass->strip,
                     block.features + (size_t)done * d, block.labels + done);
        }
    }
}

/* Those of this rank's share, gathered until a strip is full. */
static void add_quanta(NeuronsPass *pass, const int64_t quanta[], int64_t count)
{
    const Dataset *data = pass->data;
    const size_t d = (size_t)data->dimension;
    int gathered = 0;
    for (int64_t k = 0; k < count; k++) {
        const int64_t offset = quanta[k] * SAMPLES_QUANTUM - data->first;
        if (offset < 0 || offset >= data->rows) {
            continue;
        }
        const int64_t left = data->rows - offset;
        const int rows = left < SAMPLES_QUANTUM ? (int)left : SAMPLES_QUANTUM;
        if (gathered + rows > pass->strip) {
            add_rows(pass, gathered, pass->rows, pass->labels);
            gathered = 0;
        }
        const double *x = data->ops->features(data->source, offset, rows, pass->block);
        memcpy(pass->rows + (size_t)gathered * d, x, (size_t)rows * d * sizeof *x);
        memcpy(pass->labels + gathered, data->labels + offset, (size_t)rows * sizeof *x);
        gathered += rows;
    }
    if (gathered > 0) {
        add_rows(pass, gathered, pass->rows, pass->labels);
    }
}

/* ---- gradient ---------------------------------------------------------------------------- */

/* d/dw_k = -(2/sqrt d) v_k (sum r sigma' x - sum r 2 Sigma w_k/sqrt d), the latter of quadratic
 * neurons; d/da_k = -(2/sqrt p) (sum r sigma - mean_k sum r). */
static void finish(NeuronsPass *pass)
{
    const size_t d = (size_t)pass->data->dimension;
    const size_t p = (size_t)pass->width;
    assert(!covariance_has_blocks(&pass->data->covariance)); /* no method in time takes them */
    double *readout_sum = pass->sum + d * p;
    const double residuals = readout_sum[p + 1];
    const bool quadratic = pass->activation.id == ACTIVATION_QUADRATIC;
    for (size_t k = 0; k < p; k++) {
        const double factor = -2.0 / sqrt((double)d) * pass->readout[k];
        double *sum = pass->sum + k * d;
        const double *w = pass->directions + k * d;
        for (size_t i = 0; i < d; i++) {
            const double mean =
                quadratic ? 2.0 * covariance_variance(&pass->data->covariance, (int)i) * w[i]
                          : 0.0;
            sum[i] = factor * (sum[i] - residuals * mean);
        }
        readout_sum[k] = -2.0 / sqrt((double)p) * (readout_sum[k] - pass->mean[k] * residuals);
    }
}

double neurons_pass_run(NeuronsPass *pass, const double variables[], const int64_t quanta[],
                        int64_t count)
{
    prepare(pass, variables);
    if (quanta == NULL) {
        add_share(pass);
    } else {
        add_quanta(pass, quanta, count);
    }
    const double loss = pass->sum[(size_t)(pass->data->dimension + 1) * (size_t)pass->width];
    finish(pass);
    return loss;
}
