/* The diagonal network trained to its global minimum, with a proof.
 *
 * Training is the LASSO of theory.md section 1,
 *     F(theta) = 1/2 |y - X theta|^2 + lambda sqrt(d) |theta|_1 .
 * The active set and the signs of the minimum turn it into a linear system, so the last steps
 * are Newton steps on the active set: a Cholesky factor of a part of the Gram matrix X^T X,
 * exact but for rounding.  Accelerated proximal gradient (with adaptive restart and step) gets
 * near enough for them and takes over again whenever they stop making progress; where that
 * takes too long, near interpolation, semismooth Newton steps on the dual do (lasso_dual.c),
 * from anywhere and at any weight.  The duality gap of theory.md section 8 decides when to
 * stop: with r = y - X theta and the best scale s, |s X^T r|_inf <= lambda sqrt(d),
 *     gap = (F - D)/F,   D = 1/2 |y|^2 - 1/2 |y - s r|^2,
 * proves that F is within that share of its minimum.  It is summed from terms that are not
 * negative; where rounding of r is all of it, a step of the dual or of Newton's method gives a
 * vector that proves more, at n < d down to weights of 1e-13.
 *
 * Two layouts.  With not many more data than coefficients the columns of X are stored and the
 * Gram matrix covers only those that have mattered so far (a working set that grows along a
 * chain).  With many more data (n > 4 d, or X too large) the rows are drawn once, summed into
 * the full Gram matrix about the teacher, where nothing cancels, and forgotten.
 *
 * A team of ranks shares the rows of X and the panels of the Gram matrix; all decisions are
 * those of rank 0.
 *
 * A solution is a walk through stages, a step of the search in hand at a time, so that it can
 * be stopped and saved after each of them.
 */
#include "lasso_state.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"
#include "phasesweep/model/method_facts.h"
#include "phasesweep/model/model.h"
#include "checkpoint.h"
#include "network.h"
#include "risk_estimate.h"

/* On the way by larger weights: the ratio of one to the next and the gap there. */
static const double rung = 0.6;
static const double rung_tolerance = 0.1;

/* Operations a second of matrix products, and entries of the Gram matrix a second of a product
 * with a vector. */
static const double product_rate = 4e10;
static const double apply_rate = 2e9;

/* Gap at which Newton's method is first tried, for a network with no active coefficients. */
static const double ready_gap = 0.2;

/* Gap over the first working set of a point: columns that are missing change the minimum. */
static const double first_tolerance = 1e-2;

/* Gradients that count as near the bound when the working set is chosen. */
static const double near_bound = 0.85;

/* Steps of a point. */
enum { ITERATIONS = 20000 };

/* What a store is to the others a layout is here: none spares the columns where it can.  As
 * many coefficients may be active as there are samples. */
static size_t memory(const Problem *problem, int ranks, SampleStore store, double active)
{
    const double most = fmin(problem->samples, problem->dimension);
    const LassoLayout layout = lasso_layout(problem, ranks, store == STORE_NONE ? 1.0 : 0.0);
    return lasso_memory(problem, ranks, layout, fmin(active, most));
}

/* ---- life ---------------------------------------------------------------------------- */

/* All vectors of d numbers: those that columns are exchanged in first. */
enum { VECTORS = 15 };

static void list_vectors(LassoWork *work, double **list[VECTORS])
{
    double **const all[VECTORS] = {&work->teacher,       &work->height,
                                   &work->base,          &work->base_gradient,
                                   &work->theta,         &work->image,
                                   &work->momentum.z,    &work->momentum.image,
                                   &work->kept.theta,    &work->kept.image,
                                   &work->dual.centre,   &work->dual.gradient,
                                   &work->momentum.next, &work->momentum.next_image,
                                   &work->network};
    memcpy(list, all, sizeof all);
}

/* Those of them that the next step reads. */
enum { LIVING = 12 };

static void allocate(LassoWork *work)
{
    const size_t d = (size_t)work->d;
    double **list[VECTORS];
    list_vectors(work, list);
    for (int k = 0; k < VECTORS; k++) {
        *list[k] = checked_alloc(d, sizeof(double));
    }
    for (int k = 0; k < 2; k++) {
        work->set[k].column = checked_alloc(d, sizeof(int));
        work->set[k].sign = checked_alloc(d, sizeof(int));
    }
    work->order = checked_alloc(d, sizeof *work->order);
    for (int j = 0; j < work->d; j++) {
        work->order[j] = j;
    }
    network_vector_truth(work->data, work->teacher); /* 0 is as good a base */
}

