/* What is reported of a diagonal network on its way. */
#include <math.h>
#include <stdlib.h>

#include "phasesweep/base/check.h"
#include "descent.h"
#include "network.h"

/* F of the weights, which is that of theta plus what they are out of balance. */
static double objective_of(const DescentWork *work, double square)
{
    double norm = 0.0;
    for (size_t k = 0; k < work->count; k++) {
        norm += work->x[k] * work->x[k];
    }
    return 0.5 * square + 0.5 * work->problem.weight_decay * norm;
}

/* Lower bound of the LASSO by the residual r scaled to be feasible, |X^T s r|_inf <= lambda
 * sqrt(d): s r.y - s^2 |r|^2/2 at the best such s (theory.md section 8).  r.y = |r|^2 + theta.
 * X^T r. */
static double dual_bound(const DescentWork *work, const double theta[], const double sum[],
                         double square)
{
    const double weight = work->problem.weight_decay * sqrt((double)work->d);
    double largest = 0.0;
    double label = square;
    for (int k = 0; k < work->d; k++) {
        largest = fmax(largest, fabs(sum[k]));
        label += theta[k] * sum[k];
    }
    const double s = fmax(0.0, fmin(label / square, weight / largest));
    return s * label - 0.5 * s * s * square;
}

void descent_describe_vector(DescentWork *work, Observed *observed, double spectrum[])
{
    const size_t d = (size_t)work->d;
    double *theta = work->sum + d;
    descent_theta(work, theta);
    const double square = descent_vector_pass(work, work->data, theta, work->sum);
    if (work->rank == 0) {
        observed->train_loss = square / work->problem.samples;
        observed->objective = objective_of(work, square);
        const double bound = dual_bound(work, theta, work->sum, square);
        observed->gap = fmax(0.0, (observed->objective - bound) / observed->objective);
        network_observe_vector(work->data, NULL, theta, observed, spectrum);
    }
}
