/* The diagonal network of more than two layers, trained from several starts.
 *
 * Training is least squares with the penalty mu |theta|_q^q, q = 2/L (theory.md section 11),
 * which is not convex: minima abound, and nothing proves that one is the least.  So each point
 * descends (lq_descent.h) from
 *     the LASSO with half the edge of the threshold, by way of powers between 1 and q;
 *     theta = 0, by way of wider edges;
 *     least squares without a penalty, cut off after some steps, by way of narrower edges;
 *     the network of the weight before, on a chain;
 *     the lowest end so far, by way of narrower edges, four times;
 * keeps the lowest end, and reports how far apart the ends are.  Its outcome is STATIONARY.
 *
 * The LASSO is that of lasso.c, twin of this problem, which also draws the data into sums and
 * is told to keep the whole Gram matrix.  Rank 0 unpacks it and descends alone, a few sweeps an
 * iteration: the team's work is the Gram matrix, which is most of it.
 */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"
#include "phasesweep/model/method_facts.h"
#include "phasesweep/model/model.h"
#include "checkpoint.h"
#include "ends.h"
#include "lasso_state.h"
#include "lq_descent.h"
#include "network.h"

typedef enum DeepStart {
    FROM_LASSO,
    FROM_ZERO,
    FROM_LEAST_SQUARES,
    FROM_NEIGHBOUR,
    FROM_BEST,
    DEEP_STARTS = FROM_BEST + 4
} DeepStart;

typedef enum DeepStage { DEEP_LASSO, DEEP_DESCENT, DEEP_OVER } DeepStage;

/* Penalties on the way from a start, RUNGS of them: edges of the threshold from this many times
 * its own to its own, and from the LASSO powers from 1.  Narrower edges let in what a minimum
 * lacks; at n < d and small weights, L = 4, ends from the best of the others lower F by 1 %
 * more.  How nearly each but the last is solved: it is only a start for the next. */
enum { RUNGS = 8 };
static const double first_edge[DEEP_STARTS] = {
    [FROM_LASSO] = 0.5,      [FROM_ZERO] = 4.0,       [FROM_LEAST_SQUARES] = 0.25,
    [FROM_NEIGHBOUR] = 1.0,  [FROM_BEST] = 1.0 / 1.5, [FROM_BEST + 1] = 0.5,
    [FROM_BEST + 2] = 0.333, [FROM_BEST + 3] = 0.25};
static const double rung_tolerance = 1e-3;

/* The LASSO, too, which may take long where it is nearly interpolating. */
static const double lasso_tolerance = 1e-4;
enum { LASSO_STEPS = 2000 };

/* Steps of conjugate gradients, and what they leave of the gradient. */
enum { LEAST_SQUARES_STEPS = 50 };
static const double least_squares_share = 1e-3;

/* Sweeps and Newton steps of a point, all starts together; operations of an iteration. */
enum { STEPS = 200000 };
static const double operations = 3e5;

/* Columns unpacked at a time. */
enum { COLUMNS = 64 };

/* How a point goes; scalars, those of rank 0. */
typedef struct DeepProgress {
    DeepStage stage;
    bool summed;    /* the data are in the Gram matrix */
    bool neighbour; /* there is one */
    bool cut;       /* a limit was reached */
    DeepStart start;
    int rung; /* 1 ... RUNGS, the last at the power of the problem */
    int steps;
    Ends ends;     /* of the starts followed so far */
    LqValue value; /* of the best */
} DeepProgress;

typedef struct DeepWork {
    MPI_Comm team; /* borrowed */
    int rank, d;
    int limit, most;     /* steps of this point and of any */
    Problem problem;     /* in hand */
    const Dataset *data; /* borrowed */
    LassoWork *lasso;    /* the twin, solved by trainer_lasso; owned */
    DeepProgress progress;
    double *best;      /* [d] of the lowest end; owned as all below */
    double *neighbour; /* [d], rank 0 */
    double *gram;      /* [d * d], rank 0, NULL before the data are summed */
    LqDescent descent; /* rank 0, where gram is */
} DeepWork;

/* ---- the twin ---------------------------------------------------------------------------- */

static double weight_of(const Problem *problem)
{
    return model_of(problem)->channel(problem).weight;
}

/* The weight at a power whose threshold has its edge at `times` that of the problem's: E
 * |x_j|^2 is n. */
