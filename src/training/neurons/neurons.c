/* The two-layer network of any activation trained on its weights: Adam, then L-BFGS.
 *
 * Training is not convex and there is no proof of a minimum: the first point of a chain starts
 * several times, the lowest end is kept, and it is stationary at best.  Later points descend
 * from their neighbour by L-BFGS alone.
 */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"
#include "phasesweep/data/neuron_teacher.h"
#include "checkpoint.h"
#include "network.h"
#include "neurons_observe.h"
#include "neurons_state.h"

enum { PAIRS = 20 };

/* Of an epoch, where no size is given. */
enum { USUAL_BATCHES = 3 };

/* Of a descent, each. */
enum { EVALUATIONS = 2000 };

static bool trains_readout(const Problem *problem)
{
    return problem->readout == READOUT_TRAINED;
}

static size_t neurons_memory(const Problem *problem, int ranks, SampleStore store,
                             double active)
{
    (void)active;
    SamplesSpec spec = samples_spec(problem);
    spec.store = store;
    const size_t d = (size_t)problem->dimension;
    const size_t p = (size_t)problem->width;
    const size_t variables = d * p + p;
    const size_t vectors = 2 * PAIRS + 9;
    const size_t quanta = (size_t)(problem->samples / SAMPLES_QUANTUM) + 1;
    return samples_memory(&spec, ranks) +
           neurons_pass_memory((int)problem->dimension, (int)problem->width) +
           8 * (variables * (1 + vectors / (size_t)ranks + 1) + 4 * quanta) +
           neurons_observe_memory(problem);
}

static void create_shares(NeuronsWork *work)
{
    work->begin = checked_alloc((size_t)work->ranks, sizeof *work->begin);
    work->count = checked_alloc((size_t)work->ranks, sizeof *work->count);
    for (int k = 0; k < work->ranks; k++) {
        work->begin[k] = (int)((int64_t)work->free * k / work->ranks);
        work->count[k] = (int)((int64_t)work->free * (k + 1) / work->ranks) - work->begin[k];
    }
    const int mine = work->count[work->rank];
    work->lbfgs = lbfgs_create(work->team, mine, PAIRS);
    double **const vectors[] = {&work->share, &work->mean, &work->square, &work->slope,
                                &work->best};
    for (size_t k = 0; k < sizeof vectors / sizeof *vectors; k++) {
        *vectors[k] = checked_alloc((size_t)mine, sizeof(double));
    }
}

/* a = 1 where all neurons count alike. */
static void fix_readout(NeuronsWork *work)
{
    double *a = work->variables + (size_t)work->d * (size_t)work->p;
    neuron_readout(work->problem.readout_exponent, work->p, a);
    for (int k = 0; k < work->p; k++) {
        a[k] *= sqrt((double)work->p);
    }
}

static void set_limits(NeuronsWork *work)
{
    const int limit = work->settings.iteration_limit;
    const double epochs = work->problem.epochs;
    work->limit = limit > 0 ? limit : EVALUATIONS;
    work->steps = (int64_t)(limit > 0 && limit < epochs ? limit : epochs) * work->batches;
}

static void *neurons_create(MPI_Comm team, const Dataset *data, const Problem *problem,
                            const TrainerSettings *settings)
{
    assert(problem->width >= 1.0);
    assert(problem->learning_rate > 0.0 || problem->epochs == 0.0);
    assert(problem->width * (problem->dimension + 1.0) < INT32_MAX);
    NeuronsWork *work = checked_alloc(1, sizeof *work);
    work->team = team;
    work->d = (int)problem->dimension;
    work->p = (int)problem->width;
    work->free = work->p * (work->d + trains_readout(problem));
    work->problem = *problem;
    work->settings = *settings;
    work->data = data;
    work->order_of = -1;
    work->quanta = (data->samples + SAMPLES_QUANTUM - 1) / SAMPLES_QUANTUM;
    const double batches =
        problem->batch > 0.0 ? round((double)data->samples / problem->batch) : USUAL_BATCHES;
    work->batches = (int64_t)fmax(1.0, fmin(batches, (double)work->quanta));
    MPI_Comm_rank(team, &work->rank);
    MPI_Comm_size(team, &work->ranks);
    const Activation activation = problem_activation(problem);
    work->pass = neurons_pass_create(data, &activation, work->p);
    work->variables = checked_alloc((size_t)work->p * ((size_t)work->d + 1), sizeof(double));
    work->order = checked_alloc((size_t)work->quanta, sizeof *work->order);
    create_shares(work);
    fix_readout(work);
    set_limits(work);
    work->pairs = neuron_pairs_create(work->p, (int)problem->teacher_width);
    return work;
}

static void neurons_release(void *state)
{
    NeuronsWork *work = state;
    neurons_pass_free(&work->pass);
    neuron_pairs_free(&work->pairs);
    lbfgs_free(work->lbfgs);
    free(work->begin);
    free(work->count);
    free(work->variables);
    free(work->share);
    free(work->mean);
    free(work->square);
    free(work->slope);
    free(work->best);
    free(work->order);
    free(work);
}

