#include "phasesweep/training/lasso.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"
#include "phasesweep/model/model.h"
#include "lasso_state.h"

/* Data a coefficient from which the full Gram matrix is cheaper than columns (bench_lasso). */
static const double many_data = 4.0;

/* Proximal steps over all columns before the first working set. */
enum { EXPLORING_STEPS = 15 };

/* Data a coefficient below which a cold start goes by way of larger weights, the ratio of one
 * to the next and the gap there (bench_lasso: equal at n = d/2, 1.5 times faster at d/3, 3
 * times at d/6).
 */
static const double few_data = 0.5;
static const double rung = 0.6;
static const double rung_tolerance = 0.1;

/* Gap at which Newton's method is first tried, for a network with no active coefficients. */
static const double ready_gap = 0.2;

/* Gap over the first working set of a point: columns that are missing change the minimum. */
static const double first_tolerance = 1e-2;

/* Gradients that count as near the bound when the working set is chosen. */
static const double near_bound = 0.85;

LassoSettings lasso_defaults(void)
{
    return (LassoSettings){.tolerance = 1e-6, .iteration_limit = 20000};
}

/* ---- cost ---------------------------------------------------------------------------- */

/* Columns of the Gram matrix that a solution needs: somewhat more than are active. */
static double covered(const Problem *problem, LassoLayout layout, double active)
{
    const double d = problem->dimension;
    return layout == LASSO_SUMS ? d : fmin(d, 1.5 * active + GRAM_PANEL);
}

size_t lasso_memory(const Problem *problem, int ranks, LassoLayout layout, double active)
{
    assert(layout != LASSO_AUTO);
    SamplesSpec spec = samples_spec(problem);
    spec.store = STORE_NONE;
    const double d = problem->dimension;
    const double share = ceil(problem->samples / ranks) + SAMPLES_QUANTUM;
    const double columns = covered(problem, layout, active);
    const double vectors = 16.0 * d + 6.0 * columns * GRAM_PANEL;
    const double x = layout == LASSO_COLUMNS ? share * d : 0.0;
    const double partial = layout == LASSO_SUMS ? d * d : 0.0;
    const double panels = columns * (0.5 * columns + GRAM_PANEL) / ranks;
    const double factor = active * (active / ranks + GRAM_PANEL);
    return samples_memory(&spec, ranks) +
           (size_t)(8.0 * (vectors + x + panels + fmax(partial, factor)));
}

double lasso_flops(const Problem *problem, LassoLayout layout, double active,
                   double factorisations)
{
    const double columns = covered(problem, layout, active);
    return problem->samples * columns * columns +
           factorisations * active * active * active / 3.0;
}

LassoLayout lasso_layout(const Problem *problem, int ranks, const LassoSettings *settings)
{
    if (settings->layout != LASSO_AUTO) {
        return settings->layout;
    }
    if (problem->samples > many_data * problem->dimension) {
        return LASSO_SUMS;
    }
    const double active = fmin(problem->samples, problem->dimension);
    const size_t columns = lasso_memory(problem, ranks, LASSO_COLUMNS, active);
    const size_t sums = lasso_memory(problem, ranks, LASSO_SUMS, active);
    const bool fits = settings->memory == 0 || columns <= settings->memory;
    return fits || columns <= sums ? LASSO_COLUMNS : LASSO_SUMS;
}

/* ---- life ---------------------------------------------------------------------------- */

static void allocate_vectors(LassoWork *work)
{
    double **const all[] = {&work->teacher, &work->height,        &work->label_gradient,
                            &work->base,    &work->base_gradient, &work->theta,
                            &work->image};
    const size_t d = (size_t)work->d;
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
        *all[k] = checked_alloc(d, sizeof(double));
    }
    work->order = checked_alloc(d, sizeof *work->order);
    for (int j = 0; j < work->d; j++) {
        work->order[j] = j;
    }
    memcpy(work->teacher, work->samples.teacher, d * sizeof(double));
}

