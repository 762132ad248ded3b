/* The threshold of the LASSO where features are correlated in blocks: theta' of a step is
 *     argmin_w 1/2 (w - w0)^T Sigma (w - w0) + b |w|_1 ,
 * block by block.  With u = D^(1/2) w and the pull v = D^(-1/2) Sigma w0 a block is
 *     (1 - rho) u_i + rho t = v_i - (b/sqrt(sigma_i)) sign(u_i) ,   t = sum_B u ,
 * so that u_i is a soft threshold of v_i - rho t, and t the one root of an increasing function
 * that is linear between the places where a coefficient becomes active: Newton's method with
 * bisection ends at it, not near it.
 */
#include <assert.h>
#include <math.h>

#include "phasesweep/numerics/roots.h"
#include "amp_model.h"

typedef struct CorrelatedBlock {
    const double *pull, *root; /* [size] v and sqrt(sigma_i) */
    int size;
    double rho, b;
} CorrelatedBlock;

/* v_i - rho t beyond b/sqrt(sigma_i), 0 within it. */
static double beyond(const CorrelatedBlock *block, int i, double t)
{
    const double x = block->pull[i] - block->rho * t;
    return copysign(fmax(fabs(x) - block->b / block->root[i], 0.0), x);
}

/* Where t would be if those active at t were it, with their signs. */
static double balance(const CorrelatedBlock *block, double t)
{
    double sum = 0.0;
    double weight = 1.0 - block->rho;
    for (int i = 0; i < block->size; i++) {
        const double x = beyond(block, i, t);
        if (x != 0.0) {
            sum += block->pull[i] - copysign(block->b / block->root[i], x);
            weight += block->rho;
        }
    }
    return sum / weight;
}

/* The set that is active at its own balance is it, and t the same number again. */
static double common(const CorrelatedBlock *block)
{
    Bracket bracket = {-INFINITY, INFINITY};
    double t = 0.0;
    /* not finite: the iteration has left the range of doubles, and will be told so */
    for (double next = balance(block, t); next != t && isfinite(next);
         next = balance(block, t)) {
        t = bracket_next(&bracket, t, t - next, 1.0, INFINITY);
        if (bracket_exhausted(&bracket)) {
            return t; /* two sets meet here, to rounding */
        }
    }
    return t;
}

int amp_threshold_blocks(const Covariance *sigma, const double pull[], double b, double theta[])
{
    assert(covariance_has_blocks(sigma) && b > 0.0);
    int active = 0;
    for (int first = 0; first < sigma->dimension;) {
        const int end = covariance_block_end(sigma, first);
        const CorrelatedBlock block = {pull + first, sigma->deviations + first, end - first,
                                       sigma->correlation, b};
        const double t = common(&block);
        for (int i = 0; i < block.size; i++) {
            const double x = beyond(&block, i, t);
            theta[first + i] = x / ((1.0 - block.rho) * block.root[i]);
            active += x != 0.0;
        }
        first = end;
    }
    return active;
}
