/* narrow_case.h - what the tests of narrow networks share; include after cmocka.h. */
#ifndef PHASESWEEP_TESTS_NARROW_CASE_H
#define PHASESWEEP_TESTS_NARROW_CASE_H

#include "phasesweep/training/path.h"

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
                       .seed = 4.0,
                       .tolerance = 1e-11};
    problem.weight_decay = problem_weight_decay(&problem, nuclear_weight);
    return problem;
}

static inline Observed train(MPI_Comm team, Problem problem, double tolerance, bool double_only)
{
    TrainerSettings settings = trainer_defaults();
    problem.tolerance = tolerance;
    settings.double_only = double_only;
    Path *path = path_create(team, &trainer_factored, &settings);
    const Observed fit = path_solve(path, &problem, NULL, NULL);
    path_free(path);
    return fit;
}

#endif
