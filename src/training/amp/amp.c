/* Approximate message passing on drawn data, beside its state evolution.
 *
 * One iteration of theory.md section 8, in the notation of overlaps.h (capacity C, weight w):
 *     M  = S + A^T z / (n, or 2n/d for the quadratic network)
 *     S' = f(M),   b(C - D) = w with the divergence D of f on this very M          (E2)
 *     z' = y - A(S') + z D/C
 * from S = 0, z = y.  f takes b off eigenvalues or coefficients, and is the threshold of the
 * penalty, with chi for b in (E2), where there are more layers.  A fixed point is the trained
 * network, whatever b led there; with more layers a stationary one.  Damping keeps a part k of
 * S and of z: S = (1-k) S' + k S, and z alike.  M has Gaussian noise at any k, of variance t =
 * (1 + noise)/C at first, then C t' = (1-k)^2 (R + noise) + 2k (1-k) (O + noise) + k^2 C t (E1)
 * with R of f at (t, b(t)) and O the overlap of its error with those that z is made of: 1 - m
 * with S* itself, the error of S = 0, and taken to be R with every other, as it were if S' were
 * a conditional mean.  So the predicted path of R is exact as d grows if k = 0, and for two
 * iterations at any k; then good to 6 % at k = .3, 16 % at k = .6 (d = 2000), its end exact.
 *
 * Without damping the iteration may go round in circles, or grow without end, where d is small
 * or the weight decay is: so by default damping is raised whenever steps stop shrinking.
 *
 * A team of ranks shares the rows; rank 0 of the team decides.
 */
#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "phasesweep/base/check.h"
#include "phasesweep/model/features.h"
#include "phasesweep/model/method_facts.h"
#include "phasesweep/model/model.h"
#include "amp_model.h"
#include "checkpoint.h"
#include "network.h"

/* Adaptive damping looks at windows of WINDOW steps, counted as undamped ones.  The share that
 * is renewed falls by `notch`, at most to `least_renewed`, where the least residual of a window
 * is not below `stalls` times that of the one before; or `circles` times it while delta goes up
 * and down in turn, for then damping makes steps shrink faster.  Damping alone cannot end a
 * slow circle in which a coefficient near the threshold moves the threshold: once enough is
 * kept, b follows its own root more slowly (a fixed point is the trained network whatever b led
 * there), and faster again where it only drifts.  At d = 200, Delta = .1, n = 50 ... 800,
 * weights down to .003, 180 points: 169 end at the tolerance, at most 149 by a damping of .5,
 * .7 or .9. */
enum { WINDOW = 10 };
static const double stalls = 0.95;
static const double circles = 0.6;
static const double notch = 0.6;
static const double least_renewed = 0.05;
static const double enough_kept = 0.5;
static const double least_followed = 0.01, slower = 0.3, faster = 3.0;

/* Where the threshold jumps a coefficient at its edge may go on and off whatever is kept: each
 * time that steps stop shrinking it is held more. */
static const double firmer = 0.25;

/* In theory |z| falls from |y| on; of the signed network with few samples it grows threefold an
 * iteration if nothing is kept.  So damping is raised at once where |z|^2 is this much above
 * |y|^2, or above what it was the last time. */
static const double growth = 2.0;

/* Growth of |z| over |y| from which there is no way back. */
static const double explosion = 1e6;

static const AmpModel *const models[MODEL_COUNT] = {
    [MODEL_QUADRATIC] = &amp_quadratic,
    [MODEL_DIAGONAL] = &amp_diagonal,
    [MODEL_SIGNED] = &amp_quadratic,
};

/* How the iteration goes, on rank 0. */
typedef struct Watch {
    bool adaptive;
    double keep;   /* of the next iteration */
    double follow; /* share of the way to its own threshold that it goes */
    double hold;   /* see amp_floor */
    double before; /* least residual of the last window */
    double least;  /* of this window */
    double rise;   /* last change of delta */
    int steps;     /* of this window */
    int window;    /* its length, in undamped ones */
    int turns;     /* changes of sign of `rise` among them */
    double bound;  /* of |z|^2, beyond which it grows */
} Watch;

