/* The quadratic network trained to its global minimum, with a proof, on matrices that no rank
 * holds whole: the iteration, the certificate and the precisions of convex/training.c, on teams
 * whose memory, or whose matrices, ask for it.
 *
 * The ranks are a grid as square as can be and every d x d matrix is spread over it in blocks:
 * M and then S, its eigenvectors and then B, each whole; what the iteration remembers as
 * vectors of lower triangles (lower_triangle.h).  The eigenvalues, d numbers, are on every
 * rank. All numbers that decide are the same on all ranks, and all decide alike.
 *
 * Bytes a rank: 8 c d^2/P with c = 8.75 at most (spread_memory counts it up); a panel of
 * samples on each node, this rank's part of it, and its share of labels and dual vectors.
 */
#include <assert.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/model/features.h"
#include "phasesweep/base/check.h"
#include "phasesweep/model/method_facts.h"
#include "phasesweep/model/model.h"
#include "checkpoint.h"
#include "convex/training_price.h"
#include "convex/training_state.h"
#include "matrix_threshold.h"
#include "network.h"
#include "risk_estimate.h"
#include "saved_grid.h"
#include "spread_pass.h"

/* Side of the blocks, and how many a rank should have of a row for its share to be even.  A
 * larger block is not faster and leaves more to the rank that has most: at d = 2400 on 8 ranks
 * 64 takes 5 % more memory than 40. */
enum { BLOCK_MOST = 40, BLOCK_LEAST = 4, BLOCKS_A_RANK = 6 };

typedef struct SpreadWork {
    MPI_Comm team; /* borrowed */
    int d;
    Problem problem; /* in hand */
    TrainerSettings settings;
    const Dataset *data; /* borrowed */
    ProcessGrid grid;
    DistMatrix matrix;  /* M, then S, folded (lower_triangle.h) */
    DistMatrix vectors; /* eigenvectors; B of a pass; what a certificate decomposes */
    LowerTriangle triangle;
    double *gram; /* [triangle.entries] B; owned, as below */
    SpreadPass pass;
    Descent descent;
    Progress progress; /* the same on all ranks, as all below */
    int limit;         /* passes of the point */
    Outcome outcome;
    double *values;              /* [d] eigenvalues, ascending */
    double *spectrum, *overlaps; /* [d] of S, as Trainer.observe wants them */
    bool started;                /* there is an iterate */
} SpreadWork;

/* ---- memory ------------------------------------------------------------------------------ */

static int block_of(int d, int places)
{
    const int even = d / (places * BLOCKS_A_RANK) / 4 * 4;
    return even < BLOCK_LEAST ? BLOCK_LEAST : even > BLOCK_MOST ? BLOCK_MOST : even;
}

/* Matrix and vectors; gram, base, blends and moves, of half the size; while eigenvectors are
 * made their share of the tridiagonal ones, and a part of it again.  SIZE_MAX: no team of this
 * size can. */
static size_t spread_memory(const Problem *problem, int ranks, SampleStore store, double active)
{
    (void)active;
    SamplesSpec spec = samples_spec(problem);
    spec.store = store;
    int grid_rows;
    int grid_columns;
    process_grid_shape(ranks, &grid_rows, &grid_columns);
    const int d = spec.dimension;
    const int block = block_of(d, grid_columns);
    const int rows = dist_matrix_count(d, block, 0, grid_rows);
    const int columns = dist_matrix_count(d, block, 0, grid_columns);
    const size_t entries = (size_t)rows * (size_t)columns;
    const size_t halves = (2 + 2 * HISTORY) * lower_triangle_most(rows, columns, block);
    const size_t shares = 5 * (size_t)d * ((size_t)d / (size_t)ranks + 1) / 4;
    return entries >= DIST_MATRIX_MOST
               ? SIZE_MAX
               : samples_memory(&spec, ranks) +
                     spread_pass_memory(d, spec.samples, ranks, rows, columns) +
                     8 * (2 * entries + halves + shares);
}