/* Columns are drawn at once, sums step by step. */
static void *create(MPI_Comm team, const Dataset *data, const Problem *problem,
                    const TrainerSettings *settings)
{
    LassoWork *work = checked_alloc(1, sizeof *work);
    work->team = team;
    MPI_Comm_rank(team, &work->rank);
    MPI_Comm_size(team, &work->ranks);
    work->problem = *problem;
    work->most = settings->iteration_limit > 0 ? settings->iteration_limit : ITERATIONS;
    work->limit = work->most;
    work->active = settings->active;
    work->layout = settings->layout != LASSO_AUTO
                       ? settings->layout
                       : lasso_layout(problem, work->ranks, (double)settings->memory);
    work->data = data;
    work->d = data->dimension;
    work->rows = (int)work->data->rows;
    work->ld = work->rows > 0 ? work->rows : 1;
    work->gram = gram_create(team);
    allocate(work);
    if (work->layout == LASSO_COLUMNS) {
        work->dual.u = checked_alloc((size_t)work->rows, sizeof *work->dual.u);
        work->dual.kept = checked_alloc((size_t)work->rows, sizeof *work->dual.kept);
        work->coordinates.blocks = checked_alloc((size_t)work->d * LASSO_COORDINATES +
                                                     LASSO_COORDINATES * LASSO_COORDINATES,
                                                 sizeof *work->coordinates.blocks);
        lasso_draw(work);
    } else {
        work->sum = checked_alloc((size_t)work->d * (size_t)work->d, sizeof *work->sum);
    }
    return work;
}

static void release(void *state)
{
    LassoWork *work = state;
    double **list[VECTORS];
    list_vectors(work, list);
    for (int k = 0; k < VECTORS; k++) {
        free(*list[k]);
    }
    for (int k = 0; k < 2; k++) {
        free(work->set[k].column);
        free(work->set[k].sign);
    }
    free(work->coordinates.blocks);
    free(work->dual.u);
    free(work->dual.kept);
    free(work->x);
    free(work->sum);
    free(work->order);
    gram_free(&work->gram);
    active_free(&work->system);
    free(work);
}

static void list_dual(LassoWork *work, StateVisitor *visitor)
{
    Dual *dual = &work->dual;
    const size_t rows = dual->u != NULL ? (size_t)work->rows * sizeof *dual->u : 0;
    double numbers[] = {dual->sigma,   dual->growth,    dual->best,  dual->step,
                        dual->centres, dual->fruitless, dual->holds, dual->far};
    visit_common(visitor, numbers, sizeof numbers);
    if (visit_loading(visitor)) {
        dual->sigma = numbers[0];
        dual->growth = numbers[1];
        dual->best = numbers[2];
        dual->step = (int)numbers[3];
        dual->centres = (int)numbers[4];
        dual->fruitless = (int)numbers[5];
        dual->holds = numbers[6] != 0.0;
        dual->far = numbers[7] != 0.0;
    }
    visit_shares(visitor, dual->u, rows);
    visit_shares(visitor, dual->kept, rows);
    Coordinates *c = &work->coordinates;
    visit_common(visitor, &c->front, sizeof c->front);
    visit_common(visitor, &c->sweeps, sizeof c->sweeps);
    visit_common(visitor, &c->gap, sizeof c->gap);
    c->known = visit_loading(visitor) ? 0 : c->known;
}

/* What all ranks have is the same to the bit; rows and panels are cut anew for a team of
 * another size, but not the terms of sums that are still being drawn. */
