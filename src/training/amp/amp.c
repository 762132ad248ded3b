#include "phasesweep/training/amp.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "phasesweep/base/check.h"
#include "phasesweep/model/model.h"
#include "amp_model.h"

/* Adaptive damping looks at windows of WINDOW steps, counted as undamped ones.  The share that
 * is renewed falls by `notch`, at most to `least_renewed`, where the least residual of a window
 * is not below `stalls` times that of the one before; or `circles` times it while delta goes up
 * and down in turn, for then damping makes steps shrink faster. */
enum { WINDOW = 10 };
static const double stalls = 0.95;
static const double circles = 0.6;
static const double notch = 0.6;
static const double least_renewed = 0.05;

/* Growth of |z| over |y| from which there is no way back. */
static const double explosion = 1e6;

static const AmpModel *const models[MODEL_COUNT] = {
    [MODEL_QUADRATIC] = &amp_quadratic,
    [MODEL_DIAGONAL] = &amp_diagonal,
};

/* How the iteration goes, on rank 0. */
typedef struct Watch {
    bool adaptive;
    double keep;   /* of the next iteration */
    double before; /* least residual of the last window */
    double least;  /* of this window */
    double rise;   /* last change of delta */
    int steps;     /* of this window */
    int turns;     /* changes of sign of `rise` among them */
} Watch;

struct AmpWork {
    MPI_Comm team;   /* borrowed */
    int rank;        /* in team */
    Problem problem; /* as last asked for */
    AmpSettings settings;
    const AmpModel *model;
    void *state; /* of the model; owned */
};

AmpSettings amp_defaults(void)
{
    return (AmpSettings){.store = STORE_AUTO,
                         .memory = (size_t)1 << 30,
                         .eigen = EIGEN_AUTO,
                         .damping = -1.0,
                         .tolerance = 1e-6,
                         .iteration_limit = 5000};
}

size_t amp_memory(const Problem *problem, int ranks, SampleStore store)
{
    assert(store != STORE_AUTO && ranks >= 1);
    return models[problem->model]->memory(problem, ranks, store);
}

AmpWork *amp_create(MPI_Comm team, const Problem *problem, const AmpSettings *settings)
{
    assert(settings->tolerance > 0.0 && settings->iteration_limit >= 1);
    assert(settings->damping < 1.0);
    AmpWork *work = checked_alloc(1, sizeof *work);
    *work = (AmpWork){.team = team,
                      .problem = *problem,
                      .settings = *settings,
                      .model = models[problem->model]};
    MPI_Comm_rank(team, &work->rank);
    work->state = work->model->create(team, problem, settings);
    return work;
}

void amp_free(AmpWork *work)
{
    if (work != NULL) {
        work->model->release(work->state);
        free(work);
    }
}

/* ---- rank 0 decides -------------------------------------------------------------------- */

static Watch watch_begin(double damping)
{
    const bool adaptive = damping < 0.0;
    return (Watch){.adaptive = adaptive,
                   .keep = adaptive ? 0.0 : damping,
                   .before = INFINITY,
                   .least = INFINITY};
}

/* Raise the damping when steps have stopped shrinking, or go to and fro. */
static void watch_step(Watch *watch, double residual, double rise)
{
    watch->turns += rise * watch->rise < 0.0;
    watch->rise = rise;
    watch->least = fmin(watch->least, residual);
    if (++watch->steps * (1.0 - watch->keep) < WINDOW) {
        return;
    }
    const bool turning = 2 * watch->turns > watch->steps;
    if (watch->adaptive && watch->least > (turning ? circles : stalls) * watch->before) {
        watch->keep = fmin(1.0 - notch * (1.0 - watch->keep), 1.0 - least_renewed);
        watch->least = residual;
    }
    watch->before = watch->least;
    watch->least = INFINITY;
    watch->steps = watch->turns = 0;
}

/* Of an undamped step: of S, and of z through delta, which may go on for long when S has come
 * to rest (a coefficient just at the threshold).  Where nothing is learned the change of S is
 * measured by the teacher, of norm 1. */
static double relative_change(const AmpStep *step, double delta_before, double delta)
{
    const double size = sqrt(step->overlap_q);
    const double of_z = fabs(delta / delta_before - 1.0) / (1.0 - step->keep);
    return fmax(step->move / (size > 0.0 ? size : 1.0), of_z);
}

/* (E1) with z in place of its expectation: |z|^2/n = E (f - f*)^2 + Delta. */
static double noise_of(const Problem *problem, double square)
{
    const double t = square / problem->samples / amp_capacity(problem);
    return sqrt(t / model_of(problem)->prediction_per_risk);
}

static double weight_of(const Problem *problem)
{
    return model_of(problem)->channel(problem).weight;
}

/* Theory.md section 1. */
static double objective_of(const Problem *problem, const AmpStep *step)
{
    const Model *model = model_of(problem);
    return step->residual / model->squares_per_loss(problem) +
           model->penalty_scale * weight_of(problem) * step->trace;
}