static void adopt(SpreadWork *work, const Problem *problem)
{
    work->problem = *problem;
    work->descent.weight = problem_nuclear_weight(problem);
}

static void *spread_create(MPI_Comm team, const Dataset *data, const Problem *problem,
                           const TrainerSettings *settings)
{
    /* a rotation is d x d on every rank, and only the diagonal of Sigma is looked at */
    assert(!problem->rotated && !features_are_correlated(problem));
    SpreadWork *work = checked_alloc(1, sizeof *work);
    const size_t d = (size_t)problem->dimension;
    work->team = team;
    work->d = (int)d;
    work->settings = *settings;
    work->outcome = OUTCOME_RUNNING;
    work->limit = training_limit(&work->settings);
    work->data = data;
    work->grid = process_grid_create(team);
    const int block = block_of(work->d, work->grid.columns);
    work->matrix = dist_matrix_zeros(&work->grid, work->d, work->d, block);
    work->vectors = dist_matrix_zeros(&work->grid, work->d, work->d, block);
    work->triangle = lower_triangle_create(&work->matrix);
    work->gram = checked_alloc(work->triangle.entries, sizeof(double));
    work->pass = spread_pass_create(team, data, &work->matrix, &work->triangle);
    work->descent = descent_create(work->d, problem->samples, team, work->triangle.entries);
    work->values = checked_alloc(d, sizeof(double));
    work->spectrum = checked_alloc(d, sizeof(double));
    work->overlaps = checked_alloc(d, sizeof(double));
    adopt(work, problem);
    return work;
}

static void spread_release(void *state)
{
    SpreadWork *work = state;
    descent_free(&work->descent);
    spread_pass_free(&work->pass);
    free(work->gram);
    lower_triangle_free(&work->triangle);
    dist_matrix_free(&work->matrix);
    dist_matrix_free(&work->vectors);
    process_grid_free(&work->grid);
    free(work->values);
    free(work->spectrum);
    free(work->overlaps);
    free(work);
}

/* A vector of the triangle; `saved` is the grid that it was saved on. */
static void visit_vector(SpreadWork *work, StateVisitor *visitor, const SavedGrid *saved,
                         double vector[])
{
    if (visit_loading(visitor) && !saved_grid_is(saved, &work->matrix)) {
        saved_grid_fetch(saved, visitor, &work->matrix, &work->triangle, vector);
    } else {
        visit_shares(visitor, vector, work->triangle.entries * sizeof(double));
    }
}

/* The network takes the place of the oldest blend, which the next step overwrites. */
static void spread_state(void *state, StateVisitor *visitor)
{
    SpreadWork *work = state;
    Descent *descent = &work->descent;
    const size_t column = (size_t)work->d * sizeof(double);
    const size_t rows = (size_t)work->data->rows * sizeof(double);
    SavedGrid saved = saved_grid_of(&work->matrix);
    visit_match(visitor, &work->d, sizeof work->d);
    visit_common(visitor, &saved, sizeof saved);
    visit_common(visitor, &work->started, sizeof work->started);
    visit_common(visitor, &work->progress, sizeof work->progress);
    visit_common(visitor, &descent->state, sizeof descent->state);
    visit_common(visitor, work->spectrum, column);
    visit_common(visitor, work->overlaps, column);
    double *network = descent_room(descent);
    if (!visit_loading(visitor)) {
        lower_triangle_pack(&work->triangle, &work->matrix, 1.0, network);
    }
    visit_vector(work, visitor, &saved, work->gram);
    visit_vector(work, visitor, &saved, descent->base);
    visit_shares(visitor, work->pass.vector, rows);
    for (int k = 0; k < HISTORY; k++) {
        visit_vector(work, visitor, &saved, descent->blend[k]);
        visit_vector(work, visitor, &saved, descent->move[k]);
        visit_shares(visitor, work->pass.memory[k], rows);
    }
    if (visit_loading(visitor)) {
        memset(work->matrix.local, 0, dist_matrix_entries(&work->matrix) * sizeof(double));
        lower_triangle_unpack(&work->triangle, network, 0.0, network, 1.0, &work->matrix);
    }
}

