/* Gradient descent, SGD and Adam on the weights, in time (theory.md section 17).
 *
 * One run serves all points of a chain: a point is the network after round(time/learning_rate)
 * steps from the start.  The duality gap of the convex problem says how far that is from the
 * minimum of the training (section 8).
 */
#include "descent.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"
#include "phasesweep/model/method_facts.h"
#include "phasesweep/model/model.h"
#include "checkpoint.h"
#include "convex/training_pass.h"
#include "factored/factor_report.h"
#include "network.h"

static bool is_matrix(const Problem *problem)
{
    return model_has(problem->model, TRAIT_MATRIX);
}

static size_t variables_of(const Problem *problem)
{
    return (size_t)problem->dimension * (is_matrix(problem) ? (size_t)problem->width : 2);
}

static int64_t steps_of(const Problem *problem)
{
    return llround(problem->time / problem->learning_rate);
}

static size_t memory(const Problem *problem, int ranks, SampleStore store, double active)
{
    (void)active;
    SamplesSpec spec = samples_spec(problem);
    spec.store = store;
    const size_t d = (size_t)problem->dimension;
    const size_t all = samples_memory(&spec, ranks) + 8 * 4 * variables_of(problem) +
                       batch_memory((int64_t)problem->batch, (int)d, ranks);
    return is_matrix(problem) ? all + narrow_pass_memory(&spec, (int)problem->width) +
                                    pass_memory(&spec, ranks) + 8 * 5 * d * d
                              : all + 8 * d * (size_t)samples_block_rows(&spec);
}

static void *create(MPI_Comm team, const Dataset *data, const Problem *problem,
                    const TrainerSettings *settings)
{
    DescentWork *work = checked_alloc(1, sizeof *work);
    work->team = team;
    work->data = data;
    work->problem = *problem;
    work->settings = *settings;
    work->matrix = is_matrix(problem);
    work->d = (int)problem->dimension;
    work->p = work->matrix ? (int)problem->width : 1;
    work->count = variables_of(problem);
    work->decay = problem_time_decay(problem);
    work->progress.step = -1; /* nothing is drawn */
    MPI_Comm_rank(team, &work->rank);
    MPI_Comm_size(team, &work->ranks);
    work->x = checked_alloc(work->count, sizeof *work->x);
    work->gradient = checked_alloc(work->count, sizeof *work->gradient);
    if (problem->optimizer == OPTIMIZER_ADAM) {
        work->first = checked_alloc(work->count, sizeof *work->first);
        work->second = checked_alloc(work->count, sizeof *work->second);
    }
    work->batch = batch_create(data, (int64_t)problem->batch);
    if (work->matrix) {
        work->pass = narrow_pass_create(team, &work->batch.rows, work->p, 1, false);
    } else {
        work->sum = checked_alloc(2 * (size_t)work->d, sizeof *work->sum);
    }
    return work;
}

static void release(void *state)
{
    DescentWork *work = state;
    if (work->matrix) {
        narrow_pass_free(&work->pass);
    }
    batch_free(&work->batch);
    free(work->x);
    free(work->gradient);
    free(work->first);
    free(work->second);
    free(work->sum);
    free(work);
}

static void list_state(void *state, StateVisitor *visitor)
{
    DescentWork *work = state;
    const size_t bytes = work->count * sizeof *work->x;
    visit_common(visitor, &work->progress, sizeof work->progress);
    visit_common(visitor, work->x, bytes);
    if (work->first != NULL) {
        visit_common(visitor, work->first, bytes);
        visit_common(visitor, work->second, bytes);
    }
}

/* ---- a point ----------------------------------------------------------------------------- */

/* From where the last point ended, unless that is later. */
static void begin(void *state, const Problem *problem)
{
    DescentWork *work = state;
    DescentProgress *progress = &work->progress;
    assert(problem->learning_rate > 0.0 && problem->time >= 0.0);
    work->problem = *problem;
    work->late = false;
    progress->target = steps_of(problem);
    if (progress->step < 0 || progress->step > progress->target) {
        *progress = (DescentProgress){.target = progress->target};
        descent_draw(work);
    }
    progress->begun = progress->step;
}

/* At the limit of this point, or of time. */
static bool is_over(const DescentWork *work)
{
    const DescentProgress *progress = &work->progress;
    const int limit = work->settings.iteration_limit;
    return progress->lost || progress->step >= progress->target || work->late ||
           (limit > 0 && progress->step - progress->begun >= limit);
}

static bool advance(void *state)
{
    DescentWork *work = state;
    if (is_over(work)) {
        return false;
    }
    batch_take(&work->batch, work->progress.step);
    work->progress.lost = !isfinite(descent_gradient(work));
    descent_move(work);
    work->progress.step++;
    return !is_over(work);
}

static void hurry(void *state)
{
    ((DescentWork *)state)->late = true;
}

static void observe(void *state, Observed *observed, double spectrum[], double overlaps[])
{
    DescentWork *work = state;
    const DescentProgress *progress = &work->progress;
    observed->iterations = (int)(progress->step - progress->begun);
    observed->evaluations = (int)progress->step;
    observed->outcome = progress->lost                       ? OUTCOME_DIVERGED
                        : progress->step == progress->target ? OUTCOME_CONVERGED
                                                             : OUTCOME_NOT_CONVERGED;
    for (int k = 0; k < work->d; k++) {
        overlaps[k] = NAN;
    }
    if (!progress->lost && work->matrix) {
        const FactorReport report = {.team = work->team,
                                     .data = work->data,
                                     .problem = &work->problem,
                                     .d = work->d,
                                     .p = work->p,
                                     .factor = work->x};
        factor_describe(&report, observed, spectrum, overlaps);
    } else if (!progress->lost) {
        descent_describe_vector(work, observed, spectrum);
    }
    network_share(work->team, work->d, observed, spectrum, overlaps);
}

static Network network(const void *state)
{
    const DescentWork *work = state;
    return work->matrix ? (Network){.columns = work->p, .factor = work->x}
                        : (Network){.theta = work->sum + work->d};
}

static bool accepts(const Problem *problem)
{
    const MethodFacts *facts = method_facts(problem->method);
    return facts->in_time && facts->draws_data;
}

/* Steps to the first point, as if they were all of the chain; a point after it is a report.
 * Vectors of a few hundred numbers stay in the cache. */
static TrainerPrice price(const Problem *problem, double active)
{
    (void)active;
    const double d = problem->dimension;
    const double rows =
        problem->batch > 0.0 ? fmin(problem->batch, problem->samples) : problem->samples;
    const double p = is_matrix(problem) ? problem->width : 1.0;
    return (TrainerPrice){.first = (double)steps_of(problem) + 1.0,
                          .next = 2.0,
                          .flops = 4.0 * rows * d * p + 10.0 * (double)variables_of(problem),
                          .words = (double)variables_of(problem),
                          .rate = is_matrix(problem) ? 3e10 : 8e9};
}

const Trainer trainer_descent = {.name = "descent",
                                 .accepts = accepts,
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
