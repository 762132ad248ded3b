#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"
#include "lasso_state.h"

/* Steps in a row; each must leave at most this share of the last one's changes of the active
 * set, and no objective far above the start: near interpolation the steps diverge if they begin
 * too early, and a factor costs as much as dozens of proximal steps. */
enum { STEPS = 15 };
static const double settling = 0.7;
static const double far_above = 2.0;

/* Rank 0's set for all. */
static void share_set(const LassoWork *work, ActiveSet *set)
{
    MPI_Bcast(&set->size, 1, MPI_INT, 0, work->team);
    MPI_Bcast(set->column, set->size, MPI_INT, 0, work->team);
    MPI_Bcast(set->sign, set->size, MPI_INT, 0, work->team);
}

/* Columns that a coordinate-wise proximal step from theta would leave active, and their
 * signs: at the minimum these are its own. */
static void find_active(const LassoWork *work, ActiveSet *set)
{
    set->size = 0;
    for (int j = 0; j < work->progress.domain; j++) {
        const double gradient = work->base_gradient[j] - work->image[j];
        const double pull = work->theta[j] * work->height[j] + gradient;
        if (fabs(pull) > work->progress.weight) {
            set->column[set->size] = j;
            set->sign[set->size++] = pull > 0.0 ? 1 : -1;
        }
    }
    share_set(work, set);
}

/* Entries of `a` that are not in `b`, or there with the other sign. */
static int missing(const ActiveSet *a, const ActiveSet *b)
{
    int count = 0;
    for (int i = 0, k = 0; i < a->size; i++) {
        while (k < b->size && b->column[k] < a->column[i]) {
            k++;
        }
        count += k == b->size || b->column[k] != a->column[i] || b->sign[k] != a->sign[i];
    }
    return count;
}

/* Set theta to zero outside the set. */
static void restrict_to(LassoWork *work, const ActiveSet *set)
{
    bool outside = false;
    for (int j = 0, k = 0; j < work->progress.domain; j++) {
        if (k < set->size && set->column[k] == j) {
            k++;
        } else if (work->theta[j] != 0.0) {
            work->theta[j] = 0.0;
            outside = true;
        }
    }
    if (lasso_agree(work, outside)) {
        lasso_image(work, work->theta, work->image);
    }
}

/* The stationary point of F for this active set and signs; false if there is none. */
static bool solve_on(LassoWork *work, const ActiveSet *set)
{
    restrict_to(work, set);
    double *b = checked_alloc((size_t)set->size, sizeof *b);
    for (int k = 0; k < set->size; k++) {
        const int j = set->column[k];
        b[k] = work->base_gradient[j] - work->image[j] - work->progress.weight * set->sign[k];
    }
    const bool solved =
        set->size == 0 || active_solve(&work->gram, &work->system, set->column, set->size, b);
    for (int k = 0; k < set->size && solved; k++) {
        work->theta[set->column[k]] += b[k];
    }
    free(b);
    lasso_image(work, work->theta, work->image);
    work->progress.value = lasso_value(work, work->theta, work->image);
    work->progress.iterations++;
    return solved;
}

void lasso_present(const LassoWork *work, ActiveSet *set)
{
    set->size = 0;
    for (int j = 0; j < work->progress.domain; j++) {
        if (work->theta[j] != 0.0) {
            set->column[set->size] = j;
            set->sign[set->size++] = work->theta[j] > 0.0 ? 1 : -1;
        }
    }
    share_set(work, set);
}

static void keep(const LassoWork *work, Kept *kept)
{
    const size_t bytes = (size_t)work->progress.domain * sizeof(double);
    memcpy(kept->theta, work->theta, bytes);
    memcpy(kept->image, work->image, bytes);
    kept->value = work->progress.value;
}

void newton_leave(LassoWork *work)
{
    const Kept *kept = &work->kept;
    const size_t bytes = (size_t)work->progress.domain * sizeof(double);
    memcpy(work->theta, kept->theta, bytes);
    memcpy(work->image, kept->image, bytes);
    work->progress.value = kept->value;
}

