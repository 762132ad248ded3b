/* Cyclic coordinate descent, to find the first working set or, where few sweeps do, the
 * minimum.
 *
 * Columns are taken COORDINATES at a time (ALONE by a rank that is alone): their gradients and
 * their part of the Gram matrix, summed over the team once, are all that the steps of one after
 * the other need.  So a sweep reads X once, and a team meets d / COORDINATES times.  The
 * columns in front, active or near the bound at the last look at all of them, are swept alone
 * in between.
 */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "phasesweep/base/check.h"
#include "phasesweep/numerics/lapack.h"
#include "lasso_state.h"

enum { COORDINATES = LASSO_COORDINATES, ALONE = 8 };

/* Share of the bound from which a gradient is near it. */
static const double near_bound = 0.85;

/* Sweeps over all columns before the first look; before a gain a sweep is believed. */
enum { FIRST_SWEEPS = 2, SWEEPS = LASSO_SWEEPS, TRUSTED_SWEEPS = 32 };

/* Newton's method must be so much faster by the gain so far. */
static const double disappointing = 3.0;

static const int one_step = 1;
static const double unit = 1.0;
static const double zero = 0.0;

/* Part of the Gram matrix of the columns from `first` on, COORDINATES^2 numbers. */
static const double *block_of(LassoWork *work, int first, int count)
{
    Coordinates *c = &work->coordinates;
    double *block = c->blocks + (size_t)first * COORDINATES;
    if (first >= c->known) {
        static const int side = COORDINATES;
        const double *x = work->x + (size_t)first * (size_t)work->ld;
        dgemm_("T", "N", &count, &count, &work->rows, &unit, x, &work->ld, x, &work->ld, &zero,
               block, &side, 1, 1);
        lasso_sum(work, block, COORDINATES * COORDINATES);
        c->known = first + count;
    }
    return block;
}

/* One step after the other; theta and `moved` change, the gradients with them. */
static void step_block(LassoWork *work, int first, int count, const double block[],
                       double gradient[], double moved[])
{
    const double weight = work->progress.weight;
    for (int k = 0; k < count; k++) {
        double *theta = &work->theta[first + k];
        const double height = block[k * COORDINATES + k];
        const double pull = gradient[k] + height * *theta;
        const double next =
            height > 0.0 ? copysign(fmax(fabs(pull) - weight, 0.0), pull) / height : 0.0;
        moved[k] = next - *theta;
        *theta = next;
        for (int i = 0; i < count && moved[k] != 0.0; i++) {
            gradient[i] -= moved[k] * block[k * COORDINATES + i];
        }
    }
}

static void sweep(LassoWork *work, int columns)
{
    double *residual = work->dual.u;
    const int most = work->ranks > 1 ? COORDINATES : ALONE;
    for (int first = 0; first < columns; first += most) {
        const int left = columns - first;
        const int count = left < most ? left : most;
        const double *x = work->x + (size_t)first * (size_t)work->ld;
        double gradient[COORDINATES] = {0.0};
        double moved[COORDINATES];
        double back[COORDINATES];
        dgemv_("T", &work->rows, &count, &unit, x, &work->ld, residual, &one_step, &zero,
               gradient, &one_step, 1);
        lasso_sum(work, gradient, count);
        step_block(work, first, count, block_of(work, first, count), gradient, moved);
        for (int k = 0; k < count; k++) {
            back[k] = -moved[k];
        }
        dgemv_("N", &work->rows, &count, &unit, x, &work->ld, back, &one_step, &unit, residual,
               &one_step, 1);
    }
}

/* Bring the columns that matter to the front. */
static void choose_front(LassoWork *work, double bound)
{
    work->coordinates.front = lasso_bring_forward(work, bound);
    work->coordinates.known = 0;
}

/* Active coefficients at the minimum: as expected, else those now. */
static double active_at_end(const LassoWork *work)
{
    double active = work->active;
    for (int j = 0; j < work->d && work->active == 0.0; j++) {
        active += work->theta[j] != 0.0;
    }
    return active;
}

/* Is Newton's method the shorter way from here?  Where the active coefficients do not tell, by
 * what looks have gained, once that is no longer the first swing. */
static bool is_slow(const LassoWork *work)
{
    const Coordinates *c = &work->coordinates;
    const Problem *problem = &work->problem;
    const double gained = log(c->gap / work->progress.value.gap) / (c->sweeps - FIRST_SWEEPS);
    const double left = log(work->progress.value.gap / problem->tolerance) / gained;
    const bool disappoints = c->sweeps > TRUSTED_SWEEPS &&
                             left * lasso_sweep_seconds(problem, c->front) >
                                 disappointing * lasso_newton_seconds(problem, c->front);
    return !(gained > 0.0) || disappoints || lasso_newton_pays(problem, active_at_end(work));
}

void coordinates_begin(LassoWork *work)
{
    Coordinates *c = &work->coordinates;
    assert(work->x != NULL);
    work->progress.domain = work->d;
    work->dual.holds = false;
    lasso_residual(work, work->dual.u);
    c->front = work->d;
    c->known = c->sweeps = 0;
    c->gap = INFINITY;
}

Progression coordinates_advance(LassoWork *work)
{
    Coordinates *c = &work->coordinates;
    LassoProgress *progress = &work->progress;
    sweep(work, c->front);
    progress->iterations++;
    c->sweeps++;
    if (c->sweeps < FIRST_SWEEPS || (c->sweeps - FIRST_SWEEPS) % SWEEPS != 0) {
        return GOES_ON;
    }
    lasso_rebase(work);
    /* NaN ends it too */
    if (lasso_agree(work, !(progress->value.gap > work->problem.tolerance))) {
        return REACHED;
    }
    if (c->sweeps == FIRST_SWEEPS) {
        c->gap = progress->value.gap;
    } else if (lasso_agree(work, c->sweeps >= LASSO_TRIAL && is_slow(work))) {
        return GIVEN_UP;
    }
    choose_front(work, near_bound * progress->weight);
    return GOES_ON;
}
