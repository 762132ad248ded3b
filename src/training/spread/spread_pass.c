#include "spread_pass.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"
#include "kernels.h"
#include "spread_kernels.h"

enum { SUMS = sizeof(PassSums) / sizeof(double) };

/* Numbers of the strips, of either product. */
static size_t strip_numbers(int rows, int samples)
{
    return (size_t)STRIP * (size_t)(rows > samples ? rows : samples);
}

SpreadPass spread_pass_create(MPI_Comm team, const Dataset *data, const DistMatrix *shape,
                              const LowerTriangle *triangle)
{
    SpreadPass pass = {.team = team, .data = data, .shape = shape, .triangle = triangle};
    pass.panel = panel_create(team, data);
    const size_t samples = (size_t)pass.panel.most;
    const size_t rows = samples * (size_t)triangle->rows;
    const size_t columns = samples * (size_t)triangle->columns;
    pass.vector = checked_alloc((size_t)data->rows, sizeof(double));
    for (int k = 0; k < HISTORY; k++) {
        pass.memory[k] = checked_alloc((size_t)data->rows, sizeof(double));
    }
    pass.network_single = checked_alloc(dist_matrix_entries(shape), sizeof(float));
    pass.left = checked_alloc(rows, sizeof(double));
    pass.right = checked_alloc(columns, sizeof(double));
    pass.scaled = checked_alloc(columns, sizeof(double));
    pass.product =
        checked_alloc(strip_numbers(triangle->rows, pass.panel.most), sizeof(double));
    pass.out = checked_alloc(2 * samples, sizeof(double));
    pass.dual = pass.out + samples;
    return pass;
}

void spread_pass_free(SpreadPass *pass)
{
    panel_free(&pass->panel);
    free(pass->vector);
    for (int k = 0; k < HISTORY; k++) {
        free(pass->memory[k]);
    }
    free(pass->network_single);
    free(pass->left);
    free(pass->right);
    free(pass->scaled);
    free(pass->product);
    free(pass->out);
    *pass = (SpreadPass){0};
}

size_t spread_pass_memory(int d, int64_t samples, int ranks, int rows, int columns)
{
    const size_t share = (size_t)samples / (size_t)ranks + 2 * SAMPLES_QUANTUM;
    const int many = panel_samples(d);
    const size_t panel = (size_t)many * (size_t)(rows + 2 * columns + 2);
    return (1 + HISTORY) * 8 * share + 4 * (size_t)rows * (size_t)columns +
           8 * (panel + strip_numbers(rows, many)) + panel_memory(d);
}

/* This rank's part of the panel in hand. */
static void pick(SpreadPass *pass, const SpreadKernels *kernels)
{
    const DistMatrix *shape = pass->shape;
    const ProcessGrid *grid = shape->grid;
    const Panel *panel = &pass->panel;
    kernels->pick(panel->rows, shape->rows, panel->count, shape->block, grid->row, grid->rows,
                  pass->left);
    kernels->pick(panel->rows, shape->rows, panel->count, shape->block, grid->column,
                  grid->columns, pass->right);
}

static void sum_over(const SpreadPass *pass, double x[], int count)
{
    MPI_Allreduce(MPI_IN_PLACE, x, count, MPI_DOUBLE, MPI_SUM, pass->team);
}

/* E x_j^2 of the coordinate j of a local column. */
static double variance_at(const SpreadPass *pass, int column)
{
    const ProcessGrid *grid = pass->shape->grid;
    return covariance_variance(
        &pass->data->covariance,
        dist_matrix_global(column, pass->shape->block, grid->column, grid->columns));
}

/* Collective.  Tr(Sigma S). */
static double mean_output(const SpreadPass *pass, const PassPlan *plan,
                          const DistMatrix *network)
{
    if (dataset_is_isotropic(pass->data)) {
        return plan->trace;
    }
    const LowerTriangle *triangle = pass->triangle;
    double mean = 0.0;
    for (int column = 0; column < triangle->columns; column++) {
        const int row = lower_triangle_diagonal(triangle, network, column);
        if (row >= 0) {
            mean += variance_at(pass, column) *
                    network->local[row + (size_t)column * (size_t)network->local_rows];
        }
    }
    sum_over(pass, &mean, 1);
    return mean;
}

/* Forward and back.  Each rank mixes what it owns. */
static void pass_panel(SpreadPass *pass, const PassPlan *plan, double mean,
                       const DistMatrix *network, DistMatrix *gram, PassSums *sums)
{
    const SpreadKernels *kernels = plan->single ? &spread_single : &spread_double;
    Panel *panel = &pass->panel;
    pick(pass, kernels);
    kernels->outputs(pass->triangle,
                     plan->single ? (const void *)pass->network_single : network->local,
                     pass->left, pass->right, panel->count, pass->product, pass->out);
    /* no rank goes on to the next panel before all have picked */
    sum_over(pass, pass->out, panel->count);
    memset(pass->dual, 0, (size_t)panel->count * sizeof(double));
    if (panel->own.rows > 0) {
        pass_mix(plan, pass->data->dimension, mean, &panel->own, pass->out + panel->own_place,
                 pass->vector, pass->memory, sums);
        memcpy(pass->dual + panel->own_place, pass->vector + panel->own.offset,
               (size_t)panel->own.rows * sizeof(double));
    }
    sum_over(pass, pass->dual, panel->count);
    kernels->add_squares(pass->triangle, pass->left, pass->right, panel->count, pass->dual,
                         pass->scaled, pass->product, gram->local);
}

/* From sum v x x^T to sum v Z = (sum v x x^T - (sum v) Sigma)/sqrt(d). */
static void finish(const SpreadPass *pass, const PassSums *sums, DistMatrix *gram)
{
    const LowerTriangle *triangle = pass->triangle;
    const double scale = 1.0 / sqrt(pass->data->dimension);
    for (int column = 0; column < triangle->columns; column++) {
        double *x = gram->local + (size_t)column * (size_t)triangle->rows;
        const int diagonal = lower_triangle_diagonal(triangle, gram, column);
        if (diagonal >= 0) {
            x[diagonal] -= variance_at(pass, column) * sums->sum;
        }
        for (int row = triangle->start[column]; row < triangle->rows; row++) {
            x[row] *= scale;
        }
    }
}

PassSums spread_pass_run(SpreadPass *pass, const PassPlan *plan, const DistMatrix *network,
                         DistMatrix *gram)
{
    assert(plan->slot >= 0 && plan->slot < HISTORY);
    const size_t entries = dist_matrix_entries(network);
    const double mean = mean_output(pass, plan, network);
    PassSums sums = {0};
    memset(gram->local, 0, entries * sizeof(double));
    if (plan->single) {
        round_to_single(network->local, entries, pass->network_single);
    }
    for (int64_t k = 0; k < pass->panel.panels; k++) {
        panel_turn(&pass->panel, k);
        pass_panel(pass, plan, mean, network, gram, &sums);
    }
    sum_over(pass, (double *)&sums, SUMS);
    finish(pass, &sums, gram);
    return sums;
}
