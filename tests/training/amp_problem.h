/* amp_problem.h - the problem that tests of message passing share. */
#ifndef AMP_PROBLEM_H
#define AMP_PROBLEM_H

#include "phasesweep/model/problem.h"

static inline Problem problem_of(ModelId model, double d, double n, double weight)
{
    return (Problem){.model = model,
                     .method = METHOD_AMP,
                     .dimension = d,
                     .width = d,
                     .samples = n,
                     .source_exponent = 1.25,
                     .noise = 0.1,
                     .weight_decay = weight,
                     .seed = 3.0,
                     .damping = -1.0,
                     .tolerance = 1e-8};
}

#endif
