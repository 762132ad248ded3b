/* lasso_case.h - what the tests of the LASSO solver share; include after cmocka.h. */
#ifndef PHASESWEEP_TESTS_LASSO_CASE_H
#define PHASESWEEP_TESTS_LASSO_CASE_H

#include <string.h>

#include "phasesweep/training/path.h"

/* gamma = 1.25, Delta = 0.1, teacher with random signs. */
static inline Problem problem_of(int dimension, int samples, double weight_decay,
                                 double tolerance)
{
    return (Problem){.model = MODEL_DIAGONAL,
                     .method = METHOD_TRAINING,
                     .source_exponent = 1.25,
                     .noise = 0.1,
                     .dimension = dimension,
                     .samples = samples,
                     .seed = 5,
                     .width = 1,
                     .random_signs = true,
                     .weight_decay = weight_decay,
                     .tolerance = tolerance};
}

static inline TrainerSettings settings_of(LassoLayout layout)
{
    TrainerSettings settings = trainer_defaults();
    settings.layout = layout;
    return settings;
}

/* One solution without a neighbour; theta [d]. */
static inline Observed cold(MPI_Comm team, const Problem *problem, LassoLayout layout,
                            double theta[])
{
    const TrainerSettings settings = settings_of(layout);
    Path *path = path_create(team, &trainer_lasso, &settings);
    const Observed fit = path_solve(path, problem, NULL, NULL);
    memcpy(theta, path_network(path).theta, (size_t)problem->dimension * sizeof *theta);
    path_free(path);
    return fit;
}

#endif
