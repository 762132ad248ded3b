/* The loop of a training.  Rank 0 decides what comes next and says so in one word; the team
 * follows: eigendecomposition, broadcast of the factor, pass over the data.  All that rank 0
 * needs for its decision are the sums of a pass and the d x d matrix B.  The certificate is
 * the duality gap of theory.md section 8, from the dual vector v of the last pass; it needs
 * the largest eigenvalue of B and nothing else that is new.
 *
 * Points of a line share data and start from each other.  A point begins without a bound and
 * without a history of moves, because both belong to its weight.
 */
#include "phasesweep/training/training.h"

#include <assert.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"
#include "phasesweep/model/model.h"
#include "training_state.h"

/* What rank 0 tells the team to do next. */
typedef enum Command {
    COMMAND_STEP,  /* eigendecomposition and pass */
    COMMAND_PLAIN, /* a pass with the network in hand */
    COMMAND_SAVE,  /* write a checkpoint */
    COMMAND_END
} Command;

/* Passes change from single to double precision at this gap, or at this size of a step
 * relative to S: rounding in single precision moves F and its bound by about 1e-6, more when
 * the residual is small against y, and S by 3e-8. */
static const double single_until = 1e-5;
static const double single_move = 1e-6;

/* The gap bounds F alone, and F - F* is quadratic in the error of S: a mixed iterate may be off
 * by the root of the gap.  So the last step must be as short as the tolerance is, about. */
static const double settled_move = 10.0;

/* A certificate costs about 5 d^3, a pass n d^2: not oftener than costs a tenth. */
static int certificate_period(const TrainingWork *work)
{
    const double period = 35.0 * work->d / work->problem.samples;
    return period < 1.0 ? 1 : period > 10.0 ? 10 : (int)period;
}

TrainingSettings training_defaults(void)
{
    return (TrainingSettings){.store = STORE_AUTO,
                              .memory = (size_t)1 << 30,
                              .eigen = EIGEN_AUTO,
                              .tolerance = 1e-6,
                              .iteration_limit = 20000,
                              .checkpoint_period = 300.0};
}

double training_flops(const Problem *problem, double iterations, double rank)
{
    const double d = problem->dimension;
    return iterations * problem->samples * d * (2.0 * rank + d);
}

size_t training_memory(const Problem *problem, int ranks, SampleStore store)
{
    SamplesSpec spec = samples_spec(problem);
    spec.store = store;
    const size_t d = (size_t)spec.dimension;
    /* factor, matrix, base, the remembered iterates; LAPACK's room, and what ScaLAPACK makes
     * on every rank */
    const size_t matrices = 2 + 1 + 2 * HISTORY + 2 + 2;
    return samples_memory(&spec, ranks) + pass_memory(&spec, ranks) + 8 * matrices * d * d;
}

/* Descent is on rank 0 alone; the d x d room for the eigensolver on every rank, as
 * symmetric_eigen.h asks. */
TrainingWork *training_create(MPI_Comm team, const Problem *problem,
                              const TrainingSettings *settings)
{
    assert(model_has(problem->model, TRAIT_MATRIX));
    assert(settings->tolerance > 0.0 && settings->iteration_limit >= 1);
    TrainingWork *work = checked_alloc(1, sizeof *work);
    const size_t d = (size_t)problem->dimension;
    *work = (TrainingWork){.team = team,
                           .d = (int)d,
                           .problem = *problem,
                           .settings = *settings,
                           .resumes_at = NAN};
    MPI_Comm_rank(team, &work->rank);
    SamplesSpec spec = samples_spec(problem);
    spec.store = settings->store;
    spec.memory = settings->memory;
    spec.rotated = settings->rotated;
    work->samples = samples_create(team, &spec);
    work->pass = pass_create(team, &work->samples);
    work->eigen = eigen_create(team, work->d, settings->eigen);
    work->factor = checked_alloc(d * d, sizeof(double));
    work->matrix = checked_alloc(d * d, sizeof(double));
    work->values = checked_alloc(d, sizeof(double));
    if (work->rank == 0) {
        work->descent = descent_create(work->d, problem->samples);
    }
    work->saved_at = MPI_Wtime();
    if (settings->checkpoint != NULL) {
        checkpoint_load(work);
    }
    return work;
}

