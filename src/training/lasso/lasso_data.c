#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"
#include "phasesweep/base/clones.h"
#include "phasesweep/numerics/lapack.h"
#include "kernels.h"
#include "lasso_state.h"

static const int one_step = 1;
static const double unit = 1.0;

bool lasso_agree(const LassoWork *work, bool condition)
{
    int word = condition;
    MPI_Bcast(&word, 1, MPI_INT, 0, work->team);
    return word != 0;
}

/* An MPI_Allreduce may differ between ranks by rounding. */
void lasso_sum(const LassoWork *work, double v[], int count)
{
    MPI_Reduce(work->rank == 0 ? MPI_IN_PLACE : v, v, count, MPI_DOUBLE, MPI_SUM, 0,
               work->team);
    MPI_Bcast(v, count, MPI_DOUBLE, 0, work->team);
}

CLONES
static double dot(const double a[], const double b[], int count)
{
    double sum = 0.0;
#pragma omp simd reduction(+ : sum)
    for (int i = 0; i < count; i++) {
        sum += a[i] * b[i];
    }
    return sum;
}

/* ---- drawing ------------------------------------------------------------------------- */

/* Rows of a block (d x rows by column) into columns of x, a few columns at a time so that
 * what is read stays in the first-level cache. */
static void transpose_block(LassoWork *work, const SampleBlock *block)
{
    enum { COLUMNS = 8 };
    const int d = work->d;
    for (int first = 0; first < d; first += COLUMNS) {
        const int end = first + COLUMNS < d ? first + COLUMNS : d;
        for (int row = 0; row < block->rows; row++) {
            const double *from = block->features + (size_t)row * (size_t)d;
            double *to = work->x + block->offset + row;
            for (int j = first; j < end; j++) {
                to[(size_t)j * (size_t)work->ld] = from[j];
            }
        }
    }
}

/* The base is theta = 0, where the residual is y. */
static void draw_columns(LassoWork *work, double buffer[])
{
    const int d = work->d;
    const double *y = work->data->labels;
    work->x = checked_alloc((size_t)work->ld * (size_t)d, sizeof *work->x);
    for (size_t k = 0; k < dataset_blocks(work->data); k++) {
        const SampleBlock block = dataset_block(work->data, k, buffer);
        transpose_block(work, &block);
    }
    for (int j = 0; j < d; j++) {
        const double *column = work->x + (size_t)j * (size_t)work->ld;
        work->height[j] = dot(column, column, work->rows);
        work->base_gradient[j] = dot(column, y, work->rows);
    }
    lasso_sum(work, work->height, d);
    lasso_sum(work, work->base_gradient, d);
    work->progress.label_slope =
        sqrt(dot(work->base_gradient, work->base_gradient, d) / work->d);
    double square = dot(y, y, work->rows);
    lasso_sum(work, &square, 1);
    work->progress.base_square = square;
}

/* Add a block to the sums; `residual` has room for its rows' y - theta*.x. */
static void add_block(LassoWork *work, const SampleBlock *block, double *gram,
                      double residual[], double *square)
{
    const int d = work->d;
    memcpy(residual, block->labels, (size_t)block->rows * sizeof *residual);
    const double minus = -1.0;
    dgemv_("T", &d, &block->rows, &minus, block->features, &d, work->teacher, &one_step, &unit,
           residual, &one_step, 1);
    dsyrk_("U", "N", &d, &block->rows, &unit, block->features, &d, &unit, gram, &d, 1, 1);
    dgemv_("N", &d, &block->rows, &unit, block->features, &d, residual, &one_step, &unit,
           work->base_gradient, &one_step, 1);
    *square += dot(residual, residual, block->rows);
}

/* Blocks of the rank that has most. */
static size_t most_blocks(const LassoWork *work)
{
    unsigned long most = dataset_blocks(work->data);
    MPI_Allreduce(MPI_IN_PLACE, &most, 1, MPI_UNSIGNED_LONG, MPI_MAX, work->team);
    return most;
}

/* All blocks are in the sums.  The base is the teacher, where the residual is the noise. */
static void end_sums(LassoWork *work)
{
    LassoProgress *progress = &work->progress;
    const size_t d = (size_t)work->d;
    for (size_t j = 0; j < d; j++) {
        work->height[j] = work->sum[j * d + j];
    }
    lasso_sum(work, work->height, work->d);
    lasso_sum(work, work->base_gradient, work->d);
    lasso_sum(work, &progress->sum, 1);
    gram_collect(&work->gram, work->sum, work->d);
    free(work->sum);
    work->sum = NULL;
    progress->base_square = progress->sum;
    memcpy(work->base, work->teacher, d * sizeof(double));
}

