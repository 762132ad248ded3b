#include "training_interior.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"
#include "phasesweep/model/model.h"

/* Of the tolerance: gap of the iterate at which its network is tried, and at which a network
 * that proved too little is not tried again. */
static const double first_goal = 0.1;
static const double last_goal = 1e-3;

/* No step takes longer than a few seconds, and no system more than 600 MB.  A point has so many
 * passes, and that share of the time of interior steps, before the descent
 * is judged. */
enum { MARK_FIRST = 10, PATIENCE = 20, SAMPLES_MOST = 8192 };
static const double patience = 0.25;

/* Seconds from which a step takes the cores of the ranks that wait (core_lending.h). */
static const double worth_lending = 0.1;

/* ---- choice -------------------------------------------------------------------------- */

/* Seconds of a core of 2024: of an interior step, of all of them, and of a pass with its
 * eigenproblem. */
static double step_seconds(double n, double d)
{
    const double single = n * n * (d + n / 3.0);
    return single / 7.5e10 + (8.0 * n * d * d + 60.0 * pow(d, 3.0)) / 4e10;
}

static double interior_seconds(double n, double d)
{
    static const double steps = 14.0;
    return steps * step_seconds(n, d);
}

static double descent_seconds(double n, double d, double rank)
{
    return n * d * (d + 2.0 * rank) / 8e10 + 18.0 * pow(d, 3.0) / 4e10;
}

/* May they be used at all?  They are for S >= 0 alone, without a linear unit. */
static bool inner_allowed(const TrainingWork *work)
{
    const double n = work->problem.samples;
    const double d = work->d;
    return !model_has(work->problem.model, TRAIT_INDEFINITE) && !work->problem.linear_unit &&
           n <= SAMPLES_MOST && n * d <= INT_MAX && !work->settings.gradient_only &&
           work->settings.convex != CONVEX_DESCENT;
}

size_t inner_memory(double n, double d)
{
    return n <= SAMPLES_MOST ? interior_memory(n, d) : 0;
}

/* What interior_seconds is off by on matrices so small, 5 times at d = 100 and 3 at 200, does
 * not change a choice between two ways that it is off by for both. */
double inner_seconds(double n, double d)
{
    const double slow_side = 300.0;
    return n <= SAMPLES_MOST ? interior_seconds(n, d) * (1.0 + slow_side / d) : INFINITY;
}

bool inner_first(const TrainingWork *work)
{
    const double weight = problem_nuclear_weight(&work->problem);
    return inner_allowed(work) &&
           (work->settings.convex == CONVEX_INTERIOR || weight <= work->progress.hard);
}

bool inner_watches(const TrainingWork *work)
{
    return work->settings.convex == CONVEX_AUTO && work->progress.goal != 0.0 &&
           inner_allowed(work);
}

bool inner_pays(TrainingWork *work)
{
    Progress *progress = &work->progress;
    const double n = work->problem.samples;
    const double d = work->d;
    if (progress->unchecked > 0 || !inner_watches(work)) {
        return false;
    }
    const int now = progress->iterations;
    if (now >= MARK_FIRST && now >= 3 * progress->mark.at / 2) {
        progress->mark_before = progress->mark;
        progress->mark = (Mark){progress->gap, now};
    }
    const double least = interior_seconds(n, d);
    const double pass = descent_seconds(n, d, progress->plan.rank);
    if (now < PATIENCE || now * pass < patience * least) {
        return false;
    }
    /* it does not get faster */
    const double rate =
        log(progress->mark_before.gap / progress->gap) / (now - progress->mark_before.at);
    const double left = log(progress->gap / work->problem.tolerance) / fmax(rate, 1e-9);
    return left * pass > least;
}

/* ---- data ---------------------------------------------------------------------------- */

/* Collective.  Numbers of each rank, `width` a row, and where they begin among all; owned by
 * the caller, [2 * ranks]. */
static int *shares(const TrainingWork *work, int width)
{
    int ranks;
    MPI_Comm_size(work->team, &ranks);
    int *counts = checked_alloc(2 * (size_t)ranks, sizeof *counts);
    const int count = (int)work->data->rows * width;
    const int start = (int)work->data->first * width;
    MPI_Allgather(&count, 1, MPI_INT, counts, 1, MPI_INT, work->team);
    MPI_Allgather(&start, 1, MPI_INT, counts + ranks, 1, MPI_INT, work->team);
    return counts;
}

/* Collective.  To rank 0, rows of `width` numbers in the order of ranks. */
static void gather_rows(const TrainingWork *work, const double mine[], int width, double all[])
{
    int ranks;
    MPI_Comm_size(work->team, &ranks);
    int *counts = shares(work, width);
    MPI_Gatherv(mine, counts[work->rank], MPI_DOUBLE, all, counts, counts + ranks, MPI_DOUBLE,
                0, work->team);
    free(counts);
}