/* ---- spread matrices --------------------------------------------------------------------- */

static double sum_over(const SpreadWork *work, double x)
{
    MPI_Allreduce(MPI_IN_PLACE, &x, 1, MPI_DOUBLE, MPI_SUM, work->team);
    return x;
}

/* The diagonal of the network, with weights [d]; NULL: all 1. */
static double weighted_trace(const SpreadWork *work, const double weight[])
{
    const DistMatrix *s = &work->matrix;
    double sum = 0.0;
    for (int column = 0; column < s->local_columns; column++) {
        const int row = lower_triangle_diagonal(&work->triangle, s, column);
        const int j =
            dist_matrix_global(column, s->block, work->grid.column, work->grid.columns);
        if (row >= 0) {
            sum += (weight != NULL ? weight[j] : 1.0) *
                   s->local[row + (size_t)column * (size_t)s->local_rows];
        }
    }
    return sum_over(work, sum);
}

/* |S~ - S~*|^2 where the data are isotropic, entry by entry, which keeps its digits when S~ is
 * close to S~* = diag(teacher); NULL: 0. */
static double distance(const SpreadWork *work, const double teacher[])
{
    const DistMatrix *s = &work->matrix;
    double sum = 0.0;
    for (int column = 0; column < s->local_columns; column++) {
        const double *x = s->local + (size_t)column * (size_t)s->local_rows;
        const int diagonal = lower_triangle_diagonal(&work->triangle, s, column);
        const int j =
            dist_matrix_global(column, s->block, work->grid.column, work->grid.columns);
        for (int row = work->triangle.start[column]; row < s->local_rows; row++) {
            const int i = dist_matrix_global(row, s->block, work->grid.row, work->grid.rows);
            const double entry = covariance_deviation(&work->data->covariance, i) *
                                 covariance_deviation(&work->data->covariance, j) * x[row];
            const double target = teacher == NULL ? 0.0 : teacher[j];
            /* below the diagonal S is there twice, folded into one entry */
            const double error = row == diagonal ? entry - target : M_SQRT1_2 * entry;
            sum += error * error;
        }
    }
    return sum_over(work, sum);
}

/* Tr S~ S~*. */
static double overlap_with(const SpreadWork *work, const double teacher[])
{
    double *weight = checked_alloc((size_t)work->d, sizeof *weight);
    for (int i = 0; i < work->d; i++) {
        weight[i] = covariance_variance(&work->data->covariance, i) * teacher[i];
    }
    const double overlap = weighted_trace(work, weight);
    free(weight);
    return overlap;
}

/* What features that are not Gaussian add to the risk of predictions (network.h). */
static double kurtosis_risk(const SpreadWork *work, const Truth *truth)
{
    const DistMatrix *s = &work->matrix;
    double sum = 0.0;
    for (int column = 0; column < s->local_columns && truth->kurtosis != 0.0; column++) {
        const int row = lower_triangle_diagonal(&work->triangle, s, column);
        const int j =
            dist_matrix_global(column, s->block, work->grid.column, work->grid.columns);
        if (row >= 0) {
            const double error = covariance_variance(&work->data->covariance, j) *
                                     s->local[row + (size_t)column * (size_t)s->local_rows] -
                                 truth->teacher[j];
            sum += error * error;
        }
    }
    sum = sum_over(work, sum);
    return sum == 0.0 ? 0.0 : truth->kurtosis * sum / work->d;
}

/* From eigenvectors of M to those of S, times the roots of its eigenvalues w - b; what is to be
 * reported of them. */