static void list_state(void *state, StateVisitor *visitor)
{
    LassoWork *work = state;
    const size_t d = (size_t)work->d;
    visit_match(visitor, &work->layout, sizeof work->layout);
    visit_common(visitor, &work->progress, sizeof work->progress);
    visit_common(visitor, &work->search, sizeof work->search);
    visit_common(visitor, &work->momentum.t, sizeof work->momentum.t);
    visit_common(visitor, &work->kept.value, sizeof work->kept.value);
    list_dual(work, visitor);
    int *order = checked_alloc(d, sizeof *order);
    memcpy(order, work->order, d * sizeof *order);
    visit_common(visitor, order, d * sizeof *order);
    if (visit_loading(visitor)) {
        lasso_arrange(work, order);
    }
    free(order);
    double **list[VECTORS];
    list_vectors(work, list);
    for (int k = 0; k < LIVING; k++) {
        visit_common(visitor, *list[k], d * sizeof(double));
    }
    if (visit_loading(visitor) && work->progress.drawn) {
        free(work->sum);
        work->sum = NULL;
    }
    visit_shares(visitor, work->sum, work->sum != NULL ? d * d * sizeof(double) : 0);
    visit_shares(visitor, &work->progress.sum,
                 work->sum != NULL ? sizeof work->progress.sum : 0);
    visit_shares(visitor, work->base_gradient, work->sum != NULL ? d * sizeof(double) : 0);
    visit_common(visitor, &work->set[0].size, sizeof work->set[0].size);
    visit_common(visitor, work->set[0].column, (size_t)work->set[0].size * sizeof(int));
    visit_common(visitor, work->set[0].sign, (size_t)work->set[0].size * sizeof(int));
    gram_state(&work->gram, visitor);
    active_state(&work->gram, &work->system, visitor);
}

/* ---- solution ------------------------------------------------------------------------ */

static bool spent(const LassoWork *work)
{
    return work->progress.iterations >= work->limit;
}

/* Descents of a search before the dual is tried: they may take the time of a few steps there,
 * each of which makes and factors a matrix of the samples. */
static int patience(const LassoWork *work)
{
    const double n = work->problem.samples;
    const double domain = work->progress.domain;
    const double active = fmin(n, domain);
    const double dual = (n * n * active + n * n * n / 3.0) / product_rate;
    const double descent = domain * domain / apply_rate;
    const double steps = 10.0 * pow(4.0, work->search.returns);
    return (int)fmin(30.0 + steps * dual / descent, 1e6);
}

static void descend(LassoWork *work, double ready)
{
    const int left = work->limit - work->progress.iterations;
    const int most = work->x != NULL ? patience(work) - work->search.descents : left;
    const int limit = left < most ? left : most;
    descent_begin(work, limit > 1 ? limit : 1, ready);
}

/* Minimise over the domain, to the tolerance or to rounding. */
static void search_begin(LassoWork *work, double tolerance, Start start)
{
    work->search = (Search){.tolerance = tolerance};
    if (start == FAR) {
        descend(work, ready_gap);
    } else {
        newton_begin(work, start == NEIGHBOUR);
    }
}

/* One step; true at the end of the search. */
static bool search_advance(LassoWork *work)
{
    Search *search = &work->search;
    const bool newton = search->stage == SEARCH_NEWTON;
    const bool dual = search->stage == SEARCH_DUAL;
    const Progression end = newton ? newton_advance(work)
                            : dual ? dual_advance(work)
                                   : descent_advance(work);
    if (end == REACHED || (end == GIVEN_UP && dual && !work->dual.far)) {
        search->stage = SEARCH_OVER;
    } else if (end == GIVEN_UP && dual) {
        search->returns++;
        descend(work, ready_gap * pow(0.3, search->returns));
    } else if (end == GIVEN_UP && newton && work->x != NULL &&
               search->descents >= patience(work)) {
        dual_begin(work);
    } else if (end == GIVEN_UP && newton) {
        descend(work, search->ready > 0.0 ? search->ready * 0.3 : ready_gap);
    } else if (end == GIVEN_UP) {
        search->descents += search->step;
        newton_begin(work, false);
    }
    return search->stage == SEARCH_OVER;
}

/* Columns for a new weight: on a chain a gradient moves less than the weight does. */
static void admit_ahead(LassoWork *work)
{
    const double weight = work->progress.weight;
    const double ahead = 1.5 * weight - 0.5 * work->progress.weight_before;
    lasso_admit(work, fmin(fmax(ahead, near_bound * weight), weight));
}

/* A search over the working set, until nothing is missing in it. */
static void solve(LassoWork *work, Start start)
{
    LassoProgress *progress = &work->progress;
    progress->stage = LASSO_SOLVING;
    progress->inner = fmax(work->problem.tolerance, first_tolerance);
    progress->entering = -1;
    search_begin(work, progress->inner, start);
}

