#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"
#include "lasso_state.h"

/* Share by which the estimate of the curvature sinks a step: the local one, on the active
 * coefficients, is well below that of the whole Gram matrix. */
static const double relax = 0.98;

/* Point at which the next proximal step is taken, and its image. */
typedef struct Momentum {
    double *z, *image; /* [domain], owned */
    double *next, *next_image;
    double t; /* Nesterov's sequence */
} Momentum;

static double soft(double x, double threshold)
{
    return copysign(fmax(fabs(x) - threshold, 0.0), x);
}

static Momentum momentum_at(const LassoWork *work)
{
    const size_t m = (size_t)work->domain;
    Momentum p = {.t = 1.0};
    p.z = checked_alloc(m, sizeof *p.z);
    p.image = checked_alloc(m, sizeof *p.image);
    p.next = checked_alloc(m, sizeof *p.next);
    p.next_image = checked_alloc(m, sizeof *p.next_image);
    memcpy(p.z, work->theta, m * sizeof *p.z);
    memcpy(p.image, work->image, m * sizeof *p.image);
    return p;
}

static void momentum_free(Momentum *p)
{
    free(p->z);
    free(p->image);
    free(p->next);
    free(p->next_image);
}

/* The proximal step from z at the present curvature, raised until the quadratic model bounds
 * the data term along the step. */
static void take_step(LassoWork *work, Momentum *p)
{
    for (bool short_enough = false; !short_enough;) {
        const double step = 1.0 / work->curvature;
        for (int j = 0; j < work->domain; j++) {
            const double gradient = work->base_gradient[j] - p->image[j];
            p->next[j] = soft(p->z[j] + step * gradient, step * work->weight);
        }
        MPI_Bcast(p->next, work->domain, MPI_DOUBLE, 0, work->team);
        lasso_image(work, p->next, p->next_image);
        double bent = 0.0;
        double length = 0.0;
        for (int j = 0; j < work->domain; j++) {
            const double moved = p->next[j] - p->z[j];
            bent += moved * (p->next_image[j] - p->image[j]);
            length += moved * moved;
        }
        /* a step lost in rounding says nothing about the curvature; nor does a NaN */
        short_enough = lasso_agree(work, !(bent > work->curvature * length * (1.0 + 1e-10)));
        if (!short_enough) {
            work->curvature = fmax(1.1 * work->curvature, bent / length);
        }
        work->iterations++;
    }
}

/* Move theta to the new point and z beyond it, restarting where the step points back
 * (O'Donoghue & Candes 2015). */
static void advance(LassoWork *work, Momentum *p)
{
    double back = 0.0;
    for (int j = 0; j < work->domain; j++) {
        back += (p->z[j] - p->next[j]) * (p->next[j] - work->theta[j]);
    }
    const double t = lasso_agree(work, back > 0.0) ? 1.0 : p->t;
    p->t = 0.5 * (1.0 + sqrt(1.0 + 4.0 * t * t));
    const double beyond = (t - 1.0) / p->t;
    for (int j = 0; j < work->domain; j++) {
        p->z[j] = p->next[j] + beyond * (p->next[j] - work->theta[j]);
        p->image[j] = p->next_image[j] + beyond * (p->next_image[j] - work->image[j]);
        work->theta[j] = p->next[j];
        work->image[j] = p->next_image[j];
    }
    work->value = lasso_value(work, work->theta, work->image);
    work->curvature *= relax;
}

/* Share of the samples that active coefficients leave free, may be negative. */
static double room(const LassoWork *work)
{
    int active = 0;
    for (int j = 0; j < work->domain; j++) {
        active += work->theta[j] != 0.0;
    }
    return 1.0 - active / (double)work->samples.spec.samples;
}

bool lasso_descend(LassoWork *work, int limit, double tolerance, double ready)
{
    assert(work->domain <= work->d && work->curvature > 0.0);
    Momentum p = momentum_at(work);
    bool reached = false;
    bool near = false;
    for (int k = 0; k < limit && !reached && !near && !lasso_halts(work); k++) {
        take_step(work, &p);
        advance(work, &p);
        /* NaN ends the descent too; the caller sees it in the value */
        reached = lasso_agree(work, !(work->value.gap > tolerance));
        near = lasso_agree(work, work->value.gap <= ready * room(work));
    }
    momentum_free(&p);
    return reached;
}
