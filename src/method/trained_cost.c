/* What trainings cost in time and memory: the trainers tell, theory says how many numbers of
 * the solution are active. */
#include <math.h>

#include "expected_active.h"
#include "phasesweep/model/features.h"
#include "phasesweep/model/method_facts.h"
#include "phasesweep/model/model.h"
#include "phasesweep/training/trainer.h"
#include "trained_chain.h"

/* Of a point nearby theory expects as many within this factor. */
static const double nearby = 1.35;

/* Of a file no theory tells, and of what is followed in time none of its end. */
static bool theory_tells(const Problem *problem)
{
    return problem->data == 0.0 && !method_facts(problem->method)->in_time;
}

/* On its way a network of correlated features has them all. */
static bool vector_is_told(const Problem *problem)
{
    return theory_tells(problem) && !model_has(problem->model, TRAIT_MATRIX) &&
           !model_has(problem->model, TRAIT_SQUARED) &&
           !model_has(problem->model, TRAIT_NEURONS) && !features_are_correlated(problem);
}

double trained_active(const Problem *problem)
{
    return vector_is_told(problem) ? solved_active(problem) : INFINITY;
}

double trained_seconds(const Problem *problem, bool first, double *fixed)
{
    /* trainers of other networks do not ask */
    const bool asks = theory_tells(problem) && model_is_convex(problem) &&
                      !model_has(problem->model, TRAIT_NEURONS) &&
                      !model_has(problem->model, TRAIT_SQUARED);
    bool near;
    return trainer_seconds(problem, asks ? expected_active(problem, &near) : INFINITY, first,
                           fixed);
}

double trained_memory(const Problem *problem, int ranks, SampleStore store, double limit)
{
    bool near = false;
    double active = INFINITY;
    if (vector_is_told(problem)) {
        active = expected_active(problem, &near);
    }
    return (double)trainer_memory(problem, ranks, store, near ? nearby * active : active,
                                  limit);
}
