/* What trainings cost in time and memory: the trainers tell, theory says how many numbers of
 * the solution are active. */
#include <math.h>

#include "phasesweep/model/features.h"
#include "phasesweep/model/method_facts.h"
#include "phasesweep/model/model.h"
#include "phasesweep/theory/continuation.h"
#include "phasesweep/training/trainer.h"
#include "trained_chain.h"

/* By state evolution; INFINITY where it does not tell. */
static double solve_active(const Problem *problem)
{
    EvolutionWork work = evolution_work();
    Problem at = *problem;
    at.method = METHOD_STATE_EVOLUTION;
    at.tolerance = 1e-6;
    const Evolution e = evolution_solve(&work, &at);
    evolution_free(&work);
    return e.outcome == OUTCOME_FAILED ? INFINITY : e.overlaps.rank;
}

/* Theory knows no seed. */
static bool same_theory(const Problem *a, const Problem *b)
{
    Problem other = *b;
    other.seed = a->seed;
    return samples_same_data(a, &other) && a->weight_decay == b->weight_decay &&
           a->depth == b->depth && a->width == b->width;
}

/* The plan asks for the same points again and again, a search over ranks each, and for every
 * seed: the last answers are kept, which changes none. */
static double find_active(const Problem *problem)
{
    enum { KEPT = 256 };
    static Problem known[KEPT];
    static double active[KEPT];
    static int next;
    for (int k = 0; k < KEPT && known[k].dimension > 0.0; k++) {
        if (same_theory(&known[k], problem)) {
            return active[k];
        }
    }
    const int place = next;
    next = (next + 1) % KEPT;
    known[place] = *problem;
    return active[place] = solve_active(problem);
}

/* Of a file no theory tells, and of what is followed in time none of its end. */
static bool theory_tells(const Problem *problem)
{
    return problem->data == 0.0 && !method_facts(problem->method)->in_time;
}

double trained_active(const Problem *problem)
{
    /* on its way a network of correlated features has them all */
    return theory_tells(problem) && !model_has(problem->model, TRAIT_MATRIX) &&
                   !features_are_correlated(problem)
               ? find_active(problem)
               : INFINITY;
}

/* Where theory takes a decomposition of its own, that of plain features is near enough. */
static Problem simpler(const Problem *problem)
{
    Problem simple = *problem;
    if (features_are_turned(problem) || features_are_correlated(problem)) {
        simple.features = FEATURES_GAUSSIAN;
        simple.degrees_of_freedom = simple.sparse_share = 0.0;
        simple.covariance_exponent = 0.0;
        simple.block_correlation = simple.block_size = 0.0;
    }
    return simple;
}

double trained_seconds(const Problem *problem, bool first, double *fixed)
{
    const Problem simple = simpler(problem);
    /* trainers of other networks do not ask */
    const bool asks = theory_tells(problem) && model_is_convex(problem) &&
                      !model_has(problem->model, TRAIT_NEURONS) &&
                      !model_has(problem->model, TRAIT_SQUARED);
    return trainer_seconds(problem, asks ? find_active(&simple) : INFINITY, first, fixed);
}

double trained_memory(const Problem *problem, int ranks, SampleStore store, double limit)
{
    return (double)trainer_memory(problem, ranks, store, trained_active(problem), limit);
}