/* The next of the larger weights, or the one that is asked for. */
static void approach(LassoWork *work)
{
    LassoProgress *progress = &work->progress;
    if (lasso_agree(work, progress->next > progress->target)) {
        progress->stage = LASSO_APPROACHING;
        progress->weight = progress->next;
        admit_ahead(work);
        search_begin(work, rung_tolerance, NEIGHBOUR);
    } else {
        progress->weight = progress->target;
        admit_ahead(work);
        solve(work, NEIGHBOUR);
    }
}

/* From afar with few data: by way of minima at larger weights, which keep the working set
 * small.  The first is where the noise in a cold start's gradient begins to be active. */
static void begin_approach(LassoWork *work)
{
    LassoProgress *progress = &work->progress;
    progress->target = progress->weight;
    progress->next =
        progress->weight_before > 0.0 ? rung * progress->weight_before : progress->label_slope;
    approach(work);
}

static void begin_columns(LassoWork *work)
{
    LassoProgress *progress = &work->progress;
    const bool far = lasso_outside(work, progress->weight) > work->gram.size / 2;
    if (far && !lasso_approaches(&work->problem)) {
        progress->stage = LASSO_EXPLORING;
        work->search = (Search){.stage = SEARCH_OVER};
        coordinates_begin(work);
    } else if (far) {
        begin_approach(work);
    } else {
        admit_ahead(work);
        solve(work, NEIGHBOUR);
    }
}

static void begin_sums(LassoWork *work)
{
    LassoProgress *progress = &work->progress;
    progress->stage = LASSO_SOLVING;
    progress->domain = work->d;
    lasso_image(work, work->theta, work->image);
    search_begin(work, work->problem.tolerance,
                 progress->weight_before > 0.0 ? NEIGHBOUR : FAR);
}

/* The network is as good as it gets: is there a better proof of it? */
static void last_resort(LassoWork *work)
{
    LassoProgress *progress = &work->progress;
    newton_certify(work);
    if (work->x != NULL && !progress->resorted &&
        lasso_agree(work, progress->value.gap > work->problem.tolerance)) {
        progress->resorted = true;
        progress->stage = LASSO_SOLVING;
        work->search = (Search){.tolerance = progress->inner};
        dual_begin(work);
    }
}

/* The working set has its minimum: is it that of all columns? */
static void widen(LassoWork *work)
{
    LassoProgress *progress = &work->progress;
    const double tolerance = work->problem.tolerance;
    lasso_rebase(work);
    progress->stage = LASSO_OVER;
    if (lasso_agree(work, !(progress->value.gap > tolerance))) {
        return;
    }
    const int before = progress->entering;
    progress->entering = lasso_outside(work, progress->weight);
    lasso_admit(work, near_bound * progress->weight);
    /* nothing to add, twice: what is left of the gap is rounding */
    if (progress->entering == 0 && before == 0 && progress->inner < tolerance) {
        last_resort(work);
        return;
    }
    progress->inner = progress->entering > 0 || progress->inner > tolerance
                          ? tolerance
                          : 0.1 * progress->inner;
    progress->iterations++;
    progress->stage = LASSO_SOLVING;
    search_begin(work, progress->inner, NEAR);
}

/* A sweep over the columns that may matter. */
static void explore(LassoWork *work)
{
    const Progression end = coordinates_advance(work);
    if (end == REACHED) {
        work->progress.stage = LASSO_OVER;
    } else if (end == GIVEN_UP) {
        lasso_admit(work, near_bound * work->progress.weight);
        solve(work, FAR);
    }
}

/* The search in hand is over. */
static void next_stage(LassoWork *work)
{
    LassoProgress *progress = &work->progress;
    if (progress->stage == LASSO_APPROACHING) {
        lasso_rebase(work);
        progress->weight_before = progress->next;
        progress->next *= rung;
        approach(work);
    } else if (work->layout == LASSO_COLUMNS) {
        widen(work);
    } else {
        progress->stage = LASSO_OVER;
        if (lasso_agree(work, progress->value.gap > work->problem.tolerance)) {
            last_resort(work);
        }
    }
}

