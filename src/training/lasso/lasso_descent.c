#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"
#include "lasso_state.h"

/* Share by which the estimate of the curvature sinks a step: the local one, on the active
 * coefficients, is well below that of the whole Gram matrix. */
static const double relax = 0.98;

static double soft(double x, double threshold)
{
    return copysign(fmax(fabs(x) - threshold, 0.0), x);
}

/* The proximal step from z at the present curvature, raised until the quadratic model bounds
 * the data term along the step. */
static void take_step(LassoWork *work, Momentum *p)
{
    for (bool short_enough = false; !short_enough;) {
        const double step = 1.0 / work->progress.curvature;
        for (int j = 0; j < work->progress.domain; j++) {
            const double gradient = work->base_gradient[j] - p->image[j];
            p->next[j] = soft(p->z[j] + step * gradient, step * work->progress.weight);
        }
        MPI_Bcast(p->next, work->progress.domain, MPI_DOUBLE, 0, work->team);
        lasso_image(work, p->next, p->next_image);
        double bent = 0.0;
        double length = 0.0;
        for (int j = 0; j < work->progress.domain; j++) {
            const double moved = p->next[j] - p->z[j];
            bent += moved * (p->next_image[j] - p->image[j]);
            length += moved * moved;
        }
        /* a step lost in rounding says nothing about the curvature; nor does a NaN */
        short_enough =
            lasso_agree(work, !(bent > work->progress.curvature * length * (1.0 + 1e-10)));
        if (!short_enough) {
            work->progress.curvature = fmax(1.1 * work->progress.curvature, bent / length);
        }
        work->progress.iterations++;
    }
}

/* Move theta to the new point and z beyond it, restarting where the step points back
 * (O'Donoghue & Candes 2015). */
static void advance(LassoWork *work, Momentum *p)
{
    double back = 0.0;
    for (int j = 0; j < work->progress.domain; j++) {
        back += (p->z[j] - p->next[j]) * (p->next[j] - work->theta[j]);
    }
    const double t = lasso_agree(work, back > 0.0) ? 1.0 : p->t;
    p->t = 0.5 * (1.0 + sqrt(1.0 + 4.0 * t * t));
    const double beyond = (t - 1.0) / p->t;
    for (int j = 0; j < work->progress.domain; j++) {
        p->z[j] = p->next[j] + beyond * (p->next[j] - work->theta[j]);
        p->image[j] = p->next_image[j] + beyond * (p->next_image[j] - work->image[j]);
        work->theta[j] = p->next[j];
        work->image[j] = p->next_image[j];
    }
    work->progress.value = lasso_value(work, work->theta, work->image);
    work->progress.curvature *= relax;
}

/* Share of the samples that active coefficients leave free, may be negative. */
static double room(const LassoWork *work)
{
    int active = 0;
    for (int j = 0; j < work->progress.domain; j++) {
        active += work->theta[j] != 0.0;
    }
    return 1.0 - active / (double)work->data->samples;
}

void descent_begin(LassoWork *work, int limit, double ready)
{
    const size_t bytes = (size_t)work->progress.domain * sizeof(double);
    assert(work->progress.domain <= work->d && work->progress.curvature > 0.0 && limit >= 1);
    work->search.stage = SEARCH_DESCENT;
    work->dual.holds = false;
    work->search.step = 0;
    work->search.limit = limit;
    work->search.ready = ready;
    work->momentum.t = 1.0;
    memcpy(work->momentum.z, work->theta, bytes);
    memcpy(work->momentum.image, work->image, bytes);
}

Progression descent_advance(LassoWork *work)
{
    Search *search = &work->search;
    take_step(work, &work->momentum);
    advance(work, &work->momentum);
    /* NaN ends the descent too; the caller sees it in the value */
    const double gap = work->progress.value.gap;
    const bool reached = lasso_agree(work, !(gap > search->tolerance));
    const bool near = lasso_agree(work, gap <= search->ready * room(work));
    search->step++;
    return reached ? REACHED : near || search->step >= search->limit ? GIVEN_UP : GOES_ON;
}