static void scale_vectors(SpreadWork *work, double b, int rank)
{
    const DistMatrix *z = &work->vectors;
    const size_t d = (size_t)work->d;
    memset(work->overlaps, 0, d * sizeof(double));
    memset(work->spectrum, 0, d * sizeof(double));
    for (int k = 0; k < rank; k++) {
        work->spectrum[k] = work->values[work->d - 1 - k] - b;
    }
    for (int column = 0; column < z->local_columns; column++) {
        const int j =
            dist_matrix_global(column, z->block, work->grid.column, work->grid.columns);
        const int k = work->d - 1 - j; /* the teacher's k-th vector is the k-th of the basis */
        if (k >= rank) {
            continue;
        }
        double *x = z->local + (size_t)column * (size_t)z->local_rows;
        if (k / z->block % work->grid.rows == work->grid.row) {
            const double overlap =
                x[dist_matrix_count(k, z->block, work->grid.row, work->grid.rows)];
            work->overlaps[k] = overlap * overlap;
        }
        const double root = sqrt(work->spectrum[k]);
        for (int row = 0; row < z->local_rows; row++) {
            x[row] *= root;
        }
    }
    MPI_Allreduce(MPI_IN_PLACE, work->overlaps, work->d, MPI_DOUBLE, MPI_SUM, work->team);
}

/* Reduce `a`, which must be finite, to its eigenvalues, in values; NULL if that failed.  CPUs
 * of two kinds may differ in the last digit: rank 0's count. */
static DistReduction *decompose(SpreadWork *work, DistMatrix *a)
{
    DistReduction *reduction = dist_matrix_reduce(a);
    int good = dist_matrix_eigenvalues(reduction, work->values) == OUTCOME_CONVERGED;
    MPI_Bcast(&good, 1, MPI_INT, 0, work->team);
    MPI_Bcast(work->values, work->d, MPI_DOUBLE, 0, work->team);
    if (!good) {
        dist_matrix_reduction_free(reduction);
        return NULL;
    }
    return reduction;
}

/* ---- what comes next --------------------------------------------------------------------- */

/* B, to be decomposed. */
static DistMatrix *unpacked_gram(SpreadWork *work)
{
    lower_triangle_unpack(&work->triangle, work->gram, 0.0, work->gram, M_SQRT1_2,
                          &work->vectors);
    return &work->vectors;
}

/* The largest eigenvalue of B; NAN: there is none. */
static double largest_of_gram(SpreadWork *work)
{
    /* ScaLAPACK may not come back from what is not finite */
    if (!training_finite(&work->progress)) {
        return NAN;
    }
    DistReduction *reduction = decompose(work, unpacked_gram(work));
    if (reduction == NULL) {
        return NAN;
    }
    dist_matrix_reduction_free(reduction);
    return work->values[work->d - 1];
}

/* Collective.  Refresh the gap, where it may be small enough to matter. */
static void certify(SpreadWork *work)
{
    const double ceiling = training_ceiling(&work->progress, &work->problem, work->limit);
    if (ceiling < INFINITY && !dist_matrix_below(unpacked_gram(work), ceiling)) {
        training_postpone(&work->progress, &work->problem);
    } else {
        training_certify(&work->progress, &work->problem, largest_of_gram(work));
    }
}

/* Collective.  The end of this point, if it is reached. */
static bool ends(SpreadWork *work)
{
    if (training_unproved(&work->progress, &work->problem, work->limit)) {
        certify(work);
    }
    work->outcome =
        training_outcome(&work->progress, &work->descent, work->problem.tolerance, work->limit);
    return work->outcome != OUTCOME_RUNNING;
}

/* ---- the iteration ----------------------------------------------------------------------- */

