#include "linear_unit.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"
#include "phasesweep/numerics/lapack.h"

static const int one_step = 1;
static const double one = 1.0;

/* Pivots of U^T U below this share of its diagonal leave too few digits. */
static const double dependent = 1e-8;

static void sum_over_team(const LinearUnit *unit, double v[])
{
    MPI_Allreduce(MPI_IN_PLACE, v, unit->columns, MPI_DOUBLE, MPI_SUM, unit->team);
}

/* Room of a block's features, owned by the caller. */
static double *block_room(const LinearUnit *unit)
{
    const Dataset *data = unit->data;
    return checked_alloc((size_t)data->block_rows * (size_t)data->dimension, sizeof(double));
}

void linear_unit_add(LinearUnit *unit, const SampleBlock *block, const double out[])
{
    const int d = unit->columns - 1;
    dgemv_("N", &d, &block->rows, &one, block->features, &d, out, &one_step, &one,
           unit->fit + 1, &one_step, 1);
    for (int row = 0; row < block->rows; row++) {
        unit->fit[0] += out[row];
    }
}

/* fit = (U^T U)^-1 of what has been added. */
static void solve(LinearUnit *unit)
{
    const int n = unit->columns;
    assert(unit->regular);
    sum_over_team(unit, unit->fit);
    dtrsv_("U", "T", "N", &n, unit->factor, &n, unit->fit, &one_step, 1, 1, 1);
    dtrsv_("U", "N", "N", &n, unit->factor, &n, unit->fit, &one_step, 1, 1, 1);
}

void linear_unit_take_away(LinearUnit *unit, const SampleBlock *block, double out[])
{
    const int d = unit->columns - 1;
    const double minus = -1.0;
    dgemv_("T", &d, &block->rows, &minus, block->features, &d, unit->fit + 1, &one_step, &one,
           out, &one_step, 1);
    for (int row = 0; row < block->rows; row++) {
        out[row] -= unit->fit[0];
    }
}

void linear_unit_begin(LinearUnit *unit)
{
    memset(unit->fit, 0, (size_t)unit->columns * sizeof *unit->fit);
}

void linear_unit_solve(LinearUnit *unit, double scale, double mean)
{
    solve(unit);
    for (int j = 0; j < unit->columns; j++) {
        unit->weights[j] = unit->of_labels[j] - scale * (unit->fit[j] - (j == 0 ? mean : 0.0));
    }
}

/* U^T U, upper triangle, of all ranks. */
static void make_gram(LinearUnit *unit)
{
    const int d = unit->columns - 1;
    const size_t columns = (size_t)unit->columns;
    double *room = block_room(unit);
    double *gram = unit->factor;
    double *corner = gram + columns + 1; /* of the features */
    for (size_t k = 0; k < dataset_blocks(unit->data); k++) {
        const SampleBlock block = dataset_block(unit->data, k, room);
        dsyrk_("U", "N", &d, &block.rows, &one, block.features, &d, &one, corner,
               &unit->columns, 1, 1);
        for (size_t entry = 0; entry < (size_t)block.rows * (size_t)d; entry++) {
            gram[(entry % (size_t)d + 1) * columns] += block.features[entry];
        }
        gram[0] += block.rows;
    }
    free(room);
    for (size_t column = 0; column < columns; column++) {
        sum_over_team(unit, gram + column * columns);
    }
}

/* Does U^T U have a Cholesky factor with enough digits?  Rank 0's, for all. */
static bool factorise(LinearUnit *unit)
{
    const int n = unit->columns;
    double *diagonal = checked_alloc((size_t)n, sizeof *diagonal);
    for (int j = 0; j < n; j++) {
        diagonal[j] = unit->factor[(size_t)j * (size_t)(n + 1)];
    }
    int info;
    dpotrf_("U", &n, unit->factor, &n, &info, 1);
    int regular = info == 0 && unit->data->samples > n;
    for (int j = 0; j < n && regular; j++) {
        const double pivot = unit->factor[(size_t)j * (size_t)(n + 1)];
        regular = pivot * pivot > dependent * diagonal[j];
    }
    free(diagonal);
    MPI_Bcast(&regular, 1, MPI_INT, 0, unit->team);
    for (int column = 0; column < n; column++) {
        MPI_Bcast(unit->factor + (size_t)column * (size_t)n, n, MPI_DOUBLE, 0, unit->team);
    }
    return regular;
}

static void project_labels(LinearUnit *unit)
{
    const Dataset *data = unit->data;
    double *room = block_room(unit);
    memcpy(unit->labels, data->labels, (size_t)data->rows * sizeof(double));
    linear_unit_begin(unit);
    for (size_t k = 0; k < dataset_blocks(data); k++) {
        const SampleBlock block = dataset_block(data, k, room);
        linear_unit_add(unit, &block, block.labels);
    }
    solve(unit);
    memcpy(unit->of_labels, unit->fit, (size_t)unit->columns * sizeof(double));
    for (size_t k = 0; k < dataset_blocks(data); k++) {
        const SampleBlock block = dataset_block(data, k, room);
        linear_unit_take_away(unit, &block, unit->labels + block.offset);
    }
    free(room);
}

LinearUnit *linear_unit_create(MPI_Comm team, const Dataset *data)
{
    LinearUnit *unit = checked_alloc(1, sizeof *unit);
    const size_t columns = (size_t)data->dimension + 1;
    *unit = (LinearUnit){.team = team, .data = data, .columns = (int)columns};
    unit->factor = checked_alloc(columns * columns, sizeof(double));
    unit->labels = checked_alloc((size_t)data->rows, sizeof(double));
    unit->of_labels = checked_alloc(columns, sizeof(double));
    unit->fit = checked_alloc(columns, sizeof(double));
    unit->weights = checked_alloc(columns, sizeof(double));
    make_gram(unit);
    unit->regular = factorise(unit);
    if (unit->regular) {
        project_labels(unit);
    }
    return unit;
}

void linear_unit_free(LinearUnit *unit)
{
    if (unit != NULL) {
        free(unit->factor);
        free(unit->labels);
        free(unit->of_labels);
        free(unit->fit);
        free(unit->weights);
        free(unit);
    }
}

/* The factor; labels and the outputs of a pass. */
size_t linear_unit_memory(double d, double rows)
{
    return (size_t)(8.0 * ((d + 1.0) * (d + 4.0) + 2.0 * rows));
}

double linear_unit_square(const LinearUnit *unit)
{
    const int d = unit->columns - 1;
    double *product = checked_alloc((size_t)d, sizeof *product);
    double sum = unit->weights[0] * unit->weights[0];
    covariance_product(&unit->data->covariance, 1, unit->weights + 1, product);
    for (int j = 0; j < d; j++) {
        sum += product[j] * unit->weights[j + 1];
    }
    free(product);
    return sum;
}
