/* narrow_case.h - what the tests of narrow networks share; include after cmocka.h. */
#ifndef PHASESWEEP_TESTS_NARROW_CASE_H
#define PHASESWEEP_TESTS_NARROW_CASE_H

#include "phasesweep/training/narrow.h"

/* gamma = 1.25, Delta = 0.1 */
static inline Problem problem_of(double d, double p, double n, double nuclear_weight)
{
    Problem problem = {.model = MODEL_QUADRATIC,
                       .method = METHOD_TRAINING,
                       .dimension = d,
                       .width = p,
                       .samples = n,
                       .source_exponent = 1.25,
                       .noise = 0.1,
                       .seed = 4.0};
    problem.weight_decay = problem_weight_decay(&problem, nuclear_weight);
    return problem;
}

static inline Narrow train(MPI_Comm team, const Problem *problem, double tolerance,
                           bool double_only)
{
    NarrowSettings settings = narrow_defaults();
    settings.tolerance = tolerance;
    settings.double_only = double_only;
    NarrowWork *work = narrow_create(team, problem, &settings);
    const Narrow fit = narrow_solve(work, problem, NULL, NULL);
    narrow_free(work);
    return fit;
}

#endif
