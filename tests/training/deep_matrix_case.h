/* deep_matrix_case.h - what the tests of quadratic networks of more layers share; include after
 * cmocka.h. */
#ifndef PHASESWEEP_TESTS_DEEP_MATRIX_CASE_H
#define PHASESWEEP_TESTS_DEEP_MATRIX_CASE_H

#include "phasesweep/training/path.h"

/* h layers, width d, gamma = 1.25, Delta = 0.1. */
static inline Problem problem_of(int depth, int dimension, int samples, double nuclear_weight)
{
    Problem problem = {.model = MODEL_QUADRATIC,
                       .method = METHOD_TRAINING,
                       .source_exponent = 1.25,
                       .noise = 0.1,
                       .depth = depth,
                       .dimension = dimension,
                       .width = dimension,
                       .samples = samples,
                       .seed = 3,
                       .tolerance = 1e-8};
    problem.weight_decay = problem_weight_decay(&problem, nuclear_weight);
    return problem;
}

/* One solution without a neighbour; spectrum [d], or NULL. */
static inline Observed cold(MPI_Comm team, const Problem *problem, double spectrum[])
{
    const TrainerSettings settings = trainer_defaults();
    Path *path = path_create(team, &trainer_deep_matrix, &settings);
    const Observed fit = path_solve(path, problem, spectrum, NULL);
    path_free(path);
    return fit;
}

#endif