static double weight_at(const Problem *problem, double power, double times)
{
    const double n = problem->samples;
    const Threshold own = threshold_of(problem_power(problem));
    const Threshold other = threshold_of(power);
    const double edge = threshold_edge(&own, weight_of(problem) / n);
    return n * threshold_weight(&other, times * edge);
}

static Problem twin_of(const Problem *problem)
{
    Problem twin = *problem;
    twin.depth = 0.0;
    twin.tolerance = fmax(lasso_tolerance, problem->tolerance);
    twin.weight_decay = weight_at(problem, 1.0, first_edge[FROM_LASSO]) /
                        (weight_of(&twin) / twin.weight_decay);
    return twin;
}

/* ---- life -------------------------------------------------------------------------------- */

static size_t memory(const Problem *problem, int ranks, SampleStore store, double active)
{
    (void)store; /* rows are read once */
    SamplesSpec spec = samples_spec(problem);
    spec.store = STORE_NONE;
    const double d = problem->dimension;
    /* numbers fluctuate and the way to the solution passes by more */
    const double most = fmin(1.3 * active, d);
    /* this rank's sums, later the square of rank 0; panels; factors on active coefficients, of
     * the twin and of the descents */
    const double matrices =
        d * d * (1.0 + 0.5 / ranks) + d * 2.0 * GRAM_PANEL + most * most * (1.0 + 1.0 / ranks);
    return samples_memory(&spec, ranks) + (size_t)(8.0 * (matrices + 40.0 * d));
}

static void *create(MPI_Comm team, const Dataset *data, const Problem *problem,
                    const TrainerSettings *settings)
{
    DeepWork *work = checked_alloc(1, sizeof *work);
    const size_t d = (size_t)data->dimension;
    const int given = settings->iteration_limit;
    work->team = team;
    MPI_Comm_rank(team, &work->rank);
    work->d = data->dimension;
    work->most = work->limit = given > 0 ? given : STEPS;
    work->problem = *problem;
    work->data = data;
    const Problem twin = twin_of(problem);
    TrainerSettings sums = *settings;
    sums.layout = LASSO_SUMS;
    sums.iteration_limit = given > 0 && given < LASSO_STEPS ? given : LASSO_STEPS;
    work->lasso = trainer_lasso.create(team, data, &twin, &sums);
    work->best = checked_alloc(d, sizeof(double));
    work->neighbour = checked_alloc(d, sizeof(double));
    return work;
}

static void release(void *state)
{
    DeepWork *work = state;
    trainer_lasso.release(work->lasso);
    lq_free(&work->descent);
    free(work->best);
    free(work->neighbour);
    free(work->gram);
    free(work);
}

/* Collective.  The whole of the Gram matrix, on rank 0. */
static void unpack(DeepWork *work)
{
    const size_t d = (size_t)work->d;
    int *index = checked_alloc(d, sizeof *index);
    double *columns = checked_alloc(d * COLUMNS, sizeof *columns);
    for (int j = 0; j < work->d; j++) {
        index[j] = j;
    }
    if (work->rank == 0) {
        work->gram = checked_alloc(d * d, sizeof *work->gram);
    }
    for (int first = 0; first < work->d; first += COLUMNS) {
        const int left = work->d - first;
        const int count = left < COLUMNS ? left : COLUMNS;
        gram_entries(&work->lasso->gram, index, work->d, index + first, count, columns);
        if (work->rank == 0) {
            memcpy(work->gram + (size_t)first * d, columns,
                   d * (size_t)count * sizeof *columns);
        }
    }
    free(columns);
    free(index);
    work->progress.summed = true;
    if (work->rank == 0) {
        work->descent = lq_create((LqData){.d = work->d,
                                           .gram = work->gram,
                                           .base = work->lasso->base,
                                           .base_gradient = work->lasso->base_gradient,
                                           .base_square = work->lasso->progress.base_square});
    }
}

/* The penalty of the rung in hand. */
static void penalise(DeepWork *work)
{
    const double left = 1.0 - (double)work->progress.rung / RUNGS; /* of the way, exact at 0 */
    const Problem *problem = &work->problem;
    const DeepStart start = work->progress.start;
    const double own = problem_power(problem);
    if (left == 0.0) {
        lq_penalise(&work->descent, own, weight_of(problem));
    } else {
        const double power = start == FROM_LASSO ? pow(own, 1.0 - left) : own;
        const double times = pow(first_edge[start], left);
        lq_penalise(&work->descent, power, weight_at(problem, power, times));
    }
}

