/* The quadratic network of h > 1 linear layers before the square, trained from several starts.
 *
 * Training is least squares with the penalty (lt/d) sum s_i^q, q = 1/h (theory.md section 11),
 * which is not convex: minima abound, and nothing proves that one is the least.  So each point
 * descends (deep_descent.h) from
 *     the network of the weight before, on a chain;
 *     that of the convex problem with the same edge of the threshold, by way of powers between;
 *     S = 0;
 *     a network that nearly interpolates;
 *     the lowest end without its weakest feature, as long as that leads lower;
 * keeps the lowest end, and reports how far apart the ends are.  Its outcome is STATIONARY.
 *
 * A team of ranks shares the rows; rank 0 holds the d x d matrices, decides what comes next and
 * says so in one word, as in convex/training.c.
 */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"
#include "phasesweep/model/method_facts.h"
#include "phasesweep/model/model.h"
#include "checkpoint.h"
#include "deep_state.h"
#include "network.h"

/* What rank 0 tells the team to do next. */
typedef enum Command {
    COMMAND_RETURN,  /* a pass with the network in hand */
    COMMAND_STEP,    /* eigendecomposition and pass */
    COMMAND_MEASURE, /* eigendecomposition alone */
    COMMAND_END
} Command;

/* Passes of a point, all starts together. */
enum { PASSES = 20000 };

/* ---- life -------------------------------------------------------------------------------- */

static size_t deep_memory(const Problem *problem, int ranks, SampleStore store, double active)
{
    (void)active;
    SamplesSpec spec = samples_spec(problem);
    spec.store = store;
    const size_t d = (size_t)spec.dimension;
    /* factor, matrix, best; five of the descent; LAPACK's room, and what ScaLAPACK makes */
    const size_t matrices = 3 + 5 + 2 + (ranks > 1 ? 2 : 0);
    return samples_memory(&spec, ranks) + pass_memory(&spec, ranks) + 8 * matrices * d * d;
}

static void *deep_create(MPI_Comm team, const Dataset *data, const Problem *problem,
                         const TrainerSettings *settings)
{
    DeepWork *work = checked_alloc(1, sizeof *work);
    const size_t d = (size_t)problem->dimension;
    work->team = team;
    work->d = (int)d;
    work->problem = *problem;
    work->settings = *settings;
    work->most = work->limit =
        settings->iteration_limit > 0 ? settings->iteration_limit : PASSES;
    MPI_Comm_rank(team, &work->rank);
    work->data = data;
    work->pass = pass_create(team, data);
    work->eigen = eigen_create(team, work->d, settings->eigen);
    work->factor = checked_alloc(d * d, sizeof(double));
    work->matrix = checked_alloc(d * d, sizeof(double));
    work->values = checked_alloc(d, sizeof(double));
    if (work->rank == 0) {
        work->best = checked_alloc(d * d, sizeof(double));
        work->descent = deep_descent_create(work->d, problem->samples);
    }
    return work;
}

static void deep_release(void *state)
{
    DeepWork *work = state;
    eigen_free(&work->eigen);
    pass_free(&work->pass);
    if (work->rank == 0) {
        deep_descent_free(&work->descent);
    }
    free(work->factor);
    free(work->matrix);
    free(work->values);
    free(work->best);
    free(work);
}

/* ---- rank 0 decides ---------------------------------------------------------------------- */

static Command decide(DeepWork *work)
{
    DeepProgress *progress = &work->progress;
    if (progress->stage == DEEP_DESCENT && progress->passes + 1 >= work->limit) {
        deep_cut(work);
    }
    switch (progress->stage) {
    case DEEP_DESCENT:
        return work->descent.pace.unknown ? COMMAND_RETURN : COMMAND_STEP;
    case DEEP_LAST:
        return COMMAND_RETURN;
    case DEEP_MEASURE:
        return COMMAND_MEASURE;
    default:
        return COMMAND_END;
    }
}

/* ---- the team follows ---------------------------------------------------------------- */

