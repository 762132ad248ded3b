/* One pass over the data in three steps a block: x^T S x for every row from the factor (2 n
 * d r flops), residual and mixing, and the weighted Gram matrix sum v x x^T (n d^2 with a
 * triangular update).  Debian's OpenBLAS has no dgemmt, so rows are packed by the sign of v,
 * scaled by sqrt|v|, and given to dsyrk twice.  Single precision lets vector units do
 * twice the work; sums over blocks stay in double.
 *
 * The team meets once, at the end: one reduction of d^2 numbers and the sums, which travel
 * in the same message.
 */
#include "training_pass.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"
#include "kernels.h"

enum { SUMS = sizeof(PassSums) / sizeof(double) };

/* Vectors of rows are zero: S = 0 and v = 0 until the first pass. */
Pass pass_create(MPI_Comm team, const Dataset *data)
{
    const size_t rows = (size_t)data->rows;
    const size_t d = (size_t)data->dimension;
    const size_t block = (size_t)data->block_rows * d;
    Pass pass = {.team = team, .data = data};
    pass.vector = checked_alloc(rows, sizeof(double));
    for (int k = 0; k < HISTORY; k++) {
        pass.memory[k] = checked_alloc(rows, sizeof(double));
    }
    pass.gram = checked_alloc(d * d + SUMS, sizeof(double)); /* the sums travel with it */
    pass.block = checked_alloc(block, sizeof(double));
    pass.product = checked_alloc(block, sizeof(double));
    pass.packed = checked_alloc(block, sizeof(double));
    pass.block_single = checked_alloc(block, sizeof(float));
    pass.product_single = checked_alloc(block, sizeof(float));
    pass.packed_single = checked_alloc(block, sizeof(float));
    pass.factor_single = checked_alloc(d * d, sizeof(float));
    pass.gram_single = checked_alloc(d * d, sizeof(float));
    return pass;
}

void pass_free(Pass *pass)
{
    free(pass->vector);
    for (int k = 0; k < HISTORY; k++) {
        free(pass->memory[k]);
    }
    free(pass->gram);
    free(pass->block);
    free(pass->product);
    free(pass->packed);
    free(pass->block_single);
    free(pass->product_single);
    free(pass->packed_single);
    free(pass->factor_single);
    free(pass->gram_single);
    *pass = (Pass){0};
}

/* The vectors; B, and network and B in single precision; three blocks of each precision. */
size_t pass_memory(const SamplesSpec *spec, int ranks)
{
    const size_t d = (size_t)spec->dimension;
    const size_t rows = ((size_t)spec->samples / (size_t)ranks) + 2 * SAMPLES_QUANTUM;
    const size_t block = (size_t)samples_block_rows(spec) * d;
    return (1 + HISTORY) * 8 * rows + (8 + 4 + 4) * d * d + 3 * (8 + 4) * block;
}

/* ---- one block ----------------------------------------------------------------------- */

/* A block, and in single precision what that is to work with. */
static SampleBlock read_block(Pass *pass, const PassPlan *plan, size_t k)
{
    const SampleBlock block = dataset_block(pass->data, k, pass->block);
    if (plan->single) {
        round_to_single(block.features, (size_t)block.rows * (size_t)pass->data->dimension,
                        pass->block_single);
    }
    return block;
}

/* out = |F^T x|^2 of every row, F `columns` columns of the factor from `first` on. */
static void outputs(Pass *pass, int first, int columns, bool single, const double factor[],
                    const SampleBlock *block, double out[])
{
    const int d = pass->data->dimension;
    const size_t skipped = (size_t)first * (size_t)d;
    if (columns == 0) {
        memset(out, 0, (size_t)block->rows * sizeof *out);
    } else if (single) {
        kernels_single.outputs(d, columns, block->rows, pass->factor_single + skipped,
                               pass->block_single, pass->product_single, out);
    } else {
        kernels_double.outputs(d, columns, block->rows, factor + skipped, block->features,
                               pass->product, out);
    }
}

/* out = x^T S x of every row; room [rows]. */
static void forward(Pass *pass, const PassPlan *plan, const double factor[],
                    const SampleBlock *block, double room[], double out[])
{
    const int positive = plan->rank - plan->negative;
    outputs(pass, 0, positive, plan->single, factor, block, out);
    if (plan->negative > 0) {
        outputs(pass, positive, plan->negative, plan->single, factor, block, room);
        add_multiple(-1.0, room, out, block->rows);
    }
}

void pass_mix(const PassPlan *plan, int d, double mean, const SampleBlock *block,
              const double out[], double vector[], double *const memory[HISTORY],
              PassSums *sums)
{
    const double scale = 1.0 / sqrt(d);
    double *v = vector + block->offset;
    double *kept = memory[plan->slot] + block->offset;
    for (int row = 0; row < block->rows; row++) {
        const double y = block->labels[row];
        /* A(S) = (x^T S x - Tr(Sigma S))/sqrt(d) */
        const double r = y - scale * (out[row] - mean);
        /* at v = y - A(base) this is A(S - base): what descent_curvature wants */
        const double move = v[row] - r;
        kept[row] = plan->residual_share * r + plan->previous_share * v[row];
        sums->residual += r * r;
        sums->move += move * move;
        double next = 0.0;
        for (int k = 0; k < HISTORY; k++) {
            next += plan->share[k] * memory[k][block->offset + row];
        }
        v[row] = next;
        sums->sum += next;
        sums->label += next * y;
        sums->square += next * next;
    }
}

