/* Ridge regression: F(theta) = |y - X theta|^2 + lambda |theta|^2 by one Cholesky factor of
 * X^T X + lambda a point (theory.md section 10).
 *
 * The rows are drawn once, a block at a time, summed into the Gram matrix and forgotten.  Sums
 * are about the teacher: with u = theta - theta* and e = y - X theta*, the labels' noise,
 *     (X^T X + lambda) u = X^T e - lambda theta*
 *     |y - X theta|^2 = |e|^2 - 2 u.X^T e + u.X^T X u
 * so that a small risk |u|^2 and a small residual keep their digits.  The duality gap of
 * theory.md section 8, relative to F, is here
 *     |lambda theta - X^T (y - X theta)|^2 / (lambda F),
 * the rest of the linear system.
 *
 * Without a truth the base is 0.  A team shares the rows; rank 0 alone has the sum and solves.
 */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"
#include "phasesweep/model/method_facts.h"
#include "phasesweep/model/model.h"
#include "phasesweep/numerics/lapack.h"
#include "phasesweep/training/trainer.h"
#include "checkpoint.h"
#include "network.h"
#include "risk_estimate.h"

static const int one_step = 1;
static const double unit = 1.0;

typedef struct RidgeWork {
    MPI_Comm team; /* borrowed */
    int rank, d;
    const Dataset *data; /* borrowed */
    Problem problem;     /* of the point */
    size_t blocks;       /* drawn so far */
    size_t most;         /* blocks of the rank that has most: so many steps draw them all */
    double *teacher;     /* [d] theta*, or 0 where nothing is known */
    /* of this rank's rows, in the end of all on rank 0 */
    double *gram;                    /* d x d, upper triangle */
    double *noise;                   /* [d] X^T e */
    double square;                   /* |e|^2 */
    double *factor;                  /* d x d, on rank 0 */
    double *theta;                   /* [d], on all ranks */
    double objective, residual, gap; /* F, |y - X theta|^2, on rank 0; gap NAN: no solution */
} RidgeWork;

/* ---- life ---------------------------------------------------------------------------- */

/* Rank 0 holds the Gram matrix and its factor, others their share of the sum. */
static size_t memory(const Problem *problem, int ranks, SampleStore store, double active)
{
    (void)store;  /* no row is used twice */
    (void)active; /* all are */
    SamplesSpec spec = samples_spec(problem);
    spec.store = STORE_NONE;
    const size_t d = (size_t)spec.dimension;
    return samples_memory(&spec, ranks) + 8 * (2 * d * d + 5 * d);
}

static void *create(MPI_Comm team, const Dataset *data, const Problem *problem,
                    const TrainerSettings *settings)
{
    (void)settings; /* one step a point has neither a limit nor a choice */
    RidgeWork *work = checked_alloc(1, sizeof *work);
    const size_t d = (size_t)data->dimension;
    work->team = team;
    work->data = data;
    work->problem = *problem;
    work->d = (int)d;
    MPI_Comm_rank(team, &work->rank);
    unsigned long most = dataset_blocks(data);
    MPI_Allreduce(MPI_IN_PLACE, &most, 1, MPI_UNSIGNED_LONG, MPI_MAX, team);
    work->most = most;
    work->gram = checked_alloc(d * d, sizeof *work->gram);
    work->noise = checked_alloc(d, sizeof *work->noise);
    work->theta = checked_alloc(d, sizeof *work->theta);
    work->teacher = checked_alloc(d, sizeof *work->teacher);
    network_vector_truth(data, work->teacher); /* 0 is as good a base */
    work->factor = work->rank == 0 ? checked_alloc(d * d, sizeof *work->factor) : NULL;
    return work;
}

static void release(void *state)
{
    RidgeWork *work = state;
    free(work->gram);
    free(work->noise);
    free(work->theta);
    free(work->teacher);
    free(work->factor);
    free(work);
}

