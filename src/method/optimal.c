/* State evolution at the best weight decay or, at a given nuclear weight, at the best width. */
#include <assert.h>
#include <math.h>

#include "phasesweep/theory/optimum.h"
#include "phasesweep/model/features.h"
#include "phasesweep/model/model.h"
#include "methods.h"

/* The best weight decay or, where the job gives a nuclear weight, the best width. */
static Optimum optimise(PointWork *work, const Problem *problem)
{
    if (isnan(problem->weight_decay)) {
        return optimal_weight_decay(&work->evolution, problem);
    }
    const Optimum best = optimal_width(&work->evolution, problem);
    /* other widths were tried after it; the spectrum is asked for next */
    work->evolution.overlaps.width = best.width;
    return best;
}

static bool solve(const Chain *chain)
{
    PointWork *work = chain->team->work;
    evolution_forget(&work->evolution);
    for (size_t k = 0; k < chain->count; k++) {
        assert(chain->problems[k].method == METHOD_OPTIMAL);
        Problem problem = chain->problems[k];
        const double start = point_clock();
        const bool width = !isnan(problem.weight_decay);
        const Optimum best = optimise(work, &problem);
        if (chain_stopping((void *)chain)) {
            return false;
        }
        problem.weight_decay = best.weight_decay;
        problem.width = best.width;
        if (best.evolution.outcome == OUTCOME_FAILED) {
            /* a place that was not found */
            (width ? &problem.width : &problem.weight_decay)[0] = NAN;
        }
        chain->records[k] =
            record_of_evolution(chain, k, &problem, &best.evolution,
                                width ? FIELD_OPTIMAL_WIDTH : FIELD_OPTIMAL_WEIGHT_DECAY);
        chain->records[k].value[FIELD_ITERATIONS] = best.iterations;
        point_complete(&problem, point_clock() - start, &chain->records[k]);
    }
    return true;
}

/* Seconds, of 150 ... 165 evaluations each, measured at d = 100, 1000, 10^4: 1.3e-3, 3.4e-3,
 * 4e-3 quadratic and diagonal.  Ridge regression takes 280 ... 290, on
 * correlated features 274 and 280 (the LASSO there 146 and 153); where variances of a vector
 * differ an evaluation takes 1.7 times as long (d = 1000, with both: 6.5e-3).  Deeper networks
 * take 500 ... 1600, each of several times that: .1 at 10^4. */
static double seconds(const Problem *problem, bool first, double *fixed)
{
    static const TheoryPrice price = {2e-3, 1.6e-3, 1.4e-3, 2e-2, 4e-4,
                                      4e-7, 1.0,    160.0,  160.0};
    const bool vector =
        !model_has(problem->model, TRAIT_MATRIX) && !features_are_correlated(problem);
    const double ridge = !model_has(problem->model, TRAIT_SQUARED) ? 1.0
                         : features_are_correlated(problem)        ? 1.75
                                                                   : 1.4;
    const double varied = vector && problem->covariance_exponent > 0.0 ? 1.7 : 1.0;
    const double deeper = problem_power(problem) < 1.0 ? 25.0 : 1.0;
    const double longer = ridge * varied * deeper;
    const double all = longer * theory_seconds(&price, problem, first, fixed);
    *fixed *= longer;
    return all;
}

const Method method_optimal = {solve, seconds, theory_memory};