LassoWork *lasso_create(MPI_Comm team, const Problem *problem, const LassoSettings *settings)
{
    assert(!model_has(problem->model, TRAIT_MATRIX) && settings->tolerance > 0.0);
    LassoWork *work = checked_alloc(1, sizeof *work);
    work->team = team;
    MPI_Comm_rank(team, &work->rank);
    MPI_Comm_size(team, &work->ranks);
    work->settings = *settings;
    work->settings.layout = lasso_layout(problem, work->ranks, settings);
    SamplesSpec spec = samples_spec(problem);
    spec.store = STORE_NONE;
    spec.random_signs = settings->random_signs;
    work->samples = samples_create(team, &spec);
    work->d = spec.dimension;
    work->rows = (int)work->samples.rows;
    work->ld = work->rows > 0 ? work->rows : 1;
    work->gram = gram_create(team);
    allocate_vectors(work);
    lasso_draw(work);
    double mean = 0.0;
    for (int j = 0; j < work->d; j++) {
        mean += work->height[j] / work->d;
    }
    work->curvature = mean * pow(1.0 + sqrt(problem->dimension / problem->samples), 2.0);
    return work;
}

void lasso_free(LassoWork *work)
{
    if (work == NULL) {
        return;
    }
    double *const all[] = {work->teacher,       work->height, work->label_gradient, work->base,
                           work->base_gradient, work->theta,  work->image,          work->x};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
        free(all[k]);
    }
    free(work->order);
    gram_free(&work->gram);
    active_free(&work->system);
    samples_free(&work->samples);
    free(work);
}

/* ---- solution ------------------------------------------------------------------------ */

static bool spent(const LassoWork *work)
{
    return work->stopped || work->iterations >= work->settings.iteration_limit;
}

/* Where theta is when a search over the domain begins. */
typedef enum Start {
    FAR,       /* anywhere */
    NEIGHBOUR, /* at the minimum for another weight */
    NEAR       /* near the minimum, but for columns that were missing */
} Start;

/* Minimise over the domain, to the tolerance or to rounding: Newton's method at once near the
 * minimum, else when the gap is small, and after each failure when it is smaller. */
static void solve_domain(LassoWork *work, double tolerance, Start start)
{
    bool done = start != FAR && lasso_newton(work, tolerance, start == NEIGHBOUR);
    for (double ready = ready_gap; !done && !spent(work); ready *= 0.3) {
        const int left = work->settings.iteration_limit - work->iterations;
        done =
            lasso_descend(work, left, tolerance, ready) || lasso_newton(work, tolerance, false);
    }
}

/* Columns for a new weight: on a line a gradient moves less than the weight does. */
static void admit_ahead(LassoWork *work)
{
    const double ahead = 1.5 * work->weight - 0.5 * work->weight_before;
    lasso_admit(work, fmin(fmax(ahead, near_bound * work->weight), work->weight));
}

/* From afar with few data: by way of minima at larger weights, which keep the working set
 * small.  The first is where the noise in a cold start's gradient begins to be active. */
static void approach(LassoWork *work)
{
    const double target = work->weight;
    double square = 0.0;
    for (int j = 0; j < work->d; j++) {
        square += work->label_gradient[j] * work->label_gradient[j] / work->d;
    }
    double next = work->weight_before > 0.0 ? rung * work->weight_before : sqrt(square);
    for (; lasso_agree(work, next > target) && !spent(work); next *= rung) {
        work->weight = next;
        admit_ahead(work);
        solve_domain(work, rung_tolerance, NEIGHBOUR);
        lasso_rebase(work);
        work->weight_before = next;
    }
    work->weight = target;
}

/* Choose the columns to begin with. */
static Start choose_columns(LassoWork *work, double tolerance)
{
    const bool far = lasso_outside(work, work->weight) > work->gram.size / 2;
    if (far && work->samples.spec.samples >= few_data * work->d) {
        work->domain = work->d;
        lasso_descend(work, EXPLORING_STEPS, tolerance, 0.0);
        lasso_admit(work, near_bound * work->weight);
        return FAR;
    }
    if (far) {
        approach(work);
    }
    admit_ahead(work);
    return NEIGHBOUR;
}