/* A point is one step: what lasts from one to the next are the sums. */
static void list_state(void *state, StateVisitor *visitor)
{
    RidgeWork *work = state;
    const size_t d = (size_t)work->d;
    int ranks;
    MPI_Comm_size(work->team, &ranks);
    visit_match(visitor, &ranks, sizeof ranks);
    visit_common(visitor, &work->blocks, sizeof work->blocks);
    visit_shares(visitor, work->gram, d * d * sizeof(double));
    visit_shares(visitor, work->noise, d * sizeof(double));
    visit_shares(visitor, &work->square, sizeof work->square);
}

/* ---- data ---------------------------------------------------------------------------- */

/* e is made in place of the labels of the block. */
static void add_block(RidgeWork *work, const SampleBlock *block, double error[])
{
    const int d = work->d;
    const double minus = -1.0;
    memcpy(error, block->labels, (size_t)block->rows * sizeof *error);
    dgemv_("T", &d, &block->rows, &minus, block->features, &d, work->teacher, &one_step, &unit,
           error, &one_step, 1);
    dgemv_("N", &d, &block->rows, &unit, block->features, &d, error, &one_step, &unit,
           work->noise, &one_step, 1);
    dsyrk_("U", "N", &d, &block->rows, &unit, block->features, &d, &unit, work->gram, &d, 1, 1);
    for (int row = 0; row < block->rows; row++) {
        work->square += error[row] * error[row];
    }
}

static void sum_on_root(const RidgeWork *work, double v[], size_t count)
{
    MPI_Reduce(work->rank == 0 ? MPI_IN_PLACE : v, v, (int)count, MPI_DOUBLE, MPI_SUM, 0,
               work->team);
}

/* The next block of each rank; after the last the sums go to rank 0. */
static void draw(RidgeWork *work)
{
    const size_t d = (size_t)work->d;
    const size_t rows = (size_t)work->data->block_rows;
    if (work->blocks < dataset_blocks(work->data)) {
        double *buffer = checked_alloc(rows * (d + 1), sizeof *buffer);
        const SampleBlock block = dataset_block(work->data, work->blocks, buffer);
        add_block(work, &block, buffer + rows * d);
        free(buffer);
    }
    if (++work->blocks == work->most) {
        for (size_t column = 0; column < d; column++) {
            sum_on_root(work, work->gram + column * d, d);
        }
        sum_on_root(work, work->noise, d);
        sum_on_root(work, &work->square, 1);
    }
}

/* ---- solution ------------------------------------------------------------------------ */

/* u of the normal equations, in place of theta; false if the matrix has no Cholesky factor. */
static bool solve(RidgeWork *work, double lambda)
{
    const int d = work->d;
    int info;
    memcpy(work->factor, work->gram, (size_t)d * (size_t)d * sizeof *work->factor);
    for (int i = 0; i < d; i++) {
        work->factor[(size_t)i * (size_t)d + (size_t)i] += lambda;
        work->theta[i] = work->noise[i] - lambda * work->teacher[i];
    }
    dpotrf_("U", &d, work->factor, &d, &info, 1);
    dtrsv_("U", "T", "N", &d, work->factor, &d, work->theta, &one_step, 1, 1, 1);
    dtrsv_("U", "N", "N", &d, work->factor, &d, work->theta, &one_step, 1, 1, 1);
    return info == 0;
}

/* F and its gap from u, which becomes theta. */
static void judge(RidgeWork *work, double lambda)
{
    const int d = work->d;
    const double zero = 0.0;
    double *image = checked_alloc((size_t)d, sizeof *image); /* X^T X u */
    dsymv_("U", &d, &unit, work->gram, &d, work->theta, &one_step, &zero, image, &one_step, 1);
    double residual = work->square;
    double penalty = 0.0;
    double rest = 0.0;
    for (int i = 0; i < d; i++) {
        const double u = work->theta[i];
        work->theta[i] += work->teacher[i];
        const double gradient = work->noise[i] - image[i] - lambda * work->theta[i];
        residual += u * (image[i] - 2.0 * work->noise[i]);
        penalty += lambda * work->theta[i] * work->theta[i];
        rest += gradient * gradient;
    }
    free(image);
    work->residual = fmax(residual, 0.0);
    work->objective = work->residual + penalty;
    work->gap = rest / lambda / work->objective;
}