/* Collective.  The pass that is planned. */
static void follow(SpreadWork *work)
{
    Progress *progress = &work->progress;
    const bool alike = progress->plan.single == progress->single;
    progress->plan.single = progress->single;
    progress->sums =
        spread_pass_run(&work->pass, &progress->plan, &work->matrix, &work->vectors);
    lower_triangle_pack(&work->triangle, &work->vectors, M_SQRT2, work->gram);
    training_count(progress);
    if (alike) { /* between precisions |v - r| is their rounding */
        descent_curvature(&work->descent, progress->sums.move);
    }
}

/* Collective.  One step of the iteration; false if the eigensolver failed. */
static bool step(SpreadWork *work)
{
    PassPlan *plan = &work->progress.plan;
    Descent *descent = &work->descent;
    lower_triangle_unpack(&work->triangle, descent->base, descent_scale(descent), work->gram,
                          M_SQRT1_2, &work->matrix);
    DistReduction *reduction = decompose(work, &work->matrix);
    if (reduction == NULL) {
        return false;
    }
    double b = descent_threshold(descent, work->values, plan);
    MPI_Bcast(&b, 1, MPI_DOUBLE, 0, work->team);
    plan->rank = threshold_active(work->values, work->d, b);
    const Outcome outcome = dist_matrix_eigenvectors(reduction, plan->rank, &work->vectors);
    dist_matrix_reduction_free(reduction);
    if (outcome != OUTCOME_CONVERGED) {
        return false;
    }
    scale_vectors(work, b, plan->rank);
    dist_matrix_square(&work->vectors, plan->rank, &work->matrix);
    plan->trace = weighted_trace(work, NULL);
    lower_triangle_pack(&work->triangle, &work->matrix, M_SQRT2, descent_room(descent));
    lower_triangle_fold(&work->triangle, &work->matrix);
    descent_take(descent, b, plan);
    follow(work);
    return true;
}

static void forget_network(SpreadWork *work)
{
    const size_t d = (size_t)work->d;
    training_forget_network(&work->progress);
    memset(work->matrix.local, 0, dist_matrix_entries(&work->matrix) * sizeof(double));
    memset(work->spectrum, 0, d * sizeof(double));
    memset(work->overlaps, 0, d * sizeof(double));
}

/* Collective.  Message passing makes no progress: the gradient from the network in hand, or
 * from S = 0 if that is better.  Folded, its entries below the diagonal are twice, in a vector
 * sqrt(2) times, those of S. */
static void give_up(SpreadWork *work)
{
    if (training_worse_than_zero(&work->progress, work->d, work->descent.weight)) {
        forget_network(work);
    }
    lower_triangle_pack(&work->triangle, &work->matrix, M_SQRT1_2, work->descent.base);
    descent_turn(&work->descent, &work->progress.plan);
    follow(work);
}

/* Collective.  S = 0, v = y. */
static void begin_at_zero(SpreadWork *work)
{
    const size_t rows = (size_t)work->data->rows;
    memset(work->pass.vector, 0, rows * sizeof(double));
    for (int k = 0; k < HISTORY; k++) {
        memset(work->pass.memory[k], 0, rows * sizeof(double));
    }
    forget_network(work);
    memset(work->descent.base, 0, work->triangle.entries * sizeof(double));
    const int single = work->progress.single;
    work->progress.single = 0;
    work->progress.plan = (PassPlan){.residual_share = 1.0, .share = {1.0}};
    follow(work);
    work->progress.single = single;
    work->progress.at_zero = training_objective(&work->progress, work->d, 0.0);
    work->started = true;
}

static void spread_begin(void *state, const Problem *problem)
{
    SpreadWork *work = state;
    adopt(work, problem);
    work->outcome = OUTCOME_RUNNING;
    work->limit = training_limit(&work->settings);
    training_begin(&work->progress, &work->settings);
    descent_restart(&work->descent, work->settings.gradient_only);
    if (!work->started) {
        begin_at_zero(work);
    }
}

