#include "training_newton.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"
#include "phasesweep/base/wall_clock.h"
#include "phasesweep/model/features.h"
#include "interior_system.h"
#include "kernels.h"
#include "tangent.h"
#include "training_follow.h"

/* Steps of the descent in which the rank has not changed, twice as many after each failure, and
 * more of message passing, which where it is fast has come to its end by then; and their length
 * relative to S. */
enum { STEADY = 6, STEADY_MESSAGE = 30, FAILURES_MOST = 10 };
static const double move_most = 0.01;

/* Directions a sample from which on the loss alone does not tell them: such trainings are slow
 * to the end, and 800 sweeps at d = 100, n = 2500, lt = .0025 were seven times what message
 * passing takes. */
static const double crowded = 0.8;

/* Of d, the largest rank: there a step of conjugate gradients takes a fifth more than a pass.
 */
static const double widest = 0.75;

/* What is left of the right side, steps for it, and passes around them. */
static const double left_over = 0.1;
enum { STEPS = 24, PASSES = 7 };

/* Seconds after which it is given up where a stop is due, to be made again from its beginning:
 * what takes less is finished, for else it might never be. */
static const double long_step = 10.0;

/* Shares of the step that are tried, each times `shrinks` the one before; what counts as a
 * success; and of the tolerance, the relative decrease of F that does. */
static const double shrinks = 0.3;
static const double least_share = 0.05;
static const double good_share = 0.3;
static const double worth = 0.01;

/* Rows that message passing is made for have no need of it. */
static bool possible(const Problem *problem)
{
    return problem->data != 0.0 || problem->features != FEATURES_GAUSSIAN ||
           !features_are_isotropic(problem);
}

/* Numbers of the loss alone: a linear unit has used up d + 1 samples. */
static double free_samples(const Problem *problem)
{
    const double used = problem->linear_unit ? problem->dimension + 1.0 : 0.0;
    return crowded * (problem->samples - used);
}

/* Images of the rows, what tangent.h and conjugate gradients hold, outputs. */
size_t newton_memory(const Problem *problem, int ranks, SampleStore store)
{
    const double d = problem->dimension;
    const double rows = problem->samples / ranks + SAMPLES_QUANTUM;
    const double rank = fmin(widest * d, 2.0 * fmax(free_samples(problem), 0.0) / d);
    const bool never = !possible(problem) || store == STORE_NONE;
    return never ? 0 : (size_t)(rank * (4.0 * rows + 120.0 * d) + 8.0 * rows);
}

void newton_watch(Progress *progress)
{
    const PassPlan *plan = &progress->plan;
    const bool same =
        plan->rank == progress->steady_rank && plan->negative == progress->steady_negative;
    progress->steady = same ? progress->steady + 1 : 0;
    progress->steady_rank = plan->rank;
    progress->steady_negative = plan->negative;
}

static int patience(const TrainingWork *work)
{
    const int failures =
        work->progress.failures < FAILURES_MOST ? work->progress.failures : FAILURES_MOST;
    const bool message = work->descent.state.rule == RULE_MESSAGE;
    return (message ? STEADY_MESSAGE : STEADY) << failures;
}

static bool has_room(const TrainingWork *work)
{
    return work->progress.iterations + STEPS + PASSES <= work->limit;
}

bool newton_due(const TrainingWork *work)
{
    const Progress *progress = &work->progress;
    const TrainerSettings *settings = &work->settings;
    const bool kept = work->data->kept || work->data->rounded != NULL;
    const double rank = progress->plan.rank;
    const double directions = rank * (work->d - 0.5 * rank);
    return possible(&work->problem) && kept && settings->convex == CONVEX_AUTO &&
           !settings->gradient_only && rank > 0.0 && rank <= widest * work->d &&
           directions < free_samples(&work->problem) && progress->steady >= patience(work) &&
           descent_relative_move(&work->descent) <= move_most && has_room(work);
}

bool newton_pending(TrainingWork *work)
{
    if (!has_room(work)) {
        work->progress.pending = 0;
    }
    return work->progress.pending;
}

/* ---- second derivative of the loss ------------------------------------------------------- */