/* Shares are all free variables in order: a team of another size can go on from them. */
static void neurons_state(void *state, StateVisitor *visitor)
{
    NeuronsWork *work = state;
    const size_t mine = (size_t)work->count[work->rank] * sizeof(double);
    visit_common(visitor, &work->started, sizeof work->started);
    visit_common(visitor, &work->progress, sizeof work->progress);
    visit_common(visitor, &work->limit, sizeof work->limit);
    visit_common(visitor, &work->steps, sizeof work->steps);
    visit_shares(visitor, work->share, mine);
    visit_shares(visitor, work->mean, mine);
    visit_shares(visitor, work->square, mine);
    visit_shares(visitor, work->best, mine);
    /* also in Adam's hands: where its pairs were decides the order of later sums */
    size_t bytes;
    void *scalars = lbfgs_scalars(work->lbfgs, &bytes);
    visit_common(visitor, scalars, bytes);
    for (int k = 0; k < lbfgs_vectors(work->lbfgs); k++) {
        visit_shares(visitor, lbfgs_vector(work->lbfgs, k), mine);
    }
}

static void neurons_begin(void *state, const Problem *problem)
{
    NeuronsWork *work = state;
    assert(problem->width == work->p);
    work->problem = *problem;
    set_limits(work);
    neurons_begin_point(work);
}

static bool neurons_advance(void *state)
{
    NeuronsWork *work = state;
    neurons_step(work);
    return work->progress.stage != NEURONS_END;
}

static void hurry(void *state)
{
    neurons_hurry(state);
}

/* |grad F| |(W, a)| / F: what F changes by, relatively, when all weights do. */
static double relative_gradient(const NeuronsWork *work, double value)
{
    double sums[2] = {0.0};
    for (int k = 0; k < work->count[work->rank]; k++) {
        const double x = work->best[k];
        const double slope = work->slope[k] + 2.0 * work->problem.weight_decay * x;
        sums[0] += slope * slope;
        sums[1] += x * x;
    }
    MPI_Allreduce(MPI_IN_PLACE, sums, 2, MPI_DOUBLE, MPI_SUM, work->team);
    return sqrt(sums[0] * sums[1]) / value;
}

static void neurons_observe(void *state, Observed *observed, double spectrum[],
                            double overlaps[])
{
    NeuronsWork *work = state;
    const NeuronsProgress *progress = &work->progress;
    observed->outcome =
        progress->outcome == OUTCOME_CONVERGED ? OUTCOME_STATIONARY : progress->outcome;
    observed->iterations = progress->iterations;
    observed->evaluations = progress->evaluations;
    work->started = progress->outcome != OUTCOME_FAILED && isfinite(progress->lowest);
    neurons_gather(work, work->best);
    double loss = neurons_pass_run(&work->pass, work->variables, NULL, 0);
    MPI_Allreduce(MPI_IN_PLACE, &loss, 1, MPI_DOUBLE, MPI_SUM, work->team);
    MPI_Reduce_scatter(work->pass.sum, work->slope, work->count, MPI_DOUBLE, MPI_SUM,
                       work->team);
    const double value = loss + neurons_penalty(work);
    observed->objective = value / ((double)work->d * work->d);
    observed->train_loss = loss / work->problem.samples;
    observed->estimate = progress->estimate / value;
    observed->spread = progress->highest / progress->lowest - 1.0;
    observed->stationarity = relative_gradient(work, value);
    if (work->started) {
        neurons_describe(work, observed, spectrum, overlaps);
    } else {
        observed->outcome = OUTCOME_FAILED;
    }
    network_share(work->team, work->d, observed, spectrum, overlaps);
    neuron_pairs_share(work->team, &work->pairs);
    observed->pairs =
        outcome_is_good(observed->outcome) || observed->outcome == OUTCOME_NOT_CONVERGED
            ? &work->pairs
            : NULL;
}

static Network neurons_network(const void *state)
{
    (void)state;
    return (Network){.columns = 0};
}

static bool neurons_accepts(const Problem *problem)
{
    return problem->teacher_width > 0.0;
}

/* Two products and some 10 operations a value of the activation; an epoch of each start, and
 * the evaluations of L-BFGS: 250 a start in the mean over relu, abs and steep_tanh at d = 30,
 * n = d ... 30 d^1.5, to 1e-5. */
static const double evaluations = 250.0;

static TrainerPrice price(const Problem *problem, double active)
{
    (void)active;
    const double n = problem->samples;
    const double d = problem->dimension;
    const double p = problem->width;
    const double starts = trainer_defaults().starts;
    return (TrainerPrice){.first = starts * (problem->epochs + evaluations),
                          .next = evaluations,
                          .flops = n * p * (4.0 * d + 100.0),
                          .words = d * p,
                          .rate = 3.5e10};
}

const Trainer trainer_neurons = {.name = "neurons",
                                 .accepts = neurons_accepts,
                                 .create = neurons_create,
                                 .release = neurons_release,
                                 .begin = neurons_begin,
                                 .advance = neurons_advance,
                                 .hurry = hurry,
                                 .observe = neurons_observe,
                                 .network = neurons_network,
                                 .state = neurons_state,
                                 .price = price,
                                 .memory = neurons_memory};