/* Collective.  The pass that rank 0 has planned. */
static void follow(DeepWork *work)
{
    DeepProgress *progress = &work->progress;
    progress->plan.single = progress->single;
    MPI_Bcast(&progress->plan, sizeof progress->plan, MPI_BYTE, 0, work->team);
    MPI_Bcast(work->factor, work->d * progress->plan.rank, MPI_DOUBLE, 0, work->team);
    progress->sums = pass_run(&work->pass, &progress->plan, work->factor);
    progress->passes++;
    if (work->rank == 0 && !isfinite(progress->sums.residual)) {
        work->outcome = OUTCOME_FAILED;
    }
}

static void go_back(DeepWork *work)
{
    DeepProgress *progress = &work->progress;
    if (work->rank == 0) {
        deep_descent_return(&work->descent, work->factor, &progress->plan);
    }
    follow(work);
    if (work->rank == 0) {
        deep_descent_returned(&work->descent, &progress->sums);
        progress->stage = progress->stage == DEEP_LAST ? DEEP_MEASURE : progress->stage;
    }
}

/* Collective.  Eigenvectors and shrunk eigenvalues of the next network. */
static bool decompose(DeepWork *work)
{
    if (work->rank == 0) {
        deep_descent_matrix(&work->descent, work->pass.gram, work->matrix);
    }
    if (eigen_values(&work->eigen, work->matrix, work->values) != OUTCOME_CONVERGED) {
        return false;
    }
    if (work->rank == 0) {
        work->progress.plan.rank = deep_descent_shrink(&work->descent, work->values);
    }
    return eigen_vectors(&work->eigen, work->progress.plan.rank, work->matrix) ==
           OUTCOME_CONVERGED;
}

static void step(DeepWork *work)
{
    DeepProgress *progress = &work->progress;
    if (work->rank == 0) {
        deep_descent_step(&work->descent, work->matrix, work->factor, &progress->plan);
    }
    follow(work);
    if (work->rank == 0 && work->outcome == OUTCOME_RUNNING) {
        deep_descent_judge(&work->descent, &progress->plan, &progress->sums, work->factor);
        deep_look(work);
    }
}

/* The last network stays in hand, and goes to all. */
static void measure(DeepWork *work)
{
    DeepProgress *progress = &work->progress;
    PassPlan *plan = &progress->plan;
    if (work->rank == 0) {
        progress->stationarity =
            deep_descent_move(&work->descent, work->matrix, work->factor, plan->rank);
        deep_descent_return(&work->descent, work->factor, plan);
        progress->stage = DEEP_OVER;
        const bool stationary = progress->stationarity <= work->problem.tolerance;
        work->outcome =
            stationary && !progress->cut ? OUTCOME_STATIONARY : OUTCOME_NOT_CONVERGED;
    }
    MPI_Bcast(plan, sizeof *plan, MPI_BYTE, 0, work->team);
    MPI_Bcast(work->factor, work->d * plan->rank, MPI_DOUBLE, 0, work->team);
}

/* ---- a point ----------------------------------------------------------------------------- */

/* What a failed point has left is not finite, and shares of 0 do not take it away. */
static void forget_rows(DeepWork *work)
{
    const size_t bytes = (size_t)work->data->rows * sizeof(double);
    memset(work->pass.vector, 0, bytes);
    for (int k = 0; k < HISTORY; k++) {
        memset(work->pass.memory[k], 0, bytes);
    }
}

static void deep_begin(void *state, const Problem *problem)
{
    DeepWork *work = state;
    DeepProgress *progress = &work->progress;
    const bool neighbour = progress->stage == DEEP_OVER;
    if (!neighbour) {
        forget_rows(work);
    }
    work->problem = *problem;
    work->outcome = OUTCOME_RUNNING;
    work->limit = work->most;
    *progress = (DeepProgress){.stage = DEEP_DESCENT, .best = progress->best};
    if (work->rank == 0) {
        deep_begin_starts(work, neighbour);
    }
}

/* All ranks leave together, whatever the reason. */
static bool deep_advance(void *state)
{
    DeepWork *work = state;
    int command = COMMAND_END;
    if (work->rank == 0 && work->outcome != OUTCOME_FAILED) {
        command = (int)decide(work);
    }
    MPI_Bcast(&command, 1, MPI_INT, 0, work->team);
    if (command == COMMAND_RETURN) {
        go_back(work);
    } else if (command != COMMAND_END && !decompose(work)) {
        work->outcome = OUTCOME_FAILED;
        return false;
    } else if (command == COMMAND_STEP) {
        step(work);
    } else if (command == COMMAND_MEASURE) {
        measure(work);
    }
    return command == COMMAND_RETURN || command == COMMAND_STEP;
}

