/* The quadratic network of any width trained on its weights, by L-BFGS.
 *
 * For width p < d training is not convex:
 *     F = (1/d^2) |y - A(S)|^2 + (lt/d) Tr S,   S = W^T W / sqrt(p d),   W is p x d
 * (theory.md sections 1, 8).  The first point of a chain starts several times, from W with
 * independent N(0, 1) entries; the lowest end is kept and the spread of the ends reported.
 * Later points start from their neighbour.  The variables are F^T = W / (p d)^(1/4), so that
 * S = F F^T with F d x p; a gradient costs two products per block of rows, 4 n d p operations,
 * and is summed over the team.  The starts descend side by side, so that one pass over the rows
 * serves all and the products are wide enough to be fast; in single precision, where vector
 * units do twice the work, before the lowest one ends in double.
 *
 * The duality gap of the convex problem without a bound on the rank (theory.md section 8) is
 * reported: near 0 it proves that the network is a global minimum, which is possible only where
 * the convex solution has rank <= p; a large one proves nothing.
 */
#include "narrow_state.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"
#include "phasesweep/model/method_facts.h"
#include "phasesweep/model/model.h"
#include "checkpoint.h"
#include "convex/training_pass.h"
#include "factor_report.h"
#include "network.h"

enum { PAIRS = 30 };

/* Columns of all starts that descend side by side, about: from here on products of one network
 * are as fast (bench_narrow). */
enum { COLUMNS = 192 };

/* Of a descent, each. */
enum { EVALUATIONS = 5000 };

static int starts_together(double width, int starts)
{
    const int fit = (int)(COLUMNS / width);
    return fit < 1 ? 1 : fit < starts ? fit : starts;
}

static size_t narrow_memory(const Problem *problem, int ranks, SampleStore store, double active)
{
    (void)active;
    SamplesSpec spec = samples_spec(problem);
    spec.store = store;
    const size_t d = (size_t)problem->dimension;
    const size_t together = (size_t)starts_together(problem->width, trainer_defaults().starts);
    const size_t variables = d * (size_t)problem->width;
    const size_t vectors = together * (2 * PAIRS + 5) + 2;
    /* a certificate's pass and matrices come when the descent is over */
    const size_t copy = store == STORE_DOUBLE ? narrow_copy_memory(&spec, ranks) : 0;
    return samples_memory(&spec, ranks) + copy +
           narrow_pass_memory(&spec, (int)(together * (size_t)problem->width)) +
           8 * variables * (2 * together + vectors / (size_t)ranks + 1) +
           pass_memory(&spec, ranks) + 8 * 4 * d * d; /* factor, matrix, LAPACK's room */
}

/* The variables are cut into shares as even as can be, whatever neuron they belong to. */
static void create_descents(NarrowWork *work)
{
    const int variables = work->d * work->p;
    work->begin = checked_alloc((size_t)work->ranks, sizeof *work->begin);
    work->count = checked_alloc((size_t)work->ranks, sizeof *work->count);
    for (int k = 0; k < work->ranks; k++) {
        work->begin[k] = (int)((int64_t)variables * k / work->ranks);
        work->count[k] = (int)((int64_t)variables * (k + 1) / work->ranks) - work->begin[k];
    }
    const int mine = work->count[work->rank];
    work->lbfgs = checked_alloc((size_t)work->together, sizeof(LbfgsWork *));
    for (int k = 0; k < work->together; k++) {
        work->lbfgs[k] = lbfgs_create(work->team, mine, PAIRS);
    }
    work->factor = checked_alloc((size_t)variables * (size_t)work->together, sizeof(double));
    work->best = checked_alloc((size_t)mine, sizeof(double));
    work->share = checked_alloc((size_t)mine, sizeof(double));
}

static int evaluation_limit(const NarrowWork *work)
{
    const int limit = work->settings.iteration_limit;
    return limit > 0 ? limit : EVALUATIONS;
}

static void *narrow_create(MPI_Comm team, const Dataset *data, const Problem *problem,
                           const TrainerSettings *settings)
{
    assert(problem->width >= 1.0);
    NarrowWork *work = checked_alloc(1, sizeof *work);
    work->team = team;
    work->d = (int)problem->dimension;
    work->p = (int)problem->width;
    work->problem = *problem;
    work->weight = problem_nuclear_weight(problem);
    work->settings = *settings;
    work->limit = evaluation_limit(work);
    MPI_Comm_rank(team, &work->rank);
    MPI_Comm_size(team, &work->ranks);
    work->data = data;
    /* all that the descents need, the copy in single precision included */
    const size_t both = narrow_memory(problem, work->ranks, STORE_DOUBLE, INFINITY);
    const bool copy = work->data->kept && !settings->double_only && both <= settings->memory;
    work->together = starts_together(problem->width, settings->starts);
    work->pass = narrow_pass_create(team, work->data, work->p, work->together, copy);
    create_descents(work);
    return work;
}