void training_free(TrainingWork *work)
{
    if (work == NULL) {
        return;
    }
    eigen_free(&work->eigen);
    pass_free(&work->pass);
    samples_free(&work->samples);
    if (work->rank == 0) {
        descent_free(&work->descent);
    }
    free(work->factor);
    free(work->matrix);
    free(work->values);
    free(work);
}

double training_resumes_at(const TrainingWork *work)
{
    return work->resumes_at;
}

const double *training_factor(const TrainingWork *work, int *rank)
{
    *rank = work->progress.plan.rank;
    return work->factor;
}

/* ---- rank 0 decides ------------------------------------------------------------------ */

/* F of theory.md section 8 for the network of the last pass. */
static double objective(const TrainingWork *work)
{
    const Progress *progress = &work->progress;
    const double d = work->d;
    return progress->sums.residual / (d * d) + work->descent.weight / d * progress->plan.trace;
}

/* Refresh the gap, NAN if something is not finite. */
static void certify(TrainingWork *work)
{
    Progress *progress = &work->progress;
    const size_t bytes = (size_t)work->d * (size_t)work->d * sizeof(double);
    /* the eigensolver destroys what it gets, and B is needed by the next step */
    memcpy(work->matrix, work->pass.gram, bytes);
    const double largest = eigen_largest(&work->eigen, work->matrix, work->values);
    const double bound =
        pass_dual_bound(&progress->sums, work->d, work->descent.weight, largest);
    const double f = objective(work);
    /* every bound found so far holds for this point */
    progress->bound = bound > progress->bound ? bound : progress->bound;
    progress->gap = isfinite(largest + bound + f)
                        ? (f > 0.0 ? fmax((f - progress->bound) / f, 0.0) : 0.0)
                        : NAN;
    progress->unchecked = 0;
}

/* From now on in double precision: what single precision found is no proof. */
static void leave_single(Progress *progress)
{
    progress->single = 0;
    progress->bound = -INFINITY;
    progress->gap = 1.0;
    progress->unchecked = INT_MAX;
}

/* The end of this point, if it is reached. */
static bool ends(TrainingWork *work, Training *training)
{
    Progress *progress = &work->progress;
    const TrainingSettings *settings = &work->settings;
    const bool last = progress->iterations >= settings->iteration_limit;
    const bool finite = isfinite(progress->sums.residual + progress->sums.square);
    if (!finite || last || progress->unchecked >= certificate_period(work)) {
        certify(work);
    }
    /* also with NAN, before the first step: S = 0 is settled */
    const bool settled =
        !(descent_relative_move(&work->descent) > settled_move * progress->tolerance);
    const bool ready =
        progress->gap <= progress->tolerance && settled && !progress->plan.single;
    if (isnan(progress->gap)) {
        training->outcome = OUTCOME_FAILED;
    } else if (ready || last) {
        training->outcome = ready ? OUTCOME_CONVERGED : OUTCOME_NOT_CONVERGED;
    } else if (settings->stop != NULL && settings->stop(settings->stop_context)) {
        training->outcome = OUTCOME_RUNNING;
        training->stopped = true;
    } else {
        return false;
    }
    return true;
}

/* Rank 0.  In this order: the end, which frees the team; a checkpoint, between two steps,
 * when all state is in place; a change of precision or rule; a step. */
static Command decide(TrainingWork *work, Training *training)
{
    Progress *progress = &work->progress;
    const TrainingSettings *settings = &work->settings;
    if (ends(work, training)) {
        return COMMAND_END;
    }
    if (settings->checkpoint != NULL &&
        MPI_Wtime() - work->saved_at >= settings->checkpoint_period) {
        return COMMAND_SAVE;
    }
    const bool stuck = descent_stuck(&work->descent);
    /* the last pass must be in double precision: its certificate is reported */
    const bool last_but_one = progress->iterations + 1 >= settings->iteration_limit;
    const bool fine = progress->gap <= fmax(single_until, progress->tolerance) ||
                      descent_relative_move(&work->descent) <= single_move;
    if (progress->single && (fine || stuck || last_but_one)) {
        leave_single(progress);
    }
    if (stuck) {
        descent_switch(&work->descent, work->factor, &progress->plan);
        return COMMAND_PLAIN;
    }
    return COMMAND_STEP;
}

/* ---- the team follows ---------------------------------------------------------------- */

