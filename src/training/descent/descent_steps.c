/* Start, gradient and step. */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"
#include "phasesweep/base/clones.h"
#include "phasesweep/numerics/rng.h"
#include "factored/narrow_kernels.h"
#include "adam.h"
#include "descent.h"
#include "network.h"

/* ---- start ------------------------------------------------------------------------------- */

static void draw_matrix(DescentWork *work)
{
    const Problem *problem = &work->problem;
    const size_t d = (size_t)work->d;
    const double scale = problem->start_scale / pow(problem->width * problem->dimension, 0.25);
    /* S = start_scale^2 max(p, d)/sqrt(p d) I on the first directions; of neurons beyond d, all
     * their part of it is in the first d */
    const double aligned = scale * sqrt(fmax(problem->width, problem->dimension));
    memset(work->x, 0, work->count * sizeof *work->x);
    for (size_t k = 0; k < (size_t)work->p; k++) {
        double *column = work->x + k * d;
        if (problem->start_aligned) {
            column[k < d ? k : 0] = k < d ? aligned : 0.0;
            continue;
        }
        rng_normals((uint64_t)problem->seed, RNG_PROBE, (uint64_t)k, work->d, column);
        for (size_t i = 0; i < d; i++) {
            column[i] *= scale;
        }
    }
}

/* a w has the signs of the teacher. */
static void draw_vector(DescentWork *work)
{
    const Problem *problem = &work->problem;
    const size_t d = (size_t)work->d;
    double *a = work->x;
    double *w = a + d;
    network_vector_truth(work->data, a);
    if (!problem->start_aligned) {
        rng_normals((uint64_t)problem->seed, RNG_PROBE, 0, work->d, w);
    }
    for (size_t i = 0; i < d; i++) {
        const double size = problem->start_aligned ? 1.0 : fabs(w[i]);
        w[i] = problem->start_scale * size;
        a[i] = copysign(w[i], a[i]);
    }
}

void descent_draw(DescentWork *work)
{
    (work->matrix ? draw_matrix : draw_vector)(work);
    if (work->first != NULL) {
        memset(work->first, 0, work->count * sizeof *work->first);
        memset(work->second, 0, work->count * sizeof *work->second);
    }
}

/* ---- gradient ---------------------------------------------------------------------------- */

/* On all ranks the same bits, which MPI_Allreduce does not promise. */
static void add_up(const DescentWork *work, double sum[], size_t count)
{
    if (work->ranks > 1) {
        MPI_Reduce(work->rank == 0 ? MPI_IN_PLACE : sum, sum, (int)count, MPI_DOUBLE, MPI_SUM,
                   0, work->team);
        MPI_Bcast(sum, (int)count, MPI_DOUBLE, 0, work->team);
    }
}

CLONES
static void put_gradient(size_t count, double decay, double share, const double x[],
                         const double sum[], double gradient[])
{
    for (size_t k = 0; k < count; k++) {
        gradient[k] = decay * x[k] - share * sum[k];
    }
}

void descent_theta(const DescentWork *work, double theta[])
{
    const size_t d = (size_t)work->d;
    const double scale = 1.0 / sqrt((double)work->d);
    for (size_t i = 0; i < d; i++) {
        theta[i] = scale * work->x[i] * work->x[d + i];
    }
}

/* Strip by strip, so that both products read a row from the nearest cache. */
double descent_vector_pass(const DescentWork *work, const Dataset *rows, const double theta[],
                           double sum[])
{
    const size_t d = (size_t)work->d;
    double square = 0.0;
    double product[NARROW_STRIP];
    double *buffer =
        checked_alloc((size_t)rows->block_rows * (rows->kept ? 1 : d), sizeof *buffer);
    memset(sum, 0, d * sizeof *sum);
    for (size_t k = 0; k < dataset_blocks(rows); k++) {
        const SampleBlock block = dataset_block(rows, k, buffer);
        for (int row = 0; row < block.rows; row += NARROW_STRIP) {
            const int left = block.rows - row;
            const int strip = left < NARROW_STRIP ? left : NARROW_STRIP;
            const double *x = block.features + (size_t)row * d;
            narrow_double.project(work->d, 1, strip, theta, x, product);
            for (int j = 0; j < strip; j++) {
                product[j] = block.labels[row + j] - product[j];
                square += product[j] * product[j];
            }
            narrow_double.add_back(work->d, 1, strip, x, product, sum);
        }
    }
    free(buffer);
    add_up(work, sum, d);
    add_up(work, &square, 1);
    return square;
}

static double gradient_of_vector(DescentWork *work)
{
    const size_t d = (size_t)work->d;
    double *theta = work->sum + d;
    descent_theta(work, theta);
    const double square = descent_vector_pass(work, &work->batch.rows, theta, work->sum);
    const double share = 1.0 / (double)work->batch.rows.samples;
    for (size_t i = 0; i < d; i++) {
        const double slope = share * work->sum[i];
        work->gradient[i] = work->decay * work->x[i] - slope * work->x[d + i];
        work->gradient[d + i] = work->decay * work->x[d + i] - slope * work->x[i];
    }
    return square;
}

double descent_gradient(DescentWork *work)
{
    if (!work->matrix) {
        return gradient_of_vector(work);
    }
    double square;
    narrow_pass_run(&work->pass, 1, work->x, &square);
    add_up(work, work->pass.sum, work->count);
    put_gradient(work->count, work->decay, 0.5 * work->d / (double)work->batch.rows.samples,
                 work->x, work->pass.sum, work->gradient);
    return square;
}

/* ---- step -------------------------------------------------------------------------------- */

CLONES
static void move_along(size_t count, double step, const double gradient[], double x[])
{
    for (size_t k = 0; k < count; k++) {
        x[k] -= step * gradient[k];
    }
}

void descent_move(DescentWork *work)
{
    const Problem *problem = &work->problem;
    if (work->first == NULL) {
        move_along(work->count, problem->learning_rate, work->gradient, work->x);
        return;
    }
    const double root = work->matrix ? pow(problem->width * problem->dimension, 0.25) : 1.0;
    /* of L in plain weights, over g */
    const double slope = work->matrix ? 8.0 / (work->d * root) : 2.0;
    const AdamStep adam = {.rate = problem->learning_rate / root,
                           .slope = slope,
                           .steps = work->progress.step + 1};
    adam_move(&adam, work->count, work->gradient, work->first, work->second, work->x);
}