static void list_descent(DeepWork *work, StateVisitor *visitor)
{
    LqDescent *descent = &work->descent;
    const size_t bytes = (size_t)work->d * sizeof(double);
    LqPace pace = descent->pace;
    visit_root(visitor, &pace, sizeof pace);
    visit_root(visitor, descent->theta, bytes);
    visit_root(visitor, descent->gradient, bytes);
    visit_root(visitor, descent->order, (size_t)work->d * sizeof(int));
    if (visit_loading(visitor) && work->rank == 0) {
        penalise(work);
        descent->pace = pace;
    }
}

static void list_state(void *state, StateVisitor *visitor)
{
    DeepWork *work = state;
    const size_t bytes = (size_t)work->d * sizeof(double);
    trainer_lasso.state(work->lasso, visitor);
    visit_common(visitor, &work->progress, sizeof work->progress);
    visit_root(visitor, work->best, bytes);
    visit_root(visitor, work->neighbour, bytes);
    if (visit_loading(visitor) && work->progress.summed) {
        unpack(work);
    }
    if (work->progress.stage == DEEP_DESCENT) {
        list_descent(work, visitor);
    }
}

/* ---- starts, on rank 0 ------------------------------------------------------------------- */

static double risk_of(const DeepWork *work, const double theta[])
{
    return work->data->truth != NULL ? network_vector_risk(work->data, work->lasso->order,
                                                           theta, work->lasso->teacher)
                                     : NAN;
}

static const double *place_of(const DeepWork *work, const double zero[])
{
    switch (work->progress.start) {
    case FROM_LASSO:
        return work->lasso->theta;
    case FROM_NEIGHBOUR:
        return work->neighbour;
    case FROM_ZERO:
    case FROM_LEAST_SQUARES:
        return zero;
    default:
        return work->best;
    }
}

static void start(DeepWork *work)
{
    DeepProgress *progress = &work->progress;
    double *theta = checked_alloc((size_t)work->d, sizeof *theta);
    progress->rung = progress->start == FROM_NEIGHBOUR ? RUNGS : 1;
    penalise(work);
    lq_place(&work->descent, place_of(work, theta));
    if (progress->start == FROM_LEAST_SQUARES) {
        lq_least_squares(&work->descent, LEAST_SQUARES_STEPS, least_squares_share);
        memcpy(theta, work->descent.theta, (size_t)work->d * sizeof *theta);
        lq_place(&work->descent, theta);
    }
    free(theta);
}

/* A start has come to its end, or as far as it may. */
static void end(DeepWork *work)
{
    DeepProgress *progress = &work->progress;
    if (progress->rung < RUNGS) {
        progress->rung = RUNGS;
        penalise(work);
    }
    const LqValue value = lq_value(&work->descent);
    if (progress->ends.count == 0 || value.objective < progress->value.objective) {
        progress->value = value;
        memcpy(work->best, work->descent.theta, (size_t)work->d * sizeof(double));
    }
    ends_add(&progress->ends, value.objective, risk_of(work, work->descent.theta));
}

/* What comes after a rung: the next of this start, another start, or nothing. */
static void turn(DeepWork *work)
{
    DeepProgress *progress = &work->progress;
    if (progress->rung < RUNGS) {
        progress->rung++;
        penalise(work);
        return;
    }
    end(work);
    progress->start++;
    if (progress->start == FROM_NEIGHBOUR && !progress->neighbour) {
        progress->start++;
    }
    if (progress->start == DEEP_STARTS) {
        progress->stage = DEEP_OVER;
    } else {
        start(work);
    }
}

/* The network in hand counts only where there is no other: it is not at an end. */
static void cut(DeepWork *work)
{
    DeepProgress *progress = &work->progress;
    if (progress->ends.count == 0) {
        end(work);
        ends_unknown(&progress->ends);
    }
    progress->cut = true;
    progress->stage = DEEP_OVER;
}

static void descend(DeepWork *work)
{
    DeepProgress *progress = &work->progress;
    double done = 0.0;
    while (progress->stage == DEEP_DESCENT && done < operations) {
        if (progress->steps >= work->limit) {
            cut(work);
            break;
        }
        done += lq_advance(&work->descent);
        progress->steps++;
        const double tolerance =
            progress->rung < RUNGS ? rung_tolerance : work->problem.tolerance;
        if (lq_is_stationary(&work->descent, tolerance)) {
            turn(work);
        }
    }
}

