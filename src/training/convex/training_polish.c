#include "training_polish.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/model/features.h"
#include "phasesweep/base/check.h"
#include "phasesweep/numerics/lapack.h"
#include "interior_system.h"
#include "kernels.h"

/* Of the tolerance: gap from which it is tried, and length of the step.  The gap shrinks to a
 * fiftieth at most, where the active eigenvectors are as near as such a step tells. */
static const double gap_most = 30.0;
static const double move_most = 3.0;

/* The least such tolerance.  S errs by the length of the step: with a lower one it is S that is
 * asked for, and trainings to 1e-10 agree to 1e-9 in the risk. */
static const double tolerance_least = 1e-8;

/* Of the gap at the last try: the next one. */
static const double shrinks = 0.3;

/* Equations a sample: near 1 conjugate gradients are slow. */
static const double crowded = 0.8;

/* The error of B on the active eigenvectors that is left, and steps for it. */
static const double left_over = 0.02;
enum { STEPS = 14 };

/* A change of v would have to be projected off a linear unit; and the operator on the active
 * eigenvectors is that of equal variances. */
static bool possible(const Problem *problem)
{
    return problem->tolerance >= tolerance_least && !problem->linear_unit &&
           features_are_isotropic(problem);
}

size_t polish_memory(const Problem *problem, int ranks)
{
    const double d = problem->dimension;
    const double square = fmin(d * d, 2.0 * crowded * problem->samples);
    const double rows = problem->samples / ranks + SAMPLES_QUANTUM;
    const double image = 8.0 * d * sqrt(square);
    return possible(problem) ? (size_t)(20.0 * square + 16.0 * rows + image) : 0;
}

double polish_from(const TrainerSettings *settings, const Problem *problem)
{
    return possible(problem) && !settings->plain_dual ? gap_most : 1.0;
}

bool polish_due(const TrainingWork *work)
{
    const Progress *progress = &work->progress;
    const double tolerance = work->problem.tolerance;
    const double rank = progress->plan.rank;
    return progress->early > 1.0 && progress->stage == STAGE_DESCENT &&
           progress->unchecked == 0 && !progress->plan.single && rank > 0 &&
           0.5 * rank * (rank + 1.0) < crowded * work->problem.samples &&
           progress->gap <= fmin(progress->early * tolerance, shrinks * progress->tried) &&
           descent_relative_move(&work->descent) <= move_most * tolerance;
}

/* ---- conjugate gradients ----------------------------------------------------------------- */

/* On every rank but where it says otherwise; k = rank of the network. */
typedef struct Polish {
    Pass *pass;
    int k;
    double *direction;       /* k x k, P; owned as all below */
    float *direction_single; /* k x k */
    double *rest;            /* k x k, right side minus what is done; rank 0 */
    double *outputs;         /* [rows] A(U P U^T) */
} Polish;

/* Rows' outputs of P, and pass.gram = their A^* on U, k x k with two sums behind it: over the
 * team on rank 0. */
static void sweep(Polish *polish)
{
    Pass *pass = polish->pass;
    const int d = pass->data->dimension;
    const int k = polish->k;
    const size_t square = (size_t)k * (size_t)k;
    double *sums = pass->gram + square;
    double trace = 0.0;
    for (int j = 0; j < k; j++) {
        trace += polish->direction[(size_t)j * ((size_t)k + 1)];
    }
    memset(pass->gram, 0, (square + 2) * sizeof *pass->gram);
    for (size_t b = 0; b < dataset_blocks(pass->data); b++) {
        const SampleBlock block = dataset_block(pass->data, b, pass->block);
        double *out = polish->outputs + block.offset;
        round_to_single(block.features, (size_t)block.rows * (size_t)d, pass->block_single);
        kernels_single.outputs(d, k, block.rows, pass->factor_single, pass->block_single,
                               pass->product_single, out);
        kernels_single.forms(k, block.rows, polish->direction_single, pass->product_single,
                             pass->packed_single, out);
        for (int row = 0; row < block.rows; row++) {
            out[row] = (out[row] - trace) / sqrt(d);
            sums[0] += out[row];
            sums[1] += out[row] * out[row];
        }
        kernels_single.add_squares(k, block.rows, pass->product_single, out,
                                   pass->packed_single, pass->gram_single, pass->gram);
    }
    int rank;
    MPI_Comm_rank(pass->team, &rank);
    MPI_Reduce(rank == 0 ? MPI_IN_PLACE : pass->gram, pass->gram, (int)square + 2, MPI_DOUBLE,
               MPI_SUM, 0, pass->team);
}

/* Rank 0.  From sums over the rows to A^*, both triangles. */
static void complete(const Polish *polish)
{
    const size_t k = (size_t)polish->k;
    const double root = sqrt(polish->pass->data->dimension);
    double *image = polish->pass->gram;
    const double sum = image[k * k];
    for (size_t column = 0; column < k; column++) {
        image[column * (k + 1)] -= sum;
        for (size_t row = column; row < k; row++) {
            image[row + column * k] /= root;
            image[column + row * k] = image[row + column * k];
        }
    }
}

/* Rank 0.  The length of the step along P, and the next P; *left: |rest|^2. */
static double turn(Polish *polish, double *left)
{
    const int square = polish->k * polish->k;
    const double *image = polish->pass->gram;
    const double step = *left / image[square + 1];
    complete(polish);
    for (int i = 0; i < square; i++) {
        polish->rest[i] -= step * image[i];
    }
    const double next = interior_dot(polish->rest, polish->rest, (size_t)square);
    for (int i = 0; i < square; i++) {
        polish->direction[i] = polish->rest[i] + next / *left * polish->direction[i];
    }
    *left = next;
    return step;
}