/* Vectors of conjugate gradients are d x k and on rank 0; owned as all that follow. */
typedef struct Newton {
    TrainingWork *work; /* borrowed */
    Tangent tangent;    /* on all ranks */
    double weight;      /* c = lt d/2 */
    double *step;       /* what is done */
    double *rest;       /* right side minus what that makes */
    double *direction;  /* P */
    double *scratch;
    double *before;  /* the factor of the network */
    double *half;    /* X of P, on all ranks */
    double *image;   /* d x k and a sum behind it, on all ranks; what P makes on rank 0 */
    double *spread;  /* d x k, Sigma U, on all ranks */
    double *outputs; /* [rows] A(P) */
    float *images;   /* [rows * k] U^T x of this rank's rows, block by block */
} Newton;

static size_t place_of(const Newton *newton, const SampleBlock *block)
{
    return (size_t)block->offset * (size_t)newton->tangent.k;
}

/* Block b in single precision, pass.block_single. */
static SampleBlock read_block(const Newton *newton, size_t b)
{
    const Pass *pass = &newton->work->pass;
    const SampleBlock block = dataset_block(pass->data, b, pass->block);
    round_to_single(block.features, (size_t)block.rows * (size_t)newton->tangent.d,
                    pass->block_single);
    return block;
}

/* On all ranks. */
static void keep_images(Newton *newton)
{
    const Tangent *tangent = &newton->tangent;
    Pass *pass = &newton->work->pass;
    round_to_single(tangent->basis, tangent_entries(tangent), pass->factor_single);
    for (size_t b = 0; b < dataset_blocks(pass->data); b++) {
        const SampleBlock block = read_block(newton, b);
        kernels_single.project(tangent->d, tangent->k, block.rows, pass->factor_single,
                               pass->block_single, newton->images + place_of(newton, &block));
    }
}

/* Collective.  outputs = sqrt(d) A(H) of all rows, H by its half: 2 (U^T x).(X^T x) less the
 * mean, or less what a linear unit takes of it. */
static void forward(Newton *newton)
{
    const Tangent *tangent = &newton->tangent;
    Pass *pass = &newton->work->pass;
    LinearUnit *unit = pass->unit;
    const size_t entries = tangent_entries(tangent);
    const double mean = 2.0 * interior_dot(newton->spread, newton->half, entries);
    round_to_single(newton->half, entries, pass->factor_single);
    if (unit != NULL) {
        linear_unit_begin(unit);
    }
    for (size_t b = 0; b < dataset_blocks(pass->data); b++) {
        const SampleBlock block = read_block(newton, b);
        double *out = newton->outputs + block.offset;
        kernels_single.project(tangent->d, tangent->k, block.rows, pass->factor_single,
                               pass->block_single, pass->product_single);
        memset(out, 0, (size_t)block.rows * sizeof *out);
        kernels_single.add_products(tangent->k, block.rows,
                                    newton->images + place_of(newton, &block),
                                    pass->product_single, out);
        for (int row = 0; row < block.rows; row++) {
            out[row] = 2.0 * out[row] - mean;
        }
        if (unit != NULL) {
            linear_unit_add(unit, &block, out);
        }
    }
    if (unit != NULL) {
        linear_unit_solve(unit, 1.0, 0.0);
    }
}

/* On all ranks.  image = sum over this rank's rows of v x (U^T x)^T, and behind it that of v; v
 * = outputs. */
static void backward(Newton *newton)
{
    const Tangent *tangent = &newton->tangent;
    const size_t entries = tangent_entries(tangent);
    Pass *pass = &newton->work->pass;
    memset(newton->image, 0, (entries + 1) * sizeof *newton->image);
    for (size_t b = 0; b < dataset_blocks(pass->data); b++) {
        const SampleBlock block = read_block(newton, b);
        double *v = newton->outputs + block.offset;
        if (pass->unit != NULL) {
            linear_unit_take_away(pass->unit, &block, v);
        }
        for (int row = 0; row < block.rows; row++) {
            newton->image[entries] += v[row];
        }
        memcpy(pass->product_single, newton->images + place_of(newton, &block),
               (size_t)block.rows * (size_t)tangent->k * sizeof(float));
        kernels_single.scale_rows(tangent->k, block.rows, v, pass->product_single);
        kernels_single.add_back(tangent->d, tangent->k, block.rows, pass->block_single,
                                pass->product_single, pass->gram_single, newton->image);
    }
}

