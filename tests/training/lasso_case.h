/* lasso_case.h - what the tests of the LASSO solver share; include after cmocka.h. */
#ifndef PHASESWEEP_TESTS_LASSO_CASE_H
#define PHASESWEEP_TESTS_LASSO_CASE_H

#include "phasesweep/training/lasso.h"

/* gamma = 1.25, Delta = 0.1, teacher with random signs where `settings` of cold say so. */
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
                     .weight_decay = weight_decay,
                     .tolerance = tolerance};
}

static inline LassoSettings signed_settings(LassoLayout layout)
{
    LassoSettings settings = lasso_defaults();
    settings.layout = layout;
    settings.random_signs = true;
    return settings;
}

/* One solution without a neighbour; theta [d]. */
static inline Lasso cold(MPI_Comm team, const Problem *problem, LassoLayout layout,
                         double theta[])
{
    const LassoSettings settings = signed_settings(layout);
    LassoWork *work = lasso_create(team, problem, &settings);
    const Lasso fit = lasso_solve(work, problem, NULL);
    lasso_network(work, theta);
    lasso_free(work);
    return fit;
}

#endif
