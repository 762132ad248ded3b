/* lbfgs.h - minimises smooth functions of many variables by limited-memory BFGS.
 *
 * The variables are spread over a team, any share on any rank; all scalars are sums over the
 * team, so that every rank takes the same decisions.  Steps satisfy the strong Wolfe conditions
 * (Nocedal & Wright 2006, algorithms 3.5, 3.6 and 7.5) up to rounding of the value.  For a
 * function that is not convex the end is a stationary point near the start.
 *
 * When to stop is decided by an estimate of how far the value lies above the minimum: -g.p/2, g
 * the gradient and p the quasi-Newton step.  It has the units of the function and is exact for
 * a quadratic function with the right inverse Hessian.
 *
 * The caller may evaluate the function itself, so that several descents share a pass over the
 * data: lbfgs_begin, then lbfgs_tell what f is at lbfgs_trial while lbfgs_running.
 */
#ifndef PHASESWEEP_PARALLEL_LBFGS_H
#define PHASESWEEP_PARALLEL_LBFGS_H

#include <mpi.h>
#include <stdbool.h>
#include <stddef.h>

#include "phasesweep/base/outcome.h"

typedef struct LbfgsSettings {
    int evaluation_limit; /* >= 1 */
    double relative;      /* >= 0: stop where the estimate, three times in a row, is at */
    double absolute;      /* >= 0:   most relative |f| + absolute */
    double rounding;      /* > 0: values closer than this share of them are the same */
} LbfgsSettings;

/* Collective.  Value at x, the same on all ranks, and this rank's part of the gradient. */
typedef double (*LbfgsFunction)(const double x[], double gradient[], void *context);

typedef struct Lbfgs {
    Outcome outcome; /* CONVERGED; NOT_CONVERGED: limit reached, or no lower value is
                        found on any step but the estimate is larger; FAILED: the
                        start is not finite; RUNNING: not at its end */
    int iterations, evaluations;
    double value;    /* at x */
    double gradient; /* |g| */
    double estimate; /* of what is left above the minimum */
} Lbfgs;

typedef struct LbfgsWork LbfgsWork;

/* Local.  10000 evaluations, 1e-12, 0, 1e-14. */
LbfgsSettings lbfgs_defaults(void);

/* Local.  Room for count >= 0 variables on this rank and `memory` >= 1 pairs of steps and
 * gradients.  team is borrowed and must outlive the work.  Release with lbfgs_free. */
LbfgsWork *lbfgs_create(MPI_Comm team, int count, int memory);
void lbfgs_free(LbfgsWork *work);

/* Local.  Drop what is known of the curvature: the next start is elsewhere. */
void lbfgs_forget(LbfgsWork *work);

/* Local.  From x [count], this rank's share of the start.  The pairs of earlier descents are
 * used: the function may have changed a little since. */
void lbfgs_begin(LbfgsWork *work, const double x[], const LbfgsSettings *settings);
bool lbfgs_running(const LbfgsWork *work);

/* Local.  Evaluations after which the descent in hand begins no other step. */
void lbfgs_limit(LbfgsWork *work, int evaluations);

/* Local.  Where the function is wanted, and room for its gradient, [count] each; borrowed. */
const double *lbfgs_trial(const LbfgsWork *work, double **gradient);

/* Collective on team.  The value there, the same on all ranks; the gradient is in its room. */
void lbfgs_tell(LbfgsWork *work, double value);

/* Local.  How it stands; x [count] becomes this rank's share of the best point found. */
Lbfgs lbfgs_report(const LbfgsWork *work, double x[]);

/* Collective on team.  All of it: x [count] is the start and becomes the best point found. */
Lbfgs lbfgs_minimise(LbfgsWork *work, double x[], LbfgsFunction function, void *context,
                     const LbfgsSettings *settings);

/* Local.  All that a descent is, to be written down and put back: numbers that are the same on
 * all ranks, and vectors of `count` whose shares are spread as those of x; borrowed. */
void *lbfgs_scalars(LbfgsWork *work, size_t *bytes);
int lbfgs_vectors(const LbfgsWork *work);
double *lbfgs_vector(LbfgsWork *work, int k);

#endif