/* Collective.  The pass that rank 0 has planned. */
static void follow(TrainingWork *work)
{
    Progress *progress = &work->progress;
    progress->plan.single = progress->single;
    MPI_Bcast(&progress->plan, sizeof progress->plan, MPI_BYTE, 0, work->team);
    MPI_Bcast(work->factor, work->d * progress->plan.rank, MPI_DOUBLE, 0, work->team);
    progress->sums = pass_run(&work->pass, &progress->plan, work->factor);
    progress->iterations++;
    progress->unchecked += progress->unchecked < INT_MAX;
    if (work->rank == 0) {
        descent_curvature(&work->descent, progress->sums.move);
    }
}

/* Collective.  One step of the iteration; false if the eigensolver failed. */
static bool step(TrainingWork *work)
{
    if (work->rank == 0) {
        descent_matrix(&work->descent, work->pass.gram, work->matrix);
    }
    if (eigen_values(&work->eigen, work->matrix, work->values) != OUTCOME_CONVERGED) {
        return false;
    }
    double b = 0.0;
    if (work->rank == 0) {
        /* rank 0 has the eigenvalues; how many vectors are wanted eigen_vectors hears from
         * it */
        b = descent_threshold(&work->descent, work->values, &work->progress.plan);
    }
    if (eigen_vectors(&work->eigen, work->progress.plan.rank, work->matrix) !=
        OUTCOME_CONVERGED) {
        return false;
    }
    if (work->rank == 0) {
        descent_step(&work->descent, b, work->matrix, work->values, work->factor,
                     &work->progress.plan);
    }
    follow(work);
    return true;
}

/* Collective.  S = 0, v = y. */
static void begin_at_zero(TrainingWork *work)
{
    const size_t rows = (size_t)work->samples.rows;
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
    follow(work);
    work->progress.single = single;
    work->started = true;
}

/* Turn to this point, unless the checkpoint was in the midst of it. */
static void begin_point(TrainingWork *work, const Problem *problem)
{
    Progress *progress = &work->progress;
    /* only at the point that the checkpoint was in; at another its network is still a good
     * start */
    const bool resumed = work->resumes_at == problem->weight_decay;
    work->resumes_at = NAN;
    work->problem.weight_decay = problem->weight_decay;
    work->problem.width = problem->width;
    progress->tolerance =
        problem->tolerance > 0.0 ? problem->tolerance : work->settings.tolerance;
    if (work->rank == 0) {
        work->descent.weight = problem_nuclear_weight(&work->problem);
    }
    if (!resumed) {
        progress->iterations = 0;
        progress->unchecked = INT_MAX;
        progress->bound = -INFINITY;
        progress->gap = 1.0;
        progress->single = !work->settings.double_only;
        if (work->rank == 0) {
            descent_restart(&work->descent, work->settings.gradient_only);
        }
    }
}

/* Collective.  Rank 0 has the numbers. */
static void report(TrainingWork *work, Training *training, double eigenvalues[],
                   double overlaps[])
{
    const Progress *progress = &work->progress;
    training->iterations = progress->iterations;
    if (work->rank == 0) {
        training->gap = progress->gap;
        training->objective = objective(work);
        training->train_loss = progress->sums.residual / work->problem.samples;
        training->smoothness = work->descent.state.smoothness;
    }
    MPI_Bcast(training, sizeof *training, MPI_BYTE, 0, work->team);
    observe(work, training, eigenvalues, overlaps);
}

/* After COMMAND_END all ranks leave the loop together, whatever the reason. */
Training training_solve(TrainingWork *work, const Problem *problem, double eigenvalues[],
                        double overlaps[])
{
    assert(problem->weight_decay > 0.0);
    Training training = {.outcome = OUTCOME_RUNNING};
    begin_point(work, problem);
    if (!work->started) {
        begin_at_zero(work);
    }
    for (;;) {
        int command = COMMAND_STEP;
        if (work->rank == 0) {
            command = (int)decide(work, &training);
        }
        MPI_Bcast(&command, 1, MPI_INT, 0, work->team);
        if (command == COMMAND_END) {
            break;
        }
        if (command == COMMAND_SAVE) {
            checkpoint_save(work);
        } else if (command == COMMAND_PLAIN) {
            follow(work);
        } else if (!step(work)) {
            training.outcome = OUTCOME_FAILED;
            break;
        }
    }
    report(work, &training, eigenvalues, overlaps);
    /* after a failure the iterate is of no use to the next point */
    work->started = training.outcome != OUTCOME_FAILED;
    if (training.stopped && work->settings.checkpoint != NULL) {
        checkpoint_save(work);
    }
    return training;
}