static void begin(void *state, const Problem *problem)
{
    RidgeWork *work = state;
    assert(problem->weight_decay > 0.0);
    work->problem = *problem;
}

static bool advance(void *state)
{
    RidgeWork *work = state;
    if (work->blocks < work->most) {
        draw(work);
        return true;
    }
    if (work->rank == 0) {
        work->gap = NAN;
        if (solve(work, work->problem.weight_decay)) {
            judge(work, work->problem.weight_decay);
        }
    }
    MPI_Bcast(work->theta, work->d, MPI_DOUBLE, 0, work->team);
    return false;
}

/* ---- report -------------------------------------------------------------------------- */

/* Trace of the hat matrix X (X^T X + lambda)^-1 X^T = d - lambda |R^-1|_F^2, R the factor,
 * which is destroyed; NAN if LAPACK failed. */
static double freedom(RidgeWork *work)
{
    const int d = work->d;
    const double lambda = work->problem.weight_decay;
    int info;
    dtrtri_("U", "N", &d, work->factor, &d, &info, 1, 1);
    double square = 0.0;
    for (size_t column = 0; column < (size_t)d; column++) {
        for (size_t row = 0; row <= column; row++) {
            const double entry = work->factor[row + column * (size_t)d];
            square += entry * entry;
        }
    }
    return info == 0 ? fmax(d - lambda * square, 0.0) : NAN;
}

/* At the minimum X^T r = lambda theta. */
static void estimate(RidgeWork *work, Observed *observed)
{
    const double lambda = work->problem.weight_decay;
    estimate_vector(&work->problem, &work->data->moments, freedom(work),
                    lambda * lambda * observed->overlap_q, observed);
}

static void observe(void *state, Observed *observed, double spectrum[], double overlaps[])
{
    RidgeWork *work = state;
    observed->outcome = OUTCOME_FAILED;
    observed->iterations = observed->evaluations = 1;
    observed->factorisations = 1;
    for (int j = 0; j < work->d; j++) {
        overlaps[j] = NAN;
    }
    if (work->rank == 0 && isfinite(work->gap)) {
        observed->outcome =
            work->gap <= work->problem.tolerance ? OUTCOME_CONVERGED : OUTCOME_NOT_CONVERGED;
        observed->gap = work->gap;
        observed->objective = work->objective;
        observed->train_loss = work->residual / (double)work->data->samples;
        network_observe_vector(work->data, NULL, work->theta, observed, spectrum);
        estimate(work, observed);
    }
    network_share(work->team, work->d, observed, spectrum, overlaps);
}

static Network network(const void *state)
{
    return (Network){.theta = ((const RidgeWork *)state)->theta};
}

static bool accepts(const Problem *problem)
{
    return model_has(problem->model, TRAIT_SQUARED) &&
           !method_facts(problem->method)->passes_messages;
}

/* The sums are those of the first point; each has a factor of its own and, to estimate its
 * error, the inverse of that, on small matrices slower than products.  A core of 33 GF/s takes
 * .4 s for 10^4 rows at d = 1000, .1 s for 8000 at 400, drawing among it, and 25 and 3 ms for
 * the rest. */
static const double slow_side = 600.0;

static TrainerPrice price(const Problem *problem, double active)
{
    (void)active;
    const double n = problem->samples;
    const double d = problem->dimension;
    return (TrainerPrice){.first = 1,
                          .next = 1,
                          .eigen = d * d * (d + slow_side) / 1.5,
                          .words = d * d,
                          .rate = 3e10,
                          .once = n * d * d};
}

const Trainer trainer_ridge = {.name = "ridge",
                               .accepts = accepts,
                               .reads_once = true,
                               .create = create,
                               .release = release,
                               .begin = begin,
                               .advance = advance,
                               .observe = observe,
                               .network = network,
                               .state = list_state,
                               .price = price,
                               .memory = memory};