void newton_begin(LassoWork *work, bool tangent)
{
    LassoProgress *progress = &work->progress;
    Search *search = &work->search;
    /* the systems need G where the iteration is */
    assert(progress->domain <= work->gram.size && search->tolerance > 0.0);
    progress->value = lasso_value(work, work->theta, work->image);
    keep(work, &work->kept);
    search->stage = SEARCH_NEWTON;
    work->dual.holds = false;
    search->step = 0;
    search->changes = progress->domain;
    search->objective = progress->value.objective;
    if (tangent) {
        lasso_present(work, &work->set[0]);
        solve_on(work, &work->set[0]);
    }
    find_active(work, &work->set[0]);
}

/* A step; leaves the last network, and the best one in kept. */
static Progression step(LassoWork *work)
{
    const LassoValue *value = &work->progress.value;
    Search *search = &work->search;
    ActiveSet *set = work->set;
    /* more active coefficients than data: no stationary point */
    if (set[0].size > work->data->samples || !solve_on(work, &set[0])) {
        return GIVEN_UP;
    }
    find_active(work, &set[1]);
    const int changes = missing(&set[0], &set[1]) + missing(&set[1], &set[0]);
    if (lasso_agree(work, value->objective < work->kept.value.objective)) {
        keep(work, &work->kept);
    }
    const bool reached = lasso_agree(work, value->gap <= search->tolerance);
    const bool fixed = changes == 0 && search->changes == 0;
    if (reached || (fixed && work->system.slots == 0)) {
        keep(work, &work->kept);
        return REACHED;
    }
    if (fixed) {
        /* a factor of other columns, nearly singular perhaps, is not exact enough */
        active_free(&work->system);
    }
    if (changes > settling * search->changes ||
        lasso_agree(work, !(value->objective <= far_above * search->objective))) {
        return GIVEN_UP;
    }
    search->changes = changes;
    const ActiveSet swap = set[0];
    set[0] = set[1];
    set[1] = swap;
    return ++search->step < STEPS ? GOES_ON : GIVEN_UP;
}

Progression newton_advance(LassoWork *work)
{
    const Progression end = step(work);
    if (end != GOES_ON) {
        newton_leave(work);
    }
    return end;
}

/* With u = r - X v, v the next step on the active set: X_A^T u is what the minimum asks for,
 * and F - D(s u) <= (|X v| + (1 - s) |u|)^2/2 + (1 - s) w |theta|_1, where |X v|^2 = v.q and q,
 * what is left of the stationary point's equations, is taken to be off by its rounding. */
void newton_certify(LassoWork *work)
{
    LassoProgress *progress = &work->progress;
    ActiveSet *set = &work->set[0];
    const int domain = progress->domain;
    progress->domain = work->d;
    lasso_present(work, set);
    double *q = checked_alloc((size_t)work->d, sizeof *q);
    double *v = checked_alloc((size_t)work->d, sizeof *v);
    double *step = checked_alloc((size_t)work->d, sizeof *step);
    double norm = 0.0;
    for (int k = 0; k < set->size; k++) {
        const int j = set->column[k];
        const double rest =
            work->base_gradient[j] - work->image[j] - progress->weight * set->sign[k];
        const double rounding =
            4.0 * DBL_EPSILON * sqrt(work->height[j] * progress->value.square);
        q[k] = step[k] = rest + copysign(rounding, rest);
        norm += fabs(work->theta[j]);
    }
    if (set->size > 0 && set->size <= work->data->samples &&
        active_solve(&work->gram, &work->system, set->column, set->size, step)) {
        double square = 0.0;
        for (int k = 0; k < set->size; k++) {
            square += q[k] * step[k];
            v[set->column[k]] = step[k];
        }
        lasso_apply(work, v, q);
        double steepest = progress->weight;
        for (int j = 0; j < work->d; j++) {
            if (work->theta[j] == 0.0) {
                steepest = fmax(steepest, fabs(work->base_gradient[j] - work->image[j] - q[j]));
            }
        }
        const double off = 1.0 - progress->weight / steepest;
        const double moved = sqrt(fmax(square, 0.0));
        const double apart = moved + off * (sqrt(progress->value.square) + moved);
        const double gap =
            (0.5 * apart * apart + off * progress->weight * norm) / progress->value.objective;
        if (lasso_agree(work, gap < progress->value.gap)) {
            progress->value.gap = gap;
        }
    }
    progress->domain = domain;
    free(step);
    free(v);
    free(q);
}