/* Collective.  image = A^* A(P) U + h(P) on rank 0. */
static void apply(Newton *newton)
{
    TrainingWork *work = newton->work;
    const Tangent *tangent = &newton->tangent;
    const size_t entries = tangent_entries(tangent);
    double *image = newton->image;
    if (work->rank == 0) {
        tangent_halve(tangent, newton->direction, newton->half);
    }
    MPI_Bcast(newton->half, (int)entries, MPI_DOUBLE, 0, work->team);
    forward(newton);
    backward(newton);
    MPI_Reduce(work->rank == 0 ? MPI_IN_PLACE : image, image, (int)entries + 1, MPI_DOUBLE,
               MPI_SUM, 0, work->team);
    if (work->rank == 0) {
        for (size_t k = 0; k < entries; k++) {
            image[k] = (image[k] - image[entries] * newton->spread[k]) / tangent->d;
        }
        tangent_add_curvature(tangent, work->pass.gram, newton->weight, newton->direction,
                              image);
    }
}

/* ---- conjugate gradients ----------------------------------------------------------------- */

/* Rank 0, as those below.  scratch = the rest, preconditioned; rows of Gaussian features have
 * A^* A = 2n/d on the average.  Returns its length. */
static double precondition(Newton *newton)
{
    const double mean = 2.0 * newton->work->problem.samples / newton->tangent.d;
    tangent_precondition(&newton->tangent, mean, newton->weight, newton->rest, newton->scratch);
    return tangent_inner(&newton->tangent, newton->rest, newton->scratch);
}

static double begin(Newton *newton)
{
    tangent_descent(&newton->tangent, newton->work->pass.gram, newton->weight, newton->rest);
    const double left = precondition(newton);
    memcpy(newton->direction, newton->scratch,
           tangent_entries(&newton->tangent) * sizeof *newton->direction);
    return left;
}

/* After the image of a direction; false where there is no curvature along it. */
static bool advance(Newton *newton, double *left)
{
    const size_t entries = tangent_entries(&newton->tangent);
    const double curvature = tangent_inner(&newton->tangent, newton->direction, newton->image);
    if (!(curvature > 0.0)) {
        return false;
    }
    const double length = *left / curvature;
    for (size_t i = 0; i < entries; i++) {
        newton->step[i] += length * newton->direction[i];
        newton->rest[i] -= length * newton->image[i];
    }
    const double next = precondition(newton);
    for (size_t i = 0; i < entries; i++) {
        newton->direction[i] = newton->scratch[i] + next / *left * newton->direction[i];
    }
    *left = next;
    return true;
}

/* Rank 0.  Is there reason to leave a step that has taken long already? */
static bool told_to_stop(const TrainerSettings *settings, double begun)
{
    return wall_clock() - begun > long_step && settings->stop != NULL &&
           settings->stop(settings->stop_context);
}

/* Collective.  The step; false if settings.stop said so. */
static bool solve(Newton *newton)
{
    enum { DONE, MORE, STOP };
    const double begun = wall_clock();
    TrainingWork *work = newton->work;
    const bool root = work->rank == 0;
    double left = root ? begin(newton) : 0.0;
    const double goal = left_over * left_over * left;
    int go_on = MORE;
    for (int count = 0; count < STEPS && go_on == MORE; count++) {
        apply(newton);
        go_on = root && advance(newton, &left) && left > goal ? MORE : DONE;
        go_on = go_on == MORE && told_to_stop(&work->settings, begun) ? STOP : go_on;
        MPI_Bcast(&go_on, 1, MPI_INT, 0, work->team);
        work->progress.iterations++;
    }
    return go_on != STOP;
}

/* ---- along the step ---------------------------------------------------------------------- */

/* F of the network of the last pass; rank 0. */
static double objective(const TrainingWork *work)
{
    return training_objective(&work->progress, work->d, work->descent.weight);
}