/* At a limit: the point ends with the network in hand, or with the best of the Newton steps. */
static void give_up(LassoWork *work)
{
    LassoProgress *progress = &work->progress;
    if (work->search.stage == SEARCH_NEWTON) {
        newton_leave(work);
    } else if (work->search.stage == SEARCH_DUAL) {
        dual_leave(work);
    }
    if (progress->stage == LASSO_APPROACHING) {
        progress->weight = progress->target;
    }
    if (work->layout == LASSO_COLUMNS) {
        lasso_rebase(work);
    } else {
        progress->value = lasso_value(work, work->theta, work->image);
    }
    progress->stage = LASSO_OVER;
}

static void begin_solution(LassoWork *work)
{
    work->layout == LASSO_COLUMNS ? begin_columns(work) : begin_sums(work);
}

static void begin(void *state, const Problem *problem)
{
    LassoWork *work = state;
    LassoProgress *progress = &work->progress;
    work->problem = *problem;
    progress->weight = problem->weight_decay * sqrt(work->d);
    work->limit = work->most;
    progress->iterations = work->system.factorisations = 0;
    progress->resorted = false;
    progress->stage = LASSO_DRAWING;
    if (progress->drawn) {
        begin_solution(work);
    }
}

static void hurry(void *state)
{
    LassoWork *work = state;
    work->limit = work->progress.iterations;
}

/* A search may be over before its first step. */
static bool advance(void *state)
{
    LassoWork *work = state;
    LassoProgress *progress = &work->progress;
    if (progress->stage == LASSO_DRAWING) {
        lasso_draw(work);
        if (progress->drawn) {
            begin_solution(work);
        }
    } else if (progress->stage != LASSO_OVER && spent(work)) {
        give_up(work);
    } else if (progress->stage == LASSO_EXPLORING) {
        explore(work);
    } else if (progress->stage != LASSO_OVER &&
               (work->search.stage == SEARCH_OVER || search_advance(work))) {
        next_stage(work);
    }
    if (progress->stage == LASSO_OVER) {
        progress->weight_before = progress->weight;
    }
    return progress->stage != LASSO_OVER;
}

/* ---- report -------------------------------------------------------------------------- */

/* |X^T r|^2 over all columns: those outside of the domain are at the base. */
static double slope2(const LassoWork *work)
{
    double sum = 0.0;
    for (int j = 0; j < work->d; j++) {
        const double slope = work->base_gradient[j] - work->image[j];
        sum += slope * slope;
    }
    return sum;
}

static void describe(const LassoWork *work, Observed *observed, double spectrum[])
{
    const LassoValue *value = &work->progress.value;
    observed->outcome =
        value->gap <= work->problem.tolerance ? OUTCOME_CONVERGED : OUTCOME_NOT_CONVERGED;
    observed->gap = value->gap;
    observed->objective = value->objective;
    observed->train_loss = value->square / (double)work->data->samples;
    network_observe_vector(work->data, work->order, work->theta, observed, spectrum);
    estimate_vector(&work->problem, &work->data->moments, observed->rank, slope2(work),
                    observed);
}

static void observe(void *state, Observed *observed, double spectrum[], double overlaps[])
{
    LassoWork *work = state;
    const LassoValue *value = &work->progress.value;
    observed->outcome = OUTCOME_FAILED;
    observed->iterations = observed->evaluations = work->progress.iterations;
    observed->factorisations = work->system.factorisations;
    for (int j = 0; j < work->d; j++) {
        overlaps[j] = NAN;
        work->network[work->order[j]] = work->theta[j];
    }
    if (work->rank == 0 && isfinite(value->objective) && isfinite(value->gap)) {
        describe(work, observed, spectrum);
    }
    network_share(work->team, work->d, observed, spectrum, overlaps);
    if (observed->outcome == OUTCOME_FAILED) {
        /* the next point starts cold */
        memset(work->theta, 0, (size_t)work->d * sizeof(double));
        active_free(&work->system);
    }
}

static Network network(const void *state)
{
    return (Network){.theta = ((const LassoWork *)state)->network};
}

static bool accepts(const Problem *problem)
{
    return !model_has(problem->model, TRAIT_MATRIX) &&
           !model_has(problem->model, TRAIT_SQUARED) && model_is_convex(problem) &&
           !method_facts(problem->method)->passes_messages;
}

const Trainer trainer_lasso = {.name = "lasso",
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
                               .price = lasso_price,
                               .memory = memory};