static void narrow_release(void *state)
{
    NarrowWork *work = state;
    narrow_pass_free(&work->pass);
    for (int k = 0; k < work->together; k++) {
        lbfgs_free(work->lbfgs[k]);
    }
    free(work->lbfgs);
    free(work->begin);
    free(work->count);
    free(work->factor);
    free(work->best);
    free(work->share);
    free(work);
}

/* Shares are all p d variables in order: a team of another size can go on from them. */
static void narrow_state(void *state, StateVisitor *visitor)
{
    NarrowWork *work = state;
    const size_t mine = (size_t)work->count[work->rank] * sizeof(double);
    visit_common(visitor, &work->started, sizeof work->started);
    visit_common(visitor, &work->progress, sizeof work->progress);
    visit_shares(visitor, work->best, mine);
    for (int k = 0; k < narrow_descents(work); k++) {
        LbfgsWork *lbfgs = work->lbfgs[k];
        size_t bytes;
        void *scalars = lbfgs_scalars(lbfgs, &bytes);
        visit_common(visitor, scalars, bytes);
        for (int j = 0; j < lbfgs_vectors(lbfgs); j++) {
            visit_shares(visitor, lbfgs_vector(lbfgs, j), mine);
        }
    }
}

/* ---- a point ----------------------------------------------------------------------------- */

static void narrow_begin(void *state, const Problem *problem)
{
    NarrowWork *work = state;
    assert(problem->width == work->p);
    work->problem = *problem;
    work->weight = problem_nuclear_weight(problem);
    work->limit = evaluation_limit(work);
    narrow_begin_point(work);
}

static void narrow_hurry(void *state)
{
    NarrowWork *work = state;
    work->limit = 1;
    for (int k = 0; k < narrow_descents(work); k++) {
        lbfgs_limit(work->lbfgs[k], work->limit);
    }
}

static bool narrow_advance(void *state)
{
    NarrowWork *work = state;
    narrow_step(work);
    return work->progress.stage != NARROW_END;
}

static void narrow_observe(void *state, Observed *observed, double spectrum[],
                           double overlaps[])
{
    NarrowWork *work = state;
    const NarrowProgress *progress = &work->progress;
    const Lbfgs end = lbfgs_report(work->lbfgs[0], work->best);
    narrow_gather(work, work->best);
    observed->outcome = end.outcome;
    observed->iterations = progress->iterations + end.iterations;
    observed->evaluations = progress->evaluations;
    observed->objective = end.value;
    observed->estimate = end.estimate / end.value;
    observed->spread =
        progress->lowest > 0.0 ? progress->highest / progress->lowest - 1.0 : 0.0;
    work->started = end.outcome != OUTCOME_FAILED;
    const FactorReport report = {.team = work->team,
                                 .data = work->data,
                                 .problem = &work->problem,
                                 .d = work->d,
                                 .p = work->p,
                                 .factor = work->factor,
                                 .at_minimum = true};
    factor_describe(&report, observed, spectrum, overlaps);
    network_share(work->team, work->d, observed, spectrum, overlaps);
}

static Network narrow_network(const void *state)
{
    const NarrowWork *work = state;
    return (Network){.columns = work->p, .factor = work->factor};
}

static bool narrow_accepts(const Problem *problem)
{
    return model_is_narrow(problem) && !method_facts(problem->method)->passes_messages;
}

/* Evaluations of all starts to 1e-6, measured at the source exponent 1.25, d = 100 and 400,
 * nuclear weights about .1: 61 for p = 1, 86 ... 111 for 2, and with s = sqrt(p d/n) 196 at
 * .18, 335 ... 480 at .3 ... .37, 590 and 650 at .46 and .58, 760 at .8, 1045 at 1 (by the rule
 * 55, 88 ... 110, 198, 330 ... 407, 506, 550, 880, 1100); at .25 with p = 4 132, by the rule
 * 220. */
static const double evaluations_of_column = 55.0;
static const double evaluations_at_one = 1100.0;

/* Products with p columns, no eigenproblem. */
static TrainerPrice price(const Problem *problem, double active)
{
    (void)active;
    const double n = problem->samples;
    const double d = problem->dimension;
    const double p = problem->width;
    const double s = fmin(sqrt(p * d / n), 1.0);
    const double count = fmin(evaluations_of_column * p, evaluations_at_one * s);
    return (TrainerPrice){
        .first = count, .next = count, .flops = 4.0 * n * d * p, .words = d * p, .rate = 5e10};
}

const Trainer trainer_factored = {.name = "factored",
                                  .accepts = narrow_accepts,
                                  .create = narrow_create,
                                  .release = narrow_release,
                                  .begin = narrow_begin,
                                  .advance = narrow_advance,
                                  .hurry = narrow_hurry,
                                  .observe = narrow_observe,
                                  .network = narrow_network,
                                  .state = narrow_state,
                                  .price = price,
                                  .memory = narrow_memory};
