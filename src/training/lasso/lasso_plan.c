/* What a solution takes: in memory, and by which way it is shorter.  Plan and solver ask with
 * the same number of active coefficients, so that what is allocated is what was planned.
 *
 * With at least d/2 samples a cold start is by coordinate descent, which needs nothing beside
 * the columns, until Newton's method pays; with fewer it is by way of larger weights, and the
 * Gram matrix covers all columns that were near the bound at one of them. */
#include <assert.h>
#include <math.h>

#include "phasesweep/model/model.h"
#include "lasso_state.h"

/* Data a coefficient from which the full Gram matrix is cheaper than columns (bench_lasso), and
 * below which a cold start goes by way of larger weights (equal at n = d/2, 1.5 times faster at
 * d/3, 3 times at d/6). */
static const double many_data = 4.0;
static const double few_data = 0.5;

/* Entries of X a second in a sweep, and of the Gram matrix in a product with a vector;
 * operations a second of matrix products; descents before Newton's method converges. */
static const double sweep_rate = 1.25e9;
static const double apply_rate = 2e9;
static const double product_rate = 4e10;
enum { DESCENTS = 50 };

/* Sweeps needed over those that the gain at the end tells. */
static const double slow_start = 1.2;

/* Near the bound beside each active one, where Newton's method is used. */
static const double beside = 1.25;

/* Active ones a sample from which steps of the dual, with a matrix of the samples, may be
 * needed. */
static const double near_interpolation = 0.9;

/* Active ones a sample from which descents take long, and a guess where none is known. */
static const double many_active = 0.65;
static const double share_unknown = 0.25;

/* Of the price: operations a second, in a Gram matrix that is summed up, and operations an
 * entry of X in which columns are made ready, 9 ns. */
static const double price_rate = 3e10;
static const double of_columns = 270.0;

bool lasso_approaches(const Problem *problem)
{
    return problem->samples < few_data * problem->dimension;
}

double lasso_sweep_seconds(const Problem *problem, double columns)
{
    const double all = problem->dimension / LASSO_SWEEPS;
    return problem->samples * (columns + all) / sweep_rate;
}

double lasso_newton_seconds(const Problem *problem, double columns)
{
    const double square = columns * columns;
    return (problem->samples + columns / 3.0) * square / product_rate +
           DESCENTS * square / apply_rate;
}

/* Coordinate descent after its trial against Newton's method.  A sweep gains in log(F - F*)
 * what the least eigenvalue of the active columns' Gram matrix, n (1 - sqrt(active/n))^2 by
 * Marchenko and Pastur, gives: 3 of them, as measured at active/n from .1 to .75; from F of
 * theta = 0, in units of which F* is about the weight decay. */
bool lasso_newton_pays(const Problem *problem, double active)
{
    const double share = fmin(active / problem->samples, 1.0);
    const double gain = 3.0 * pow(1.0 - sqrt(share), 2.0);
    const double least = fmin(problem->weight_decay, 1.0) * problem->tolerance;
    const double left = fmax(-slow_start * log(least) / gain - LASSO_TRIAL, 0.0);
    const double columns = fmin(beside * active + 1.0, problem->dimension);
    return left * lasso_sweep_seconds(problem, columns) >
           lasso_newton_seconds(problem, columns);
}

/* ---- price ------------------------------------------------------------------------------- */

/* Steps to 1e-6, measured at source exponents .75 and 1.25, d = 100 ... 1600:
 *
 *     of the sums                                         3 to 5
 *     over columns, active/n = .05, .25, .6               7 to 14, 17, 18
 *     beyond, where descents near Newton's method         70
 *     active = n, near interpolation, n = 4               134 to 148 (by the rule 158)
 *                                     n = 49              216 (261)
 *                                     n = 121 and 163     290 to 340 (313, 332)
 *                                     n = 529             520 (420)
 */
static double steps(const Problem *problem, LassoLayout layout, double active)
{
    const double share = active / problem->samples;
    return active < 0.5                 ? 2.0
           : layout == LASSO_SUMS       ? 5.0
           : share > near_interpolation ? 120.0 * pow(problem->samples, 0.2)
           : share > many_active        ? 70.0
                                        : 12.0 * (1.0 + share);
}

/* Seconds of all of them, data left out.  Near interpolation a step is a product with the Gram
 * matrix of the columns in hand, on the way by larger weights a part of them. */