/* In this order: the end, which frees the team; a change of precision or rule; a step. */
static bool spread_advance(void *state)
{
    SpreadWork *work = state;
    if (ends(work)) {
        return false;
    }
    training_refine(&work->progress, &work->descent, work->problem.tolerance, work->limit);
    if (descent_stuck(&work->descent)) {
        give_up(work);
    } else if (!step(work)) {
        work->outcome = OUTCOME_FAILED;
    }
    return work->outcome != OUTCOME_FAILED;
}

/* The last pass must be in double precision. */
static void spread_hurry(void *state)
{
    SpreadWork *work = state;
    work->limit = work->progress.iterations + (work->progress.single != 0);
}

/* ---- what is seen of it ------------------------------------------------------------------ */

static Network spread_network(const void *state)
{
    const SpreadWork *work = state;
    return (Network){.columns = work->progress.plan.rank};
}

/* Collective.  The error of the network of the last pass, by the eigenvalues of its B. */
static void estimate(SpreadWork *work, Observed *observed)
{
    if (!isnan(largest_of_gram(work))) {
        training_dual(&work->progress, work->d, work->descent.weight, work->values);
        estimate_matrix(&work->problem, &work->data->moments, work->progress.plan.rank,
                        work->spectrum, work->values, observed);
    }
}

/* Collective. */
static void observe(SpreadWork *work, Observed *observed, double spectrum[], double overlaps[])
{
    const Truth *truth = work->data->truth;
    const Progress *progress = &work->progress;
    const double d = work->d;
    double square = 0.0;
    for (int k = 0; k < work->d; k++) {
        square += work->spectrum[k] * work->spectrum[k];
        spectrum[k] = work->spectrum[k];
        overlaps[k] = truth != NULL ? work->overlaps[k] : NAN;
    }
    observed->gap = progress->gap;
    observed->objective = training_objective(progress, work->d, work->descent.weight);
    observed->train_loss = progress->sums.residual / work->problem.samples;
    observed->smoothness = work->descent.state.smoothness;
    observed->rank = progress->plan.rank;
    observed->trace = progress->plan.trace / d;
    observed->overlap_q =
        (dataset_is_isotropic(work->data) ? square : distance(work, NULL)) / d;
    if (truth != NULL) {
        observed->overlap_m = overlap_with(work, truth->teacher) / d;
        observed->risk = distance(work, truth->teacher) / d;
        observed->prediction_risk = 2.0 * observed->risk + kurtosis_risk(work, truth);
        /* without an eigenvector there is none to overlap */
        observed->feature_overlap = progress->plan.rank > 0 ? overlaps[0] : NAN;
    }
    estimate(work, observed);
}

static void spread_observe(void *state, Observed *observed, double spectrum[],
                           double overlaps[])
{
    SpreadWork *work = state;
    observed->outcome = work->outcome;
    observed->iterations = observed->evaluations = work->progress.iterations;
    if (work->outcome != OUTCOME_FAILED) {
        observe(work, observed, spectrum, overlaps);
    }
    network_share(work->team, work->d, observed, spectrum, overlaps);
    /* after a failure the iterate is of no use to the next point */
    work->started = observed->outcome != OUTCOME_FAILED;
}

static bool spread_accepts(const Problem *problem)
{
    return model_has(problem->model, TRAIT_MATRIX) &&
           !method_facts(problem->method)->passes_messages;
}

/* Rows are made, or copied, once on each node. */
static TrainerPrice price(const Problem *problem, double active)
{
    TrainerPrice price = training_price(problem, active);
    price.words = problem->dimension;
    return price;
}

const Trainer trainer_spread = {.name = "spread",
                                .accepts = spread_accepts,
                                .create = spread_create,
                                .release = spread_release,
                                .begin = spread_begin,
                                .advance = spread_advance,
                                .hurry = spread_hurry,
                                .observe = spread_observe,
                                .network = spread_network,
                                .state = spread_state,
                                .price = price,
                                .memory = spread_memory};
