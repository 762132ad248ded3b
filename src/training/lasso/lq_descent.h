/* lq_descent.h - least squares with the penalty |theta|_q^q of deeper diagonal networks:
 * descent to a minimum nearby, on the Gram matrix.
 *
 *     F(theta) = 1/2 |y - X theta|^2 + mu sum |theta_j|^q,   0 < q <= 1  (theory.md section 11)
 *
 * Coordinate descent: theta_j becomes the minimum of F in theta_j alone, eta_q of its pull
 * theta_j + x_j.r/|x_j|^2 at chi = mu/|x_j|^2, jump included.  When the active coefficients
 * stay what they are, Newton steps on them do the rest.  At the end no coefficient alone can
 * lower F; for q < 1 there are many such points, and no proof of the lowest.
 *
 * As in lasso_state.h all is an expansion about a base point: with v = theta - base,
 *     X^T r = base_gradient - G v,   |r|^2 = base_square - v.(base_gradient + X^T r) .
 * Nothing here communicates.
 */
#ifndef PHASESWEEP_TRAINING_LQ_DESCENT_H
#define PHASESWEEP_TRAINING_LQ_DESCENT_H

#include <stdbool.h>

#include "phasesweep/numerics/threshold.h"

/* The data, as sums; borrowed. */
typedef struct LqData {
    int d;
    const double *gram;                 /* d x d, both triangles */
    const double *base, *base_gradient; /* [d] */
    double base_square;
} LqData;

/* How the descent goes. */
typedef struct LqPace {
    double moved;    /* |change of theta| in the last sweep, over |theta| */
    bool settled;    /* it left the active coefficients what they were */
    int since, wait; /* sweeps since the last Newton step, and before the next */
} LqPace;

typedef struct LqDescent {
    LqData data;
    Threshold threshold;
    double weight; /* mu */
    LqPace pace;
    double *theta, *gradient; /* [d] and X^T r; owned as all below */
    double *edge;             /* [d] pulls up to which theta_j is 0 */
    int *order;               /* [d] of the coordinates in a sweep */
    int *active;              /* [d] scratch */
    double *trial, *slope;    /* [d] scratch */
} LqDescent;

typedef struct LqValue {
    double objective;    /* F */
    double square;       /* |r|^2 */
    double stationarity; /* |theta' - theta|/|theta'|, theta' the minimum in every coordinate
                            alone; / |theta*| = 1 where that is 0 */
} LqValue;

/* Local, as all below. */
LqDescent lq_create(LqData data);
void lq_free(LqDescent *descent);

/* The penalty from here on. */
void lq_penalise(LqDescent *descent, double power, double weight);

/* Go to theta [d]; strongest pulls come first from here on.  The penalty is set. */
void lq_place(LqDescent *descent, const double theta[]);

/* A sweep, or a Newton step; numbers multiplied, about. */
double lq_advance(LqDescent *descent);

/* At theta; the gradient is made anew, without what sweeps leave of rounding. */
LqValue lq_value(LqDescent *descent);

/* Is theta as good as a stationarity below the tolerance? */
bool lq_is_stationary(const LqDescent *descent, double tolerance);

/* Least squares without a penalty, of least norm about where it is, by conjugate gradients from
 * theta: at most `steps`, or until X^T r has fallen by `share`. */
void lq_least_squares(LqDescent *descent, int steps, double share);

#endif