static double steps_seconds(const Problem *problem, LassoLayout layout, double active)
{
    const double d = problem->dimension;
    const double count = steps(problem, layout, active);
    const double columns = fmin(beside * active, d);
    if (active < 0.5) {
        return count * problem->samples * d / sweep_rate / LASSO_SWEEPS;
    }
    if (layout == LASSO_SUMS) {
        const double factors = 2.0 * pow(active, 3.0) / 3.0;
        return factors / price_rate + count * 2.0 * d * d / apply_rate;
    }
    if (active > near_interpolation * problem->samples) {
        const double domain = fmin(0.15 * d + 1.5 * active, d);
        return count * 3.0 * domain * domain / apply_rate;
    }
    return count * lasso_sweep_seconds(problem, columns) +
           lasso_newton_seconds(problem, columns);
}

TrainerPrice lasso_price(const Problem *problem, double active)
{
    const double n = problem->samples;
    const double d = problem->dimension;
    const LassoLayout layout = lasso_layout(problem, 1, 0.0);
    const double most = fmin(n, d);
    const double expected = isfinite(active) ? fmin(active, most) : share_unknown * most;
    const double count = steps(problem, layout, expected);
    const double seconds = steps_seconds(problem, layout, expected);
    return (TrainerPrice){.first = count,
                          .next = count,
                          .flops = price_rate * seconds / count,
                          .words = d,
                          .rate = price_rate,
                          .once = layout == LASSO_SUMS ? n * d * d : of_columns * n * d};
}

/* ---- memory ------------------------------------------------------------------------------ */

/* Columns that the Gram matrix grows to.  On the way from larger weights it takes in three
 * tenths of all, which the noise of a cold start brings near the bound, and more at each
 * (within 6 % at d/n = 2.5 and 4, active/n from .03 to 1). */
static double covered(const Problem *problem, LassoLayout layout, double active)
{
    const double d = problem->dimension;
    if (layout == LASSO_SUMS) {
        return d;
    }
    if (lasso_approaches(problem)) {
        const double more = 0.75 + 0.25 * d / problem->samples;
        return fmin(d, 0.3 * d + more * active + GRAM_PANEL);
    }
    return lasso_newton_pays(problem, active) ? fmin(d, beside * active + GRAM_PANEL) : 0.0;
}

/* Numbers of the busiest rank: the factor of the active ones, of those on the way to them too,
 * with the part of its border that is used; or the matrix of the samples, lasso_dual.c. */
static double factored(const Problem *problem, int ranks, double columns, double active)
{
    const double n = problem->samples;
    const double on_the_way = fmax(1.2 * active, 0.23 * problem->dimension);
    const double most = fmin(columns, lasso_approaches(problem) ? on_the_way : 1.05 * active);
    const double factor = most * (most / ranks + 0.05 * most + GRAM_PANEL);
    const double kernel = n * n * (ranks > 1 ? 1.0 + 1.0 / ranks : 1.0);
    return columns > 0.0 && active > near_interpolation * n ? fmax(factor, kernel) : factor;
}

size_t lasso_memory(const Problem *problem, int ranks, LassoLayout layout, double active)
{
    assert(layout != LASSO_AUTO);
    SamplesSpec spec = samples_spec(problem);
    spec.store = STORE_NONE;
    const double d = problem->dimension;
    const double share = ceil(problem->samples / ranks) + SAMPLES_QUANTUM;
    const double columns = covered(problem, layout, active);
    const double vectors =
        20.0 * d + 5.5 * columns * GRAM_PANEL +
        (layout == LASSO_COLUMNS ? 2.0 * share + d * LASSO_COORDINATES : 0.0);
    const double x = layout == LASSO_COLUMNS ? share * d : 0.0;
    const double partial = layout == LASSO_SUMS ? d * d : 0.0;
    const double panels = columns * (0.5 * columns + GRAM_PANEL) / ranks;
    const double factor = layout == LASSO_COLUMNS
                              ? factored(problem, ranks, columns, active)
                              : active * (active / ranks + 0.05 * active + GRAM_PANEL);
    return samples_memory(&spec, ranks) +
           (size_t)(8.0 * (vectors + x + panels + fmax(partial, factor)));
}

LassoLayout lasso_layout(const Problem *problem, int ranks, double memory)
{
    if (problem->samples > many_data * problem->dimension) {
        return LASSO_SUMS;
    }
    const double active = fmin(problem->samples, problem->dimension);
    const size_t columns = lasso_memory(problem, ranks, LASSO_COLUMNS, active);
    const size_t sums = lasso_memory(problem, ranks, LASSO_SUMS, active);
    const bool fits = memory == 0.0 || (double)columns <= memory;
    return fits || columns <= sums ? LASSO_COLUMNS : LASSO_SUMS;
}