static void draw_block(LassoWork *work, double buffer[])
{
    LassoProgress *progress = &work->progress;
    double *residual = checked_alloc((size_t)work->data->block_rows, sizeof *residual);
    if (progress->blocks < dataset_blocks(work->data)) {
        const SampleBlock block = dataset_block(work->data, progress->blocks, buffer);
        add_block(work, &block, work->sum, residual, &progress->sum);
    }
    free(residual);
    progress->blocks++;
}

/* A guess from the law of Marchenko and Pastur; steps mend it. */
static double first_curvature(const LassoWork *work)
{
    const double d = work->problem.dimension;
    double mean = 0.0;
    for (int j = 0; j < work->d; j++) {
        mean += work->height[j] / work->d;
    }
    return mean * pow(1.0 + sqrt(d / work->problem.samples), 2.0);
}

void lasso_draw(LassoWork *work)
{
    LassoProgress *progress = &work->progress;
    const size_t entries = (size_t)work->data->block_rows * (size_t)work->d;
    double *buffer = checked_alloc(entries, sizeof *buffer);
    if (work->layout == LASSO_COLUMNS) {
        draw_columns(work, buffer);
        progress->drawn = true;
    } else {
        draw_block(work, buffer);
        progress->drawn = progress->blocks >= most_blocks(work);
        if (progress->drawn) {
            end_sums(work);
        }
    }
    if (progress->drawn) {
        progress->curvature = first_curvature(work);
    }
    free(buffer);
}

/* ---- values -------------------------------------------------------------------------- */

void lasso_add_columns(const LassoWork *work, int columns, const double v[], double sum[])
{
    for (int j = 0; j < columns; j++) {
        if (v[j] != 0.0) {
            add_multiple(v[j], work->x + (size_t)j * (size_t)work->ld, sum, work->rows);
        }
    }
}

void lasso_residual(const LassoWork *work, double residual[])
{
    memset(residual, 0, (size_t)work->rows * sizeof *residual);
    lasso_add_columns(work, work->d, work->theta, residual);
    for (int row = 0; row < work->rows; row++) {
        residual[row] = work->data->labels[row] - residual[row];
    }
}

void lasso_project(const LassoWork *work, int columns, const double rows[], double out[])
{
    /* dgemv leaves its result alone where there is nothing to add to it */
    memset(out, 0, (size_t)columns * sizeof *out);
    dgemv_("T", &work->rows, &columns, &unit, work->x, &work->ld, rows, &one_step, &unit, out,
           &one_step, 1);
    lasso_sum(work, out, columns);
}

void lasso_apply(const LassoWork *work, const double v[], double out[])
{
    if (work->progress.domain <= work->gram.size) {
        gram_apply(&work->gram, work->progress.domain, v, out);
        return;
    }
    double *product = checked_alloc((size_t)work->rows, sizeof *product);
    lasso_add_columns(work, work->progress.domain, v, product);
    lasso_project(work, work->progress.domain, product, out);
    free(product);
}

void lasso_image(const LassoWork *work, const double theta[], double image[])
{
    double *moved = checked_alloc((size_t)work->progress.domain, sizeof *moved);
    for (int j = 0; j < work->progress.domain; j++) {
        moved[j] = theta[j] - work->base[j];
    }
    lasso_apply(work, moved, image);
    free(moved);
}

/* With the dual vector s r, as y = r + X theta,
 *     F - D = (1 - s)^2 |r|^2/2 + sum_j (w |theta_j| - s theta_j x_j.r) ,
 * terms that are not negative: nothing cancels. */