/* Collective.  One step; false after the last one.  *left and goal: rank 0. */
static bool step(Polish *polish, double *left, double goal)
{
    Pass *pass = polish->pass;
    const size_t square = (size_t)polish->k * (size_t)polish->k;
    int rank;
    MPI_Comm_rank(pass->team, &rank);
    MPI_Bcast(polish->direction, (int)square, MPI_DOUBLE, 0, pass->team);
    round_to_single(polish->direction, square, polish->direction_single);
    sweep(polish);
    double news[2] = {0.0}; /* the step, and is there another? */
    if (rank == 0) {
        news[0] = turn(polish, left);
        news[1] = *left > goal;
    }
    MPI_Bcast(news, 2, MPI_DOUBLE, 0, pass->team);
    for (int64_t row = 0; row < pass->data->rows && isfinite(news[0]); row++) {
        pass->vector[row] += news[0] * polish->outputs[row];
    }
    return news[1] != 0.0;
}

/* Rank 0.  rest = c - U^T B U, -c for the last columns, `negative` of them; basis: U, d x k. */
static void find_rest(Polish *polish, int negative, const double basis[])
{
    static const double one = 1.0;
    static const double zero = 0.0;
    const int d = polish->pass->data->dimension;
    const int k = polish->k;
    double *image = checked_alloc((size_t)d * (size_t)k, sizeof *image);
    dsymm_("L", "L", &d, &k, &one, polish->pass->gram, &d, basis, &d, &zero, image, &d, 1, 1);
    dgemm_("T", "N", &k, &k, &d, &one, basis, &d, image, &d, &zero, polish->rest, &k, 1, 1);
    free(image);
    double mean = 0.0;
    for (int j = 0; j < k; j++) {
        const double value = polish->rest[(size_t)j * ((size_t)k + 1)];
        mean += (j < k - negative ? value : -value) / k;
    }
    for (int i = 0; i < k * k; i++) {
        polish->rest[i] = -polish->rest[i];
    }
    for (int j = 0; j < k; j++) {
        polish->rest[(size_t)j * ((size_t)k + 1)] += j < k - negative ? mean : -mean;
    }
}

/* Collective.  v += the change; basis [d x k] are orthonormal columns. */
static void polish_vector(Pass *pass, const PassPlan *plan, const double basis[])
{
    const int k = plan->rank;
    const size_t square = (size_t)k * (size_t)k;
    int rank;
    MPI_Comm_rank(pass->team, &rank);
    Polish polish = {.pass = pass, .k = k};
    polish.direction = checked_alloc(square, sizeof *polish.direction);
    polish.direction_single = checked_alloc(square, sizeof *polish.direction_single);
    polish.rest = checked_alloc(rank == 0 ? square : 0, sizeof *polish.rest);
    polish.outputs = checked_alloc((size_t)pass->data->rows, sizeof *polish.outputs);
    round_to_single(basis, (size_t)pass->data->dimension * (size_t)k, pass->factor_single);
    double left = 0.0;
    if (rank == 0) {
        find_rest(&polish, plan->negative, basis);
        memcpy(polish.direction, polish.rest, square * sizeof *polish.rest);
        left = interior_dot(polish.rest, polish.rest, square);
    }
    const double goal = left_over * left_over * left;
    for (int count = 0; count < STEPS && step(&polish, &left, goal); count++) {
    }
    free(polish.direction);
    free(polish.direction_single);
    free(polish.rest);
    free(polish.outputs);
}

/* ---- pass ------------------------------------------------------------------------------- */

/* Columns of the factor, of length 1, into work->matrix. */
static void take_basis(TrainingWork *work)
{
    const size_t d = (size_t)work->d;
    for (size_t k = 0; k < (size_t)work->progress.plan.rank; k++) {
        const double *column = work->factor + k * d;
        const double length = sqrt(interior_dot(column, column, d));
        for (size_t i = 0; i < d; i++) {
            work->matrix[i + k * d] = column[i] / length;
        }
    }
}

/* Collective.  The pass that leaves v as it is; its sums are those of the new network. */
static void follow_polished(TrainingWork *work)
{
    PassPlan plan = work->progress.plan;
    plan.residual_share = 0.0;
    plan.previous_share = 1.0;
    memset(plan.share, 0, sizeof plan.share);
    plan.share[plan.slot] = 1.0;
    work->progress.sums = pass_run(&work->pass, &plan, work->factor);
    training_count(&work->progress);
}

bool polish_pass(TrainingWork *work, double before[])
{
    Progress *progress = &work->progress;
    PassPlan *plan = &progress->plan;
    plan->single = 0;
    progress->tried = progress->gap;
    MPI_Bcast(plan, sizeof *plan, MPI_BYTE, 0, work->team);
    memcpy(before, work->pass.vector, (size_t)work->data->rows * sizeof *before);
    if (plan->rank == 0) {
        return false;
    }
    MPI_Bcast(work->factor, work->d * plan->rank, MPI_DOUBLE, 0, work->team);
    take_basis(work);
    polish_vector(&work->pass, plan, work->matrix);
    follow_polished(work);
    return true;
}
