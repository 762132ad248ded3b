/* The quadratic network trained to its global minimum, with a proof.
 *
 * For width p >= d training is the convex problem of theory.md sections 1 and 8,
 *     F(S) = (1/d^2) |y - A(S)|^2 + (lt/d) Tr S,   S >= 0,   A(S)_mu = Tr S Z_mu,
 * whatever p is (it enters lt alone); that of the signed network has all symmetric S and the
 * norm |S|_*, section 13.  The iteration is message passing with Anderson mixing, M = S +
 * (d/2n) sum z_mu Z_mu, S' = (M - b)_+, z' = y - A(S') + kappa z with b and kappa tied so that
 * the fixed point is exactly the minimiser; where it makes no progress, accelerated proximal
 * gradient, which always converges, takes over (training_descent.h).  The duality gap of
 * theory.md section 8 decides when to stop: gap <= tolerance proves that F is within that share
 * of its global minimum.
 *
 * Early iterations go through the data in single precision, where vector units do twice the
 * work; whatever is reported, certificate included, is computed in double.
 *
 * A team of ranks shares the rows; rank 0 of the team holds the d x d matrices, decides
 * what comes next and says so in one word; the team follows: eigendecomposition, broadcast of
 * the factor, pass over the data.  All that rank 0 needs for its decision are the sums of a
 * pass and the d x d matrix B.  The certificate is the duality gap of theory.md section 8, from
 * the dual vector v of the last pass; it needs the largest eigenvalue of B and nothing else
 * that is new.
 *
 * Towards the end a step may be followed by a search for a dual vector that proves more
 * (training_polish.h), and on rows that make either iteration slow by a Newton step
 * (training_newton.h).
 *
 * Points of a chain share data and start from each other.  A point begins without a bound and
 * without a history of moves, because both belong to its weight.
 */
#include "training_state.h"

#include <assert.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"
#include "phasesweep/model/method_facts.h"
#include "phasesweep/model/model.h"
#include "checkpoint.h"
#include "network.h"
#include "risk_estimate.h"
#include "training_follow.h"
#include "training_interior.h"
#include "training_newton.h"
#include "training_pairs.h"
#include "training_polish.h"
#include "training_price.h"

/* What rank 0 tells the team to do next. */
typedef enum Command {
    COMMAND_STEP,     /* eigendecomposition and pass */
    COMMAND_POLISH,   /* a step that may prove enough of its network */
    COMMAND_PLAIN,    /* a pass with the network in hand */
    COMMAND_NEWTON,   /* after that, a step among networks of its rank */
    COMMAND_INTERIOR, /* a step of interior.h */
    COMMAND_OPEN,     /* interior steps begin: all rows to rank 0 */
    COMMAND_LAND,     /* a pass with the network and the dual vector of the interior */
    COMMAND_END
} Command;

static size_t convex_memory(const Problem *problem, int ranks, SampleStore store, double active)
{
    (void)active;
    SamplesSpec spec = samples_spec(problem);
    spec.store = store;
    const size_t d = (size_t)spec.dimension;
    /* factor, matrix, base, the remembered iterates; LAPACK's room, and what ScaLAPACK makes
     * on every rank */
    const size_t matrices = 2 + 1 + 2 * HISTORY + 2 + (ranks > 1 ? 2 : 0);
    const double rows = problem->linear_unit ? problem->samples / ranks : 0.0;
    const size_t unit = rows > 0.0 ? linear_unit_memory(problem->dimension, rows) : 0;
    return samples_memory(&spec, ranks) + pass_memory(&spec, ranks) + unit +
           8 * matrices * d * d + pairs_memory(problem->dimension) +
           polish_memory(problem, ranks) + newton_memory(problem, ranks, store) +
           inner_memory(problem->samples, problem->dimension);
}

static void adopt(TrainingWork *work, const Problem *problem)
{
    work->problem = *problem;
    if (work->rank == 0) {
        work->descent.weight = problem_nuclear_weight(problem);
    }
}