static void deep_hurry(void *state)
{
    DeepWork *work = state;
    work->limit = 0;
}

static Network deep_network(const void *state)
{
    const DeepWork *work = state;
    return (Network){.columns = work->progress.plan.rank, .factor = work->factor};
}

/* Rank 0 has the numbers. */
static void deep_observe(void *state, Observed *observed, double spectrum[], double overlaps[])
{
    DeepWork *work = state;
    DeepProgress *progress = &work->progress;
    observed->outcome = work->outcome;
    observed->iterations = observed->evaluations = progress->passes;
    if (work->rank == 0 && work->outcome != OUTCOME_FAILED) {
        const Network network = deep_network(work);
        observed->objective = deep_descent_value(&work->descent);
        observed->train_loss = progress->sums.residual / work->problem.samples;
        observed->smoothness = work->descent.pace.smoothness;
        observed->stationarity = progress->stationarity;
        ends_report(&progress->ends, observed);
        network_observe_matrix(work->data, &network, work->matrix, observed, spectrum,
                               overlaps);
    }
    network_share(work->team, work->d, observed, spectrum, overlaps);
    /* after a failure the network is of no use to the next point */
    progress->stage = observed->outcome == OUTCOME_FAILED ? DEEP_BLANK : DEEP_OVER;
}

static void deep_state(void *state, StateVisitor *visitor)
{
    DeepWork *work = state;
    DeepProgress *progress = &work->progress;
    DeepDescent *descent = &work->descent;
    const size_t column = (size_t)work->d * sizeof(double);
    const size_t matrix = (size_t)work->d * column;
    const size_t rows = (size_t)work->data->rows * sizeof(double);
    visit_common(visitor, progress, sizeof *progress);
    visit_common(visitor, &descent->pace, sizeof descent->pace);
    /* the method too: EIGEN_AUTO must not measure again and choose another */
    visit_eigen(visitor, &work->eigen);
    visit_root(visitor, work->best, (size_t)progress->best.columns * column);
    visit_root(visitor, work->pass.gram, matrix);
    visit_root(visitor, descent->network, matrix);
    visit_root(visitor, descent->base, matrix);
    visit_root(visitor, descent->factor, (size_t)descent->pace.columns * column);
    visit_root(visitor, descent->spectrum, column);
    visit_shares(visitor, work->pass.vector, rows);
    for (int k = 0; k < 2; k++) {
        visit_shares(visitor, work->pass.memory[k], rows);
    }
    if (visit_loading(visitor)) {
        work->outcome = OUTCOME_RUNNING;
        if (work->rank == 0) {
            deep_resume(work);
        }
    }
}

static bool deep_accepts(const Problem *problem)
{
    return model_has(problem->model, TRAIT_MATRIX) && problem_power(problem) < 1.0 &&
           !method_facts(problem->method)->passes_messages;
}

/* Passes of all starts to 1e-6, d = 100, h = 2, 3, source exponent 1.25, edges in the noise and
 * above: 210 ... 470 for d^2 samples, 350 ... 1030 for .3 d^2.  A pass of d^2 took
 * 4 ... 7 ms. */
static const double few_samples = 0.5; /* d^2 */
static const double passes_of_few = 600.0;
static const double passes_of_many = 300.0;

static TrainerPrice price(const Problem *problem, double active)
{
    (void)active;
    const double n = problem->samples;
    const double d = problem->dimension;
    const double passes = n < few_samples * d * d ? passes_of_few : passes_of_many;
    return (TrainerPrice){.first = passes,
                          .next = passes,
                          .flops = 2.0 * n * d * d,
                          .eigen = 10.0 * d * d * d,
                          .words = d * d,
                          .rate = 4e10};
}

const Trainer trainer_deep_matrix = {.name = "deep_matrix",
                                     .accepts = deep_accepts,
                                     .create = deep_create,
                                     .release = deep_release,
                                     .begin = deep_begin,
                                     .advance = deep_advance,
                                     .hurry = deep_hurry,
                                     .observe = deep_observe,
                                     .network = deep_network,
                                     .state = deep_state,
                                     .price = price,
                                     .memory = deep_memory};