static void report_step(const Problem *problem, const AmpStep *step, Amp *amp)
{
    amp->rank = step->rank;
    amp->damping = step->keep;
    const double before = amp->delta;
    amp->delta = noise_of(problem, step->square);
    amp->residual = relative_change(step, before, amp->delta);
    amp->threshold = step->threshold;
    amp->objective = objective_of(problem, step);
    amp->train_loss = step->residual / problem->samples;
    amp->risk = step->risk;
    amp->trace = step->trace;
    amp->overlap_q = step->overlap_q;
    amp->overlap_m = step->overlap_m;
}

/* Nothing but how far it went and how it was damped. */
static void report_divergence(Amp *amp)
{
    *amp = (Amp){.outcome = OUTCOME_DIVERGED,
                 .iterations = amp->iterations,
                 .damping = amp->damping,
                 .residual = NAN,
                 .delta = NAN,
                 .threshold = NAN,
                 .objective = NAN,
                 .train_loss = NAN,
                 .risk = NAN,
                 .trace = NAN,
                 .overlap_q = NAN,
                 .overlap_m = NAN,
                 .feature_overlap = NAN};
}

/* Whether the iteration ends with this step, and how. */
static Outcome judge(const AmpWork *work, double tolerance, double bound, const Amp *amp,
                     const AmpStep *step)
{
    if (!(step->square <= bound) || !isfinite(amp->objective)) {
        return OUTCOME_DIVERGED;
    }
    if (amp->residual <= tolerance) {
        return OUTCOME_CONVERGED;
    }
    return amp->iterations >= work->settings.iteration_limit ? OUTCOME_NOT_CONVERGED
                                                             : OUTCOME_RUNNING;
}

/* ---- the team follows ------------------------------------------------------------------ */

/* Root only.  After a step. */
static void follow(AmpWork *work, const AmpPath *path, const AmpStep *step, Amp *amp)
{
    const size_t place = (size_t)amp->iterations;
    if (path != NULL && place < path->room) {
        path->risk[place] = isfinite(step->risk) ? step->risk : NAN;
        path->kept[place] = step->keep;
    }
    amp->iterations++;
    report_step(&work->problem, step, amp);
}

/* Collective.  Iterate to an end. */
static void iterate(AmpWork *work, const AmpPath *path, Amp *amp)
{
    const AmpSettings *settings = &work->settings;
    const double tolerance =
        work->problem.tolerance > 0.0 ? work->problem.tolerance : settings->tolerance;
    Watch watch = watch_begin(settings->damping);
    const double start = work->model->begin(work->state, weight_of(&work->problem));
    const double bound = explosion * explosion * start;
    amp->delta = noise_of(&work->problem, start);
    while (amp->outcome == OUTCOME_RUNNING && !amp->stopped) {
        AmpStep step = {.keep = watch.keep};
        MPI_Bcast(&step.keep, 1, MPI_DOUBLE, 0, work->team);
        if (!work->model->step(work->state, &step)) {
            amp->outcome = OUTCOME_DIVERGED;
        } else if (work->rank == 0) {
            const double delta = amp->delta;
            follow(work, path, &step, amp);
            amp->outcome = judge(work, tolerance, bound, amp, &step);
            amp->stopped = amp->outcome == OUTCOME_RUNNING && settings->stop != NULL &&
                           settings->stop(settings->stop_context);
            watch_step(&watch, amp->residual, amp->delta - delta);
        }
        MPI_Bcast(amp, sizeof *amp, MPI_BYTE, 0, work->team);
    }
}

static void clear_path(const AmpPath *path)
{
    for (size_t k = 0; path != NULL && k < path->room; k++) {
        path->risk[k] = path->kept[k] = NAN;
    }
}

/* Collective.  What rank 0 knows, to all. */
static void share(const AmpWork *work, double spectrum[], const AmpPath *path)
{
    if (spectrum != NULL) {
        MPI_Bcast(spectrum, (int)work->problem.dimension, MPI_DOUBLE, 0, work->team);
    }
    if (path != NULL) {
        MPI_Bcast(path->risk, (int)path->room, MPI_DOUBLE, 0, work->team);
        MPI_Bcast(path->kept, (int)path->room, MPI_DOUBLE, 0, work->team);
    }
}

Amp amp_solve(AmpWork *work, const Problem *problem, double spectrum[], const AmpPath *path)
{
    assert(problem->weight_decay > 0.0);
    assert(problem->dimension == work->problem.dimension);
    Amp amp = {.outcome = OUTCOME_RUNNING};
    work->problem.weight_decay = problem->weight_decay;
    work->problem.width = problem->width;
    work->problem.tolerance = problem->tolerance;
    clear_path(path);
    iterate(work, path, &amp);
    const size_t d = (size_t)problem->dimension;
    double *values = checked_alloc(d, sizeof *values);
    amp.feature_overlap = work->model->observe(work->state, values);
    MPI_Bcast(&amp.feature_overlap, 1, MPI_DOUBLE, 0, work->team);
    if (amp.outcome == OUTCOME_DIVERGED) {
        report_divergence(&amp);
    }
    for (size_t k = 0; spectrum != NULL && k < d; k++) {
        spectrum[k] = amp.outcome == OUTCOME_DIVERGED ? NAN : values[k];
    }
    free(values);
    share(work, spectrum, path);
    return amp;
}