/* ---- a point ----------------------------------------------------------------------------- */

static void begin(void *state, const Problem *problem)
{
    DeepWork *work = state;
    DeepProgress *progress = &work->progress;
    const Problem twin = twin_of(problem);
    work->problem = *problem;
    work->limit = work->most;
    /* of the point before; none if it failed, or if there was none */
    const bool neighbour = progress->stage == DEEP_OVER && isfinite(progress->value.objective);
    if (neighbour) {
        memcpy(work->neighbour, work->best, (size_t)work->d * sizeof(double));
    }
    *progress =
        (DeepProgress){.stage = DEEP_LASSO, .summed = progress->summed, .neighbour = neighbour};
    trainer_lasso.begin(work->lasso, &twin);
}

static void begin_descents(DeepWork *work)
{
    DeepProgress *progress = &work->progress;
    if (!progress->summed) {
        unpack(work);
    }
    progress->stage = DEEP_DESCENT;
    progress->steps = work->lasso->progress.iterations;
    progress->start = FROM_LASSO;
    if (work->rank == 0) {
        start(work);
    }
}

static bool advance(void *state)
{
    DeepWork *work = state;
    if (work->progress.stage == DEEP_LASSO) {
        if (!trainer_lasso.advance(work->lasso)) {
            begin_descents(work);
        }
        return true;
    }
    if (work->rank == 0) {
        descend(work);
    }
    MPI_Bcast(&work->progress, sizeof work->progress, MPI_BYTE, 0, work->team);
    return work->progress.stage != DEEP_OVER;
}

static void hurry(void *state)
{
    DeepWork *work = state;
    work->limit = 0;
    if (work->progress.stage == DEEP_LASSO) {
        trainer_lasso.hurry(work->lasso);
    }
}

/* ---- report ------------------------------------------------------------------------------ */

static void describe(const DeepWork *work, Observed *observed, double spectrum[])
{
    const DeepProgress *progress = &work->progress;
    observed->outcome = progress->cut ? OUTCOME_NOT_CONVERGED : OUTCOME_STATIONARY;
    observed->objective = progress->value.objective;
    observed->stationarity = progress->value.stationarity;
    ends_report(&progress->ends, observed);
    observed->train_loss = progress->value.square / (double)work->data->samples;
    network_observe_vector(work->data, work->lasso->order, work->best, observed, spectrum);
}

static void observe(void *state, Observed *observed, double spectrum[], double overlaps[])
{
    DeepWork *work = state;
    observed->outcome = OUTCOME_FAILED;
    observed->iterations = observed->evaluations = work->progress.steps;
    for (int j = 0; j < work->d; j++) {
        overlaps[j] = NAN;
    }
    if (work->rank == 0 && isfinite(work->progress.value.objective)) {
        describe(work, observed, spectrum);
    }
    network_share(work->team, work->d, observed, spectrum, overlaps);
    MPI_Bcast(work->best, work->d, MPI_DOUBLE, 0, work->team);
    if (observed->outcome == OUTCOME_FAILED) {
        /* the next point starts cold */
        memset(work->lasso->theta, 0, (size_t)work->d * sizeof(double));
        active_free(&work->lasso->system);
    }
}

static Network network(const void *state)
{
    return (Network){.theta = ((const DeepWork *)state)->best};
}

static bool accepts(const Problem *problem)
{
    return !model_has(problem->model, TRAIT_MATRIX) && problem_power(problem) < 1.0 &&
           !method_facts(problem->method)->passes_messages;
}

/* The Gram matrix, which a chain makes once, and descents on it, which no team shortens. */
static TrainerPrice price(const Problem *problem, double active)
{
    (void)active;
    const double n = problem->samples;
    const double d = problem->dimension;
    return (TrainerPrice){.first = 1.0,
                          .next = 0.5,
                          .flops = n * d * d,
                          .eigen = 3000.0 * d * d,
                          .words = d * d,
                          .rate = 4e10};
}

const Trainer trainer_deep_lasso = {.name = "deep_lasso",
                                    .accepts = accepts,
                                    .reads_once = true,
                                    .create = create,
                                    .release = release,
                                    .begin = begin,
                                    .advance = advance,
                                    .hurry = hurry,
                                    .observe = observe,
                                    .network = network,
                                    .state = list_state,
                                    .price = price,
                                    .memory = memory};
