/* lbfgs.h - smooth functions of many variables, minimised by limited-memory BFGS.
 *
 * The variables are spread over a team, any share on any rank; all scalars are sums over the
 * team, so that every rank takes the same decisions.  Steps satisfy the strong Wolfe conditions
 * (Nocedal & Wright 2006, algorithms 3.5, 3.6 and 7.5) up to rounding of the value.  For a
 * function that is not convex the end is a stationary point near the start.
 *
 * The estimate -g.p/2 of what is left, p the quasi-Newton step, decides when to stop: it has
 * the units of the function and is exact for a quadratic with the right inverse Hessian.
 */
#ifndef PHASESWEEP_LBFGS_H
#define PHASESWEEP_LBFGS_H

#include <mpi.h>

#include "outcome.h"

typedef struct LbfgsSettings {
    int evaluation_limit; /* >= 1 */
    double relative;      /* >= 0: stop where the estimate, three times in a row, is at */
    double absolute;      /* >= 0:   most relative |f| + absolute */
} LbfgsSettings;

/* Collective.  Value at x, the same on all ranks, and this rank's part of the gradient. */
typedef double (*LbfgsFunction)(const double x[], double gradient[], void *context);

typedef struct Lbfgs {
    Outcome outcome; /* CONVERGED; NOT_CONVERGED: limit reached, or no lower value is
                        found on any step but the estimate is larger; FAILED: the
                        start is not finite */
    int iterations, evaluations;
    double value;    /* at x */
    double gradient; /* |g| */
    double estimate; /* of what is left above the minimum */
} Lbfgs;

typedef struct LbfgsWork LbfgsWork;

/* Local.  10000 evaluations, 1e-12, 0. */
LbfgsSettings lbfgs_defaults(void);

/* Local.  Room for count >= 0 variables on this rank and `memory` >= 1 pairs of steps and
 * gradients.  team is borrowed and must outlive the work.  Release with lbfgs_free. */
LbfgsWork *lbfgs_create(MPI_Comm team, int count, int memory);
void lbfgs_free(LbfgsWork *work);

/* Local.  Drop what is known of the curvature: the next start is elsewhere. */
void lbfgs_forget(LbfgsWork *work);

/* Collective on team.  x [count], this rank's share of the start, becomes the best point found.
 * The pairs of earlier calls are used: the function may have changed a little since. */
Lbfgs lbfgs_minimise(LbfgsWork *work, double x[], LbfgsFunction function, void *context,
                     const LbfgsSettings *settings);

#endif