/* Descent is on rank 0 alone; the d x d room for the eigensolver on every rank, as
 * symmetric_eigen.h asks. */
static void *convex_create(MPI_Comm team, const Dataset *data, const Problem *problem,
                           const TrainerSettings *settings)
{
    TrainingWork *work = checked_alloc(1, sizeof *work);
    const size_t d = (size_t)problem->dimension;
    work->team = team;
    work->d = (int)d;
    work->settings = *settings;
    work->outcome = OUTCOME_RUNNING;
    work->limit = training_limit(&work->settings);
    MPI_Comm_rank(team, &work->rank);
    work->data = data;
    work->pass = pass_create(team, work->data);
    work->pass.unit = problem->linear_unit ? linear_unit_create(team, work->data) : NULL;
    work->eigen = eigen_create(team, work->d, settings->eigen);
    work->active = pairs_create(work);
    work->factor = checked_alloc(d * d, sizeof(double));
    work->matrix = checked_alloc(d * d, sizeof(double));
    work->values = checked_alloc(d, sizeof(double));
    if (work->rank == 0) {
        work->descent = descent_create(work->d, problem->samples, MPI_COMM_SELF, d * d);
        work->descent.both = model_has(problem->model, TRAIT_INDEFINITE);
    }
    adopt(work, problem);
    return work;
}

static void convex_release(void *state)
{
    TrainingWork *work = state;
    eigen_free(&work->eigen);
    active_eigen_free(&work->active);
    linear_unit_free(work->pass.unit);
    pass_free(&work->pass);
    if (work->rank == 0) {
        descent_free(&work->descent);
    }
    interior_free(work->interior);
    free(work->factor);
    free(work->matrix);
    free(work->values);
    free(work);
}

static void convex_state(void *state, StateVisitor *visitor)
{
    TrainingWork *work = state;
    Progress *progress = &work->progress;
    Descent *descent = &work->descent;
    const size_t column = (size_t)work->d * sizeof(double);
    const size_t matrix = (size_t)work->d * column;
    const size_t rows = (size_t)work->data->rows * sizeof(double);
    visit_common(visitor, &work->started, sizeof work->started);
    visit_common(visitor, progress, sizeof *progress);
    visit_common(visitor, &descent->state, sizeof descent->state);
    /* the method too: EIGEN_AUTO must not measure again and choose another */
    visit_eigen(visitor, &work->eigen);
    visit_common(visitor, work->factor, (size_t)progress->plan.rank * column);
    visit_root(visitor, work->pass.gram, matrix);
    visit_root(visitor, descent->base, matrix);
    visit_shares(visitor, work->pass.vector, rows);
    if (work->pass.unit != NULL) {
        visit_common(visitor, work->pass.unit->weights, column + sizeof(double));
    }
    for (int k = 0; k < HISTORY; k++) {
        visit_root(visitor, descent->blend[k], matrix);
        visit_root(visitor, descent->move[k], matrix);
        visit_shares(visitor, work->pass.memory[k], rows);
    }
    pairs_visit(work, visitor);
    inner_visit(work, visitor);
}

/* ---- rank 0 decides ------------------------------------------------------------------ */

/* B, times `sign`, where it is decomposed: that destroys it, and the next step needs it. */
static double *copy_of_gram(TrainingWork *work, double sign)
{
    const size_t entries = (size_t)work->d * (size_t)work->d;
    memcpy(work->matrix, work->pass.gram, entries * sizeof(double));
    for (size_t k = 0; sign < 0.0 && k < entries; k++) {
        work->matrix[k] = -work->matrix[k];
    }
    return work->matrix;
}

/* Are the eigenvalues of B below the ceiling, or those of -B too where S has either sign? */
static bool gram_below(TrainingWork *work, double ceiling)
{
    return eigen_below(&work->eigen, ceiling, copy_of_gram(work, 1.0)) &&
           (!work->descent.both ||
            eigen_below(&work->eigen, ceiling, copy_of_gram(work, -1.0)));
}