/* gram += sum v x x^T over the block, lower triangle. */
static void backward(Pass *pass, const PassPlan *plan, const SampleBlock *block)
{
    const int d = pass->data->dimension;
    const double *v = pass->vector + block->offset;
    if (plan->single) {
        kernels_single.add_squares(d, block->rows, pass->block_single, v, pass->packed_single,
                                   pass->gram_single, pass->gram);
    } else {
        kernels_double.add_squares(d, block->rows, block->features, v, pass->packed, NULL,
                                   pass->gram);
    }
}

/* Sums and B on rank 0 from those of all ranks.  From sum v x x^T to sum v Z = (sum v x x^T
 * - (sum v) Sigma)/sqrt(d), once at the end. */
static PassSums gather(Pass *pass, PassSums sums)
{
    const size_t d = (size_t)pass->data->dimension;
    int rank;
    MPI_Comm_rank(pass->team, &rank);
    memcpy(pass->gram + d * d, &sums, sizeof sums);
    MPI_Reduce(rank == 0 ? MPI_IN_PLACE : pass->gram, pass->gram, (int)(d * d) + SUMS,
               MPI_DOUBLE, MPI_SUM, 0, pass->team);
    memcpy(&sums, pass->gram + d * d, sizeof sums);
    if (rank == 0) {
        covariance_add(&pass->data->covariance, -sums.sum, pass->gram);
    }
    for (size_t column = 0; rank == 0 && column < d; column++) {
        for (size_t row = column; row < d; row++) {
            pass->gram[row + column * d] /= sqrt((double)d);
        }
    }
    return sums;
}

/* Tr(Sigma S). */
static double mean_output(const Dataset *data, const PassPlan *plan, const double factor[])
{
    const size_t d = (size_t)data->dimension;
    const size_t positive = (size_t)(plan->rank - plan->negative) * d;
    const size_t entries = (size_t)plan->rank * d;
    double mean = 0.0;
    if (dataset_is_isotropic(data)) {
        return plan->trace;
    }
    double *product = checked_alloc(entries, sizeof *product);
    covariance_product(&data->covariance, plan->rank, factor, product);
    for (size_t k = 0; k < entries; k++) {
        const double entry = product[k] * factor[k];
        mean += k < positive ? entry : -entry;
    }
    free(product);
    return mean;
}

/* Outputs of all rows, owned by the caller; the linear unit knows what to take away from them.
 */
static double *outputs_of_all(Pass *pass, const PassPlan *plan, const double factor[],
                              double mean, double room[])
{
    const Dataset *data = pass->data;
    double *out = checked_alloc((size_t)data->rows, sizeof *out);
    linear_unit_begin(pass->unit);
    for (size_t k = 0; k < dataset_blocks(data); k++) {
        const SampleBlock block = read_block(pass, plan, k);
        forward(pass, plan, factor, &block, room, out + block.offset);
        linear_unit_add(pass->unit, &block, out + block.offset);
    }
    linear_unit_solve(pass->unit, 1.0 / sqrt(data->dimension), mean);
    return out;
}

PassSums pass_run(Pass *pass, const PassPlan *plan, const double factor[])
{
    const Dataset *data = pass->data;
    const size_t d = (size_t)data->dimension;
    double *room = checked_alloc(2 * (size_t)data->block_rows, sizeof *room);
    double *out = room + data->block_rows;
    const double mean = mean_output(data, plan, factor);
    PassSums sums = {0};
    assert(plan->slot >= 0 && plan->slot < HISTORY);
    assert(plan->rank >= 0 && plan->rank <= data->dimension && plan->negative <= plan->rank);
    memset(pass->gram, 0, d * d * sizeof(double));
    if (plan->single) {
        round_to_single(factor, d * (size_t)plan->rank, pass->factor_single);
    }
    double *all = pass->unit != NULL ? outputs_of_all(pass, plan, factor, mean, room) : NULL;
    /* each block goes forward and back while it is in cache: the data are read once a pass */
    for (size_t k = 0; k < dataset_blocks(data); k++) {
        SampleBlock block = read_block(pass, plan, k);
        if (all != NULL) {
            linear_unit_take_away(pass->unit, &block, all + block.offset);
            block.labels = pass->unit->labels + block.offset;
            pass_mix(plan, data->dimension, 0.0, &block, all + block.offset, pass->vector,
                     pass->memory, &sums);
        } else {
            forward(pass, plan, factor, &block, room, out);
            pass_mix(plan, data->dimension, mean, &block, out, pass->vector, pass->memory,
                     &sums);
        }
        backward(pass, plan, &block);
    }
    free(all);
    free(room);
    return gather(pass, sums);
}

/* The dual is s linear - s^2 square/2 of the scale s. */
typedef struct Dual {
    double nu, linear, square;
} Dual;

static Dual dual_of(const PassSums *sums, int d)
{
    const double nu = 2.0 / ((double)d * d);
    return (Dual){nu, nu * sums->label, 0.5 * d * d * nu * nu * sums->square};
}

double pass_dual_bound(const PassSums *sums, int d, double weight, double largest)
{
    const Dual dual = dual_of(sums, d);
    double scale = dual.square > 0.0 ? fmax(dual.linear / dual.square, 0.0) : 0.0;
    if (largest > 0.0) {
        scale = fmin(scale, weight / d / (dual.nu * largest));
    }
    return scale * dual.linear - 0.5 * scale * scale * dual.square;
}

/* The dual grows up to its best scale: it is at the goal from the smaller root on. */
double pass_dual_ceiling(const PassSums *sums, int d, double weight, double goal)
{
    const Dual dual = dual_of(sums, d);
    const double inside = dual.linear * dual.linear - 2.0 * dual.square * goal;
    if (goal <= 0.0) {
        return INFINITY;
    }
    if (!(dual.linear > 0.0 && inside >= 0.0)) {
        return -INFINITY;
    }
    const double scale = 2.0 * goal / (dual.linear + sqrt(inside));
    return weight / d / (dual.nu * scale);
}
