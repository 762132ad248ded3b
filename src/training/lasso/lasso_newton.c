#include <assert.h>
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

typedef struct ActiveSet {
    int size;
    int *column; /* [domain], first `size` used, ascending; owned */
    int *sign;   /* [domain]; owned */
} ActiveSet;

static ActiveSet set_create(int domain)
{
    ActiveSet set = {0};
    set.column = checked_alloc((size_t)domain, sizeof *set.column);
    set.sign = checked_alloc((size_t)domain, sizeof *set.sign);
    return set;
}

static void set_free(ActiveSet *set)
{
    free(set->column);
    free(set->sign);
}

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
    for (int j = 0; j < work->domain; j++) {
        const double gradient = work->base_gradient[j] - work->image[j];
        const double pull = work->theta[j] * work->height[j] + gradient;
        if (fabs(pull) > work->weight) {
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
    for (int j = 0, k = 0; j < work->domain; j++) {
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
        b[k] = work->base_gradient[j] - work->image[j] - work->weight * set->sign[k];
    }
    const bool solved =
        set->size == 0 || active_solve(&work->gram, &work->system, set->column, set->size, b);
    for (int k = 0; k < set->size && solved; k++) {
        work->theta[set->column[k]] += b[k];
    }
    free(b);
    lasso_image(work, work->theta, work->image);
    work->value = lasso_value(work, work->theta, work->image);
    work->iterations++;
    return solved;
}

/* The active set of theta itself. */
static void present_set(const LassoWork *work, ActiveSet *set)
{
    set->size = 0;
    for (int j = 0; j < work->domain; j++) {
        if (work->theta[j] != 0.0) {
            set->column[set->size] = j;
            set->sign[set->size++] = work->theta[j] > 0.0 ? 1 : -1;
        }
    }
    share_set(work, set);
}

/* A network to come back to. */
typedef struct Kept {
    double *theta, *image; /* [domain]; owned */
    LassoValue value;
} Kept;

static void keep(const LassoWork *work, Kept *kept)
{
    const size_t bytes = (size_t)work->domain * sizeof(double);
    memcpy(kept->theta, work->theta, bytes);
    memcpy(kept->image, work->image, bytes);
    kept->value = work->value;
}

static void go_back(LassoWork *work, const Kept *kept)
{
    const size_t bytes = (size_t)work->domain * sizeof(double);
    memcpy(work->theta, kept->theta, bytes);
    memcpy(work->image, kept->image, bytes);
    work->value = kept->value;
}

/* True at the minimum; leaves the last network, and the best one in *kept. */
static bool iterate(LassoWork *work, double tolerance, ActiveSet set[2], Kept *kept)
{
    const double start = kept->value.objective;
    int last = work->domain;
    find_active(work, &set[0]);
    for (int step = 0; step < STEPS && !lasso_halts(work); step++) {
        /* more active coefficients than data: no stationary point */
        if (set[0].size > work->samples.spec.samples || !solve_on(work, &set[0])) {
            return false;
        }
        find_active(work, &set[1]);
        const int changes = missing(&set[0], &set[1]) + missing(&set[1], &set[0]);
        if (lasso_agree(work, work->value.objective < kept->value.objective)) {
            keep(work, kept);
        }
        const bool reached = lasso_agree(work, work->value.gap <= tolerance);
        const bool fixed = changes == 0 && last == 0;
        if (reached || (fixed && work->system.slots == 0)) {
            keep(work, kept);
            return true;
        }
        if (fixed) {
            /* a factor of other columns, nearly singular perhaps, is not exact enough */
            active_free(&work->system);
        }
        if (changes > settling * last ||
            lasso_agree(work, !(work->value.objective <= far_above * start))) {
            return false;
        }
        last = changes;
        const ActiveSet swap = set[0];
        set[0] = set[1];
        set[1] = swap;
    }
    return false;
}

bool lasso_newton(LassoWork *work, double tolerance, bool tangent)
{
    /* the systems need G where the iteration is */
    assert(work->domain <= work->gram.size && tolerance > 0.0);
    const size_t m = (size_t)work->domain;
    Kept kept = {.theta = checked_alloc(m, sizeof *kept.theta),
                 .image = checked_alloc(m, sizeof *kept.image)};
    ActiveSet set[2] = {set_create(work->domain), set_create(work->domain)};
    work->value = lasso_value(work, work->theta, work->image);
    keep(work, &kept);
    if (tangent) {
        present_set(work, &set[0]);
        solve_on(work, &set[0]);
    }
    const bool reached = iterate(work, tolerance, set, &kept);
    go_back(work, &kept);
    set_free(&set[0]);
    set_free(&set[1]);
    free(kept.theta);
    free(kept.image);
    return reached;
}