/* The largest eigenvalue of B, in size where S has either sign; all are in values. */
static double largest_of_gram(TrainingWork *work)
{
    const double largest = eigen_largest(&work->eigen, copy_of_gram(work, 1.0), work->values);
    return work->descent.both && !isnan(largest) ? fmax(largest, -work->values[0]) : largest;
}

/* Refresh the gap. */
static void certify(TrainingWork *work)
{
    const double ceiling = inner_watches(work)
                               ? INFINITY
                               : training_ceiling(&work->progress, &work->problem, work->limit);
    if (ceiling < INFINITY && !gram_below(work, ceiling)) {
        training_postpone(&work->progress, &work->problem);
    } else {
        training_certify(&work->progress, &work->problem, largest_of_gram(work));
    }
}

/* The end of this point, if it is reached. */
static bool ends(TrainingWork *work)
{
    if (training_unproved(&work->progress, &work->problem, work->limit)) {
        certify(work);
    }
    work->outcome =
        training_outcome(&work->progress, &work->descent, work->problem.tolerance, work->limit);
    return work->outcome != OUTCOME_RUNNING;
}

/* Rank 0.  The end of interior steps; without a network that before them goes on. */
static Command decide_landing(TrainingWork *work)
{
    if (inner_land(work)) {
        return COMMAND_LAND;
    }
    inner_give_up(work);
    return COMMAND_STEP;
}

/* Rank 0.  In this order: the end, which frees the team; a change of precision or rule; a
 * step. */
static Command decide(TrainingWork *work)
{
    Progress *progress = &work->progress;
    const bool room = progress->iterations + 2 <= work->limit; /* for a step and its pass */
    const bool more = progress->iterations + 3 <= work->limit;
    if (progress->stage == STAGE_INTERIOR && inner_started(work)) {
        return room && !inner_ready(work) ? COMMAND_INTERIOR : decide_landing(work);
    }
    if (newton_pending(work)) {
        return COMMAND_NEWTON;
    }
    if (ends(work)) {
        return COMMAND_END;
    }
    if (progress->stage == STAGE_LANDED) {
        inner_go_on(work);
    }
    if (progress->stage == STAGE_INTERIOR) {
        if (room) {
            return COMMAND_INTERIOR;
        }
        inner_give_up(work);
    }
    if (room && inner_pays(work)) {
        return COMMAND_OPEN;
    }
    training_refine(progress, &work->descent, work->problem.tolerance, work->limit);
    if (descent_stuck(&work->descent)) {
        if (training_worse_than_zero(progress, work->d, work->descent.weight)) {
            training_forget_network(progress);
        }
        descent_switch(&work->descent, work->factor, &progress->plan);
        return COMMAND_PLAIN;
    }
    if (newton_due(work)) {
        progress->pending = 1;
        descent_switch(&work->descent, work->factor, &progress->plan);
        return COMMAND_PLAIN;
    }
    return more && polish_due(work) ? COMMAND_POLISH : COMMAND_STEP;
}

/* ---- the team follows ---------------------------------------------------------------- */

/* Collective.  Does a better dual vector prove enough of the network of a step?  If not, v is
 * as it was. */
static bool proved_by_polish(TrainingWork *work)
{
    const size_t rows = (size_t)work->data->rows;
    double *before = checked_alloc(rows, sizeof *before);
    int ends = 0;
    if (polish_pass(work, before) && work->rank == 0) {
        training_certify(&work->progress, &work->problem, largest_of_gram(work));
        ends = training_outcome(&work->progress, &work->descent, work->problem.tolerance,
                                work->limit) == OUTCOME_CONVERGED;
    }
    MPI_Bcast(&ends, 1, MPI_INT, 0, work->team);
    if (!ends) {
        memcpy(work->pass.vector, before, rows * sizeof *before);
    }
    free(before);
    return ends;
}