LassoValue lasso_value(const LassoWork *work, const double theta[], const double image[])
{
    const LassoProgress *progress = &work->progress;
    double square = progress->base_square;
    double norm = 0.0;
    double steepest = 0.0;
    double along = 0.0; /* theta.X^T r */
    for (int j = 0; j < progress->domain; j++) {
        const double gradient = work->base_gradient[j] - image[j];
        square += (theta[j] - work->base[j]) * (image[j] - 2.0 * work->base_gradient[j]);
        norm += fabs(theta[j]);
        steepest = fmax(steepest, fabs(gradient));
        along += theta[j] * gradient;
    }
    square = square < 0.0 ? 0.0 : square; /* by rounding; NaN stays */
    /* largest scale at which the residual is dual feasible, and within it the best one */
    const double most = progress->weight / steepest;
    const double scale = fmax(-most, fmin(most, 1.0 + along / square));
    double slack = 0.0;
    for (int j = 0; j < progress->domain; j++) {
        const double gradient = work->base_gradient[j] - image[j];
        slack += fmax(progress->weight * fabs(theta[j]) - scale * theta[j] * gradient, 0.0);
    }
    const double objective = 0.5 * square + progress->weight * norm;
    const double apart = 0.5 * (1.0 - scale) * (1.0 - scale) * square + slack;
    return (LassoValue){.objective = objective,
                        .gap = apart > 0.0 ? apart / objective : 0.0 * objective,
                        .square = square};
}

void lasso_rebase(LassoWork *work)
{
    assert(work->x != NULL);
    const int d = work->d;
    double *residual = checked_alloc((size_t)work->rows, sizeof *residual);
    lasso_residual(work, residual);
    lasso_project(work, d, residual, work->base_gradient);
    work->progress.base_square = dot(residual, residual, work->rows);
    free(residual);
    lasso_sum(work, &work->progress.base_square, 1);
    memcpy(work->base, work->theta, (size_t)d * sizeof(double));
    memset(work->image, 0, (size_t)d * sizeof(double));
    const int domain = work->progress.domain;
    work->progress.domain = d;
    work->progress.value = lasso_value(work, work->theta, work->image);
    if (work->dual.holds) {
        dual_certify(work);
    }
    work->progress.domain = domain;
}

/* ---- working set --------------------------------------------------------------------- */

static bool wanted(const LassoWork *work, int j, double bound)
{
    return work->theta[j] != 0.0 || fabs(work->base_gradient[j] - work->image[j]) > bound;
}

int lasso_outside(const LassoWork *work, double bound)
{
    int count = 0;
    for (int j = work->gram.size; j < work->d; j++) {
        count += wanted(work, j, bound);
    }
    MPI_Bcast(&count, 1, MPI_INT, 0, work->team);
    return count;
}

static void swap_numbers(double *a, double *b, int count)
{
    for (int i = 0; i < count; i++) {
        const double hold = a[i];
        a[i] = b[i];
        b[i] = hold;
    }
}

/* Two columns and all that is known of them change places. */
static void swap_columns(LassoWork *work, int i, int j)
{
    double *const all[] = {work->teacher,       work->height, work->base,
                           work->base_gradient, work->theta,  work->image};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
        swap_numbers(all[k] + i, all[k] + j, 1);
    }
    const int hold = work->order[i];
    work->order[i] = work->order[j];
    work->order[j] = hold;
    if (i != j && work->x != NULL) {
        swap_numbers(work->x + (size_t)i * (size_t)work->ld,
                     work->x + (size_t)j * (size_t)work->ld, work->rows);
    }
}

void lasso_arrange(LassoWork *work, const int order[])
{
    int *place = checked_alloc((size_t)work->d, sizeof *place); /* of each coordinate */
    for (int j = 0; j < work->d; j++) {
        place[work->order[j]] = j;
    }
    for (int j = 0; j < work->d; j++) {
        const int from = place[order[j]];
        place[work->order[j]] = from;
        swap_columns(work, j, from);
    }
    free(place);
}

int lasso_bring_forward(LassoWork *work, double bound)
{
    assert(work->x != NULL && bound > 0.0);
    int *list = checked_alloc((size_t)work->d, sizeof *list);
    int size = 0;
    for (int j = work->gram.size; j < work->d; j++) {
        if (wanted(work, j, bound)) {
            list[size++] = j;
        }
    }
    MPI_Bcast(&size, 1, MPI_INT, 0, work->team);
    MPI_Bcast(list, size, MPI_INT, 0, work->team);
    for (int k = 0; k < size; k++) {
        swap_columns(work, work->gram.size + k, list[k]);
    }
    free(list);
    return work->gram.size + size;
}

void lasso_admit(LassoWork *work, double bound)
{
    const int size = lasso_bring_forward(work, bound);
    gram_extend(&work->gram, work->x, work->rows, work->ld, size);
    work->progress.domain = work->gram.size;
}