/* Iterations of a point. */
enum { ITERATIONS = 5000 };

typedef struct AmpWork {
    MPI_Comm team;   /* borrowed */
    int rank;        /* in team */
    Problem problem; /* in hand */
    size_t room;     /* of the path */
    int limit, most; /* iterations of this point and of any */
    const AmpModel *model;
    const Dataset *data; /* borrowed */
    bool known;          /* who made the labels */
    void *state;         /* of the model; owned */
    Watch watch;         /* rank 0, as all below */
    double start;        /* |y|^2 */
    Observed observed;   /* after the last iteration; its outcome on all ranks */
    double *path;        /* [2 * room] R, then k, by iteration; owned */
} AmpWork;

static size_t amp_memory(const Problem *problem, int ranks, SampleStore store, double active)
{
    (void)active;
    return models[problem->model]->memory(problem, ranks, store);
}

static void *amp_create(MPI_Comm team, const Dataset *data, const Problem *problem,
                        const TrainerSettings *settings)
{
    AmpWork *work = checked_alloc(1, sizeof *work);
    assert(problem->damping < 1.0);
    work->team = team;
    work->problem = *problem;
    work->room = settings->path_room;
    work->most = settings->iteration_limit > 0 ? settings->iteration_limit : ITERATIONS;
    work->limit = work->most;
    work->model = models[problem->model];
    work->data = data;
    work->known = data->truth != NULL;
    MPI_Comm_rank(team, &work->rank);
    work->state = work->model->create(team, data, problem, settings);
    work->path = checked_alloc(2 * work->room, sizeof *work->path);
    return work;
}

static void amp_release(void *state)
{
    AmpWork *work = state;
    work->model->release(work->state);
    free(work->path);
    free(work);
}

static void amp_state(void *state, StateVisitor *visitor)
{
    AmpWork *work = state;
    visit_common(visitor, &work->watch, sizeof work->watch);
    visit_common(visitor, &work->start, sizeof work->start);
    visit_common(visitor, &work->observed, sizeof work->observed);
    visit_common(visitor, work->path, 2 * work->room * sizeof *work->path);
    work->model->state(work->state, visitor);
}

/* ---- rank 0 decides -------------------------------------------------------------------- */

static Watch watch_begin(double damping, double start)
{
    const bool adaptive = damping < 0.0;
    return (Watch){.adaptive = adaptive,
                   .keep = adaptive ? 0.0 : damping,
                   .follow = 1.0,
                   .window = WINDOW,
                   .bound = growth * start,
                   .before = INFINITY,
                   .least = INFINITY};
}

static void keep_more(Watch *watch)
{
    watch->keep = fmin(1.0 - notch * (1.0 - watch->keep), 1.0 - least_renewed);
}

/* Steps have stopped shrinking, or go to and fro. */
static void calm(Watch *watch)
{
    watch->hold = fmin(watch->hold + firmer, 1.0);
    if (watch->turns == 0 && watch->follow < 1.0) {
        watch->follow = fmin(faster * watch->follow, 1.0); /* on a long way in one direction */
        return;
    }
    const bool slowly = 4 * watch->turns < watch->steps;
    if (slowly && watch->keep > enough_kept && watch->follow > least_followed) {
        watch->follow *= slower;
    } else {
        keep_more(watch);
    }
    if (slowly && watch->keep > enough_kept) {
        watch->window *= 2; /* slow is not stalled */
    }
}