/* Collective.  One step of the iteration; false if the eigensolver failed. */
static bool step(TrainingWork *work, bool polish)
{
    if (work->rank == 0) {
        descent_matrix(&work->descent, work->pass.gram, work->matrix);
    }
    double b = 0.0;
    if (!pairs_find(work, &b)) {
        return false;
    }
    if (work->rank == 0) {
        descent_step(&work->descent, b, work->matrix, work->values, work->factor,
                     &work->progress.plan);
    }
    if (!polish || !proved_by_polish(work)) {
        training_follow(work);
    }
    newton_watch(&work->progress);
    return true;
}

/* Collective.  S = 0, v = y. */
static void begin_at_zero(TrainingWork *work)
{
    const size_t rows = (size_t)work->data->rows;
    memset(work->pass.vector, 0, rows * sizeof(double));
    for (int k = 0; k < HISTORY; k++) {
        memset(work->pass.memory[k], 0, rows * sizeof(double));
    }
    if (work->rank == 0) {
        memset(work->descent.base, 0, (size_t)work->d * (size_t)work->d * sizeof(double));
    }
    const int single = work->progress.single;
    work->progress.single = 0;
    work->progress.plan = (PassPlan){.residual_share = 1.0, .share = {1.0}};
    training_follow(work);
    work->progress.single = single;
    work->progress.at_zero = training_objective(&work->progress, work->d, 0.0);
    work->started = true;
}

/* Is there anything left of the labels beside a linear unit? */
static bool trainable(const TrainingWork *work)
{
    return work->pass.unit == NULL || work->pass.unit->regular;
}

static void convex_begin(void *state, const Problem *problem)
{
    TrainingWork *work = state;
    Progress *progress = &work->progress;
    adopt(work, problem);
    work->outcome = OUTCOME_RUNNING;
    work->limit = training_limit(&work->settings);
    training_begin(progress, &work->settings);
    progress->early = polish_from(&work->settings, problem);
    if (work->rank == 0) {
        descent_restart(&work->descent, work->settings.gradient_only);
    }
    if (!trainable(work)) {
        return;
    }
    if (!work->started) {
        begin_at_zero(work);
    }
    if (inner_first(work)) {
        inner_begin(work);
    }
}

/* After COMMAND_END all ranks leave together, whatever the reason. */
static bool convex_advance(void *state)
{
    TrainingWork *work = state;
    if (!trainable(work)) {
        work->outcome = OUTCOME_FAILED;
        return false;
    }
    int command = COMMAND_STEP;
    if (work->rank == 0) {
        command = (int)decide(work);
    }
    MPI_Bcast(&command, 1, MPI_INT, 0, work->team);
    if (command == COMMAND_OPEN) {
        inner_begin(work);
    } else if (command == COMMAND_INTERIOR) {
        inner_step(work);
    } else if (command == COMMAND_PLAIN) {
        training_follow(work);
    } else if (command == COMMAND_NEWTON) {
        newton_step(work);
    } else if (command == COMMAND_LAND) {
        inner_spread(work);
        training_follow(work);
    } else if ((command == COMMAND_STEP || command == COMMAND_POLISH) &&
               !step(work, command == COMMAND_POLISH)) {
        work->outcome = OUTCOME_FAILED;
    }
    return command != COMMAND_END && work->outcome != OUTCOME_FAILED;
}

/* The last pass must be in double precision. */
static void convex_hurry(void *state)
{
    TrainingWork *work = state;
    const bool another = work->progress.single != 0 || work->progress.stage == STAGE_INTERIOR;
    work->limit = work->progress.iterations + another;
}

static Network convex_network(const void *state)
{
    const TrainingWork *work = state;
    const PassPlan *plan = &work->progress.plan;
    return (Network){.columns = plan->rank,
                     .negative = plan->negative,
                     .factor = work->factor,
                     .unit = work->pass.unit != NULL ? work->pass.unit->weights : NULL};
}