/* Collective. */
static void open_interior(TrainingWork *work)
{
    const Dataset *data = work->data;
    const size_t d = (size_t)work->d;
    const size_t all = work->rank == 0 ? (size_t)data->samples : 0;
    double *mine = checked_alloc((size_t)data->rows * d, sizeof *mine);
    for (size_t k = 0; k < dataset_blocks(data); k++) {
        const SampleBlock block = dataset_block(data, k, work->pass.block);
        memcpy(mine + (size_t)block.offset * d, block.features,
               (size_t)block.rows * d * sizeof *mine);
    }
    double *x = checked_alloc(all * d, sizeof *x);
    double *y = checked_alloc(all, sizeof *y);
    gather_rows(work, data->labels, 1, y);
    gather_rows(work, mine, work->d, x);
    free(mine);
    if (work->rank == 0) {
        work->interior = interior_create((int)data->samples, work->d, x, y, &data->covariance);
    } else {
        free(x);
        free(y);
    }
    work->gathered = true;
}

void inner_begin(TrainingWork *work)
{
    if (!work->gathered) {
        open_interior(work);
    }
    work->progress.stage = STAGE_INTERIOR;
    work->progress.goal = first_goal * work->problem.tolerance;
    work->progress.hard = problem_nuclear_weight(&work->problem);
    if (work->rank == 0) {
        interior_begin(work->interior, problem_nuclear_weight(&work->problem));
    }
}

void inner_visit(TrainingWork *work, StateVisitor *visitor)
{
    /* rank 0 decides, the others hear of it here */
    MPI_Bcast(&work->progress.stage, sizeof work->progress.stage, MPI_BYTE, 0, work->team);
    if (work->progress.stage == STAGE_DESCENT || !visitor->good) {
        return;
    }
    if (!work->gathered) {
        open_interior(work);
    }
    InteriorState none = {0};
    InteriorState *state = &none;
    double *s = NULL;
    double *nu = NULL;
    if (work->rank == 0) {
        state = interior_state(work->interior, &s, &nu);
    }
    visit_common(visitor, state, sizeof *state);
    visit_root(visitor, s, (size_t)work->d * (size_t)work->d * sizeof *s);
    visit_root(visitor, nu, (size_t)work->data->samples * sizeof *nu);
    if (work->rank == 0 && visit_loading(visitor)) {
        interior_resume(work->interior);
    }
}

/* ---- steps --------------------------------------------------------------------------- */

/* Rank 0. */
static void make_step(TrainingWork *work)
{
    Progress *progress = &work->progress;
    progress->iterations++;
    if (!interior_step(work->interior)) {
        progress->goal = 0.0; /* no other try */
    }
}

void inner_step(TrainingWork *work)
{
    const bool lent = step_seconds(work->problem.samples, work->d) > worth_lending;
    if (lent && work->cores.threads == 0) {
        work->cores = cores_find(work->team);
    }
    if (lent) {
        cores_borrow(&work->cores);
    }
    if (work->rank == 0) {
        make_step(work);
    }
    if (lent) {
        cores_return(&work->cores);
    }
}

bool inner_started(const TrainingWork *work)
{
    return interior_progress(work->interior)->steps > 0;
}

bool inner_ready(const TrainingWork *work)
{
    const InteriorState *state = interior_progress(work->interior);
    const double goal = work->progress.goal;
    const double tolerance = work->problem.tolerance;
    return goal == 0.0 || (state->gap <= goal && (training_short(state->move, tolerance) ||
                                                  state->gap <= last_goal * tolerance));
}

bool inner_land(TrainingWork *work)
{
    Progress *progress = &work->progress;
    PassPlan *plan = &progress->plan;
    const int rank = interior_network(work->interior, work->factor);
    if (rank < 0) {
        return false;
    }
    plan->rank = rank;
    plan->trace = 0.0;
    for (size_t k = 0; k < (size_t)rank * (size_t)work->d; k++) {
        plan->trace += work->factor[k] * work->factor[k];
    }
    progress->stage = STAGE_LANDED;
    progress->single = 0;
    progress->bound = -INFINITY;
    progress->unchecked = INT_MAX;
    descent_restart(&work->descent, false);
    descent_switch(&work->descent, work->factor, plan);
    /* v stays nu: its bound is better than that of the residual */
    plan->residual_share = 0.0;
    plan->previous_share = 1.0;
    return true;
}

void inner_spread(TrainingWork *work)
{
    int ranks;
    MPI_Comm_size(work->team, &ranks);
    int *counts = shares(work, 1);
    double *s = NULL;
    double *nu = NULL;
    if (work->rank == 0) {
        interior_state(work->interior, &s, &nu);
    }
    MPI_Scatterv(nu, counts, counts + ranks, MPI_DOUBLE, work->pass.vector, counts[work->rank],
                 MPI_DOUBLE, 0, work->team);
    free(counts);
}

void inner_go_on(TrainingWork *work)
{
    Progress *progress = &work->progress;
    progress->goal *= 0.1;
    progress->stage = STAGE_INTERIOR;
    if (!(progress->goal >= last_goal * work->problem.tolerance)) {
        inner_give_up(work);
    }
}

void inner_give_up(TrainingWork *work)
{
    work->progress.stage = STAGE_DESCENT;
    work->progress.goal = 0.0;
    work->progress.hard = 0.0;
    descent_restart(&work->descent, false);
}