/* Collective.  The pass of the network in factor and plan; is its F below `before`? */
static bool falls(TrainingWork *work, double before)
{
    if (work->rank == 0) {
        descent_jump(&work->descent, work->factor, &work->progress.plan);
    }
    training_follow(work);
    int good = work->rank == 0 && objective(work) < before;
    MPI_Bcast(&good, 1, MPI_INT, 0, work->team);
    return good;
}

/* Rank 0. */
static void put_back(Newton *newton, const PassPlan *plan)
{
    TrainingWork *work = newton->work;
    memcpy(work->factor, newton->before, tangent_entries(&newton->tangent) * sizeof(double));
    work->progress.plan = *plan;
}

/* Collective.  The share of the step that is gone; 0 where F does not fall, and the network is
 * what it was. */
static double search(Newton *newton, double before)
{
    TrainingWork *work = newton->work;
    const PassPlan plan = work->progress.plan;
    for (double share = 1.0; share > least_share; share *= shrinks) {
        if (work->rank == 0 && !tangent_move(&newton->tangent, newton->step, share,
                                             work->factor, &work->progress.plan)) {
            put_back(newton, &plan);
        }
        if (falls(work, before)) {
            return share;
        }
    }
    if (work->rank == 0) {
        put_back(newton, &plan);
    }
    falls(work, before);
    return 0.0;
}

/* Rank 0.  After a step that is worth it the next one may follow as soon as a step of the
 * descent has left the rank alone; else it is the rank that is wrong, or the step was none. */
static void learn(Newton *newton, double share, double gain)
{
    TrainingWork *work = newton->work;
    Progress *progress = &work->progress;
    const double length = sqrt(tangent_inner(&newton->tangent, newton->step, newton->step));
    const bool moved = share > 0.0 && length > 0.0;
    descent_moved(&work->descent, moved ? share * length : INFINITY);
    if (share >= good_share && gain > worth * work->problem.tolerance) {
        progress->failures -= progress->failures > 0;
        progress->steady = patience(work);
    } else {
        progress->failures++;
        progress->steady = 0;
    }
    progress->steady_rank = progress->plan.rank;
    progress->steady_negative = progress->plan.negative;
    progress->pending = 0;
}

static Newton newton_create(TrainingWork *work)
{
    Newton newton = {.work = work,
                     .tangent = tangent_create(work->d, &work->progress.plan, work->factor),
                     .weight = 0.5 * work->d * problem_nuclear_weight(&work->problem)};
    const size_t entries = tangent_entries(&newton.tangent);
    const size_t mine = work->rank == 0 ? entries : 0;
    const size_t rows = (size_t)work->data->rows;
    newton.step = checked_alloc(mine, sizeof(double));
    newton.rest = checked_alloc(mine, sizeof(double));
    newton.direction = checked_alloc(mine, sizeof(double));
    newton.scratch = checked_alloc(mine, sizeof(double));
    newton.before = checked_alloc(mine, sizeof(double));
    newton.half = checked_alloc(entries, sizeof(double));
    newton.image = checked_alloc(entries + 1, sizeof(double));
    newton.spread = checked_alloc(entries, sizeof(double));
    newton.outputs = checked_alloc(rows, sizeof(double));
    memcpy(newton.before, work->factor, mine * sizeof(double));
    newton.images = checked_alloc(rows * (size_t)newton.tangent.k, sizeof(float));
    covariance_product(&work->data->covariance, newton.tangent.k, newton.tangent.basis,
                       newton.spread);
    return newton;
}

static void newton_free(Newton *newton)
{
    tangent_free(&newton->tangent);
    free(newton->step);
    free(newton->rest);
    free(newton->direction);
    free(newton->scratch);
    free(newton->before);
    free(newton->half);
    free(newton->image);
    free(newton->spread);
    free(newton->outputs);
    free(newton->images);
}

void newton_step(TrainingWork *work)
{
    const double before = work->rank == 0 ? objective(work) : 0.0;
    const int iterations = work->progress.iterations;
    Newton newton = newton_create(work);
    keep_images(&newton);
    if (solve(&newton)) {
        const double share = search(&newton, before);
        if (work->rank == 0) {
            learn(&newton, share, 1.0 - objective(work) / before);
        }
    } else {
        work->progress.iterations = iterations; /* it will be made again */
    }
    newton_free(&newton);
}