/* Rank 0.  The error of the network of the last pass, by the eigenvalues of its B. */
static void estimate(TrainingWork *work, Observed *observed)
{
    const Network network = convex_network(work);
    double *learned = checked_alloc((size_t)network.columns, sizeof *learned);
    network_eigenvalues(work->d, &network, learned);
    if (!isnan(largest_of_gram(work))) {
        training_dual(&work->progress, work->d, work->descent.weight, work->values);
        estimate_matrix(&work->problem, &work->data->moments, network.columns, learned,
                        work->values + network.negative, observed);
    }
    free(learned);
}

/* Its error is all of it, for no teacher has one, and of odd order where S has even ones. */
static void add_linear_unit(const TrainingWork *work, Observed *observed)
{
    if (work->pass.unit != NULL) {
        observed->linear_square = linear_unit_square(work->pass.unit);
        observed->prediction_risk += observed->linear_square;
    }
}

/* Rank 0 has the numbers. */
static void convex_observe(void *state, Observed *observed, double spectrum[],
                           double overlaps[])
{
    TrainingWork *work = state;
    const Progress *progress = &work->progress;
    observed->outcome = work->outcome;
    observed->iterations = observed->evaluations = progress->iterations;
    if (work->rank == 0 && work->outcome != OUTCOME_FAILED) {
        const Network network = convex_network(work);
        observed->gap = progress->gap;
        observed->objective = training_objective(progress, work->d, work->descent.weight);
        observed->train_loss = progress->sums.residual / work->problem.samples;
        observed->smoothness = work->descent.state.smoothness;
        network_observe_matrix(work->data, &network, work->matrix, observed, spectrum,
                               overlaps);
        add_linear_unit(work, observed);
        estimate(work, observed);
    }
    network_share(work->team, work->d, observed, spectrum, overlaps);
    /* after a failure the iterate is of no use to the next point */
    work->started = observed->outcome != OUTCOME_FAILED;
}

static bool convex_accepts(const Problem *problem)
{
    return model_has(problem->model, TRAIT_MATRIX) &&
           !method_facts(problem->method)->passes_messages;
}

/* Rows of a file, those of conjugate gradients included, at nuclear weights 1, .3, .1: 57, 88
 * and 132 to 1e-4 for Fashion-MNIST at d = 200; 39, 114 and 175 to 1e-3 at d = 784; for digits
 * at d = 30 from 35 at 1 to 430 at .003.  And numbers of a row that cost what others do in a
 * product. */
static const double passes_of_file = 58.0;
static const double growth_of_file = -0.35;
static const double passes_least = 10.0, passes_most = 1000.0;
static const double beside_products = 60.0;

/* Where samples are few interior steps end a long descent, after so many passes. */
static const double few_samples = 1.0 / 6.0;
static const double before_interior = 20.0;

static TrainerPrice price(const Problem *problem, double active)
{
    const double n = problem->samples;
    const double d = problem->dimension;
    TrainerPrice price = training_price(problem, active);
    if (problem->data != 0.0) {
        price.first = price.next =
            fmin(fmax(passes_of_file * pow(problem_nuclear_weight(problem), growth_of_file),
                      passes_least),
                 passes_most);
        price.flops = 2.0 * n * d * (d + beside_products);
    } else if (n < few_samples * d * d) {
        const double pass = (price.flops + price.eigen) / price.rate;
        const double inner = inner_seconds(n, d) / pass;
        price.first = fmin(price.first, before_interior + inner);
        price.next = fmin(price.next, inner);
    }
    return price;
}

const Trainer trainer_convex = {.name = "convex",
                                .accepts = convex_accepts,
                                .create = convex_create,
                                .release = convex_release,
                                .begin = convex_begin,
                                .advance = convex_advance,
                                .hurry = convex_hurry,
                                .observe = convex_observe,
                                .network = convex_network,
                                .state = convex_state,
                                .price = price,
                                .memory = convex_memory};