static void watch_step(Watch *watch, double residual, double rise, double square)
{
    if (watch->adaptive && square > watch->bound) {
        keep_more(watch);
        watch->bound = growth * square;
        watch->before = watch->least = INFINITY;
        watch->steps = watch->turns = 0;
        return;
    }
    watch->turns += rise * watch->rise < 0.0;
    watch->rise = rise;
    watch->least = fmin(watch->least, residual);
    if (++watch->steps * (1.0 - watch->keep) < watch->window) {
        return;
    }
    const bool turning = 2 * watch->turns > watch->steps;
    if (watch->adaptive && watch->least > (turning ? circles : stalls) * watch->before) {
        calm(watch);
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
    const double t = square / problem->samples / model_of(problem)->channel(problem).capacity;
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
           model->penalty_scale * weight_of(problem) * step->penalty;
}

static void report_step(const Problem *problem, const AmpStep *step, Observed *amp)
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

/* Whether the iteration ends with this step, and how. */
static Outcome judge(const AmpWork *work, const AmpStep *step)
{
    const Observed *amp = &work->observed;
    if (!(step->square <= explosion * explosion * work->start) || !isfinite(amp->objective)) {
        return OUTCOME_DIVERGED;
    }
    if (amp->residual <= work->problem.tolerance) {
        return OUTCOME_CONVERGED;
    }
    return amp->iterations >= work->limit ? OUTCOME_NOT_CONVERGED : OUTCOME_RUNNING;
}

/* After a step. */
static void follow(AmpWork *work, const AmpStep *step)
{
    Observed *amp = &work->observed;
    const size_t place = (size_t)amp->iterations;
    const double delta = amp->delta;
    if (place < work->room) {
        work->path[place] = work->known && isfinite(step->risk) ? step->risk : NAN;
        work->path[place + work->room] = step->keep;
    }
    amp->iterations++;
    report_step(&work->problem, step, amp);
    amp->outcome = judge(work, step);
    watch_step(&work->watch, amp->residual, amp->delta - delta, step->square);
}

/* ---- the team follows ------------------------------------------------------------------ */

static void amp_begin(void *state, const Problem *problem)
{
    AmpWork *work = state;
    work->problem = *problem;
    work->limit = work->most;
    work->start = work->model->begin(work->state, weight_of(problem));
    work->watch = watch_begin(problem->damping, work->start);
    work->observed = observed_nothing(OUTCOME_RUNNING);
    work->observed.delta = noise_of(problem, work->start);
    work->observed.damping = 0.0;
    for (size_t k = 0; k < 2 * work->room; k++) {
        work->path[k] = NAN;
    }
}

static bool amp_advance(void *state)
{
    AmpWork *work = state;
    AmpStep step = {.keep = work->watch.keep,
                    .before = work->observed.threshold,
                    .follow = work->watch.follow,
                    .hold = work->watch.hold};
    MPI_Bcast(&step.keep, 1, MPI_DOUBLE, 0, work->team);
    if (!work->model->step(work->state, &step)) {
        work->observed.outcome = OUTCOME_DIVERGED;
    } else if (work->rank == 0) {
        follow(work, &step);
    }
    MPI_Bcast(&work->observed.outcome, sizeof work->observed.outcome, MPI_BYTE, 0, work->team);
    return work->observed.outcome == OUTCOME_RUNNING;
}

static void amp_hurry(void *state)
{
    AmpWork *work = state;
    work->limit = work->observed.iterations;
}

static void amp_observe(void *state, Observed *observed, double spectrum[], double overlaps[])
{
    AmpWork *work = state;
    const int d = (int)work->problem.dimension;
    *observed = work->observed;
    observed->evaluations = observed->iterations;
    observed->feature_overlap = work->model->observe(work->state, spectrum);
    for (int k = 0; k < d; k++) {
        overlaps[k] = NAN;
    }
    if (!work->known) {
        network_forget_truth(observed);
    } else if (work->rank == 0) {
        const Network network = work->model->network(work->state);
        observed->prediction_risk =
            model_of(&work->problem)->prediction_per_risk * observed->risk +
            (network.factor != NULL ? network_kurtosis_risk(work->data, &network) : 0.0);
    }
    network_share(work->team, d, observed, spectrum, overlaps);
    MPI_Bcast(work->path, 2 * (int)work->room, MPI_DOUBLE, 0, work->team);
    observed->risk_path = work->path;
    observed->kept_path = work->path + work->room;
}

static Network amp_network(const void *state)
{
    const AmpWork *work = state;
    return work->model->network(work->state);
}

static bool amp_accepts(const Problem *problem)
{
    return method_facts(problem->method)->passes_messages;
}

/* By state evolution an error shrinks in each iteration by the square root of active numbers
 * over samples, of a matrix of rank r r (d - (r - 1)/2) of them; networks of a few hundred
 * coordinates scatter about theory, are damped, and take longer.  Measured to 1e-6 at the
 * source exponent 1.25, n = d^2, weights 1 and .1: 42 and 58 iterations at d = 50, 32 and 107
 * at 100, 16 and 34 at 200 (by the rule 49 and 76, 31 and 54, 22 and 41); diagonal, n = d, .3
 * and .1: 62 and 143 at d = 100, 27 and 57 at 400, 31 and 56 at 1600 (63 and 138, 30 and 70, 22
 * and 54).  Smaller networks take no longer than at d = 50, as a rule: 36 ... 106 at d = 16 and
 * 32, 56 ... 151 at 8, 19 ... 225 and one of 1196 at 4. */
static const double unknown = 80.0;
static const double slowest = 0.9; /* of active numbers over samples */
static const double scatter_matrix = 60.0, scatter_vector = 150.0; /* d at which they double */
static const double scatter_most = 3.0;

static double iterations_of(const Problem *problem, double active)
{
    const double d = problem->dimension;
    const bool matrix = model_has(problem->model, TRAIT_MATRIX);
    const double numbers = matrix ? active * (d - 0.5 * (active - 1.0)) : active;
    const double share = fmax(fmin(numbers / problem->samples, slowest), 1e-4);
    const double scatter =
        fmin(1.0 + (matrix ? scatter_matrix : scatter_vector) / d, scatter_most);
    const double count = scatter * log(problem->tolerance) / (0.5 * log(share));
    return isfinite(active) ? fmin(count, ITERATIONS) : unknown;
}

/* Of blocks of correlated features the plan knows the rank on plain rows.  Theirs is lower: of
 * a block one feature is learned first.  At d = 60, B = 10, n = 3600 and 20000, nuclear weights
 * 1 and .1, plain 26, 47, 57 and 60: 9.5, 35, 31 and 49 at rho = .5 by theory, 6, 21, 8 and 35
 * at .8, 6, 6, 6 and 13 at .95. */
static double rank_of_blocks(const Problem *problem, double plain)
{
    const double blocks = problem->dimension / problem->block_size;
    return fmax(fmin(plain, blocks), (1.0 - problem->block_correlation) * plain);
}

static TrainerPrice price(const Problem *problem, double plain)
{
    const double n = problem->samples;
    const double d = problem->dimension;
    const bool matrix = model_has(problem->model, TRAIT_MATRIX);
    const bool blocks = matrix && features_are_correlated(problem);
    const double active = blocks ? rank_of_blocks(problem, plain) : plain;
    const double trials = features_are_isotropic(problem) ? 1.0 : 5.0; /* of b */
    const double rank = fmin(active, d);
    const double count = iterations_of(problem, active);
    /* as in training_price.c, in double precision; of a vector two passes over memory */
    return (TrainerPrice){.first = count,
                          .next = count,
                          .flops = matrix ? n * d * (d + 2.0 * rank + 100.0) : 4.0 * n * d,
                          .eigen = matrix ? 10.0 * trials * d * d * (d + 450.0) : 0.0,
                          .words = matrix ? d * d : d,
                          .rate = matrix ? 3.2e10 : 3e9};
}

const Trainer trainer_amp = {.name = "amp",
                             .accepts = amp_accepts,
                             .create = amp_create,
                             .release = amp_release,
                             .begin = amp_begin,
                             .advance = amp_advance,
                             .hurry = amp_hurry,
                             .observe = amp_observe,
                             .network = amp_network,
                             .state = amp_state,
                             .price = price,
                             .memory = amp_memory};