static void solve_columns(LassoWork *work, double tolerance)
{
    Start start = choose_columns(work, tolerance);
    double inner = fmax(tolerance, first_tolerance);
    for (int entering = -1; !spent(work); start = NEAR) {
        solve_domain(work, inner, start);
        lasso_rebase(work);
        if (lasso_agree(work, !(work->value.gap > tolerance))) {
            return;
        }
        const int before = entering;
        entering = lasso_outside(work, work->weight);
        lasso_admit(work, near_bound * work->weight);
        /* nothing to add, twice: what is left of the gap is rounding */
        if (entering == 0 && before == 0 && inner < tolerance) {
            return;
        }
        inner = entering > 0 || inner > tolerance ? tolerance : 0.1 * inner;
        work->iterations++;
    }
}

static void solve_sums(LassoWork *work, double tolerance)
{
    work->domain = work->d;
    lasso_image(work, work->theta, work->image);
    solve_domain(work, tolerance, work->weight_before > 0.0 ? NEIGHBOUR : FAR);
}

/* ---- report -------------------------------------------------------------------------- */

static Lasso failed(LassoWork *work)
{
    /* the next point starts cold */
    memset(work->theta, 0, (size_t)work->d * sizeof(double));
    active_free(&work->system);
    return (Lasso){.outcome = OUTCOME_FAILED,
                   .iterations = work->iterations,
                   .gap = NAN,
                   .objective = NAN,
                   .train_loss = NAN,
                   .risk = NAN,
                   .prediction_risk = NAN,
                   .trace = NAN,
                   .overlap_q = NAN,
                   .overlap_m = NAN};
}

static Lasso describe(const LassoWork *work, double tolerance)
{
    Lasso report = {.iterations = work->iterations,
                    .factorisations = work->system.factorisations,
                    .gap = work->value.gap,
                    .objective = work->value.objective,
                    .train_loss = work->value.square / (double)work->samples.spec.samples};
    report.outcome = work->value.gap <= tolerance ? OUTCOME_CONVERGED : OUTCOME_NOT_CONVERGED;
    for (int j = 0; j < work->d; j++) {
        const double theta = work->theta[j];
        const double error = theta - work->teacher[j];
        report.rank += theta != 0.0;
        report.risk += error * error;
        report.trace += fabs(theta);
        report.overlap_q += theta * theta;
        report.overlap_m += theta * work->teacher[j];
    }
    report.prediction_risk = report.risk;
    return report;
}

static int decreasing(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x < y) - (x > y);
}

static void list_coefficients(const LassoWork *work, double coefficients[])
{
    for (int j = 0; j < work->d; j++) {
        coefficients[j] = fabs(work->theta[j]);
    }
    qsort(coefficients, (size_t)work->d, sizeof *coefficients, decreasing);
}

Lasso lasso_solve(LassoWork *work, const Problem *problem, double coefficients[])
{
    assert(problem->weight_decay > 0.0 && problem->dimension == work->d);
    const double tolerance =
        problem->tolerance > 0.0 ? problem->tolerance : work->settings.tolerance;
    work->weight = problem->weight_decay * sqrt(work->d);
    work->iterations = work->system.factorisations = 0;
    if (work->x != NULL) {
        solve_columns(work, tolerance);
    } else {
        solve_sums(work, tolerance);
    }
    work->weight_before = work->weight;
    Lasso report = {.outcome = OUTCOME_RUNNING, .stopped = work->stopped};
    if (work->rank == 0 && !work->stopped) {
        report = isfinite(work->value.objective) && isfinite(work->value.gap)
                     ? describe(work, tolerance)
                     : failed(work);
    }
    MPI_Bcast(&report, sizeof report, MPI_BYTE, 0, work->team);
    if (report.outcome == OUTCOME_FAILED && work->rank != 0) {
        failed(work);
    }
    if (coefficients != NULL) {
        list_coefficients(work, coefficients);
        MPI_Bcast(coefficients, work->d, MPI_DOUBLE, 0, work->team);
    }
    return report;
}

void lasso_network(const LassoWork *work, double theta[])
{
    for (int j = 0; j < work->d; j++) {
        theta[work->order[j]] = work->theta[j];
    }
}
