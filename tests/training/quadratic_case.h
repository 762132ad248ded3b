/* quadratic_case.h - the training of a quadratic network of full width that tests share. */
#ifndef PHASESWEEP_TESTS_QUADRATIC_CASE_H
#define PHASESWEEP_TESTS_QUADRATIC_CASE_H

#include "phasesweep/model/problem.h"

static Problem quadratic_case(int d, double n, double weight, double tolerance)
{
    return (Problem){.model = MODEL_QUADRATIC,
                     .method = METHOD_TRAINING,
                     .dimension = d,
                     .width = d,
                     .samples = n,
                     .source_exponent = 1.25,
                     .noise = 0.1,
                     .weight_decay = weight,
                     .seed = 7.0,
                     .tolerance = tolerance};
}

#endif
